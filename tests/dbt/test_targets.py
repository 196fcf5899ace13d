"""A manifest of another target than the command's is refused, with any names of schemas."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.dbt.manifest import Manifest
from reverse_etl.dbt.targets import duckdb_name
from reverse_etl.errors import ConfigError
from reverse_etl.project.context import ProjectContext, ProjectOptions

HERE = Path(__file__).parent
PROFILE = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: analytics_dev}
    prod: {type: duckdb, path: shop.duckdb, schema: analytics}
    other_file: {type: duckdb, path: other.duckdb, schema: analytics}
    same_place: {type: duckdb, path: shop.duckdb, schema: analytics, threads: 8}
    lost: {type: postgres, host: h, user: u, password: "{{ env_var('NOT_SET') }}", dbname: shop, schema: analytics}
"""
MODELS = """
models:
  - name: people
    config: {meta: {reverse_etl: {object: users, email: email}}}
  - name: leads
    config: {schema: crm, meta: {reverse_etl: {object: users, email: email}}}
"""
MACRO = "{{% macro generate_schema_name(custom_schema_name, node) %}}{}{{% endmacro %}}"
NAMINGS = {
    "dbts_own": "",
    # What dbt's documentation offers: production's schemas have the plain names.
    "plain_in_prod": MACRO.format("{{ generate_schema_name_for_env(custom_schema_name, node) }}"),
    "custom_in_front": MACRO.format("{{ (custom_schema_name ~ '_' if custom_schema_name) }}{{ target.schema }}"),
    "always_replaced": MACRO.format("{{ custom_schema_name or target.schema }}"),
}
# Names that are the same in every target: only dbt's own notes distinguish the manifests.
SILENT = {"fixed": MACRO.format("marts")}
OTHERS = [("dev", "prod"), ("prod", "dev"), ("prod", "other_file"), ("other_file", "prod")]


