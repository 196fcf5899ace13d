"""The first rows of a large plan go first, and their outcomes decide about the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from reverse_etl.run.sending import canary
from tests.reference_iterable import ReferenceServer, Reply
from tests.stories.conftest import META, PEOPLE
from tests.stories.project import Project

ROWS = 1_500


def make_shop(folder: Path, iterable: ReferenceServer, **keys: object) -> Project:
    shop = Project.make(folder / "shop", iterable.url, {**META, **keys})
    shop.sql(PEOPLE.format(rows=ROWS))
    return shop


def refuse(iterable: ReferenceServer, every: int) -> None:
    iterable.refused = {f"u{number}@shop.com" for number in range(0, ROWS, every)}


def test_rejected_first_rows_stop_the_rest(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = make_shop(tmp_path, iterable)
    refuse(iterable, 1)
    ended = shop.cli("run")
    assert ended.code == 1
    assert ended.says("guard-canary", "100 of the first 100 rows (100.0 %) were rejected", "--allow canary")
    assert shop.counts("planned", "accepted", "rejected", "aborted") == (ROWS, 0, 100, ROWS - 100)
    assert sum(len(body["users"]) for body in iterable.bodies) == 100
    iterable.refused = set()
    assert shop.cli("run").code == 0
    assert shop.counts("accepted", "quarantined") == (ROWS - 100, 100)


@pytest.mark.parametrize(
    ("keys", "flags"), [({}, ["--allow", "canary"]), ({"guards": {"canary": False}}, []), ({"canary": False}, [])]
)
def test_a_canary_can_be_left_out(
    tmp_path: Path, iterable: ReferenceServer, keys: dict[str, object], flags: list[str]
) -> None:
    shop = make_shop(tmp_path, iterable, **keys)
    refuse(iterable, 1)
    ended = shop.cli("run", *flags)
    assert ended.code == 1
    assert not ended.says("guard-canary")
    assert shop.counts("rejected", "aborted") == (ROWS, 0)


def test_sound_first_rows_do_not_change_how_a_run_ends(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = make_shop(tmp_path, iterable)
    assert shop.cli("run").code == 0
    assert next(len(body["users"]) for body in iterable.bodies) == 100
    assert shop.counts("accepted", "aborted") == (ROWS, 0)
    assert shop.result()["status"] == "success"


def test_a_canary_has_a_limit_of_its_own(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = make_shop(tmp_path, iterable, guards={"canary": {"rejected": 2}})
    iterable.refused = {f"u{number}@shop.com" for number in range(ROWS) if number % 20 == 0}
    assert shop.cli("run").says("guard-canary")
    accepted, rejected = shop.counts("accepted", "rejected")
    assert accepted + rejected == 100


def test_a_small_plan_has_no_canary(tmp_path: Path, iterable: ReferenceServer) -> None:
    shop = make_shop(tmp_path, iterable)
    refuse(iterable, 1)
    shop.cli("run", "--limit", "1000")
    assert shop.counts("rejected", "aborted") == (1_000, ROWS - 1_000)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan of more than ten rows has a canary of four."""
    monkeypatch.setattr(canary, "_LEAST_PLAN", 10)
    monkeypatch.setattr(canary, "_LEAST", 4)


@pytest.mark.usefixtures("small")
def test_users_are_looked_up_only_for_the_rows_that_go(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "mode": "update"})
    assert shop.cli("run").code == 0, "users that Iterable lacks are skipped, which is no rejection"
    assert shop.counts("skipped", "aborted") == (12, 0)
    for number in range(12):
        iterable.add(f"u{number}@shop.com", None)
    shop.sql("UPDATE people SET name = 'New'")
    refuse(iterable, 1)
    before = lookups(iterable)
    assert shop.cli("run").says("guard-canary", "4 of the first 4 rows (100.0 %) were rejected")
    assert shop.counts("rejected", "aborted") == (4, 8)
    assert lookups(iterable) - before == 4
    iterable.refused = set()
    assert shop.cli("run").code == 0
    assert shop.counts("accepted", "quarantined") == (8, 4)
    assert lookups(iterable) - before == 12


def lookups(iterable: ReferenceServer) -> int:
    return sum(one.method == "GET" and "%40" in one.path for one in iterable.log)


@pytest.mark.usefixtures("small")
def test_refused_removals_stop_the_other_removals(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "on_removed": "delete", "guards": {"removed": False, "shrunk": False}})
    shop.sql("DROP TABLE people", PEOPLE.format(rows=24))
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people WHERE rowid >= 4")
    iterable.answer = lambda _number: Reply(400, b'{"msg": "no", "code": "BadParams", "params": null}')
    ended = shop.cli("run")
    assert ended.code == 1
    assert ended.says("guard-canary", "4 of the first 4 rows (100.0 %) were rejected")
    assert shop.counts("removed", "rejected", "aborted") == (20, 4, 16)
    assert iterable.deleted == []
    iterable.answer = lambda _number: None
    assert shop.cli("run").code == 0
    assert len(iterable.deleted) == 16


@pytest.mark.usefixtures("small")
def test_rows_to_write_are_the_canary_of_removals_too(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "on_removed": "delete", "guards": {"removed": False, "shrunk": False}})
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people WHERE rowid < 8", "UPDATE people SET name = 'New'")
    refuse(iterable, 1)
    assert shop.cli("run").says("guard-canary", "4 of the first 4 rows")
    assert iterable.deleted == []
    assert shop.counts("rejected", "aborted") == (4, 8)
