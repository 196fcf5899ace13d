"""Where the project, its target folder and its manifest are, by flag, variable, file and folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.dbt.project import locate
from reverse_etl.errors import ConfigError


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "shop"
    (folder / "models" / "deep").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\n")
    monkeypatch.chdir(folder)
    return folder


def test_the_defaults(project):
    found = locate(None, None, None, {})
    assert found.project_dir == project
    assert found.target_path == project / "target"
    assert found.manifest == project / "target" / "manifest.json"
    assert found.run_results == project / "target" / "run_results.json"
    assert found.manifest_is_default


def test_the_nearest_project_above_the_current_folder(project, monkeypatch):
    monkeypatch.chdir(project / "models" / "deep")
    assert locate(None, None, None, {}).project_dir == project


@pytest.mark.parametrize(
    ("flag", "env", "folder"),
    [
        ("flag", {"DBT_ENGINE_PROJECT_DIR": "engine", "DBT_PROJECT_DIR": "plain"}, "flag"),
        (None, {"DBT_ENGINE_PROJECT_DIR": "engine", "DBT_PROJECT_DIR": "plain"}, "engine"),
        (None, {"DBT_ENGINE_PROJECT_DIR": "", "DBT_PROJECT_DIR": "plain"}, "plain"),
    ],
)
def test_a_named_project(project, flag, env, folder):
    for name in ("flag", "engine", "plain"):
        (project / name).mkdir()
        (project / name / "dbt_project.yml").touch()
    assert locate(Path(flag) if flag else None, None, None, env).project_dir == project / folder


@pytest.mark.parametrize(
    ("flag", "env", "folder"),
    [
        ("flag", {"DBT_ENGINE_TARGET_PATH": "engine", "DBT_TARGET_PATH": "plain"}, "flag"),
        (None, {"DBT_ENGINE_TARGET_PATH": "engine", "DBT_TARGET_PATH": "plain"}, "engine"),
        (None, {"DBT_TARGET_PATH": "plain"}, "plain"),
        (None, {"BUILD": "7"}, "built/7"),
        (None, {}, "built/none"),
    ],
)
def test_the_target_path(project, monkeypatch, flag, env, folder):
    (project / "dbt_project.yml").write_text("target-path: \"built/{{ env_var('BUILD', 'none') }}\"\n")
    monkeypatch.chdir(project.parent)
    found = locate(project, Path(flag) if flag else None, None, env)
    assert found.target_path == project / folder
    assert found.manifest == project / folder / "manifest.json"


def test_an_absolute_target_path_stays(project, tmp_path):
    assert locate(None, tmp_path / "elsewhere", None, {}).target_path == tmp_path / "elsewhere"


def test_a_named_manifest_needs_no_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = locate(None, None, Path("artifacts/manifest.json"), {})
    assert found.project_dir == tmp_path
    assert found.manifest == tmp_path / "artifacts" / "manifest.json"
    assert found.run_results == tmp_path / "artifacts" / "run_results.json"
    assert not found.manifest_is_default


def test_run_results_of_a_named_target_path(project):
    found = locate(None, Path("built"), Path("elsewhere/manifest.json"), {})
    assert found.run_results == project / "built" / "run_results.json"


def test_no_project_anywhere(tmp_path):
    with pytest.raises(ConfigError) as caught:
        locate(tmp_path, None, None, {})
    assert caught.value.code == "missing-project"
    assert "--project-dir" in caught.value.hint


def test_a_target_path_that_needs_the_target(project):
    (project / "dbt_project.yml").write_text('target-path: "target/{{ target.name }}"\n')
    with pytest.raises(ConfigError) as caught:
        locate(None, None, None, {})
    assert caught.value.code == "unrenderable-value"
    assert "--target-path" in caught.value.hint


def test_a_broken_project_file(project):
    (project / "dbt_project.yml").write_text("name: [shop\n")
    with pytest.raises(ConfigError) as caught:
        locate(None, None, None, {})
    assert caught.value.code == "broken-project-file"
    assert "line 2" in caught.value.message
