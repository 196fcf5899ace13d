"""The version of a table in a DuckDB file that only other programs write.

DuckDB keeps no version of a table: row counts can stay the same, and blocks are used again. What it stores is in one
file, so the file's own times show that nothing in it changed. They are of no use if our tables are in the same file,
since each run writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from reverse_etl.warehouses.base import ResultRow
from reverse_etl.warehouses.table_version import TableVersion

_PART = re.compile(r'"(?:[^"]|"")*"|[^".]+')
Query = Callable[[str, Sequence[str]], list[ResultRow]]
_NANOSECONDS = 1_000_000_000
# Finds a table that stores all its values: a generated column can depend on the time.
_STORED_TABLE = (
    "SELECT epoch(now()) FROM duckdb_tables() WHERE NOT internal AND NOT temporary"
    " AND sql NOT LIKE '%GENERATED ALWAYS%' AND database_name = current_database()"
    " AND lower(database_name) = lower(?) AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)"
)


def file_version(
    path: Path, relation: str, query: Callable[[str, Sequence[str]], list[ResultRow]]
) -> TableVersion | None:
    """Return the version of everything in the opened file; None if a relation is no table in it.

    None also if changes wait in its write-ahead log. Other processes cannot write while this one has the file open. A
    copy in its place is another file.
    """
    names = [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in _PART.findall(relation)]
    found = query(_STORED_TABLE, names) if len(names) == 3 else []  # database, schema, table
    if not found or path.with_name(f"{path.name}.wal").exists():
        return None
    stat = path.stat()
    changed = max(stat.st_mtime_ns, stat.st_ctime_ns)
    facts = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return TableVersion(" ".join(map(str, facts)), changed / _NANOSECONDS, float(found[0][0]))
