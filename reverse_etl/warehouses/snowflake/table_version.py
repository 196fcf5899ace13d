"""Reads the version of a table from Snowflake's information schema. Runs nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reverse_etl.warehouses.base import ResultRow
from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.snowflake.identifiers import parts
from reverse_etl.warehouses.table_version import TableVersion

_NANOSECONDS = 1_000_000_000
# Of the rows of DESCRIBE TABLE: the place of the kind, and of the masking policy that is set on the column itself.
_KIND, _POLICY = 2, 10


def version_query(dialect: Dialect, relation: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the query for the version of a relation with its parameters; None if its name is not complete.

    It finds no row unless the relation is an ordinary table. Two figures have to agree:

    - SYSTEM$LAST_CHANGE_COMMIT_TIME: "For each DML operation performed on the specified table […], the returned value
      increases". So it needs no clock, but it is not specified for DDL.
      docs.snowflake.com/en/sql-reference/functions/system_last_change_commit_time
    - LAST_ALTERED, with CREATED, which also move for DDL such as CREATE OR REPLACE, SWAP WITH and UNDROP, and for
      maintenance, which costs one comparison. docs.snowflake.com/en/sql-reference/info-schema/tables
    """
    names = parts(relation)
    if len(names) != 3:  # database, schema, table
        return None
    changed = f"SYSTEM$LAST_CHANGE_COMMIT_TIME({dialect.literal(relation)})"
    times = ("CURRENT_TIMESTAMP()", "LAST_ALTERED", "CREATED")
    now, altered, created = (f"DATE_PART(EPOCH_NANOSECOND, {name})" for name in times)
    kinds = " AND ".join(f"{name} = 'NO'" for name in ("IS_DYNAMIC", "IS_ICEBERG", "IS_HYBRID", "IS_TEMPORARY"))
    sql = (
        f"SELECT {now}, {changed}, {altered}, {created}, ROW_COUNT, BYTES FROM {names[0]}.INFORMATION_SCHEMA.TABLES"
        f" WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND TABLE_TYPE = 'BASE TABLE' AND {kinds}"
    )
    return sql, (_stored(names[1]), _stored(names[2]))


def version_of(rows: Sequence[ResultRow]) -> TableVersion | None:
    """Return the version in the result of the query."""
    if len(rows) != 1 or None in rows[0]:
        return None
    now, *figures = map(int, rows[0])
    return TableVersion(json.dumps(figures), max(figures[:2]) / _NANOSECONDS, now / _NANOSECONDS)


def holds_all_values(described: Sequence[ResultRow]) -> bool:
    """Return whether a table stores what its columns show: none is computed, and none depends on the reader."""
    return all(row[_KIND] == "COLUMN" and not (len(row) > _POLICY and row[_POLICY]) for row in described)


def _stored(part: str) -> str:
    """Return the stored name of an identifier."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.upper()
