"""A new column of a model does not leak: `fields` is left out, and the sync has never sent the column."""

from __future__ import annotations

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META
from tests.stories.guards.test_guards import assert_stopped
from tests.stories.project import Project

ALL_COLUMNS = {"object": "users", "email": "email"}
NEW_COLUMN = "ALTER TABLE people ADD COLUMN salary INTEGER"


@pytest.fixture
def sent(shop: Project) -> Project:
    """Twelve people, sent with every column; then the model gets a salary."""
    shop.tag(ALL_COLUMNS)
    assert shop.cli("run").code == 0, "a first run has nothing to compare with"
    shop.sql(NEW_COLUMN, "UPDATE people SET salary = 1000 + rowid")
    return shop


def salaries(iterable: ReferenceServer) -> list[object]:
    return [user["salary"] for user in iterable.users.values() if "salary" in user]


def test_a_new_column_stops_until_it_is_allowed_once(sent: Project, iterable: ReferenceServer) -> None:
    ended = assert_stopped(sent, iterable)
    assert ended.says("guard-new-fields", "1 column is new to the sync: `salary`", "--allow new_fields")
    assert ended.says("`fields: [name, tier, salary]`", "`fields: [name, tier]`", "guards: {new_fields: skip}")
    assert ended.says("rows with a value in `salary`: 12", "columns sent so far: 2")
    assert sent.cli("plan").says("guard-new-fields")
    assert sent.cli("run", "--allow", "new_fields").code == 0
    assert len(salaries(iterable)) == 12
    sent.sql("UPDATE people SET salary = 5")
    assert sent.cli("run").code == 0, "the column is known now"
    assert set(salaries(iterable)) == {5}


@pytest.mark.parametrize(
    ("keys", "arrive"),
    [
        ({"fields": ["name", "tier"]}, 0),
        ({"fields": ["name", "tier", "salary"]}, 12),
        ({"guards": {"new_fields": False}}, 12),
    ],
)
def test_the_definition_decides(sent: Project, iterable: ReferenceServer, keys: dict[str, object], arrive: int) -> None:
    sent.tag({**ALL_COLUMNS, **keys})
    assert sent.cli("run").code == 0
    assert len(salaries(iterable)) == arrive


def test_skip_sends_the_other_columns_and_warns_each_time(sent: Project, iterable: ReferenceServer) -> None:
    sent.tag({**ALL_COLUMNS, "guards": {"new_fields": "skip"}})
    sent.sql("UPDATE people SET name = 'Newer' WHERE rowid < 3")
    assert sent.cli("plan").says("1 new column is not sent: `salary`", "--allow new_fields")
    for accepted in (3, 0):
        assert sent.cli("run").code == 0
        assert (sent.result()["status"], sent.result()["counts"]["accepted"]) == ("warn", accepted)
        assert "`salary`" in str(sent.result()["warnings"])
    assert salaries(iterable) == []
    assert sent.cli("run", "--allow", "new_fields").code == 0
    assert len(salaries(iterable)) == 12
    assert sent.cli("run").code == 0
    assert sent.result()["status"] == "success"


def test_a_column_that_a_key_used_before_is_new_to_the_fields(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**ALL_COLUMNS, "primary_key": "tier", "fields": ["name"]})
    shop.sql("UPDATE people SET tier = rowid")
    assert shop.cli("run").code == 0
    shop.tag({**ALL_COLUMNS, "primary_key": "tier"})
    assert shop.cli("run").code == 0, "the key is no field"
    shop.sql(NEW_COLUMN)
    assert assert_stopped(shop, iterable).says("`salary`")


def test_commands_that_write_the_sync_snapshot_do_not_make_the_column_known(
    sent: Project, iterable: ReferenceServer
) -> None:
    assert sent.cli("state", "migrate", "--to", "local").code == 0
    assert sent.cli("state", "migrate", "--to", "warehouse").code == 0
    assert_stopped(sent, iterable)
    assert sent.cli("destination", "accept", "--full-refresh").code == 0
    assert_stopped(sent, iterable)
    assert sent.cli("baseline", "--select", "people", "--trust", "--yes").says("guard-new-fields")
    assert_stopped(sent, iterable)


def test_a_named_field_may_come(shop: Project) -> None:
    assert shop.cli("run").code == 0
    shop.sql(NEW_COLUMN)
    shop.tag({**META, "fields": {**META["fields"], "pay": "salary"}})  # type: ignore[dict-item]  # META is one JSON value
    assert shop.cli("run").code == 0
