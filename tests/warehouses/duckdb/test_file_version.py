"""The version of a DuckDB file that others write, and the cases in which there is none."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from reverse_etl.warehouses.duckdb import DuckDB, options_of
from reverse_etl.warehouses.table_version import TableVersion
from tests.warehouses.duckdb.on_duckdb import wait_up_to

PEOPLE = '"shop"."main"."people"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "shop.duckdb"
    write(made, "CREATE TABLE people AS SELECT 1 AS n")
    return made


def write(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def version_of(path: Path, relation: str = PEOPLE, *, read_only: bool = True) -> TableVersion | None:
    warehouse = DuckDB(str(path), options_of("200MB", read_only=read_only), wait_up_to())
    try:
        return warehouse.table_version(relation)
    finally:
        warehouse.close()


def test_version_stays_until_the_file_is_written(path: Path) -> None:
    first = version_of(path)
    assert first is not None
    assert not first.is_settled
    again = version_of(path, '"SHOP".main.People')
    assert again is not None
    assert again.text == first.text
    for number, statement in enumerate(
        ("UPDATE people SET n = 2", "DELETE FROM people", "INSERT INTO people VALUES (2)")
    ):
        write(path, statement)
        now = version_of(path)
        assert now is not None
        assert now.text != first.text, number
        first = now


def test_another_file_in_its_place_has_another_version(path: Path, tmp_path: Path) -> None:
    """Even if it has the same size and the same time of change."""
    first = version_of(path)
    assert first is not None
    stat = path.stat()
    other = tmp_path / "other.duckdb"
    other.write_bytes(path.read_bytes())
    other.replace(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    now = version_of(path)
    assert now is not None
    assert now.text != first.text


def test_time_of_change_cannot_be_set_back(path: Path) -> None:
    os.utime(path, (0, 0))
    found = version_of(path)
    assert found is not None
    assert not found.is_settled


def test_file_that_this_process_writes_has_no_version(path: Path) -> None:
    assert version_of(path, read_only=False) is None


def test_changes_that_wait_in_the_log_leave_no_version(path: Path) -> None:
    path.with_name("shop.duckdb.wal").write_bytes(b"")
    assert version_of(path) is None


@pytest.mark.parametrize(
    ("statement", "relation"),
    [
        ("CREATE VIEW seen AS SELECT * FROM people", '"shop"."main"."seen"'),
        ("CREATE TABLE made (n INTEGER, m INTEGER GENERATED ALWAYS AS (n + 1))", '"shop"."main"."made"'),
        ("SELECT 1", '"shop"."main"."nowhere"'),
        ("SELECT 1", '"other"."main"."people"'),
        ("SELECT 1", "main.people"),
    ],
)
def test_other_relations_have_no_version(path: Path, statement: str, relation: str) -> None:
    write(path, statement)
    assert version_of(path, relation) is None
