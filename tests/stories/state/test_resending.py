"""Rows that are sent although nothing changed are reported as resent, not as changed."""

from __future__ import annotations

import pytest

from tests.reference_iterable import ReferenceServer
from tests.reference_iterable.replies import BAD_GATEWAY
from tests.stories.project import Project

FIELDS = {"name": "name", "lastSeen": {"column": "tier", "nulls": "skip"}}
META = {"object": "users", "email": "email", "user_id": "id", "fields": FIELDS}


@pytest.fixture
def people(shop: Project) -> Project:
    """Twelve people with a second identifier and a field that skips NULLs, all sent."""
    shop.sql("ALTER TABLE people ADD COLUMN id VARCHAR", "UPDATE people SET id = 'id' || rowid")
    shop.tag(META)
    assert shop.run("run").code == 0
    return shop


def test_a_full_refresh_of_unchanged_rows_changes_nothing(people: Project, iterable: ReferenceServer) -> None:
    before = len(iterable.applied)
    ended = people.cli("run", "--full-refresh")
    assert ended.code == 0
    assert people.counts("changed", "resent", "accepted", "unchanged") == (0, 12, 12, 0)
    assert people.result()["changed_fields"] == {}
    assert ended.says("0 changed", "sent again  12 rows, although nothing differs")
    assert len(iterable.applied) == before + 12
    assert people.cli("run").code == 0
    assert people.counts("planned", "unchanged") == (0, 12)


def test_a_full_refresh_tells_real_changes_from_the_others(people: Project) -> None:
    people.sql("UPDATE people SET tier = 'free' WHERE email = 'u1@shop.com'")
    people.sql("UPDATE people SET name = 'X', id = 'other' WHERE email = 'u2@shop.com'")
    assert people.cli("run", "--full-refresh").code == 0
    assert people.counts("changed", "resent", "accepted") == (2, 10, 12)
    assert people.result()["changed_fields"] == {"name": 1, "lastSeen": 1, "userId": 1}


def test_a_full_refresh_that_was_broken_off_invents_no_changes(people: Project, iterable: ReferenceServer) -> None:
    people.environment |= {
        "REVERSE_ETL_ATTEMPTS": "1",
        "REVERSE_ETL_WAIT": "30",
        "REVERSE_ETL_LATE_REQUEST_BOUND": "1",
        "REVERSE_ETL_HTTP_TIMEOUT": "1",
    }
    iterable.answer = lambda _number: BAD_GATEWAY
    assert people.cli("run", "--full-refresh").code == 1
    iterable.answer = lambda _number: None
    assert people.cli("plan").says("0 changed", "sent again  12 rows")
    assert people.cli("run").code == 0
    assert people.counts("changed", "resent", "accepted") == (0, 12, 12)
    assert people.result()["changed_fields"] == {}


def test_a_value_that_was_skipped_while_nobody_knew_is_sent_when_it_returns(
    people: Project, iterable: ReferenceServer
) -> None:
    """After a full refresh without the value, Iterable is only known to hold what that refresh sent."""
    people.sql("UPDATE people SET tier = NULL")
    assert people.cli("run", "--full-refresh").code == 0
    people.sql("UPDATE people SET tier = 'pro' WHERE email = 'u0@shop.com'")
    assert people.cli("run").code == 0
    assert people.counts("changed", "resent", "accepted") == (1, 0, 1)
