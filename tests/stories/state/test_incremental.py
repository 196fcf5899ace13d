"""A sync with `incremental`: quick runs compare recent rows only, and a full comparison finds the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer
from tests.reference_iterable.replies import BAD_GATEWAY
from tests.stories.faults.test_crash_points import Dying, Killed
from tests.stories.project import Project
from tests.stories.running import opened, run

RULE = {"column": "updated_at", "overlap": "1h", "full_every": "1d"}
META = {"object": "users", "email": "email", "fields": {"name": "name"}, "incremental": RULE, "on_removed": "delete"}
GUARDS = {"removed": False, "changed": False}
PEOPLE = (
    "CREATE OR REPLACE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name,"
    " TIMESTAMP '2026-01-01 00:00:00' + to_hours(i) AS updated_at FROM range(10) t(i)"
)
LATER = "TIMESTAMP '2026-02-01 00:00:00'"


def begin(folder: Path, iterable: ReferenceServer, meta: object = META) -> Project:
    shop = Project.make(folder / "shop", iterable.url, meta)
    shop.sql(PEOPLE)
    assert shop.cli("run").code == 0
    return shop


@pytest.fixture
def people(tmp_path: Path, iterable: ReferenceServer) -> Project:
    """Ten people, all sent, each updated an hour after the one before."""
    return begin(tmp_path, iterable, {**META, "guards": GUARDS})


def names(iterable: ReferenceServer) -> dict[str, object]:
    return {email: user.get("name") for email, user in iterable.users.items()}


def lease(shop: Project) -> str:
    [(table,)] = shop.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease%'")
    return f"reverse_etl.{table}"


def remembered(shop: Project) -> dict[str, Any]:
    [(text,)] = shop.sql(f"SELECT destination FROM {lease(shop)}")
    return dict(json.loads(str(text)))


def mark(shop: Project) -> Mapping[str, Any] | None:
    """The mark that the last run left."""
    found: Mapping[str, Any] | None = remembered(shop)["source"].get("incremental")
    return found


def age_full_comparison(shop: Project, seconds: int) -> None:
    """Move the last full comparison into the past."""
    known = remembered(shop)
    known["source"]["incremental"]["full_at"] -= seconds
    text = json.dumps(known).replace("'", "''")
    shop.sql(f"UPDATE {lease(shop)} SET destination = '{text}'")


def compared(shop: Project) -> str:
    """Which comparison the last run made, and why a full one."""
    report = shop.result()["comparison"]
    assert isinstance(report, dict)
    return str(report["reason"] or report["kind"])


def test_a_quick_run_sends_recent_rows_and_a_full_comparison_the_rest(
    people: Project, iterable: ReferenceServer
) -> None:
    people.sql(
        f"UPDATE people SET name = 'B', updated_at = {LATER} WHERE email = 'u2@shop.com'",
        "UPDATE people SET name = 'C' WHERE email = 'u3@shop.com'",
        "DELETE FROM people WHERE email = 'u4@shop.com'",
        f"INSERT INTO people VALUES ('new@shop.com', 'N', {LATER})",
    )
    planned = people.cli("plan")
    assert planned.says("quick comparison: 4 of 10 rows", "removed rows", "next full comparison")
    ended = people.cli("run")
    assert ended.code == 0
    assert ended.says("quick comparison: 4 of 10 rows", "removed rows", "next full comparison")
    assert people.counts("added", "changed", "removed", "accepted", "unchanged") == (1, 1, 0, 2, 2)
    assert (names(iterable)["u2@shop.com"], names(iterable)["u3@shop.com"]) == ("B", "A")
    assert "u4@shop.com" in iterable.users
    assert people.cli("status").says("next full comparison in 24 h")
    assert people.cli("run", "--full-comparison").code == 0
    assert people.counts("added", "changed", "removed", "accepted") == (0, 1, 1, 2)
    assert names(iterable)["u3@shop.com"] == "C"
    assert "u4@shop.com" not in iterable.users


def test_the_warehouse_clock_says_when_all_rows_are_compared(people: Project, iterable: ReferenceServer) -> None:
    people.sql("DELETE FROM people WHERE email = 'u4@shop.com'")
    age_full_comparison(people, 23 * 3600)
    assert people.cli("run").code == 0
    assert compared(people) == "quick"
    age_full_comparison(people, 3600)
    assert people.cli("run").code == 0
    assert compared(people) == "the last full comparison is older than `full_every`"
    assert "u4@shop.com" not in iterable.users
    assert people.cli("run").code == 0
    assert compared(people) == "quick"


def test_a_late_row_within_the_overlap_is_sent(people: Project, iterable: ReferenceServer) -> None:
    early, late = "TIMESTAMP '2026-01-01 07:59:59'", "TIMESTAMP '2026-01-01 08:00:00'"
    people.sql(f"INSERT INTO people VALUES ('early@shop.com', 'E', {early}), ('late@shop.com', 'L', {late})")
    assert people.cli("run").code == 0
    assert people.counts("added", "accepted") == (1, 1)
    assert "late@shop.com" in iterable.users
    assert people.cli("run", "--full-comparison").code == 0
    assert "early@shop.com" in iterable.users


def test_rows_without_a_value_are_always_compared(people: Project, iterable: ReferenceServer) -> None:
    people.sql("UPDATE people SET updated_at = NULL, name = 'B' WHERE email = 'u1@shop.com'")
    assert people.cli("run").code == 0
    people.sql("UPDATE people SET name = 'C' WHERE email = 'u1@shop.com'")
    assert people.cli("run").code == 0
    assert (compared(people), names(iterable)["u1@shop.com"]) == ("quick", "C")


@pytest.mark.parametrize("key", [None, "id"])
def test_a_recent_row_that_shares_its_key_with_an_old_one_is_invalid(
    tmp_path: Path, iterable: ReferenceServer, key: str | None
) -> None:
    meta = {**META, "guards": GUARDS, **({"primary_key": key} if key else {})}
    shop = Project.make(tmp_path / "shop", iterable.url, meta)
    shop.sql(PEOPLE, "ALTER TABLE people ADD COLUMN id INTEGER", "UPDATE people SET id = rowid")
    assert shop.cli("run").code == 0
    email = "new@shop.com" if key else "u1@shop.com"
    shop.sql(f"INSERT INTO people VALUES ('{email}', 'B', {LATER}, 1)")
    assert shop.cli("run").code == 0
    assert (compared(shop), *shop.counts("planned", "invalid", "accepted")) == ("quick", 1, 1, 0)
    assert names(iterable).get(email, "A") == "A"
    shop.sql(f"DELETE FROM people WHERE email = '{email}' AND name = 'B'")
    assert shop.cli("run", "--full-comparison").code == 0
    assert shop.counts("invalid", "removed") == (0, 0)


def test_rows_that_a_limit_left_are_recent_until_they_are_sent(people: Project, iterable: ReferenceServer) -> None:
    before = mark(people)
    people.sql(f"UPDATE people SET name = 'B', updated_at = {LATER}")
    assert people.cli("run", "--limit", "4").code == 0
    assert (compared(people), mark(people)) == ("quick", before)
    assert people.cli("run").code == 0
    assert (compared(people), set(names(iterable).values())) == ("quick", {"B"})
    assert mark(people) != before


def test_after_a_full_comparison_that_left_rows_comes_another(people: Project, iterable: ReferenceServer) -> None:
    people.sql("UPDATE people SET name = 'B'")
    assert people.cli("run", "--full-comparison", "--limit", "4").code == 0
    assert mark(people) is None
    assert people.cli("run").code == 0
    assert compared(people) == "no earlier run compared all rows and left none of them"
    assert set(names(iterable).values()) == {"B"}


def test_rows_with_an_unknown_outcome_are_sent_again(people: Project, iterable: ReferenceServer) -> None:
    people.environment |= {
        "REVERSE_ETL_ATTEMPTS": "1",
        "REVERSE_ETL_LATE_REQUEST_BOUND": "1",
        "REVERSE_ETL_HTTP_TIMEOUT": "1",
    }
    people.sql("UPDATE people SET name = 'B' WHERE email = 'u1@shop.com'")
    iterable.answer = lambda _number: BAD_GATEWAY
    assert people.cli("run", "--only", "u1@shop.com").code == 1
    iterable.answer = lambda _number: None
    people.let_time_pass()
    assert people.cli("run").code == 0
    assert compared(people) == "1 row may have to be sent again"
    assert names(iterable)["u1@shop.com"] == "B"


def test_requeued_rows_are_compared_although_they_are_old(people: Project) -> None:
    people.sql(f"INSERT INTO people VALUES ('refused@x.y', 'R', {LATER})")
    assert people.cli("run").code == 0
    assert (compared(people), *people.counts("rejected")) == ("quick", 1)
    people.sql(f"INSERT INTO people VALUES ('new@shop.com', 'N', {LATER} + INTERVAL '1 day')")
    assert people.cli("run").code == 0
    assert (compared(people), *people.counts("rejected", "accepted")) == ("quick", 0, 1)
    assert people.cli("requeue", "refused@x.y").code == 0
    assert people.cli("run").code == 0
    assert (compared(people), *people.counts("rejected")) == ("1 row may have to be sent again", 1)
    assert people.cli("run").code == 0
    assert compared(people) == "quick"
    assert people.cli("rejected").says("1")


def test_after_a_baseline_all_rows_are_compared_once(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = Project.make(tmp_path / "shop", iterable.url, META)
    shop.sql(PEOPLE)
    assert shop.cli("baseline", "--select", "people", "--trust", "--yes").code == 0
    assert not iterable.users
    reasons = []
    for _ in range(2):
        assert shop.cli("run").code == 0
        reasons.append(compared(shop))
    assert reasons == ["no earlier run compared all rows and left none of them", "quick"]


def test_an_edit_of_the_mapping_compares_all_rows(people: Project) -> None:
    people.tag({**META, "guards": GUARDS, "fields": {"name": "name", "plan": {"value": "pro"}}})
    assert people.cli("run").code == 0
    assert (*people.counts("changed"), compared(people)) == (
        10,
        "the definition, the columns of the model or the version of reverse-etl changed",
    )
    assert people.cli("run").code == 0
    assert compared(people) == "quick"


def test_a_run_without_changes_remembers_how_far_it_compared(people: Project) -> None:
    first = mark(people)
    assert first is not None
    people.sql(f"UPDATE people SET updated_at = {LATER} WHERE email = 'u1@shop.com'")
    assert people.cli("run").code == 0
    quick = mark(people)
    assert quick is not None
    assert (compared(people), quick["full_at"]) == ("quick", first["full_at"])
    assert quick["highest"] > first["highest"]
    assert people.cli("run", "--full-comparison", "--only", "u1@shop.com").code == 0
    assert mark(people) == quick
    assert people.cli("run", "--full-comparison").code == 0
    full = mark(people)
    assert full is not None
    assert full["full_at"] > quick["full_at"]


def test_the_mark_never_goes_back_without_a_full_comparison(people: Project, iterable: ReferenceServer) -> None:
    first = mark(people)
    assert first is not None
    people.sql(
        "DELETE FROM people WHERE email = 'u9@shop.com'", "UPDATE people SET name = 'B' WHERE email = 'u8@shop.com'"
    )
    assert people.cli("run").code == 0
    assert (compared(people), mark(people), names(iterable)["u8@shop.com"]) == ("quick", first, "B")
    people.sql("UPDATE people SET updated_at = TIMESTAMP '2020-01-01 00:00:00'")
    assert people.cli("run").code == 0
    assert compared(people) == "the highest value of `updated_at` is lower than at the last run"
    assert "u9@shop.com" not in iterable.users


def test_a_time_in_the_future_hides_no_row(people: Project, iterable: ReferenceServer) -> None:
    people.sql("UPDATE people SET updated_at = TIMESTAMP '9999-12-31 00:00:00' WHERE email = 'u1@shop.com'")
    assert people.cli("run").code == 0
    people.sql(
        "UPDATE people SET name = 'B' WHERE email = 'u1@shop.com'",
        "INSERT INTO people VALUES ('new@shop.com', 'N', make_timestamp(epoch_us(now())))",
    )
    assert people.cli("run").code == 0
    assert (compared(people), names(iterable)["u1@shop.com"], names(iterable)["new@shop.com"]) == ("quick", "B", "N")


@pytest.mark.parametrize(
    ("kind", "overlap", "old", "new"),
    [
        ("TIMESTAMPTZ", "1h", "TIMESTAMPTZ '2026-01-01 00:00:00+00'", "TIMESTAMPTZ '2026-01-03 00:00:00+05'"),
        ("DATE", "1d", "DATE '2026-01-01'", "DATE '2026-01-02'"),
        ("INTEGER", 5, "7", "8"),
        ("HUGEINT", None, "7", "8"),
    ],
)
def test_types_of_the_column(
    tmp_path: Path, iterable: ReferenceServer, kind: str, overlap: object, old: str, new: str
) -> None:
    shop = Project.make(tmp_path / "shop", iterable.url, {**META, "incremental": {**RULE, "overlap": overlap}})
    shop.sql(PEOPLE, "ALTER TABLE people DROP updated_at", f"ALTER TABLE people ADD updated_at {kind} DEFAULT {old}")
    assert shop.cli("run").code == 0
    earlier = "1000" if "INT" in kind else "INTERVAL '9 days'"
    shop.sql(
        f"UPDATE people SET name = 'B', updated_at = {new} WHERE email = 'u1@shop.com'",
        f"INSERT INTO people VALUES ('old@shop.com', 'O', {old} - {earlier})",
    )
    assert shop.cli("run").code == 0
    assert (compared(shop), *shop.counts("changed", "added")) == ("quick", 1, 0)
    assert names(iterable)["u1@shop.com"] == "B"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"column": "name"}, ("incremental-type", "`name`", "VARCHAR", "incremental.column", "models/people.yml")),
        ({"column": "updated"}, ("missing-column", "did you mean `updated_at`", "incremental.column")),
        ({"column": "number", "overlap": "1h"}, ("incremental-overlap", "incremental.overlap")),
        ({"column": "updated_at", "overlap": "soon"}, ("wrong-value", "a time such as `1800`")),
        ({"column": "updated_at", "full_every": 0}, ("wrong-value", "full_every")),
        ({"colum": "updated_at"}, ("unknown-key", "did you mean `column`")),
    ],
)
def test_a_column_that_cannot_show_which_rows_are_recent(
    tmp_path: Path, iterable: ReferenceServer, rule: object, said: tuple[str, ...]
) -> None:
    shop = Project.make(tmp_path / "shop", iterable.url, {**META, "incremental": rule})
    shop.sql(PEOPLE, "ALTER TABLE people ADD COLUMN number INTEGER")
    for command in (("validate", "--online"), ("run",)):
        ended = shop.cli(*command)
        assert ended.code != 0
        assert ended.says(*said)
    assert not iterable.applied


def test_a_quick_run_is_judged_by_all_rows(tmp_path: Path, iterable: ReferenceServer) -> None:
    """The guards see three changed rows of ten, and a model that is not empty."""
    guards = {"changed": {"percent": 40, "rows": 0}, "shrunk": {"percent": 10, "rows": 0}}
    shop = begin(tmp_path, iterable, {**META, "guards": guards})
    shop.sql(f"UPDATE people SET name = 'B', updated_at = {LATER} WHERE email < 'u3'")
    assert shop.cli("run").code == 0
    assert (compared(shop), *shop.counts("changed", "accepted")) == ("quick", 3, 3)
    shop.sql(f"UPDATE people SET name = 'C', updated_at = {LATER} + INTERVAL '1 day' WHERE email < 'u5'")
    ended = shop.cli("run")
    assert ended.says("guard-changed", "5 of 10 rows (50.0 %) changed at once")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_quick_run_that_dies_before_any_statement_loses_no_row(
    tmp_path: Path, iterable: ReferenceServer, first: int
) -> None:
    settings = Settings(batch_rows=2, window=4, requests_per_second=1000, concurrency=1, user_pause=0)
    meta = {**META, "guards": GUARDS}
    for at in range(first, 100, 3):
        iterable.clear()
        shop = Project.make(tmp_path / str(at), iterable.url, meta)
        shop.sql(PEOPLE)
        assert run(opened(DuckDB, shop.folder), iterable.url, meta, settings).status is SyncStatus.SUCCESS
        shop.sql(f"UPDATE people SET name = 'B', updated_at = {LATER} WHERE email < 'u5'")
        dying = opened(Dying, shop.folder)
        dying.at = at
        try:
            run(dying, iterable.url, meta, settings)
        except Killed:
            dying.close()
        else:
            assert at > first
            return
        shop.sql("UPDATE people SET name = 'A' WHERE email = 'u0@shop.com'")
        shop.let_time_pass()
        assert run(opened(DuckDB, shop.folder), iterable.url, meta, settings).status is SyncStatus.SUCCESS
        model = dict(shop.sql("SELECT email, name FROM people"))
        assert names(iterable) == model, at
