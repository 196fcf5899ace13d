"""Which models sync: an inherited entry can be switched off, and of a model's versions the latest one syncs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.project.context import ProjectContext, ProjectOptions
from reverse_etl.project.sync_reader import Definitions

ENTRY = "{object: users, email: email}"
PROJECT = f"""
name: shop
version: '1.0'
profile: shop
models:
  shop:
    inherits: {{+meta: {{reverse_etl: {ENTRY}}}}}
    inherits_not: {{+meta: {{reverse_etl: {ENTRY}}}}}
"""
MODELS = f"""
models:
  - name: plain
  - name: switched_off
    config: {{meta: {{reverse_etl: false}}}}
  - name: disabled
    config: {{meta: {{reverse_etl: {{enabled: false}}}}}}
  - name: conditional
    config:
      meta: {{reverse_etl: {{object: users, email: email, enabled: "{{{{ target.name == 'prod' }}}}"}}}}
  - name: conditional_entry
    config: {{meta: {{reverse_etl: "{{{{ target.name == 'prod' and none }}}}"}}}}
  - name: some
    config:
      meta:
        reverse_etl:
          - {ENTRY}
          - {{object: users, email: email, name: second, enabled: false}}
  - name: versioned
    latest_version: 2
    versions: [{{v: 1}}, {{v: 2}}, {{v: 3}}]
  - name: all_versions
    latest_version: 2
    config: {{meta: {{reverse_etl: {{object: users, email: email, versions: all}}}}}}
    versions: [{{v: 1}}, {{v: 2}}]
  - name: pinned
    latest_version: 2
    config: {{meta: {{reverse_etl: {{object: users, email: email, name: pins, versions: [1]}}}}}}
    versions: [{{v: 1}}, {{v: 2}}]
  - name: latest_off
    latest_version: 2
    versions: [{{v: 1}}, {{v: 2, config: {{meta: {{reverse_etl: false}}}}}}]
  - name: strange
    latest_version: 2
    config: {{meta: {{reverse_etl: {{object: users, email: email, versions: [7]}}}}}}
    versions: [{{v: 1}}, {{v: 2}}]
"""
OLD_ONE = f"""
models:
  - name: old_one
    latest_version: 2
    versions: [{{v: 1, config: {{meta: {{reverse_etl: {ENTRY}}}}}}}, {{v: 2}}]
"""
FILES = {
    "models/inherits/schema.yml": MODELS,
    "models/other/schema.yml": OLD_ONE,
    **{
        f"models/inherits/{name}.sql": "select 'a@shop.com' as email"
        for name in (
            *("plain", "switched_off", "disabled", "conditional", "conditional_entry", "some"),
            *("versioned_v1", "versioned_v2", "versioned_v3", "all_versions_v1", "all_versions_v2"),
            *("pinned_v1", "pinned_v2", "latest_off_v1", "latest_off_v2", "strange_v1", "strange_v2"),
        )
    },
    "models/inherits_not/folder_off.sql": "select 'a@shop.com' as email",
    "models/inherits_not/schema.yml": "models: [{name: folder_off, config: {meta: {reverse_etl: 'False'}}}]",
    "models/other/old_one_v1.sql": "select 1 as email",
    "models/other/old_one_v2.sql": "select 1 as email",
    "packages.yml": "packages: [{local: ../tools}]",
    "../tools/dbt_project.yml": "name: tools\nversion: '1.0'",
    "../tools/models/marts/lent.sql": "select 1 as email",
    "../tools/models/marts/lent.yml": "models: [{name: lent, config: {meta: {reverse_etl: {object: nothing}}}}]",
}


@pytest.fixture(scope="module")
def project(real_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that dbt parsed for two targets."""
    folder = tmp_path_factory.mktemp("switches") / "shop"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "dbt_project.yml").write_text(PROJECT)
    output = "{type: duckdb, path: shop.duckdb, schema: "
    (folder / "profiles.yml").write_text(
        f"shop:\n  target: dev\n  outputs:\n    dev: {output}dev}}\n    prod: {output}prod}}\n"
    )
    script = (
        "import os, sys; from dbt.cli.main import dbtRunner; os.chdir(sys.argv[1]); dbtRunner().invoke(['deps'])\n"
        "for target in ('dev', 'prod'):\n"
        "    dbtRunner().invoke(['parse', '--no-partial-parse', '-t', target, '--target-path', target])\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    env |= {"DBT_PROFILES_DIR": str(folder), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (folder / "prod" / "manifest.json").is_file(), done.stdout + done.stderr
    return folder


def definitions(project: Path, target: str) -> Definitions:
    flags = ProjectOptions(project_dir=project, profiles_dir=project, target=target, target_path=Path(target))
    return ProjectContext(flags, {"HOME": str(project)}).definitions


def test_only_entries_that_are_on_sync(project: Path) -> None:
    names = {sync.name for sync in definitions(project, "dev").syncs}
    assert not names & {"switched_off", "disabled", "conditional", "folder_off", "second", "some.v1"}
    assert {"plain", "some"} <= names
    assert "conditional" in {sync.name for sync in definitions(project, "prod").syncs}


def test_of_several_versions_the_latest_syncs_unless_told_otherwise(project: Path) -> None:
    versions = {sync.name: sync.model for sync in definitions(project, "dev").syncs if ".v" in sync.model}
    assert versions == {
        "versioned": "versioned.v2",
        "all_versions": "all_versions.v2",
        "all_versions.v1": "all_versions.v1",
        "pins.v1": "pinned.v1",
        # If the latest version has no entry, no version has inherited one.
        "old_one.v1": "old_one.v1",
    }


def test_messages_name_the_version_and_the_package(project: Path) -> None:
    broken = {one.model: one for one in definitions(project, "dev").broken}
    assert sorted(broken) == ["strange.v2", "tools.lent"]
    [fault] = broken["strange.v2"].faults
    assert (fault.code, fault.context["allowed"]) == ("unknown-model-version", "latest, all, or a list of 1, 2")
    assert broken["tools.lent"].faults[0].message.startswith("model `tools.lent`: ")
    assert all(one.name in ("strange", "lent") for one in broken.values())


def test_a_switch_that_is_neither_on_nor_off_is_a_fault(project: Path, tmp_path: Path) -> None:
    manifest: Any = json.loads((project / "dev" / "manifest.json").read_text())
    for key in ("config", "meta"):
        node = manifest["nodes"]["model.shop.plain"]
        (node["config"]["meta"] if key == "config" else node["meta"])["reverse_etl"]["enabled"] = "maybe"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    flags = ProjectOptions(project_dir=project, profiles_dir=project, target="dev", manifest=tmp_path / "manifest.json")
    broken = {one.name: one for one in ProjectContext(flags, {"HOME": str(project)}).definitions.broken}
    assert [fault.code for fault in broken["plain"].faults] == ["wrong-value"]
