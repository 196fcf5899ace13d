"""`baseline --trust` and `first_run`: what counts as accepted without being sent, and what a first run does."""

from __future__ import annotations

import json

import pytest

from reverse_etl.errors import ConfigError
from reverse_etl.run.baseline.until import parse_until
from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META
from tests.stories.project import Ended, Project

EVENTS = {
    "object": "events",
    "event_id": "id",
    "event_name": {"value": "Order Placed"},
    "email": "email",
    "created_at": "happened",
}
TRUST = ("baseline", "--select", "people", "--trust", "--yes")


def run(shop: Project, *flags: str, code: int = 0) -> Ended:
    ended = shop.cli("run", *flags)
    assert ended.code == code, ended.out + ended.err
    return ended


def trust(shop: Project, *flags: str) -> dict[str, object]:
    """A baseline that trusts; the result of its sync."""
    ended = shop.cli(*TRUST, *flags)
    assert ended.code == 0, ended.out + ended.err
    return shop.result()


def test_rows_count_as_accepted_and_only_changes_are_sent(shop: Project, iterable: ReferenceServer) -> None:
    result = trust(shop)
    assert (result["counts"]["adopted"], result["counts"]["accepted"], result["requests"]) == (12, 0, 0)
    assert result["baseline"]["method"] == "trust"
    assert "last run    baseline, success, ended" in shop.cli("status").out
    asked = iterable.number
    run(shop)
    assert iterable.number == asked, "a run directly after a baseline sends no request"
    shop.sql("UPDATE people SET name = 'New' WHERE email = 'u3@shop.com'")
    run(shop)
    assert list(iterable.users) == ["u3@shop.com"]
    runs = json.loads(shop.cli("history", "--output", "json").out)["runs"]
    assert [(one["kind"], one["counts"]["adopted"]) for one in runs] == [("run", 0), ("run", 0), ("baseline", 12)]
    lines = shop.cli("history").out.splitlines()
    assert (lines[0].split()[3:7], lines[3].split()[3:7]) == (
        ["kind", "status", "accepted", "adopted"],
        ["baseline", "success", "0", "12"],
    )
    run(shop, "--full-refresh")
    assert len(iterable.users) == 12


def test_it_waits_for_the_lease_as_a_run_does(shop: Project, iterable: ReferenceServer) -> None:
    run(shop)
    shop.sql("UPDATE people SET name = 'New'")
    [(lease,)] = shop.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease__%'")
    shop.sql(f"UPDATE reverse_etl.{lease} SET quiet_at = now()::TIMESTAMP + INTERVAL 1 MINUTE")
    shop.environment["REVERSE_ETL_WAIT"] = "0"
    snapshot = shop.state("*")
    ended = shop.cli(*TRUST)
    assert (ended.code, ended.says("error[lease-not-free]")) == (1, True)
    assert shop.state("*") == snapshot
    shop.let_time_pass()
    assert trust(shop)["counts"]["adopted"] == 12, "once the lease is free"


def test_a_later_baseline_counts_removed_rows_as_removed(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "on_removed": "delete"})
    run(shop)
    shop.sql("DELETE FROM people WHERE email = 'u1@shop.com'", "UPDATE people SET name = 'B'")
    assert trust(shop)["counts"]["adopted"] == 12, "once the lease is free"
    run(shop)
    assert iterable.deleted == []
    assert "B" not in {user["name"] for user in iterable.users.values()}


def test_it_asks_first(shop: Project, iterable: ReferenceServer) -> None:
    ended = shop.cli("baseline", "--select", "people", "--trust")
    assert ended.code == 2
    assert ended.says("confirmation-required", "--yes")
    assert shop.cli("baseline", "--trust", "--yes").says("selection-required")
    assert shop.cli(*TRUST, "--until", "2026-11-01").code == 1
    assert shop.cli("baseline", "--select", "people", "--until", "2026-11-01", "--yes").says("until-without-trust")
    assert shop.sql("SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'snapshot__%'") == [(0,)]


