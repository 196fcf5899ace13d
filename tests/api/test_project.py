"""`from reverse_etl import Project`: every operation, against a real DuckDB file and a local Iterable."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import reverse_etl
from reverse_etl import ConfigError, Faults, Project, RunResult, SyncPlan, SyncStatus, WarehouseError
from tests.api.conftest import Heard
from tests.cli.conftest import META, Shop

Load = Callable[..., Project]


def users(sandbox: Any) -> list[str]:
    return sorted(user.email for user in sandbox.project.users.values())


def test_a_run_returns_how_each_sync_ended(people: Shop, load: Load, sandbox: Any) -> None:
    results = load().run()
    assert isinstance(results, list)
    [result] = results
    assert isinstance(result, RunResult)
    assert (result.sync, result.status, result.counts.accepted) == ("people", SyncStatus.SUCCESS, 3)
    assert results.succeeded
    assert users(sandbox) == ["ada@example.com", "bob@example.com", "cyd@example.com"]
    assert people.results["metadata"]["invocation_id"] == results.invocation_id
    assert people.results == json.loads(json.dumps(results.file))


def test_one_project_sees_each_build(people: Shop, load: Load) -> None:
    project = load()
    assert [result.counts.accepted for result in project.run()] == [3]
    assert [result.counts.planned for result in project.run()] == [0]
    people.model("friends", {**META, "name": "pals"})
    assert {result.sync: result.counts.accepted for result in project.run("pals")} == {"pals": 3}
    assert {result.sync for result in project.run(exclude="pals")} == {"people"}


def test_a_plan_returns_the_exact_requests(people: Shop, load: Load) -> None:
    [plan] = load().plan(payloads=2)
    assert [(one.kind, one.method, one.path) for one in plan.payloads] == [
        ("added", "POST", "/api/users/bulkUpdate")
    ] * 2
    assert plan.payloads[0].body["users"][0]["email"] == plan.payloads[0].key
    [bare] = load().plan()
    assert bare.payloads == ()


def test_events_arrive_while_a_run_goes_on(people: Shop, load: Load, heard: Heard) -> None:
    results = load().run()
    assert heard.names[0] == "InvocationStarted"
    assert heard.events[0].data["invocation_id"] == results.invocation_id
    assert [name for name in heard.names if name.startswith("Sync")] == ["SyncStarted", "SyncEnded"]
    assert heard.events[-1].data["counts"] == results[0].counts.as_dict()  # type: ignore[comparison-overlap]


def test_nothing_is_printed_and_no_signal_handler_stays(
    people: Shop, load: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    project = load()
    project.plan()
    project.run()
    project.status()
    assert capfd.readouterr() == ("", "")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_it_runs_in_a_thread(people: Shop, load: Load) -> None:
    ended: list[RunResult] = []
    thread = threading.Thread(target=lambda: ended.extend(load().run()))
    thread.start()
    thread.join(60)
    assert [result.status for result in ended] == [SyncStatus.SUCCESS]


def test_a_plan_sends_nothing_and_shows_what_a_run_would_send(people: Shop, load: Load, sandbox: Any) -> None:
    [plan] = load().plan()
    assert isinstance(plan, SyncPlan)
    assert (plan.to_send, plan.added, plan.problems) == (3, 3, ())
    assert users(sandbox) == []


def test_a_broken_definition_is_in_the_results_and_the_others_run(people: Shop, load: Load, heard: Heard) -> None:
    people.model("friends", {**META, "object": "nothing"})
    project = load()
    results = project.run()
    assert {result.sync: result.status.value for result in results} == {"friends": "error", "people": "success"}
    assert not results.succeeded
    assert [event.sync for event in heard.events if event.name == "Problem"] == ["friends"]
    plans = project.plan()
    assert {plan.sync: bool(plan.problems) for plan in plans} == {"friends": True, "people": False}
    assert plans.errors
    findings = project.validate()
    assert {finding.sync.name: bool(finding.errors) for finding in findings} == {"friends": True, "people": False}


def test_what_stops_everything_is_raised(shop: Shop, load: Load) -> None:
    shop.model("people", {**META, "object": "nothing", "email": 7})
    with pytest.raises(Faults) as raised:
        load().run()
    assert len(raised.value.faults) > 1
    assert [problem["code"] for problem in shop.results["problems"]] == [one.code for one in raised.value.faults]


@pytest.mark.parametrize(
    ("options", "call", "code"),
    [
        ({"target": "nothing"}, {}, "missing-target"),
        ({"profile": "nothing"}, {}, "missing-profile"),
        ({}, {"allow": "nothing"}, "unknown-guard"),
        ({}, {"threads": -1}, "wrong-setting"),
        ({"target_path": "elsewhere"}, {}, "missing-manifest"),
        ({"more_env": {"ITERABLE_API_KEY": ""}}, {}, "missing-key"),
    ],
)
def test_every_error_is_one_of_ours(
    people: Shop, load: Load, options: Mapping[str, Any], call: Mapping[str, Any], code: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(**options).run(**call)
    assert raised.value.code == code
    assert raised.value.hint


def test_a_folder_without_a_dbt_project_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Project.load(tmp_path / "nothing", env={})


def test_an_error_of_the_warehouse_holds_no_secret(people: Shop, load: Load) -> None:
    (people.folder / "shop.duckdb").write_bytes(b"hunter2-secret is no database" * 100)
    with pytest.raises(WarehouseError) as raised:
        load().run()
    assert "hunter2" not in str(raised.value) + str(raised.value.context)


def test_a_run_is_stopped_from_outside(people: Shop, load: Load, sandbox: Any) -> None:
    results = load().run(stop=lambda: True)
    assert [result.problem.code for result in results if result.problem] == ["interrupted"]
    assert (results.interrupted, results.succeeded) == (True, False)
    assert users(sandbox) == []


def test_status_and_history(people: Shop, load: Load) -> None:
    project = load()
    [before] = project.status()
    assert (before.run, before.lease) == (None, None)
    assert list(project.history()) == []
    people.sql("update people set email = 'nothing' where first_name = 'Bob'")
    project.run()
    [state] = project.status()
    assert state.run is not None
    assert (state.run.status, state.held_rows) == ("warn", {"invalid bad-email": 1})
    assert [(one.sync, one.run.counts["accepted"]) for one in project.history(limit=5)] == [("people", 2)]


def test_rejected_rows_are_listed_and_requeued(shop: Shop, load: Load, sandbox: Any) -> None:
    shop.model("people", {**META, "mode": "update"})
    project = load()
    project.run()
    held = project.rejected()
    assert {one.rejection.identity for one in held} == {"ada@example.com", "bob@example.com", "cyd@example.com"}
    assert [one.rows for one in project.requeue(" ADA@example.com ")] == [1]
    assert [one.rows for one in project.requeue()] == [2]
    assert project.run()[0].counts.planned == 3


def test_states_are_listed_reset_and_pruned(people: Shop, load: Load) -> None:
    project = load()
    project.run()
    assert [(one.name, one.is_defined) for one in project.list_states()] == [("people", True)]
    assert [(one.sync, one.entries) for one in project.reset_states("people")] == [("people", 3)]
    assert project.run()[0].counts.accepted == 3
    people.models.clear()
    people.model("friends")
    assert [one.name for one in project.status().orphans] == ["people"]
    assert [(one.sync, one.entries) for one in project.prune_states()] == [("people", 3)]
    assert list(project.list_states()) == []
    with pytest.raises(ConfigError, match="needs the names"):
        project.reset_states(())


def test_the_state_moves_and_the_destination_is_accepted(people: Shop, load: Load) -> None:
    project = load()
    project.run()
    [accepted] = project.accept_destination()
    assert "3 accepted rows" in accepted.message
    [migrated] = project.migrate_states("local")
    assert migrated.moved is not None
    assert migrated.moved.entries == 3
    local = load(more_env={"REVERSE_ETL_STATE": "local"})
    assert local.run()[0].counts.planned == 0


def test_a_sandbox_of_its_own(people: Shop, load: Load, sandbox: Any, heard: Heard) -> None:
    project = load(sandbox=True)
    assert project.run()[0].counts.accepted == 3
    assert project.run()[0].counts.planned == 0
    assert users(sandbox) == []
    assert "SandboxUsed" in heard.names


def test_the_list_opens_nothing(people: Shop, load: Load) -> None:
    (people.folder / "shop.duckdb").unlink()
    definitions = load(more_env={"ITERABLE_API_KEY": ""}).list()
    assert [sync.name for sync in definitions.syncs] == ["people"]
    assert definitions.broken == ()


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, reverse_etl; print(sorted(name for name in sys.modules if name.startswith('reverse_etl')))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "['reverse_etl', 'reverse_etl.version']"


@pytest.mark.parametrize("name", reverse_etl.__all__)
def test_every_exported_name_can_be_imported(name: str) -> None:
    assert getattr(reverse_etl, name) is not None
    assert name in dir(reverse_etl)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Projekt"):
        reverse_etl.Projekt  # noqa: B018
