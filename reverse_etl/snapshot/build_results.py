"""Stores the last dbt result of each node that failed at least once.

A run only adds rows, and the newest row of a node counts. So a run that crashes never removes what was known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from reverse_etl.build_result import BuildResult, Key
from reverse_etl.snapshot.tables import SCHEMA_VERSION, create_table
from reverse_etl.warehouses.base import Reader, Warehouse
from reverse_etl.warehouses.dialect import Dialect

NAME = "build_verdicts"
_COLUMNS = ("unique_id", "relation", "status", "ended_at", "invocation_id", "command")
_ROWS_A_STATEMENT = 500


def load_build_results(reader: Reader, schema: str) -> dict[Key, BuildResult]:
    """Return the newest result of each node; empty if nothing has failed yet."""
    table = reader.table(schema, NAME)
    if reader.columns(table) is None:
        return {}
    rows = reader.query(f"SELECT {', '.join(_COLUMNS)} FROM {table} ORDER BY ended_at")
    return {result.key: result for result in (BuildResult(*row) for row in rows)}


def save_build_results(warehouse: Warehouse, schema: str, results: Sequence[BuildResult]) -> None:
    """Add at least one result, then delete the older results of the same nodes."""
    dialect, table = warehouse.dialect, warehouse.table(schema, NAME)
    warehouse.create_schema(schema)
    warehouse.execute(_create(dialect, table))
    rest, names = iter(results), ", ".join(_COLUMNS)
    while some := list(islice(rest, _ROWS_A_STATEMENT)):
        rows = [[dialect.literal(value) for value in _values(result)] for result in some]
        warehouse.execute(
            f"INSERT INTO {table} (schema_version, {names}) SELECT {SCHEMA_VERSION}, {names}"
            f" FROM {dialect.rows('v', _COLUMNS, rows)}"
        )
        older = (f"(unique_id = {name} AND relation = {place} AND ended_at < {at})" for name, place, _, at, *_ in rows)
        warehouse.execute(f"DELETE FROM {table} WHERE {' OR '.join(older)}")


def _values(result: BuildResult) -> tuple[str, ...]:
    return (
        result.unique_id,
        result.relation,
        result.status,
        result.at,
        result.invocation_id,
        result.command,
    )


def _create(dialect: Dialect, table: str) -> str:
    columns = [("schema_version", dialect.integer_type), *((name, dialect.text_type) for name in _COLUMNS)]
    return create_table(dialect, table, columns, "unique_id")