@pytest.fixture(scope="module")
def made(real_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the manifest of each target, by each way of naming, as dbt wrote them."""
    project = tmp_path_factory.mktemp("targets") / "shop"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (project / "profiles.yml").write_text(PROFILE)
    (project / "models" / "schema.yml").write_text(MODELS)
    for name in ("people", "leads"):
        (project / "models" / f"{name}.sql").write_text("select 'a@shop.com' as email")
    for naming, macro in {**NAMINGS, **SILENT}.items():
        (project / "namings" / naming).mkdir(parents=True)
        (project / "namings" / naming / "names.sql").write_text(macro)
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    env["DBT_PROFILES_DIR"] = str(project)
    command = [sys.executable, str(HERE / "parse_targets.py"), str(project)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (project / "made" / "plain_in_prod" / "prod" / "manifest.json").is_file(), done.stdout + done.stderr
    return project


def manifest_for(project: Path, folder: Path, target: str | None, **flags: Any) -> Manifest:
    """What a command with this target reads."""
    named = ProjectOptions(project_dir=project, profiles_dir=project, target=target, target_path=folder, **flags)
    return ProjectContext(named, {"HOME": str(project)}).manifest


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("target", ["dev", "prod", "other_file"])
def test_the_manifest_of_the_target_is_read(made: Path, naming: str, target: str) -> None:
    assert manifest_for(made, made / "made" / naming / target, target).nodes


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize(("written", "asked"), OTHERS)
def test_the_manifest_of_another_target_is_refused(made: Path, naming: str, written: str, asked: str) -> None:
    folder = made / "made" / naming / written
    with pytest.raises(ConfigError) as refused:
        manifest_for(made, folder, asked)
    error = refused.value
    assert (error.code, error.exit_code) == ("wrong-target", 2)
    assert f"`{asked}`" in error.message
    if naming == "dbts_own" or written != "other_file":
        assert f"`{written}`" in error.message
    assert f"dbt parse -t {asked}" in error.hint
    assert f"dbt build -t {asked} --project-dir {made}" in error.hint
    assert str(error.context["relation"]).startswith('"')
    assert manifest_for(made, folder, asked, allow=("wrong_target",)).nodes


@pytest.mark.parametrize(("written", "asked"), OTHERS)
def test_a_manifest_whose_names_tell_nothing_is_told_by_the_flags_that_dbt_noted(
    made: Path, written: str, asked: str
) -> None:
    folder = made / "made" / "fixed" / written
    assert manifest_for(made, folder, written).nodes
    with pytest.raises(ConfigError) as refused:
        manifest_for(made, folder, asked)
    assert refused.value.context["reason"] == f"dbt made it with target `{written}`"


def test_without_the_notes_of_dbt_such_a_manifest_is_read(made: Path, tmp_path: Path) -> None:
    shutil.copy(made / "made" / "fixed" / "prod" / "manifest.json", tmp_path / "manifest.json")
    assert manifest_for(made, tmp_path, "dev").nodes


def test_the_default_target_is_compared_too(made: Path) -> None:
    assert manifest_for(made, made / "made" / "dbts_own" / "dev", None).nodes
    with pytest.raises(ConfigError) as refused:
        manifest_for(made, made / "made" / "dbts_own" / "prod", None)
    assert "run with `-t prod`" in refused.value.hint


def test_another_name_for_the_same_place_is_no_other_target(made: Path) -> None:
    folder = made / "made" / "dbts_own" / "prod"
    assert manifest_for(made, folder, "same_place").nodes


def test_another_kind_of_warehouse_is_refused(made: Path, tmp_path: Path) -> None:
    folder = edited(made / "made" / "dbts_own" / "dev", tmp_path, lambda _: {"adapter_type": "postgres"})
    with pytest.raises(ConfigError) as refused:
        manifest_for(made, folder, "dev")
    assert "made for postgres" in str(refused.value.context["reason"])


@pytest.mark.parametrize(
    ("args", "invocation", "asked", "refused"),
    [
        ({"which": "build", "project_dir": "/shop", "target": "remote_dev"}, "same", "remote_prod", True),
        ({"which": "build", "project_dir": "/shop"}, "same", "remote_prod", True),
        ({"which": "build", "project_dir": "/shop"}, "same", "remote_dev", False),
        ({"which": "build", "project_dir": "/shop", "target": "remote_prod"}, "same", "remote_prod", False),
        # dbt v2 names only the command, and another command's flags say nothing of this manifest.
        ({"which": "build"}, "same", "remote_prod", False),
        ({"which": "build", "project_dir": "/shop", "target": "remote_dev"}, "another", "remote_prod", False),
        ({"which": "build", "project_dir": "/shop", "target": "gone"}, "same", "remote_prod", False),
        ({"which": "build", "project_dir": "/shop", "target": "x", "profile": "y"}, "same", "remote_prod", False),
    ],
)
def test_the_target_that_dbt_wrote_down_decides_between_servers(
    made: Path, tmp_path: Path, args: dict[str, str], invocation: str, asked: str, refused: bool
) -> None:
    """Two servers whose databases and schemas have the same names: the relations by themselves show nothing."""
    folder = edited(
        made / "made" / "dbts_own" / "prod",
        tmp_path,
        lambda _: {"adapter_type": "postgres", "invocation_id": "same"},
    )
    results = {"metadata": {"invocation_id": invocation}, "args": args, "results": []}
    (folder / "run_results.json").write_text(json.dumps(results))
    place = "type: postgres, user: u, password: p, dbname: shop, schema: analytics"
    (tmp_path / "profiles.yml").write_text(
        f"shop:\n  target: remote_dev\n  outputs:\n    remote_dev: {{host: a, {place}}}\n"
        f"    remote_prod: {{host: b, {place}}}\n"
    )
    flags = ProjectOptions(project_dir=made, profiles_dir=tmp_path, target=asked, target_path=folder)
    project = ProjectContext(flags, {"HOME": str(made)})
    if refused:
        with pytest.raises(ConfigError, match="remote_dev"):
            project.manifest  # noqa: B018  reading it is the test
    else:
        assert project.manifest.nodes


def test_without_a_profile_the_manifest_is_still_read(made: Path, tmp_path: Path) -> None:
    flags = ProjectOptions(project_dir=made, profiles_dir=tmp_path, target_path=made / "made" / "dbts_own" / "prod")
    assert ProjectContext(flags, {"HOME": str(tmp_path)}).manifest.nodes


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("shop.duckdb", "shop"),
        ("/data/my.db.duckdb", "my"),
        ("../.hidden.duckdb", "hidden"),
        ("md:shop?motherduck_token=x", "shop"),
        ("md:", "my_db"),
        (None, "memory"),
        (":memory:", "memory"),
    ],
)
def test_a_duckdb_file_gives_its_database_the_name_that_dbt_gives_it(path: str | None, name: str) -> None:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    assert duckdb_name(path) == name == DuckDBCredentials.path_derived_database_name(path)


def test_the_name_of_a_ducklake_is_not_guessed() -> None:
    assert duckdb_name("ducklake:sqlite:meta.db") is None


def edited(folder: Path, to: Path, metadata: Callable[[Any], dict[str, object]]) -> Path:
    """A copy of a target folder whose manifest has other metadata."""
    copied = to / "target"
    shutil.copytree(folder, copied)
    content = json.loads((copied / "manifest.json").read_text())
    content["metadata"] |= metadata(content)
    (copied / "manifest.json").write_text(json.dumps(content))
    return copied
