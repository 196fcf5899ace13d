"""A changed user carries its identifier and its changed fields only, and goes whole when that is not enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stories.project import Project
from tests.stories.sides import KEY, QUICK_SIDE, SIDES, Side

FIELDS = {"name": "name", "plan.tier": "tier", "plan.since": "since", "tags": "tags", "source": {"value": "shop"}}
META = {"object": "users", "email": "email", "user_id": "id", "fields": FIELDS}
MODEL = (
    "CREATE OR REPLACE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'U' || i AS id, 'Name ' || i AS name,"
    " 'pro' AS tier, 2000 + i % 20 AS since, ['a'] AS tags, i AS visits FROM range({rows}) t(i)"
)


@pytest.fixture(params=[pytest.param(name, marks=[] if name == QUICK_SIDE else pytest.mark.slow) for name in SIDES])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with SIDES[request.param]("email", opt_in=False) as side:
        yield side


@pytest.fixture
def shop(tmp_path: Path, side: Side) -> Project:
    """A dozen users that Iterable holds."""
    return begin(tmp_path / "shop", side, 12)


def begin(folder: Path, side: Side, rows: int, meta: object = META, **environment: str) -> Project:
    shop = Project.make(folder, side.url, meta, {"ITERABLE_API_KEY": KEY, **environment})
    shop.sql(MODEL.format(rows=rows))
    run(shop)
    return shop


def run(shop: Project, *flags: str) -> None:
    ended = shop.cli("run", *flags)
    assert ended.code == 0, ended.out + ended.err


def sent(side: Side, act: Any) -> dict[str, Mapping[str, object]]:
    """The data of the users that an act sends, by e-mail."""
    before = len(side.bodies)
    act()
    users = [user for body in side.bodies[before:] for user in body["users"]]
    assert all(set(user) == {"email", "dataFields"} for user in users)
    return {user["email"]: user["dataFields"] for user in users}


def whole(number: int, **changed: object) -> Mapping[str, object]:
    plan = {"tier": "pro", "since": 2000 + number % 20}
    user = {"name": f"Name {number}", "plan": plan, "tags": ["a"], "source": "shop", "userId": f"U{number}"}
    return {**user, **changed}


def test_one_changed_column_of_a_few_rows_is_all_that_goes(tmp_path: Path, side: Side) -> None:
    shop = begin(tmp_path / "shop", side, 2000)
    shop.sql("UPDATE people SET name = 'New ' || id WHERE visits % 55 = 1")
    assert shop.cli("plan").says("37 sent, 185 left out (unchanged)")
    assert sent(side, lambda: run(shop)) == {f"u{n}@shop.com": {"name": f"New U{n}"} for n in range(1, 2000, 55)}
    assert shop.counts("changed", "accepted", "unchanged") == (37, 37, 1963)
    result = shop.result()
    assert (result["fields_sent"], result["fields_spared"]) == (37, 37 * 5)
    assert side.memory.users()["u56@shop.com"] == {"email": "u56@shop.com", **whole(56, name="New U56")}


def test_objects_and_arrays_go_whole_and_a_second_identifier_like_a_field(shop: Project, side: Side) -> None:
    shop.sql(
        "UPDATE people SET tier = 'free' WHERE visits = 1",
        "UPDATE people SET tags = ['a', 'b'] WHERE visits = 2",
        "UPDATE people SET id = 'Other' WHERE visits = 3",
        "UPDATE people SET name = NULL WHERE visits = 4",
        "UPDATE people SET email = 'moved@shop.com' WHERE visits = 5",
    )
    assert sent(side, lambda: run(shop)) == {
        "u1@shop.com": {"plan": {"tier": "free", "since": 2001}},
        "u2@shop.com": {"tags": ["a", "b"]},
        "u3@shop.com": {"userId": "Other"},
        "u4@shop.com": {"name": None},
        "moved@shop.com": whole(5),
    }
    assert sent(side, lambda: run(shop)) == {}


def test_a_skipped_null_is_no_change_and_a_constant_goes_once(tmp_path: Path, side: Side) -> None:
    fields = {"name": {"column": "name", "nulls": "skip"}, "tier": "tier", "source": {"value": "shop"}}
    shop = begin(tmp_path / "shop", side, 3, {"object": "users", "email": "email", "fields": fields})
    shop.sql(
        "UPDATE people SET name = NULL WHERE visits < 2",
        "UPDATE people SET tier = NULL WHERE visits = 1",
        "INSERT INTO people BY NAME SELECT 'new@shop.com' AS email, 'free' AS tier",
    )
    assert sent(side, lambda: run(shop)) == {
        "u1@shop.com": {"tier": None},
        "new@shop.com": {"tier": "free", "source": "shop"},
    }
    assert side.memory.users()["u1@shop.com"]["name"] == "Name 1"
    shop.sql(
        "UPDATE people SET name = 'Name ' || visits WHERE visits < 1", "UPDATE people SET name = 'N' WHERE visits = 1"
    )
    assert sent(side, lambda: run(shop)) == {"u1@shop.com": {"name": "N"}}
    shop.tag({"object": "users", "email": "email", "fields": {**fields, "source": {"value": "web"}}})
    shop.sql("UPDATE people SET name = NULL, tier = 'pro' WHERE visits = 1")
    others = ("u0@shop.com", "u2@shop.com", "new@shop.com")
    assert sent(side, lambda: run(shop)) == {
        "u1@shop.com": {"tier": "pro", "source": "web"},
        **{email: {"source": "web"} for email in others},
    }


def test_members_of_merged_objects_go_alone(tmp_path: Path, side: Side) -> None:
    shop = begin(tmp_path / "shop", side, 4, {**META, "merge_nested_objects": True})
    shop.sql("UPDATE people SET tier = 'free' WHERE visits = 1")
    before = len(side.bodies)
    run(shop)
    [body] = side.bodies[before:]
    user = {"email": "u1@shop.com", "dataFields": {"plan": {"tier": "free"}}, "mergeNestedObjects": True}
    assert body["users"] == [user]
    assert side.memory.users()["u1@shop.com"]["plan"] == {"tier": "free", "since": 2001}


def test_an_edit_of_the_definition_sends_only_what_it_touches(shop: Project, side: Side) -> None:
    edits: list[tuple[dict[str, object], Mapping[str, object]]] = [
        ({**FIELDS, "visits": "visits"}, {"visits": 0}),
        ({**FIELDS, "visits": "visits", "source": {"value": "web"}}, {"source": "web"}),
        ({**FIELDS, "visits": "since", "source": {"value": "web"}}, {"visits": 2000}),
        ({"name": "name"}, {}),
    ]
    for fields, of_first in edits:
        shop.tag({**META, "fields": fields})
        users = sent(side, lambda: run(shop))
        assert users.get("u0@shop.com", {}) == of_first
        assert len(users) == (12 if of_first else 0)


def test_a_column_of_another_type_sends_only_that_field(tmp_path: Path, side: Side) -> None:
    shop = begin(tmp_path / "shop", side, 0)
    seen = "TIMESTAMP '2024-01-01 10:00:00' + INTERVAL (i) HOUR AS seen"
    shop.sql(MODEL.format(rows=3).replace("i AS visits", f"i AS visits, {seen}"))
    shop.tag({**META, "fields": {**FIELDS, "seen": {"column": "seen", "nulls": "skip"}}})
    run(shop)
    shop.sql("ALTER TABLE people ALTER seen TYPE DATE", "UPDATE people SET name = 'New' WHERE visits = 1")
    assert shop.cli("plan").says("4 sent")
    day = "2024-01-01"
    assert sent(side, lambda: run(shop)) == {
        "u0@shop.com": {"seen": day},
        "u1@shop.com": {"seen": day, "name": "New"},
        "u2@shop.com": {"seen": day},
    }
    assert sent(side, lambda: run(shop)) == {}
    shop.sql("ALTER TABLE people ALTER seen TYPE TIMESTAMP USING TIMESTAMP '2024-01-02 10:00:00'")
    assert set(map(len, sent(side, lambda: run(shop)).values())) == {1}
    shop.sql("ALTER TABLE people ALTER seen TYPE DATE")
    assert len(sent(side, lambda: run(shop, "--full-refresh"))["u0@shop.com"]) == 6


@pytest.mark.kills
def test_rows_that_may_have_arrived_go_whole(tmp_path: Path, side: Side) -> None:
    shop = begin(tmp_path / "shop", side, 12, REVERSE_ETL_BATCH_ROWS="4", REVERSE_ETL_CONCURRENCY="1")
    shop.sql("UPDATE people SET name = 'New ' || id")
    shop.kill_run(side.hooks, "after", side.number + 2)
    shop.sql("UPDATE people SET tier = 'free' WHERE visits < 10")
    users = sent(side, lambda: run(shop))
    expected = {
        f"u{n}@shop.com": whole(n, name=f"New U{n}", plan={"tier": "free" if n < 10 else "pro", "since": 2000 + n % 20})
        for n in range(12)
    }
    # The first request was answered, but its acknowledgement was not saved before the kill.
    assert users == expected
    assert {user["email"]: {**user, "email": user["email"]} for user in side.memory.users().values()} == {
        email: {"email": email, **user} for email, user in expected.items()
    }


def test_a_refused_row_that_is_fixed_goes_whole(shop: Project, side: Side) -> None:
    shop.sql(
        "UPDATE people SET name = 'Bad' WHERE visits = 1",
        "INSERT INTO people SELECT 'U2@shop.com', 'X', name, tier, since, tags, 99 FROM people WHERE visits = 2",
    )
    side.refuse("u1@shop.com")
    run(shop)
    assert shop.counts("rejected", "invalid") == (1, 2)
    side.refuse()
    shop.sql("DELETE FROM people WHERE visits = 99", "UPDATE people SET name = 'Good' WHERE visits IN (1, 2, 3)")
    assert sent(side, lambda: run(shop)) == {
        "u1@shop.com": whole(1, name="Good"),
        "u2@shop.com": whole(2, name="Good"),
        "u3@shop.com": {"name": "Good"},
    }
    shop.sql("UPDATE people SET name = 'Better' WHERE visits IN (1, 2)")
    assert set(map(len, sent(side, lambda: run(shop)).values())) == {1}


def test_whole_rows_go_on_request(shop: Project, side: Side) -> None:
    shop.sql("UPDATE people SET name = 'New' WHERE visits = 1")
    assert sent(side, lambda: run(shop, "--full-refresh")) == {
        f"u{n}@shop.com": whole(n, name="New") if n == 1 else whole(n) for n in range(12)
    }
    shop.tag({**META, "send": "whole_row"})
    shop.sql("UPDATE people SET name = 'Newer' WHERE visits = 1")
    assert sent(side, lambda: run(shop)) == {"u1@shop.com": whole(1, name="Newer")}
    assert (shop.result()["fields_sent"], shop.result()["fields_spared"]) == (6, 0)


def test_a_row_whose_changes_no_request_can_carry_needs_none(tmp_path: Path, side: Side) -> None:
    meta = {**META, "primary_key": "visits", "fields": {"name": {"column": "extra", "nulls": "skip"}}}
    shop = begin(tmp_path / "shop", side, 0, {**META, "primary_key": "visits"})
    shop.sql(MODEL.format(rows=3), "ALTER TABLE people ADD COLUMN extra JSON", "UPDATE people SET extra = '\"x\"'")
    shop.tag(meta)
    run(shop)
    shop.sql("UPDATE people SET visits = visits + 100", "UPDATE people SET extra = 'null' WHERE id = 'U1'")
    assert sent(side, lambda: run(shop)) == {}
    assert shop.counts("resent", "changed", "accepted") == (2, 1, 3)
    assert sent(side, lambda: run(shop)) == {}
    assert shop.counts("planned") == (0,)
