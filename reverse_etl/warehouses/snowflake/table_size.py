"""The size of a table in Snowflake, and the bytes that a plan reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import Reader, ResultRow

# The position of `bytes` in SHOW TABLES, by name and schema: docs.snowflake.com/en/sql-reference/sql/show-tables.
_NAME, _BYTES = 1, 8


def stored_bytes(reader: Reader, relation: str) -> int | None:
    """Return the compressed bytes of a table; None for a view, or if it is not visible."""
    place, _, name = relation.rpartition(".")
    plain = name[1:-1].replace('""', '"') if name.startswith('"') else name.upper()
    with suppress(WarehouseError):
        rows = reader.query(f"SHOW TABLES LIKE {reader.dialect.literal(plain)} IN SCHEMA {place}")
        return next((int(row[_BYTES]) for row in rows if row[_NAME] == plain), None)
    return None


def assigned_bytes(explained: Sequence[ResultRow]) -> int | None:
    """Return the bytes that a plan reads, from the rows of EXPLAIN USING JSON; None if they are not in it."""
    with suppress(LookupError, TypeError, ValueError):
        return int(json.loads(explained[0][0])["GlobalStats"]["bytesAssigned"])
    return None
