"""Lists and catalogs that a first run creates: one of each, however many runs start at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from tests.stories.project import Project

VIPS = {"object": "list_members", "list": {"name": "VIP"}, "create_list": True, "email": "email"}
MAKING = ("/api/lists", "/api/catalogs/Goods")
GOODS = {"object": "catalog_items", "catalog": "Goods", "create_catalog": True, "item_id": "id", "fields": ["name"]}


@pytest.fixture
def sandbox() -> Iterator[Any]:
    """A project that does not list for a minute what was just made."""
    with start_sandbox(SandboxOptions(port=0, rate_limit=False, behaviour=Behaviour(visible_lag=60))) as running:
        yield running


@pytest.fixture
def project(sandbox: Any, tmp_path: Path) -> Project:
    made = Project.make(tmp_path / "shop", sandbox.url, VIPS)
    made.fill({"email": "VARCHAR", "id": "VARCHAR", "name": "VARCHAR"}, [{"email": "ada@shop.com", "id": "1"}])
    return made


def vips(sandbox: Any) -> dict[int, int]:
    """Ids of the lists of that name, and how many members each has."""
    lists = sandbox.project.lists
    return {one.id: len(lists.get_memberships(one.id)) for one in lists if one.name == "VIP"}


def count_made(sandbox: Any) -> int:
    """Lists and catalogs that were made. A second catalog of a name may be asked for: Iterable refuses it."""
    asked = [one for one in sandbox.project.requests if one.method == "POST" and one.path in MAKING]
    return sum(one.status < 300 for one in asked)


@pytest.mark.parametrize("meta", [VIPS, GOODS], ids=["list", "catalog"])
def test_first_runs_at_once_make_one(project: Project, sandbox: Any, meta: object) -> None:
    project.tag(meta)
    codes = sorted(process.wait(timeout=120) for process in [project.start("run") for _ in range(3)])
    assert codes[0] == 0
    assert count_made(sandbox) == 1
    assert project.cli("run").code == 0
    assert count_made(sandbox) == 1


def test_a_list_that_is_not_listed_yet_is_known_by_its_id(project: Project, sandbox: Any) -> None:
    assert project.cli("run").code == 0
    project.sql("INSERT INTO people VALUES ('bob@shop.com', '2', 'Bob')")
    assert project.cli("run").code == 0
    assert list(vips(sandbox).values()) == [2]


def test_two_syncs_of_one_list_make_it_once(project: Project, sandbox: Any) -> None:
    project.tag([{**VIPS, "name": "first"}, {**VIPS, "name": "second"}])
    ended = project.cli("run")
    assert ended.code == 0, ended.out + ended.err
    assert len(vips(sandbox)) == 1


def test_another_list_of_the_name_changes_nothing(project: Project, sandbox: Any) -> None:
    assert project.cli("run").code == 0
    headers = {"Api-Key": "sandbox-story"}
    requests.post(f"{sandbox.url}/api/lists", json={"name": "VIP"}, headers=headers, timeout=10).raise_for_status()
    project.sql("INSERT INTO people VALUES ('bob@shop.com', '2', 'Bob')")
    ended = project.cli("run")
    assert ended.code == 0, ended.out + ended.err
    assert sorted(vips(sandbox).values()) == [0, 2]


def test_a_run_that_ends_before_its_first_row_leaves_the_id(tmp_path: Path) -> None:
    slow = Behaviour(visible_lag=60, new_list_delay=3600)
    with start_sandbox(SandboxOptions(port=0, rate_limit=False, behaviour=slow)) as running:
        project = Project.make(tmp_path / "shop", running.url, VIPS, {"REVERSE_ETL_ATTEMPTS": "1"})
        project.fill({"email": "VARCHAR"}, [{"email": "ada@shop.com"}])
        for _ in range(2):
            ended = project.cli("run")
            assert ended.code == 1
            assert ended.says("unknown-list", "Run again in some minutes")
        assert list(vips(running).values()) == [0]
