"""Rejected rows: how many are too many, how long they change the exit code, and when they leave the list."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.reference_iterable import ReferenceServer
from tests.reference_iterable.replies import Reply
from tests.stories.conftest import META, PEOPLE
from tests.stories.project import Ended, Project

# Addresses that Iterable refuses in these stories.
BAD = "'u' || rowid || '@bad.com'"
EVERYONE = {f"u{number}@shop.com" for number in range(3000)}


@pytest.fixture(autouse=True)
def refusals(iterable: ReferenceServer) -> None:
    iterable.refused = {f"u{number}@bad.com" for number in range(100)}


def build(shop: Project, rows: int, *, bad: int = 0) -> None:
    """Build the model with so many people. Iterable refuses so many of them."""
    shop.sql("DROP TABLE people", PEOPLE.format(rows=rows), f"UPDATE people SET email = {BAD} WHERE rowid < {bad}")


@pytest.fixture
def ended(shop: Project) -> Callable[[], tuple[int, object]]:
    """Run, and give the exit code and the status."""

    def run() -> tuple[int, object]:
        return shop.cli("run").code, shop.result()["status"]

    return run


@pytest.mark.parametrize(
    ("rows", "bad", "code"), [(80, 80, 1), (3, 2, 1), (1, 1, 1), (2, 1, 0), (80, 40, 0), (80, 41, 1), (3, 1, 0)]
)
def test_more_than_half_of_few_rows_is_too_many(
    shop: Project, ended: Callable[[], tuple[int, object]], rows: int, bad: int, code: int
) -> None:
    build(shop, rows, bad=bad)
    assert ended() == (code, "error" if code else "warn")
    assert shop.counts("accepted", "rejected") == (rows - bad, bad)


def test_invalid_rows_are_counted_in_the_same_way(shop: Project, ended: Callable[[], tuple[int, object]]) -> None:
    build(shop, 90)
    shop.sql("UPDATE people SET email = 'none'")
    assert ended() == (1, "error")
    assert shop.counts("invalid", "accepted") == (90, 0)


def test_one_refused_row_among_many_is_a_warning_although_it_was_all_that_was_sent(
    shop: Project, ended: Callable[[], tuple[int, object]]
) -> None:
    assert ended() == (0, "success")
    shop.sql("INSERT INTO people SELECT 'u99@bad.com', 'X', NULL")
    assert ended() == (0, "warn")
    assert shop.counts("rejected", "planned") == (1, 1)


def test_most_of_what_one_run_sends_being_refused_is_an_error(
    shop: Project, ended: Callable[[], tuple[int, object]]
) -> None:
    build(shop, 60)
    assert ended() == (0, "success")
    shop.sql(f"UPDATE people SET email = {BAD} WHERE rowid < 12")
    assert ended() == (1, "error")
    assert shop.counts("rejected", "planned") == (12, 12)
    assert ended() == (0, "warn")


def test_a_run_in_which_iterable_accepts_nothing_ends_early(shop: Project, iterable: ReferenceServer) -> None:
    """Also without a canary, and after some rows were accepted."""
    shop.tag({**META, "canary": False})
    shop.environment |= {"REVERSE_ETL_BATCH_ROWS": "200", "REVERSE_ETL_CONCURRENCY": "1"}
    shop.sql("DROP TABLE people", PEOPLE.format(rows=3000))
    iterable.before = lambda number: iterable.refused.update(EVERYONE) if number == 2 else None
    ended = shop.cli("run")
    assert ended.code == 1
    assert ended.says("error[refused-again-and-again]", "Iterable accepted none of the last 1,000 rows")
    assert shop.counts("accepted", "rejected", "failed", "aborted") == (200, 1000, 0, 1800)
    iterable.refused = set()
    assert shop.cli("run").says("error[reject-limit]", "1,000 of 3,000 rows are held back")
    assert shop.counts("accepted", "quarantined") == (1800, 1000)


def test_the_exit_code_stays_while_too_many_are_held_back(
    shop: Project, ended: Callable[[], tuple[int, object]]
) -> None:
    build(shop, 80, bad=80)
    assert [ended() for _ in range(3)] == [(1, "error")] * 3
    assert shop.counts("quarantined", "planned") == (80, 0)
    problem = shop.result()["problem"]
    assert isinstance(problem, dict)
    assert (problem["code"], problem["context"]) == ("reject-limit", {"limit": "10 % and 100 rows, or 50 %"})
    assert "80 of 80 rows are held back: 80 refused by an earlier run" in problem["message"]
    shop.sql("UPDATE people SET email = 'good' || rowid || '@shop.com' WHERE rowid < 40")
    assert ended() == (0, "warn")
    shop.tag({**META, "reject_limit": {"share": 30}})
    assert ended() == (1, "error")


def test_limits_take_the_words_of_dbt(shop: Project, ended: Callable[[], tuple[int, object]]) -> None:
    build(shop, 20)
    shop.sql("UPDATE people SET email = NULL WHERE rowid < 2")
    for limits, end in (
        ({}, (0, "warn")),
        ({"reject_limit": {"warn_if": "> 10 %"}}, (0, "success")),
        ({"reject_limit": {"warn_if": "> 1"}}, (0, "warn")),
        ({"reject_limit": {"error_if": ">= 2"}}, (1, "error")),
        ({"invalid_limit": {"error_if": "> 2"}, "reject_limit": {"error_if": "!= 0"}}, (0, "warn")),
        ({"invalid_limit": {"error_if": "> 5 %"}}, (1, "error")),
    ):
        shop.tag({**META, **limits})
        assert ended() == end, limits
    problem = shop.result()["problem"]
    assert isinstance(problem, dict)
    assert (problem["code"], problem["context"]) == ("invalid-limit", {"limit": "error_if: > 5 %"})
    assert "2 of 20 rows are held back: 2 invalid" in problem["message"]


def test_the_history_says_why_a_run_failed(shop: Project, iterable: ReferenceServer) -> None:
    build(shop, 3, bad=3)
    assert shop.cli("run").code == 1
    assert shop.cli("run").code == 1
    shop.environment |= {"REVERSE_ETL_ATTEMPTS": "1"}
    build(shop, 4)
    iterable.drop_reply = lambda _number: True
    assert shop.cli("run").code == 1
    told = shop.sql("SELECT status, problem FROM reverse_etl.sync_runs ORDER BY ended_at")
    assert told == [("error", "reject-limit")] * 2 + [("error", "rows-not-delivered")]


def test_the_history_keeps_as_many_runs_as_the_setting_says(shop: Project) -> None:
    shop.environment["REVERSE_ETL_HISTORY_RUNS"] = "3"
    for _ in range(5):
        assert shop.cli("run").code == 0
    runs = "SELECT count(*) FROM reverse_etl.sync_runs"
    assert shop.sql(runs) == [(3,)]
    shop.environment["REVERSE_ETL_HISTORY_RUNS"] = "1"
    assert shop.cli("run").code == 0
    assert shop.sql(runs) == [(1,)]


def test_the_history_forgets_old_runs_of_the_sync_alone(shop: Project) -> None:
    assert shop.cli("run").code == 0
    shop.sql(
        "UPDATE reverse_etl.sync_runs SET ended_at = ended_at - INTERVAL 401 DAY",
        "INSERT INTO reverse_etl.sync_runs SELECT * REPLACE ('other' AS sync) FROM reverse_etl.sync_runs",
    )
    assert shop.cli("run").code == 0
    assert shop.sql("SELECT sync, count(*) FROM reverse_etl.sync_runs GROUP BY 1 ORDER BY 1") == [
        ("other", 1),
        ("people", 1),
    ]


class TestListing:
    def listed(self, shop: Project) -> Ended:
        assert shop.cli("run").code == 0
        assert shop.counts("planned") == (0,)
        return shop.cli("rejected")

    def test_an_invalid_row_that_was_fixed_is_not_listed_although_nothing_is_sent(self, shop: Project) -> None:
        assert shop.cli("run").code == 0
        shop.sql("INSERT INTO people SELECT 'u1@shop.com', 'Twin', NULL")
        assert shop.cli("run").code == 0
        assert shop.counts("invalid") == (2,)
        assert shop.cli("rejected").says("duplicate-key")
        shop.sql("DELETE FROM people WHERE name = 'Twin'")
        assert self.listed(shop).says("no row is held back")
        assert shop.sql("SELECT count(*) FROM reverse_etl.sync_rejections") == [(0,)]

    def test_a_refused_row_that_left_the_model_is_not_listed(self, shop: Project) -> None:
        build(shop, 5, bad=1)
        assert shop.cli("run").code == 0
        shop.sql("DELETE FROM people WHERE email LIKE '%bad.com'")
        assert self.listed(shop).says("no row is held back")

    def test_a_refused_change_that_was_taken_back_is_not_listed(self, shop: Project, iterable: ReferenceServer) -> None:
        assert shop.cli("run").code == 0
        iterable.refused = {"u1@shop.com"}
        shop.sql("UPDATE people SET name = 'Other' WHERE email = 'u1@shop.com'")
        assert shop.cli("run").code == 0
        assert shop.cli("rejected").says("rejected", "invalid-data")
        shop.sql("UPDATE people SET name = 'Name 1' WHERE email = 'u1@shop.com'")
        assert self.listed(shop).says("no row is held back")

    def test_a_row_that_is_still_refused_stays_listed_and_costs_nothing(self, shop: Project) -> None:
        build(shop, 5, bad=1)
        assert shop.cli("run").code == 0
        assert self.listed(shop).says("rejected")
        [(fence,)] = shop.sql("SELECT max(fence) FROM reverse_etl.sync_runs")
        assert fence == 1, "a quiet run takes no lease"


KEYED = {**META, "user_id": "id"}


class TestChangedIdentity:
    """Another project type, or another key, is no obstacle as long as nothing was accepted."""

    @pytest.fixture
    def keyed(self, shop: Project) -> Project:
        shop.sql("ALTER TABLE people ADD COLUMN id VARCHAR", "UPDATE people SET id = 'id' || rowid")
        shop.tag(KEYED)
        return shop

    def test_a_wrong_project_type_can_be_corrected_if_nothing_was_accepted(
        self, keyed: Project, iterable: ReferenceServer
    ) -> None:
        keyed.environment["ITERABLE_PROJECT_TYPE"] = "user_id"
        assert [keyed.cli("run").code for _ in range(2)] == [1, 1]
        assert keyed.counts("accepted", "quarantined") == (0, 12)
        assert iterable.users == {}
        keyed.environment["ITERABLE_PROJECT_TYPE"] = "email"
        assert keyed.cli("plan").says("12 added", "0 quarantined")
        ended = keyed.cli("run")
        assert ended.code == 0, ended.err
        assert keyed.counts("accepted", "planned") == (12, 12)
        assert keyed.cli("rejected").says("no row is held back")
        assert keyed.cli("run").code == 0
        assert keyed.counts("unchanged", "planned") == (12, 0)

    def test_another_primary_key_is_allowed_too(self, keyed: Project, iterable: ReferenceServer) -> None:
        iterable.refused = {f"u{number}@shop.com" for number in range(12)}
        assert keyed.cli("run").code == 1
        iterable.refused = set()
        keyed.tag({**KEYED, "primary_key": "id"})
        assert keyed.cli("run").code == 0
        assert keyed.counts("accepted", "quarantined") == (12, 0)

    def test_it_is_refused_once_a_row_was_accepted(self, keyed: Project, iterable: ReferenceServer) -> None:
        iterable.refused = {f"u{number}@shop.com" for number in range(11)}
        assert keyed.cli("run").code == 1
        keyed.tag({**KEYED, "primary_key": "id"})
        ended = keyed.cli("run")
        assert ended.code != 0
        assert ended.says("primary-key-changed", "reverse-etl state reset --select people")


def test_a_refused_row_is_a_warning_in_mode_update_too(
    shop: Project, iterable: ReferenceServer, ended: Callable[[], tuple[int, object]]
) -> None:
    assert ended() == (0, "success")
    shop.tag({**META, "mode": "update"})
    shop.sql("INSERT INTO people SELECT 'nobody@shop.com', 'No', NULL")
    assert ended() == (0, "success"), "a user that Iterable lacks is what the mode skips"
    assert ended() == (0, "success")
    assert shop.counts("quarantined") == (1,)
    iterable.refused = {"u1@shop.com"}
    shop.sql("UPDATE people SET name = 'Other' WHERE email = 'u1@shop.com'")
    assert [ended() for _ in range(2)] == [(0, "warn")] * 2
    assert shop.counts("quarantined") == (2,)


def test_removals_that_iterable_refuses_are_not_green_either(
    shop: Project, iterable: ReferenceServer, ended: Callable[[], tuple[int, object]]
) -> None:
    build(shop, 30)
    shop.tag({**META, "on_removed": "delete"})
    assert ended() == (0, "success")
    iterable.answer = lambda _number: Reply(400, b'{"msg": "no", "code": "BadParams", "params": null}')
    shop.sql("DELETE FROM people WHERE rowid < 12")
    assert ended() == (1, "error")
    iterable.answer = lambda _number: None
    assert [ended() for _ in range(3)] == [(0, "warn")] * 3
    assert shop.counts("removed", "quarantined") == (0, 12)
    assert shop.cli("rejected").code == 0
    assert shop.cli("requeue").code == 0
    assert ended() == (0, "success")
    assert len(iterable.deleted) == 12
