"""Whether a manifest still says what the files say: by content, with any file times."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.dbt.manifest import read_manifest
from reverse_etl.dbt.project import Locations, locate
from reverse_etl.dbt.staleness import Staleness, find_stale
from reverse_etl.dbt.tags import misspelt_tags
from reverse_etl.dbt.unread import changed_files, unread_tags
from reverse_etl.guards.inputs import stale_manifest
from reverse_etl.project.manifest_facts import ManifestFacts

ENTRY = "reverse_etl: {object: users, email: email}"
NEW_MODEL = f"{{{{ config(meta={{'reverse_etl': {{'object': 'users'}}}}) }}}} select 1 as id -- {ENTRY}"


@pytest.fixture(params=["notes", "manifest alone"])
def project(request: pytest.FixtureRequest, shop: Any, tmp_path: Path) -> Locations:
    """The shop as dbt has just built it, with dbt's notes on the files it read, and without."""
    folder = tmp_path / "shop"
    shutil.copytree(shop.project_dir, folder)
    if request.param == "manifest alone":
        (folder / "target" / "partial_parse.msgpack").unlink()
    return locate(folder, None, None, {})


def stale(project: Locations) -> Staleness:
    return find_stale(read_manifest(project), project)


def edit(path: Path, old: str, new: str) -> None:
    """Change a file and leave its time as it was."""
    before, text = path.stat(), path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    os.utime(path, (before.st_atime, before.st_mtime))


def test_a_checkout_makes_every_file_newer_and_nothing_stale(project: Locations) -> None:
    for path in project.project_dir.rglob("*"):
        os.utime(path, (4_000_000_000, 4_000_000_000))
    assert stale(project) == Staleness()


def test_a_checkout_with_other_line_ends_makes_nothing_stale(project: Locations) -> None:
    models = project.project_dir / "models"
    for path in [*models.rglob("*.sql"), *models.rglob("*.yml")]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert stale(project) == Staleness()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("models/marts/iterable_users.sql", "select", "select distinct"),
        ("models/marts/marts.yml", ENTRY, "reverse_etl: {object: users, email: mail}"),
        ("models/marts/marts.yml", ENTRY, "owner: nobody"),
        ("models/marts/marts.yml", "meta: {reverse_etl: false}", "meta: {}"),
        ("models/marts/marts.yml", "      - name: email\n", "      - {name: email, meta: {reverse_etl: false}}\n"),
        # Not tagged yet.
        ("models/marts/marts.yml", "latest_version: 2\n", f"latest_version: 2\n    config: {{meta: {{{ENTRY}}}}}\n"),
        ("models/staging/stg_orders.sql", "select", NEW_MODEL + "\nselect"),
        ("dbt_project.yml", "+meta: {owner: growth}", "+meta: {owner: growth, reverse_etl: {object: events}}"),
    ],
)
def test_a_changed_definition_makes_the_manifest_stale(project: Locations, name: str, old: str, new: str) -> None:
    edit(project.project_dir / name, old, new)
    found = ManifestFacts(read_manifest(project), project, "", {}, lambda: None)
    problem = stale_manifest.GUARD.check(found)
    assert problem is not None
    assert problem.code == "stale-manifest"
    assert name in problem.message
    assert "--allow stale_manifest" in problem.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("models/new.sql", NEW_MODEL),
        ("models/new.yml", f"models: [{{name: stranger, config: {{meta: {{{ENTRY}}}}}}}]"),
        ("models/new.py", "# reverse-etl\ndef model(dbt, session): ..."),
    ],
)
def test_a_new_file_with_a_definition_makes_it_stale(project: Locations, name: str, content: str) -> None:
    (project.project_dir / name).write_text(content)
    assert stale(project).defining == project.project_dir / name
    (project.project_dir / ".dbtignore").write_text("new.*\n")
    assert stale(project) == Staleness()


def test_a_changed_file_without_a_definition_is_told(project: Locations) -> None:
    edit(project.project_dir / "models/staging/stg_orders.sql", "select", "select distinct")
    found = stale(project)
    assert found.defining is None
    [sentence] = changed_files(found, project)
    assert "models/staging/stg_orders.sql" in sentence
    assert "dbt parse" in sentence


def test_without_notes_the_entries_count_and_not_how_they_are_written(shop: Any, tmp_path: Path) -> None:
    shutil.copytree(shop.project_dir, tmp_path / "shop")
    (tmp_path / "shop" / "target" / "partial_parse.msgpack").unlink()
    project = locate(tmp_path / "shop", None, None, {})
    edit(project.project_dir / "models/marts/marts.yml", ENTRY, "reverse_etl: {email: email, object: users}")
    assert stale(project) == Staleness()
    edit(project.project_dir / "models/marts/marts.yml", "email: email", "email: \"{{ var('column') }}\"")
    assert stale(project) == Staleness()


def test_notes_that_another_dbt_left_do_not_count(shop: Any, tmp_path: Path) -> None:
    shutil.copytree(shop.project_dir, tmp_path / "shop")
    project = locate(tmp_path / "shop", None, None, {})
    project.manifest.write_text(project.manifest.read_text().replace('"dbt_version": "1.', '"dbt_version": "2.'))
    (project.target_path / "partial_parse.msgpack").write_bytes(b"of another time")
    assert stale(project) == Staleness()


def test_a_named_manifest_and_files_that_are_gone_are_never_stale(project: Locations) -> None:
    (project.project_dir / "models/marts/marts.yml").unlink()
    (project.project_dir / "models/marts/iterable_users.sql").unlink()
    assert stale(project) == Staleness()
    edit(project.project_dir / "dbt_project.yml", "+meta: {owner", "+meta: {reverse_etl: {object: users}, owner")
    named = locate(project.project_dir, None, project.manifest, {})
    assert stale(named) == Staleness()


@pytest.mark.parametrize(
    "key",
    [
        "reverse-etl",
        "reverseetl",
        "reverse_ETL",
        "reverseETL",
        "Reverse ETL",
        "reverse_elt",
        "revers_etl",
        "reverse_etls",
    ],
)
def test_misspelt_tags_are_known(key: str) -> None:
    assert misspelt_tags({key: 1, "reverse_etl": 2, "reverse": 3, "owner": 4, "etl": 5}) == [key]


def _on_model(content: dict[str, Any]) -> None:
    content["nodes"]["model.shop.stg_orders"]["config"]["meta"] = {"reverse-etl": {}}


def _under_config(content: dict[str, Any]) -> None:
    content["nodes"]["model.shop.stg_orders"]["config"]["reverse_etl"] = {}


def _on_exposure(content: dict[str, Any]) -> None:
    content["exposures"]["exposure.shop.crm"]["meta"] = {"reverse_etl": {}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_on_model, ["model `stg_orders`", "`reverse-etl` under", "`reverse_etl`"]),
        (_under_config, ["model `stg_orders`", "under `config: meta:`"]),
        (_on_exposure, ["exposure `crm`", "only models, seeds and snapshots"]),
    ],
)
def test_a_tag_that_nobody_reads_is_told(
    shop: Any, tmp_path: Path, change: Callable[[dict[str, Any]], None], words: list[str]
) -> None:
    content = json.loads(shop.locations.manifest.read_text())
    change(content)
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    [sentence] = unread_tags(read_manifest(locate(None, None, tmp_path / "manifest.json", {})))
    assert all(word in sentence for word in words)
