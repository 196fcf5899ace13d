"""`run`, through the command line against a real sandbox and a real DuckDB file."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.iterable import OBJECTS
from reverse_etl.destinations.iterable.objects.users import USERS, BulkUpdate
from reverse_etl.warehouses.duckdb import DuckDB
from reverse_etl.warehouses.mark import Mark
from tests.cli.conftest import META, Shop
from tests.reference_iterable import serve_reference
from tests.stories.project import PATIENT

ADA = {"firstName": "Ada", "age": 36, "joined": "2024-01-01 00:00:00 +00:00", "source": "warehouse"}


def _users(sandbox: Any) -> dict[str, Any]:
    return {user.email: user.data for user in sandbox.project.users.values()}


def _received(sandbox: Any) -> int:
    return sum(entry.items for entry in sandbox.project.requests if entry.path == "/api/users/bulkUpdate")


def test_sends_everything_then_what_changed_then_nothing(people: Shop, sandbox: Any) -> None:
    first = people.cli("run")
    assert (first.code, _received(sandbox)) == (0, 3)
    assert _users(sandbox)["ada@example.com"] == ADA
    people.sql("update people set age = 42 where first_name = 'Bob'")
    second = people.cli("run")
    assert (second.code, _received(sandbox)) == (0, 4)
    assert _users(sandbox)["bob@example.com"]["age"] == 42
    third = people.cli("run")
    assert "created     4 fields in Iterable, permanent: age, firstName, joined, source" in first.out
    assert "created" not in second.out + third.out
    assert (third.code, _received(sandbox)) == (0, 4)
    assert "0 added, 1 changed, 0 removed, 2 unchanged" in second.out
    assert "0 added, 0 changed, 0 removed, 3 unchanged" in third.out


def test_every_statement_says_which_run_sync_and_step_it_is_of(people: Shop, monkeypatch: Any) -> None:
    marks: list[Mark] = []
    marked = DuckDB.with_mark
    monkeypatch.setattr(DuckDB, "with_mark", lambda self, sql: marks.append(self.mark) or marked(self, sql))
    people.cli("run")
    of_builds = [mark for mark in marks if mark.step == "builds"]
    of_sync = [mark for mark in marks if mark.step != "builds"]
    assert {mark.sync for mark in of_builds} == {""}, "what dbt built is asked once, for all syncs"
    assert {mark.sync for mark in of_sync} == {"people"}
    assert {mark.invocation for mark in marks} == {people.results["metadata"]["invocation_id"]}
    assert {mark.step for mark in of_sync} == {"columns", "look", "acquire", "plan", "send", "commit"}


def test_result_file_says_what_the_warehouse_was_asked(people: Shop) -> None:
    first = people.cli("run")
    costs = people.results["results"][0]["costs"]
    assert first.out.count("  warehouse   ") == 1
    assert f"{costs['statements']} statements in " in first.out
    by_statement = costs.pop("by_statement")
    assert costs == people.results["costs"]
    assert costs["statements"] == sum(one["statements"] for one in by_statement)
    assert {one["step"] for one in by_statement} == {"columns", "look", "acquire", "plan", "send", "commit"}
    [sent] = [one for one in by_statement if one["step"] == "send" and one["statement"].startswith("SELECT plan__")]
    [merged] = [one for one in by_statement if one["statement"].startswith("INSERT INTO snapshot__")]
    assert (sent["rows_read"], merged["rows_written"], merged["statements"]) == (3, 3, 1)
    assert (merged["bytes_processed"], merged["bytes_billed"], merged["credits"]) == (None, None, None)
    people.cli("run")
    assert people.results["costs"]["statements"] == 9


def test_result_file_says_how_each_sync_ended(people: Shop) -> None:
    people.cli("run", "--select", "people", "--threads", "2")
    metadata, [result] = people.results["metadata"], people.results["results"]
    assert metadata["schema_version"] == 1
    assert (metadata["dbt_version"], metadata["dbt_invocation_id"]) == ("1.11.0", "the-build")
    assert (metadata["target"], metadata["profile"], metadata["warehouse"]) == ("dev", "shop", "duckdb")
    assert (metadata["args"]["select"], metadata["args"]["threads"]) == (["people"], 2)
    assert (result["sync"], result["status"], result["problem"]) == ("people", "success", None)
    assert result["model"] == "model.shop.people"
    assert result["counts"]["added"] == result["counts"]["accepted"] == result["counts"]["planned"] == 3
    assert result["requests"] == 1
    assert result["created_fields"] == ["age", "firstName", "joined", "source"]
    assert result["bytes_sent"] > 100
    assert {"look", "plan", "send", "commit"} <= set(result["timings"])
    moments = (metadata["started_at"], result["started_at"], metadata["generated_at"])
    assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{6}Z", moment) for moment in moments)
    assert tuple(sorted(moments)) == moments


def test_held_back_row_is_reported_without_its_address(people: Shop) -> None:
    people.sql("update people set email = 'not-an-address' where first_name = 'Bob'")
    ended = people.cli("run")
    assert ended.code == 0
    assert people.results["results"][0]["status"] == "warn"
    assert people.results["results"][0]["counts"]["invalid"] == 1
    assert ended.out.splitlines()[-1] == "see `reverse-etl rejected --select people`"
    text = json.dumps(people.results) + ended.out + ended.err
    assert "not-an-address" not in text
    listed = people.cli("rejected")
    assert "n…" in listed.out
    assert "not-an-address" not in listed.out
    assert "not-an-address" in people.cli("rejected", "--show-values").out


def test_guard_stops_and_can_be_allowed(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    people.sql("delete from people")
    stopped = people.cli("run")
    assert stopped.code == 1
    assert "error[guard-empty-model]" in stopped.err
    assert "hint: " in stopped.err
    assert people.results["results"][0]["status"] == "stopped"
    assert people.results["results"][0]["problem"]["code"] == "guard-empty-model"
    assert people.cli("run", "--allow", "empty_model").code == 0
    assert _received(sandbox) == 3


def test_unknown_guard_is_refused(people: Shop) -> None:
    ended = people.cli("run", "--allow", "everything")
    assert (ended.code, "error[unknown-guard]" in ended.err) == (2, True)


def test_failed_build_skips_that_sync_and_runs_the_others(people: Shop, sandbox: Any) -> None:
    people.model("partners", {**META, "email": "email"})
    people.sql("drop table people")
    people.built(people="error", partners="success")
    ended = people.cli("run")
    assert ended.code == 1
    assert {one["sync"]: one["status"] for one in people.results["results"]} == {
        "partners": "success",
        "people": "skipped",
    }
    assert "error[guard-build]" in ended.err
    assert _received(sandbox) == 3


def test_build_guard_can_be_allowed(people: Shop) -> None:
    people.built(people="error")
    assert people.cli("run", "--allow", "build").code == 0


def test_commands_show_the_order_that_run_keeps(people: Shop) -> None:
    people.model("early", above=["people"])
    people.model("aside", None, above=["early"])
    people.model("late", above=["aside"])
    order = ["people", "early", "late"]
    people.cli("run")
    assert [one["sync"] for one in people.results["results"]] == order
    assert people.cli("list", "--output", "name").out.split() == order
    assert [one["sync"] for one in people.cli("plan", "--output", "json").json["plans"]] == order
    people.cli("run", "--select", "late", "people")
    assert [one["sync"] for one in people.results["results"]] == ["people", "late"]


def test_a_bad_sync_does_not_keep_back_those_after_it(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    people.sql("delete from people")
    people.model("friends", above=["people"])
    people.cli("run")
    ended = [(one["sync"], one["status"]) for one in people.results["results"]]
    assert ended == [("people", "stopped"), ("friends", "success")]
    assert _received(sandbox) == 6


def test_fail_fast_leaves_the_rest(people: Shop, sandbox: Any) -> None:
    people.model("friends")
    people.model("others")
    people.built(friends="error")
    ended = people.cli("run", "--fail-fast")
    assert ended.code == 1
    codes = {one["sync"]: (one["problem"] or {}).get("code") for one in people.results["results"]}
    assert codes == {"friends": "guard-build", "others": "not-run", "people": "not-run"}
    assert _received(sandbox) == 0


def test_the_run_after_a_limit_per_day_goes_on_where_it_ended(people: Shop, monkeypatch: Any) -> None:
    def two_a_day(*known: Any) -> BoundObject:
        bound = USERS.bind(*known)
        assert isinstance(bound.operations.write, BulkUpdate)
        endpoint = replace(bound.operations.write.endpoint, per_day=2)
        write = replace(bound.operations.write, endpoint=endpoint)
        return replace(bound, operations=replace(bound.operations, write=write))

    monkeypatch.setitem(OBJECTS, "users", replace(USERS, bind=two_a_day))  # type: ignore[arg-type]
    today, tomorrow = (people.cli("run", REVERSE_ETL_BATCH_ROWS="1") for _ in range(2))
    assert (today.code, "error[daily-limit]: sync `people`: " in today.err) == (1, True)
    assert "2 accepted, 1 aborted" in today.out
    assert (tomorrow.code, "1 accepted" in tomorrow.out) == (0, True)


def test_full_refresh_sends_everything_again(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    assert people.cli("run", "--full-refresh").code == 0
    assert _received(sandbox) == 6


def test_selection_takes_several_words_as_dbt_does(people: Shop) -> None:
    people.model("friends")
    people.model("others")
    people.cli("run", "--select", "people", "friends", "--quiet")
    assert [one["sync"] for one in people.results["results"]] == ["friends", "people"]
    people.cli("run", "--exclude", "path:models/marts/people.sql", "-q")
    assert [one["sync"] for one in people.results["results"]] == ["friends", "others"]


def test_empty_selection_is_well_and_says_so(people: Shop) -> None:
    ended = people.cli("run", "--select", "nosuch", "tag:none", "--quiet")
    assert (ended.code, ended.out) == (0, "")
    assert "`nosuch tag:none` matches no sync" in ended.err
    assert "`people` without `people` matches no sync" in people.cli("list", "-s", "people", "--exclude", "people").err
    assert people.results["results"] == []


def test_project_without_definitions_says_how_to_add_one(shop: Shop) -> None:
    shop.model("people", None)
    ended = shop.cli("run")
    assert ended.code == 0
    assert "reverse-etl schema" in ended.err


def test_json_log_has_one_object_a_line_and_data_apart(people: Shop) -> None:
    ended = people.cli("run", "--log-format", "json")
    assert {event["info"]["name"] for event in ended.events} >= {"SyncStarted", "Planned", "SyncEnded"}
    for event in ended.events:
        assert set(event["info"]) == {"name", "code", "level", "msg", "ts", "invocation_id", "pid", "thread"}
        assert event["info"]["invocation_id"] == people.results["metadata"]["invocation_id"]
    assert ended.json["results"][0]["sync"] == "people"
    [end] = [event["data"] for event in ended.events if event["info"]["name"] == "SyncEnded"]
    assert set(end["sending"]) == {"read", "encode", "journal", "rate_limit", "reply"}


def test_json_log_tells_errors_with_their_four_parts(people: Shop) -> None:
    ended = people.cli("run", "--log-format", "json", ITERABLE_PROJECT_TYPE="")
    [event] = ended.events
    assert (ended.code, event["info"]["code"], event["info"]["level"]) == (2, "unknown-project-type", "error")
    assert {"message", "context", "hint"} <= set(event["data"])


def test_quiet_tells_errors_only(people: Shop) -> None:
    well = people.cli("run", "--quiet")
    assert (well.code, well.out, well.err) == (0, "", "")
    people.sql("delete from people")
    assert "error[guard-empty-model]" in people.cli("run", "--quiet").err


def test_a_result_file_that_cannot_be_written_is_an_error(people: Shop) -> None:
    (people.folder / "target" / "reverse_etl_results.json").mkdir()
    ended = people.cli("run")
    assert ended.code == 1
    assert "error[results-not-written]" in ended.err
    assert not list((people.folder / "target").glob(".reverse_etl_results*"))


def test_unreachable_destination_fails_its_sync(people: Shop) -> None:
    ended = people.cli("run", ITERABLE_BASE_URL="http://127.0.0.1:9", REVERSE_ETL_ATTEMPTS="1")
    assert ended.code == 1
    assert "error[destination-unavailable]" in ended.err
    assert people.results["results"][0]["status"] == "error"


def test_a_key_is_never_printed(people: Shop) -> None:
    key = "a-real-looking-key-0123456789"
    ended = people.cli("run", "--debug", ITERABLE_API_KEY=key)
    assert (ended.code, "error[real-key-to-loopback]" in ended.err) == (2, True)
    assert "Traceback" in ended.err
    assert key not in ended.err + ended.out + json.dumps(people.results)


def test_an_unexpected_exception_is_short_unless_debugging(people: Shop, monkeypatch: Any) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("the password is hunter2-secret")

    monkeypatch.setattr("reverse_etl.project.operations.sync_loop.run_sync", explode)
    short = people.cli("run")
    assert (short.code, "error[internal-error]" in short.err) == (2, True)
    assert "Traceback" not in short.err
    assert "--debug" in short.err
    assert people.results["problems"][0]["code"] == "internal-error"
    long = people.cli("run", "--debug")
    assert "the password is ****" in long.err
    assert "hunter2-secret" not in long.err


def test_a_signal_ends_a_run_well(people: Shop) -> None:
    """The server keeps the run waiting until the run has said that it stops."""
    people.sql("insert into people select 'u' || i || '@example.com', 'U', i, null from range(200) t(i)")
    stopping = threading.Event()
    with serve_reference() as iterable:
        iterable.before = lambda number: number >= 3 and stopping.wait()
        access = {"ITERABLE_BASE_URL": iterable.url, "ITERABLE_API_KEY": "sandbox-story"}
        env = {**people.env, **access, **PATIENT, "REVERSE_ETL_BATCH_ROWS": "5"}
        words = [sys.executable, "-m", "reverse_etl", "run"]
        pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(words, env=env, cwd=people.folder, text=True, **pipes) as process:
            assert process.stderr is not None
            while "planned" not in (line := process.stderr.readline()):
                assert line
            process.send_signal(signal.SIGTERM)
            while "stopping" not in (line := process.stderr.readline()):
                assert line
            stopping.set()
            process.communicate()
        counts = people.results["results"][0]["counts"]
        assert process.returncode == 1
        assert counts["aborted"] > 0
        assert counts["accepted"] == len(iterable.users)
        assert people.cli("run", **access).code == 0
        assert len(iterable.users) == 203