def begin_events(shop: Project, kind: str = "TIMESTAMP", **keys: object) -> None:
    """Four events: three of 2025, the last one of a moment ago."""
    shop.tag({**EVENTS, **keys})
    times = ["TIMESTAMP '2025-01-01 00:00:00'", "TIMESTAMP '2025-01-02 00:00:00'", "TIMESTAMP '2025-01-02 00:00:01'"]
    rows = ", ".join(f"('e{n}', 'u{n}@shop.com', {at})" for n, at in enumerate([*times, "now()::TIMESTAMP"]))
    shop.sql(
        f"CREATE OR REPLACE TABLE people AS SELECT id, email, CAST(t.happened AS {kind}) AS happened"
        f" FROM (VALUES {rows}) t(id, email, happened)"
    )


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
@pytest.mark.parametrize("until", ["2025-01-02", "2025-01-02T01:00:00+01:00"])
def test_only_events_up_to_a_time_count_as_accepted(shop: Project, kind: str, until: str) -> None:
    shop.environment["TZ"] = "UTC"
    begin_events(shop, kind)
    result = trust(shop, "--until", until)
    assert (result["counts"]["adopted"], result["baseline"]["left"]) == (2, 2)
    assert result["baseline"]["until"] == "2025-01-02 00:00:00 UTC"
    assert shop.state("identity", "state = 'accepted'") == [("e0",), ("e1",)]


def test_old_events_stop_the_first_run(shop: Project, iterable: ReferenceServer) -> None:
    begin_events(shop)
    ended = run(shop, code=1)
    assert ended.says("guard-old-events", "4 rows", "2025-01-01 00:00:00 UTC", "baseline", "--allow old_events")
    assert iterable.number == 0
    begin_events(shop, first_run="stop")
    assert run(shop, code=1).says("guard-first-run", "run `reverse-etl baseline --select people --trust`")
    begin_events(shop, guards={"old_events": {"days": 100_000}})
    assert json.loads(shop.cli("plan", "--output", "json").out)["plans"][0]["problems"] == []
    begin_events(shop)
    trust(shop, "--until", "2026-01-01")
    run(shop)
    assert shop.result()["counts"]["planned"] == 1
    shop.cli("state", "reset", "--select", "people")
    assert run(shop, code=1).says("guard-old-events")
    run(shop, "--allow", "old_events")
    assert shop.result()["counts"]["planned"] == 4


def test_first_run_stops_or_takes_the_rows_as_accepted(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "first_run": "stop"})
    ended = run(shop, code=1)
    assert ended.says("guard-first-run", "12 rows", "reverse-etl baseline", "--allow first_run")
    shop.tag(META)
    (shop.folder / "reverse_etl.yml").write_text("first_run: baseline\n")
    plan = json.loads(shop.cli("plan", "--output", "json").out)["plans"][0]
    assert (plan["baseline"], plan["adopted"], plan["to_send"]) == ("trust", 12, 0)
    assert run(shop).says("12 rows adopted")
    assert iterable.users == {}
    shop.sql("UPDATE people SET name = 'New' WHERE email = 'u3@shop.com'")
    run(shop)
    assert list(iterable.users) == ["u3@shop.com"]
    shop.cli("state", "reset", "--select", "people")
    run(shop, "--allow", "first_run")
    assert len(iterable.users) == 12


def test_a_run_of_some_rows_leaves_the_first_run_to_come(shop: Project, iterable: ReferenceServer) -> None:
    run(shop)
    shop.cli("state", "reset", "--select", "people")
    begin_events(shop)
    for part, left in ((("--only", "u0@shop.com"), "3 rows"), (("--limit", "1"), "2 rows")):
        run(shop, *part, "--allow", "old_events")
        assert run(shop, code=1).says("guard-old-events", f"first complete run would send {left}")
    run(shop, "--limit", "2", "--allow", "old_events")
    shop.sql("INSERT INTO people VALUES ('new', 'u9@shop.com', now()::TIMESTAMP)")
    run(shop)
    assert shop.result()["counts"]["accepted"] == 1


def test_one_person_is_sent_before_the_others_count_as_accepted(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "first_run": "baseline"})
    run(shop, "--only", "u3@shop.com", "--allow", "first_run")
    assert run(shop).says("11 rows adopted")
    shop.sql("INSERT INTO people VALUES ('u99@shop.com', 'New', NULL)")
    run(shop)
    assert sorted(iterable.users) == ["u3@shop.com", "u99@shop.com"]


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2026-11-01", "1793491200"),
        ("2026-11-01 12:30", "1793536200"),
        ("2026-11-01 12:30:00.5 UTC", "1793536200.5"),
        ("2026-11-01T12:30:00+0230", "1793527200"),
        ("2026-11-01T12:30:00-05", "1793554200"),
        ("1969-12-31 23:59:59Z", "-1"),
    ],
)
def test_times_are_exact(text: str, epoch: str) -> None:
    assert parse_until(text).epoch == epoch


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-11-01Z", "2026-11-01 25:00", "01.11.2026"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--until"):
        parse_until(text)
