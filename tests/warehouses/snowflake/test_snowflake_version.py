"""The version of a Snowflake table: which table is asked for, what makes another one, and columns that rule it out."""

from __future__ import annotations

import pytest

from reverse_etl.warehouses.snowflake.dialect import SnowflakeDialect
from reverse_etl.warehouses.snowflake.table_version import holds_all_values, version_of, version_query

DAY = 86_400_000_000_000
ROW = (5 * DAY + 40_000_000_000, 5 * DAY, 4 * DAY, 3 * DAY, 7, 70)


@pytest.mark.parametrize(
    ("relation", "names"),
    [
        ("shop.marts.people", ("MARTS", "PEOPLE")),
        ('"shop"."Marts"."it""s.here"', ("Marts", 'it"s.here')),
    ],
)
def test_table_is_named_as_it_is_stored(relation: str, names: tuple[str, str]) -> None:
    asked = version_query(SnowflakeDialect(), relation)
    assert asked is not None
    assert asked[1] == names
    assert "TABLE_TYPE = 'BASE TABLE'" in asked[0]
    for kind in ("IS_DYNAMIC", "IS_ICEBERG", "IS_HYBRID", "IS_TEMPORARY"):
        assert f"{kind} = 'NO'" in asked[0]


def test_name_without_database_has_none() -> None:
    assert version_query(SnowflakeDialect(), "marts.people") is None


def test_later_of_both_times_counts() -> None:
    found = version_of([ROW])
    assert found is not None
    assert (found.changed_at, found.read_at, found.is_settled) == (5 * 86_400, 5 * 86_400 + 40, True)
    altered = version_of([(ROW[0], 4 * DAY, 5 * DAY + 20_000_000_000, *ROW[3:])])
    assert altered is not None
    assert not altered.is_settled


@pytest.mark.parametrize("place", range(1, len(ROW)))
def test_each_figure_but_the_clock_makes_another_version(place: int) -> None:
    first, other = version_of([ROW]), version_of([(*ROW[:place], ROW[place] + 1, *ROW[place + 1 :])])
    assert first is not None
    assert other is not None
    assert first.text != other.text


@pytest.mark.parametrize("rows", [[], [ROW, ROW], [(*ROW[:-1], None)]], ids=["none", "two", "unknown"])
def test_table_that_is_not_found_has_none(rows: list[tuple[int, ...]]) -> None:
    assert version_of(rows) is None


@pytest.mark.parametrize(
    ("kind", "policy", "held"),
    [("COLUMN", None, True), ("VIRTUAL_COLUMN", None, False), ("COLUMN", "DB.S.MASK", False)],
)
def test_columns_that_are_computed_or_masked_rule_it_out(kind: str, policy: str | None, held: bool) -> None:
    rest = ("Y", None, "N", "N", None, None, None)
    plain = ("ID", "NUMBER(38,0)", "COLUMN", *rest, None, None)
    assert holds_all_values([plain, ("NAME", "VARCHAR", kind, *rest, policy, None)]) is held
