"""The guard `journeys` warns or stops before the first row. The journeys that really start are the counted ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from reverse_etl.sandbox import SandboxOptions, parse_journeys, start_sandbox
from tests.reference_iterable import ReferenceServer
from tests.stories.project import CALM, Project

EVENTS = {"object": "events", "email": "email", "event_id": "id", "event_name": "name"}
PEOPLE = (
    "CREATE OR REPLACE TABLE people AS SELECT 'e-' || i AS id, 'u' || i || '@shop.com' AS email,"
    " CASE WHEN i < 3 THEN 'Order Placed' ELSE 'Seen' END AS name FROM range(5) t(i)"
)
JOURNEY = {"id": 7, "name": "Win back", "enabled": True, "triggerEventNames": ["Order Placed"]}


def guarded(setting: object) -> Mapping[str, object]:
    return {**EVENTS, "guards": {"journeys": setting}}


@pytest.fixture
def shop(tmp_path: Path, iterable: ReferenceServer) -> Project:
    iterable.journeys = [JOURNEY]
    for number in range(5):
        iterable.add(f"u{number}@shop.com", None)
    made = Project.make(tmp_path / "shop", iterable.url, EVENTS, CALM)
    made.sql(PEOPLE)
    return made


def asked(iterable: ReferenceServer) -> int:
    return sum(one.path.startswith("/api/journeys") for one in iterable.log)


def test_too_many_rows_stop_the_run_before_the_first_until_they_are_allowed(
    shop: Project, iterable: ReferenceServer
) -> None:
    shop.tag(guarded({"stop": 2}))
    planned = shop.cli("plan")
    assert planned.says("guard-journeys: sync `people`: 3 rows may enter enabled journeys: 'Win back'")
    stopped = shop.cli("run")
    assert (stopped.code, iterable.events) == (1, {})
    assert stopped.says("error[guard-journeys]", "3 rows may enter", "--allow journeys", "limit: 2")
    allowed = shop.cli("run", "--allow", "journeys")
    assert (allowed.code, len(iterable.events)) == (0, 5)
    assert shop.cli("history").says("journeys (overridden)")


def test_as_many_rows_as_the_number_pass(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag(guarded({"stop": 3, "warn": 3}))
    ended = shop.cli("run")
    assert (ended.code, len(iterable.events), ended.says("may enter")) == (0, 5, False)
    before = asked(iterable)
    assert (before, shop.cli("run").code, asked(iterable)) == (1, 0, 1)


def test_a_warning_does_not_stop_the_run(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag(guarded("warn"))
    sentence = "3 rows may enter enabled journeys: 'Win back'; the guard `journeys` warns from 1 on"
    assert shop.cli("plan").says(sentence)
    ended = shop.cli("run")
    assert (ended.code, len(iterable.events)) == (0, 5)
    assert ended.says(sentence)


def test_journeys_that_cannot_be_read_stop_a_guarded_run_and_no_other(shop: Project, iterable: ReferenceServer) -> None:
    iterable.refused_paths = {"/api/journeys"}
    shop.tag(guarded({"stop": 100}))
    stopped = shop.cli("run")
    assert (stopped.code, iterable.events) == (1, {})
    assert stopped.says("error[guard-journeys]", "the journeys could not be read", "status 401")
    shop.tag(guarded({"warn": 100}))
    warned = shop.cli("run")
    assert (warned.code, len(iterable.events), warned.says("the journeys could not be read")) == (0, 5, True)


def test_a_run_without_the_guard_does_not_ask(shop: Project, iterable: ReferenceServer) -> None:
    assert (shop.cli("run").code, asked(iterable)) == (0, 0)


def test_the_guard_can_be_on_for_the_whole_project_and_off_for_one_sync(
    shop: Project, iterable: ReferenceServer
) -> None:
    (shop.folder / "reverse_etl.yml").write_text("guards: {journeys: {stop: 2}}\n")
    assert shop.cli("run").says("error[guard-journeys]")
    shop.tag(guarded(False))
    assert (shop.cli("run").code, asked(iterable)) == (0, 1)


def test_a_run_of_a_few_rows_counts_only_them(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag(guarded({"stop": 2}))
    assert (shop.cli("run", "--limit", "2").code, len(iterable.events)) == (0, 2)


def test_a_wrong_setting_names_the_allowed_ones(shop: Project) -> None:
    shop.tag(guarded({"stop": -1}))
    assert shop.cli("run").code == 2
    shop.tag(guarded("halt"))
    assert shop.cli("run").code == 2


SANDBOX = """
- {name: Win back, starts_with: event, of: Order Placed}
- {name: Any event, starts_with: event, of: [Seen, Order Placed]}
- {name: Paused, starts_with: event, of: Seen, enabled: false}
- {name: Tier, starts_with: profile_update, of: tier}
- {name: VIP, starts_with: list_subscribe, of: VIP}
"""


def test_what_the_plan_counts_is_what_the_sandbox_starts(tmp_path: Path) -> None:
    """Events by name, and a list whose users are new: the same numbers before and after."""
    journeys, lists = parse_journeys(SANDBOX), ((300, "VIP"),)
    with start_sandbox(SandboxOptions(port=0, rate_limit=False, lists=lists, journeys=journeys)) as sandbox:
        made = Project.make(tmp_path / "shop", sandbox.url, {"object": "users", "email": "email"}, CALM)
        made.sql(PEOPLE)
        assert made.cli("run").code == 0
        assert entries(sandbox.url) == {}
        made.tag({**EVENTS, "name": "events"})
        assert run_and_count(made, sandbox.url) == {"Win back": 3, "Any event": 5}
        made.tag({"object": "list_members", "email": "email", "list": {"name": "VIP"}, "name": "members"})
        assert run_and_count(made, sandbox.url) == {"VIP": 5}
        made.sql("UPDATE people SET id = id || 'x' WHERE id = 'e-1'")
        made.tag({**EVENTS, "name": "events"})
        assert run_and_count(made, sandbox.url) == {"Win back": 1, "Any event": 1}


def entries(url: str) -> Counter[str]:
    found: list[dict[str, Any]] = requests.get(f"{url}/sandbox/journeys", timeout=10).json()
    return Counter(one["journey"] for one in found if one["entered"])


def run_and_count(shop: Project, url: str) -> Mapping[str, int]:
    """Run, and return how many users entered each journey, which is what `plan` said before."""
    [plan] = json.loads(shop.cli("plan", "--output", "json").out)["plans"]
    before, said = entries(url), Counter[str]()
    for start in plan["journeys"]["starts"]:
        said[start["journey"]] += start["rows"]
    ended = shop.cli("run")
    assert ended.code == 0, ended.out + ended.err
    assert entries(url) - before == said
    return dict(said)
