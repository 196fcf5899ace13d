"""A temporary database of digests, in which planned rows meet the rows that the destination holds.

It holds no values and no identifiers, only digests of them, and it grows on disk, not in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from types import TracebackType

_ROWS_AT_ONCE = 10_000
_CACHE_KB = 64_000


@dataclass(frozen=True)
class SentRow:
    """A planned row: digests of its identity and of what would be sent."""

    ordinal: int
    identity: bytes
    digests: bytes


@dataclass(frozen=True)
class FoundRow:
    """What the destination holds under one identity. `exists` is false if it only adds values to another row."""

    identity: bytes
    digests: bytes
    exists: bool


class ComparisonFile:
    """Use it once: add all rows, then read the pairs. The file is deleted when the block ends."""

    def __init__(self, path: Path) -> None:
        """`path` is a file in a private folder. What it held before is deleted."""
        self._path = path

    def __enter__(self) -> ComparisonFile:  # noqa: PYI034  Self is newer than Python 3.10
        self._path.unlink(missing_ok=True)
        # The rows can be added again, so no transaction has to survive a crash.
        self._database = sqlite3.connect(self._path, isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KB}"):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute("CREATE TABLE sent (ordinal INTEGER PRIMARY KEY, identity BLOB, digests BLOB)")
        self._database.execute("CREATE TABLE found (identity BLOB, digests BLOB, held INTEGER)")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._path.unlink(missing_ok=True)

    def add_sent(self, rows: Iterable[SentRow]) -> None:
        """Add planned rows."""
        self._add("sent", ((row.ordinal, row.identity, row.digests) for row in rows))

    def add_found(self, rows: Iterable[FoundRow]) -> None:
        """Add rows that the destination holds."""
        self._add("found", ((row.identity, row.digests, row.exists) for row in rows))

    def _add(self, table: str, rows: Iterator[tuple[object, ...]]) -> None:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            self._database.execute("BEGIN")
            self._database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", some)  # noqa: S608  two fixed names
            self._database.execute("COMMIT")

    def pairs(self) -> Iterator[tuple[SentRow, list[FoundRow]]]:
        """Yield each planned row with what the destination holds under its identity, by ordinal."""
        self._database.execute("CREATE INDEX by_identity ON found (identity)")
        joined = self._database.execute(
            "SELECT s.ordinal, s.identity, s.digests, f.digests, f.held FROM sent s"
            " LEFT JOIN found f ON f.identity = s.identity ORDER BY s.ordinal"
        )
        for (ordinal, identity, digests), rows in groupby(joined, key=lambda row: row[:3]):
            there = [FoundRow(identity, found, bool(held)) for *_, found, held in rows if found is not None]
            yield SentRow(ordinal, identity, digests), there
