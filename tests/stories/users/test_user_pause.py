"""The pause between two calls for one user: whose rows wait, and whose rows do not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from tests.stories.project import Project
from tests.stories.users.test_identifiers import ITEMS, memory, people

# Seconds until the sandbox applies an address, and how long rows wait where nothing depends on that.
LATE, PAUSE = 2.5, 0.5
MOVES = {"object": "email_changes", "name": "moves", "current_email": "old", "new_email": "email"}
USERS = {"object": "users", "name": "users", "email": "email", "fields": {"name": "name"}}
ORDERS = {
    "object": "purchases",
    "name": "orders",
    "email": "email",
    "primary_key": "n",
    "items": ITEMS,
    "total": {"value": 2},
    "fields": [],
}
COLUMNS = {"old": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR", "n": "INTEGER"}


@pytest.fixture
def sandbox() -> Iterator[Any]:
    """An e-mail project that applies new addresses late."""
    with start_sandbox(
        SandboxOptions(port=0, rate_limit=False, behaviour=Behaviour(email_change_delay=LATE))
    ) as running:
        yield running


@pytest.fixture
def project(sandbox: Any, tmp_path: Path) -> Project:
    environment = {"REVERSE_ETL_USER_PAUSE": str(PAUSE), "SANDBOX": sandbox.url}
    return Project.make(tmp_path / "shop", sandbox.url, [], environment)


def fill(project: Project, *rows: Mapping[str, object]) -> None:
    project.fill(COLUMNS, [{"old": "old@shop.com", "n": number, **row} for number, row in enumerate(rows)])


def run(project: Project, *words: str) -> str:
    ended = project.cli("run", "--log-format", "json", "--debug", *words)
    assert ended.code == 0, ended.out + ended.err
    return ended.err


def waited(log: str) -> dict[str, int]:
    """Rows that waited, by sync."""
    events = [json.loads(line) for line in log.splitlines()]
    data = [event["data"] for event in events if event["info"]["name"] == "WaitingForUsers"]
    return {one["sync"]: one["rows"] for one in data}


def moments(sandbox: Any, path: str, person: str) -> list[float]:
    """When a user was sent by this path, in seconds."""
    asked = [one for one in sandbox.project.requests if one.path.endswith(path)]
    return [one.time for one in asked if person in one.sent]


def just_now(project: Project, *syncs: str) -> None:
    """Let what these syncs have sent so far be as new as it can be, however slow the machine is."""
    _date(project, syncs, "now()::TIMESTAMP + INTERVAL 1 HOUR")


def long_ago(project: Project, *syncs: str) -> None:
    _date(project, syncs, "now()::TIMESTAMP - INTERVAL 1 HOUR")


def _date(project: Project, syncs: Sequence[str], moment: str) -> None:
    for sync in syncs:
        project.sql(
            f"UPDATE reverse_etl.sync_runs SET ended_at = {moment} WHERE sync = '{sync}'",
            f"UPDATE reverse_etl.{tables_of_sync(project, sync)} SET changed_at = {moment}",
        )


def tables_of_sync(project: Project, sync: str) -> str:
    found = f"SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'snapshot__{sync}%'"
    [(name,)] = project.sql(found)
    return str(name)


def made(project: Project, *emails: str) -> None:
    """Users whom Iterable has already."""
    for email in emails:
        url = project.environment["SANDBOX"] + "/api/users/update"
        requests.post(url, json={"email": email}, headers={"Api-Key": "sandbox-story"}, timeout=10).raise_for_status()


def test_one_person_stays_one_although_the_new_address_is_applied_late(project: Project) -> None:
    """Without the pause, the profile would be created again under the new address, and the change lost."""
    made(project, "old@shop.com")
    project.environment["REVERSE_ETL_USER_PAUSE"] = "3"
    project.tag([MOVES, USERS, ORDERS])
    fill(project, {"email": "new@shop.com", "name": "Ada"})
    run(project)
    assert people(project) == {("new@shop.com", None)}
    assert [one["user"] for one in memory(project).purchases().values()] == ["new@shop.com"]


def test_only_rows_of_those_users_wait(project: Project, sandbox: Any) -> None:
    made(project, "old@shop.com", "bob@shop.com", "cam@shop.com")
    project.tag([{**MOVES, "reject_limit": {"share": 100}}, ORDERS])
    others = [{"email": "bob@shop.com", "old": None}, {"email": "cam@shop.com", "old": None}]
    fill(project, {"email": "new@shop.com"}, *others)
    run(project, "--select", "moves")
    just_now(project, "moves")
    assert waited(run(project, "--select", "orders")) == {"orders": 1}
    [held], [bob], [cam] = [moments(sandbox, "trackPurchase", f"{name}@") for name in ("new", "bob", "cam")]
    assert held > max(bob, cam)
    assert len(memory(project).purchases()) == 3


def test_a_row_waits_for_an_address_that_another_invocation_changed(project: Project) -> None:
    made(project, "old@shop.com")
    project.tag([MOVES, USERS])
    fill(project, {"email": "new@shop.com", "name": "Ada"})
    run(project, "--select", "moves")
    just_now(project, "moves")
    assert waited(run(project, "--select", "users")) == {"users": 1}


def test_nothing_waits_once_the_pause_is_over(project: Project) -> None:
    made(project, "old@shop.com")
    project.tag([MOVES, USERS])
    fill(project, {"email": "new@shop.com", "name": "Ada"})
    run(project, "--select", "moves")
    long_ago(project, "moves")
    assert waited(run(project, "--select", "users")) == {}


@pytest.mark.parametrize(("later", "waits"), [("orders", {"orders": 1}), ("seen", {})])
def test_single_requests_wait_for_users_who_were_sent_in_bulk_and_bulk_ones_do_not(
    project: Project, later: str, waits: Mapping[str, int]
) -> None:
    """Nor does a row of a user whose profile was not sent lately."""
    seen = {"object": "events", "name": "seen", "email": "email", "event_name": {"value": "seen"}, "primary_key": "n"}
    project.tag([USERS, ORDERS, {**seen, "fields": []}])
    fill(project, {"email": "ada@shop.com"}, {"email": "bob@shop.com"})
    run(project, "--select", "users")
    long_ago(project, "users")
    project.sql("UPDATE people SET name = 'Ada' WHERE email = 'ada@shop.com'")
    run(project, "--select", "users")
    project.sql("UPDATE reverse_etl.sync_runs SET ended_at = now()::TIMESTAMP + INTERVAL 1 HOUR")
    project.sql(
        f"UPDATE reverse_etl.{tables_of_sync(project, 'users')} SET changed_at = now()::TIMESTAMP + INTERVAL 1 HOUR"
        " WHERE identity = 'ada@shop.com'"
    )
    assert waited(run(project, "--select", later)) == waits


def test_a_person_who_is_known_by_the_other_identifier_waits_too(project: Project) -> None:
    """The profile goes by address and holds the user id; the order has nothing but the user id."""
    project.tag([{**USERS, "user_id": "old"}, {**ORDERS, "email": None, "user_id": "old"}])
    fill(project, {"email": "ada@shop.com", "old": "A-1"}, {"email": "bob@shop.com", "old": "B-2"})
    run(project, "--select", "users")
    just_now(project, "users")
    assert waited(run(project, "--select", "orders")) == {"orders": 2}


def test_a_single_removal_waits_for_a_user_who_was_sent_in_bulk(project: Project) -> None:
    project.tag({**USERS, "mode": "mirror", "guards": {"removed": False}})
    fill(project, {"email": "ada@shop.com"}, {"email": "bob@shop.com"})
    run(project)
    just_now(project, "users")
    fill(project, {"email": "bob@shop.com"})
    assert waited(run(project)) == {"users": 1}
    assert people(project) == {("bob@shop.com", None)}


def test_a_run_that_is_stopped_while_rows_wait_sends_them_the_next_time(project: Project) -> None:
    made(project, "old@shop.com")
    project.tag([MOVES, ORDERS])
    fill(project, {"email": "new@shop.com"}, {"email": "bob@shop.com", "old": "x1@shop.com"})
    project.environment["REVERSE_ETL_USER_PAUSE"] = "600"
    process = project.start("run", "--log-format", "json")
    assert process.stderr is not None
    for line in process.stderr:
        if "WaitingForUsers" in line:
            process.terminate()
            break
    assert process.wait() == 1
    assert [one["user"] for one in memory(project).purchases().values()] == ["bob@shop.com"]
    project.environment["REVERSE_ETL_USER_PAUSE"] = str(PAUSE)
    run(project)
    assert {one["user"] for one in memory(project).purchases().values()} == {"bob@shop.com", "new@shop.com"}
