"""Names, columns and version of our tables. Every name is stable, and different for different sync names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.warehouses.base import Reader
from reverse_etl.warehouses.dialect import Dialect

SCHEMA_VERSION = 1
# Removals are numbered from here, so they come after every other change of a plan.
REMOVALS_FROM = 1_000_000_000_000
# Rows of a plan that are only saved in our tables are numbered from here, beyond all rows that can be sent.
NOTES_FROM = 2 * REMOVALS_FROM
# When a run counted the entry's row as removed without sending anything; NULL while the row is in the model.
LEFT_AT = "left_at"
# The prefix of value columns.
VALUE_PREFIX = "v_"
_NOTES = ("holder", "holder_note", "acked", "destination", "key_columns", "moved_to")


def slug(name: str, length: int = 40) -> str:
    """Return a name as part of a table or column name: readable at the front, unique by eight hex digits at the end."""
    readable = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:length] or "x"
    return f"{readable}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def value_name(label: str) -> str:
    """Return the column of our tables that holds the values of a field, by its label."""
    return VALUE_PREFIX + slug(label, 30)


@dataclass(frozen=True)
class Tables:
    """The names of the tables of one sync, quoted and qualified."""

    schema: str
    sync: str
    snapshot: str
    lease: str
    rejections: str
    runs: str
    plan_prefix: str

    def plan_name(self, fence: int) -> str:
        """Return the bare name of the plan table of one run."""
        return f"{self.plan_prefix}{fence}"


def tables_of(reader: Reader, schema: str, sync: str) -> Tables:
    """Return the tables of a sync in the state schema of a warehouse."""
    name = slug(sync)
    return Tables(
        schema=schema,
        sync=sync,
        snapshot=reader.table(schema, f"snapshot__{name}"),
        lease=reader.table(schema, f"lease__{name}"),
        rejections=reader.table(schema, "sync_rejections"),
        runs=reader.table(schema, "sync_runs"),
        plan_prefix=f"plan__{name}__",
    )


def create_lease(dialect: Dialect, tables: Tables, lineage: str, salt: str) -> str:
    """Return one statement that creates the lease with its one row, so that two processes cannot both create it."""
    text, number, stamp = dialect.text_type, dialect.integer_type, dialect.timestamp_type
    columns = [
        f"CAST({SCHEMA_VERSION} AS {number}) AS schema_version",
        f"CAST({dialect.literal(tables.sync)} AS {text}) AS sync",
        f"CAST({dialect.literal(lineage)} AS {text}) AS lineage",
        f"CAST({dialect.literal(salt)} AS {text}) AS salt",
        *(f"CAST(0 AS {number}) AS {name}" for name in ("serial", "fence", "credit", "closed_fence", "entries")),
        f"CAST(NULL AS {number}) AS run_fence",
        *(f"CAST(NULL AS {text}) AS {name}" for name in _NOTES),
        *(f"CAST({dialect.now()} AS {stamp}) AS {name}" for name in ("expires_at", "beat_at", "quiet_at")),
    ]
    return f"CREATE TABLE IF NOT EXISTS {tables.lease}{dialect.table_options('sync')} AS SELECT {', '.join(columns)}"


def create_snapshot(dialect: Dialect, tables: Tables, layout: RowLayout) -> str:
    """Return SQL that creates the sync snapshot of a layout."""
    columns = [("identity", dialect.text_type), *((key.name, key.type) for key in layout.keys)]
    columns += [(value.name, value.type) for value in layout.values]
    columns += [
        ("row_hash", dialect.hash_type),
        ("state", dialect.text_type),
        ("fence", dialect.integer_type),
        ("changed_at", dialect.timestamp_type),
        (LEFT_AT, dialect.timestamp_type),
    ]
    return dialect.create_snapshot(tables.snapshot, _declared(dialect, columns), "identity")


def create_rejections(dialect: Dialect, tables: Tables) -> str:
    """Return SQL that creates the table of held and refused rows of all syncs. A run only adds rows."""
    text, number, stamp = dialect.text_type, dialect.integer_type, dialect.timestamp_type
    columns = [
        ("schema_version", number),
        ("sync", text),
        ("fence", number),
        ("ordinal", number),
        ("identity", text),
        ("key_text", text),
        ("digest", text),
        ("state", text),
        ("code", text),
        ("reason", text),
        ("tainted", dialect.boolean_type),
        ("seen_at", stamp),
        ("retry_at", stamp),
        *response_columns(dialect),
    ]
    return create_table(dialect, tables.rejections, columns, "sync")


def response_columns(dialect: Dialect) -> list[tuple[str, str]]:
    """Return the columns of a response and its request's row count. Tables of earlier versions lack these."""
    text, number = dialect.text_type, dialect.integer_type
    return [
        ("http_status", number),
        ("response_code", text),
        ("response_message", text),
        ("request_id", text),
        ("request_rows", number),
        ("failed_alone", dialect.boolean_type),
    ]


def widen_table(dialect: Dialect, table: str, missing: Sequence[tuple[str, str]]) -> list[str]:
    """Return statements that add columns to a table of all syncs. Other runs may do the same at the same time."""
    return [
        f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {dialect.column_type(kind)}" for name, kind in missing
    ]


def create_runs(dialect: Dialect, tables: Tables) -> str:
    """Return SQL that creates the run history: one row for each run of a sync."""
    text, number, stamp = dialect.text_type, dialect.integer_type, dialect.timestamp_type
    columns = [
        ("schema_version", number),
        ("sync", text),
        ("invocation_id", text),
        ("fence", number),
        ("status", text),
        ("started_at", stamp),
        ("ended_at", stamp),
        ("counts", text),
        ("problem", text),
        *origin_columns(dialect),
    ]
    return create_table(dialect, tables.runs, columns, "sync")


def origin_columns(dialect: Dialect) -> list[tuple[str, str]]:
    """Return the columns that say who ran a sync, and what was allowed. Tables of earlier versions lack these."""
    return [(name, dialect.text_type) for name in ("user_name", "host", "allowed", "overrode")]


def create_table(dialect: Dialect, table: str, columns: Sequence[tuple[str, str]], by: str) -> str:
    """Return SQL that creates one of our tables if it is missing, from column names and types.

    `by` is the column that the table is read by.
    """
    return f"CREATE TABLE IF NOT EXISTS {table} ({_declared(dialect, columns)}){dialect.table_options(by)}"


def _declared(dialect: Dialect, columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {dialect.column_type(kind)}" for name, kind in columns)
