"""Names of our tables: stable, plain, and different for different syncs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.snapshot.tables import slug, tables_of
from reverse_etl.warehouses.duckdb import DuckDBDialect


class _Named:
    """As much of a warehouse as names need."""

    dialect = DuckDBDialect()

    def table(self, schema, name):
        return f"{schema}.{name}"


@given(st.text(), st.text())
def test_names_differ_as_their_texts_do(left, right):
    assert (slug(left) == slug(right)) is (left == right)


@given(st.text(max_size=300))
def test_names_are_plain_and_bounded(text):
    assert re.fullmatch(r"[a-z0-9_]{1,49}", slug(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("users", "users_7dfb4cf6"),
        ("Users", "users_6b0cc904"),
        ("", "x_e3b0c442"),
        ("größe", "gr_e_"),
        ("a" * 100 + "1", "a" * 40 + "_"),
    ],
)
def test_names_never_change_between_versions(text, name):
    assert slug(text).startswith(name)


def test_syncs_that_begin_alike_have_tables_of_their_own():
    left, right = (tables_of(_Named(), "s", "x" * 200 + end) for end in "ab")
    assert left.snapshot != right.snapshot
    assert left.lease != right.lease
    assert left.plan_name(1) != right.plan_name(1)
    assert left.plan_name(1) != left.plan_name(11)
    assert left.rejections == right.rejections
