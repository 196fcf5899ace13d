"""A first run that left rows: its guards and its policy hold for the rest too, until a run leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests

from reverse_etl.change import SyncStatus
from tests.reference_iterable import ReferenceServer
from tests.stories.baseline.test_command import begin_events, run, trust
from tests.stories.conftest import META
from tests.stories.faults.test_crash_points import META as PEOPLE
from tests.stories.faults.test_crash_points import SETTINGS, Dying, Killed
from tests.stories.project import Project
from tests.stories.running import opened
from tests.stories.running import run as run_here

STOPPED = {**META, "first_run": "stop"}
ADOPTED = {**META, "first_run": "baseline"}


def accepted(shop: Project) -> int:
    [count] = shop.counts("accepted")
    return int(count)


@pytest.fixture
def events(shop: Project, iterable: ReferenceServer) -> Project:
    """Four events of users that Iterable knows: three of 2025, the last one of a moment ago."""
    begin_events(shop)
    for number in (0, 1, 2, 3, 9):
        user = {"email": f"u{number}@shop.com"}
        requests.post(f"{iterable.url}/api/users/update", json=user, headers={"Api-Key": "sandbox-story"}, timeout=10)
    return shop


def test_a_first_run_that_was_allowed_as_a_whole_goes_on_by_itself(shop: Project) -> None:
    shop.tag({**STOPPED, "budget": {"max_rows_per_run": 5}})
    run(shop, "--allow", "first_run")
    run(shop)
    run(shop)
    assert shop.counts("accepted", "aborted", "unchanged") == (2, 0, 10)


def test_old_rows_that_are_sent_already_hold_nothing_back(events: Project) -> None:
    shop = events
    run(shop, "--limit", "3", "--allow", "old_events")
    assert shop.state("identity", "state = 'accepted'") == [("e0",), ("e1",), ("e2",)]
    run(shop)
    assert accepted(shop) == 1


def test_a_baseline_ends_the_first_run(events: Project) -> None:
    shop = events
    run(shop, "--limit", "1", "--allow", "old_events")
    trust(shop, "--until", "2020-01-01")
    assert run(shop, code=1).says("guard-old-events"), "a baseline that takes nothing ends nothing"
    trust(shop, "--until", "2025-01-02")
    run(shop)
    assert accepted(shop) == 2


def test_one_named_row_goes_first_and_nothing_else(shop: Project, iterable: ReferenceServer) -> None:
    """`first_run` is about all rows, so a named row needs no flag. An old event needs one: it can start messages."""
    for meta in (STOPPED, ADOPTED):
        shop.cli("state", "reset", "--select", "people")
        iterable.clear()
        shop.tag(meta)
        run(shop, "--only", "u3@shop.com")
        assert (list(iterable.users), shop.counts("accepted", "adopted")) == (["u3@shop.com"], (1, 0))
    assert run(shop).says("11 rows adopted")
    assert list(iterable.users) == ["u3@shop.com"]


def test_one_named_event_is_judged_by_its_own_time(events: Project) -> None:
    shop = events
    assert run(shop, "--only", "e0", code=1).says("guard-old-events", "would send 1 row", "2025-01-01 00:00:00 UTC")
    run(shop, "--only", "e3")
    assert accepted(shop) == 1
    assert run(shop, code=1).says("guard-old-events", "3 rows")


def test_a_policy_of_baseline_adopts_the_rest_but_no_change(shop: Project, iterable: ReferenceServer) -> None:
    """What a row changed after it was sent is not there yet: the next run sends it."""
    shop.tag(ADOPTED)
    run(shop, "--limit", "2", "--allow", "first_run")
    sent = next(iter(iterable.users))
    shop.sql(f"UPDATE people SET name = 'New' WHERE email = '{sent}'")
    plan = json.loads(shop.cli("plan", "--output", "json").out)["plans"][0]
    assert (plan["baseline"], plan["adopted"]) == ("trust", 10)
    assert run(shop).says("10 rows adopted")
    assert len(iterable.users) == 2
    iterable.clear()
    run(shop)
    assert [user["name"] for user in iterable.users.values()] == ["New"]


@pytest.mark.parametrize("allowed", [(), ("first_run",)])
def test_a_crash_leaves_the_rest_to_the_policy(
    tmp_path: Path, iterable: ReferenceServer, allowed: tuple[str, ...]
) -> None:
    project = Project.make(tmp_path / "shop", iterable.url, PEOPLE)
    project.sql("CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM range(7) t(i)")

    class DyingWithTheFirstUsers(Dying):
        def execute(self, sql: str, params: Sequence[object] = ()) -> int:
            self.at = self.statements if iterable.users else -1
            return super().execute(sql, params)

    warehouse = opened(DyingWithTheFirstUsers, project.folder)
    with pytest.raises(Killed):
        run_here(warehouse, iterable.url, PEOPLE, SETTINGS)
    warehouse.close()
    assert 0 < len(iterable.users) < 7
    project.let_time_pass()
    meta = {**PEOPLE, "first_run": "stop"}
    held = run_here(opened(Dying, project.folder), iterable.url, meta, SETTINGS, allowed=allowed)
    assert held.status is (SyncStatus.SUCCESS if allowed else SyncStatus.STOPPED), held.problem
