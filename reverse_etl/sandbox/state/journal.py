"""Stores the state of a project in one SQLite file, with one transaction per request."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.options import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from reverse_etl.sandbox.state.table import TableChanges

FILE_NAME: Final = "sandbox.sqlite"

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS documents (topic TEXT, id INTEGER, document BLOB NOT NULL, PRIMARY KEY (topic, id))",
    "CREATE TABLE IF NOT EXISTS project (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
)


class Journal:
    """The file of one data folder. A killed process loses at most the request it had not answered.

    Raises SandboxError if the folder cannot be used or another sandbox uses it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # One thread at a time uses the connection, but not always the same thread.
            self._file = sqlite3.connect(
                folder / FILE_NAME, isolation_level=None, check_same_thread=False, timeout=0.2, cached_statements=16
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            reason = "another sandbox has it open" if "locked" in str(error) else error
            raise SandboxError(f"the sandbox cannot use {folder}: {reason}") from error

    def read_documents(self, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (number, document) of every record of one table, by number."""
        query = "SELECT id, document FROM documents WHERE topic = ? ORDER BY id"
        for number, document in self._file.execute(query, (table,)):
            yield number, orjson.loads(document)

    def read_value(self, name: str) -> object | None:
        """Return a named value. None if there is none."""
        row = self._file.execute("SELECT value FROM project WHERE name = ?", (name,)).fetchone()
        return orjson.loads(row[0]) if row else None

    def write(self, changes: Iterable[TableChanges], values: Mapping[str, object]) -> None:
        """Write everything or nothing."""
        with self._file:
            self._file.execute("BEGIN")
            for change in changes:
                self._write_table(change)
            self._file.executemany(
                "INSERT OR REPLACE INTO project VALUES (?, ?)",
                ((name, orjson.dumps(value)) for name, value in values.items()),
            )

    def clear(self) -> None:
        """Delete all records. Named values stay until the next write."""
        with self._file:
            self._file.execute("BEGIN")
            self._file.execute("DELETE FROM documents")

    def close(self) -> None:
        self._file.close()

    def _prepare(self) -> None:
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("PRAGMA journal_mode = WAL")
        # This survives a killed process. A power cut can lose the last requests, which is acceptable for a sandbox.
        self._file.execute("PRAGMA synchronous = NORMAL")
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                self._file.execute(statement)
            # Data folders of the first version have only users, in their own table.
            if self._file.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone():
                self._file.execute("INSERT INTO documents SELECT 'users', id, document FROM users")
                self._file.execute("DROP TABLE users")

    def _write_table(self, change: TableChanges) -> None:
        self._file.executemany(
            "DELETE FROM documents WHERE topic = ? AND id = ?", ((change.table, number) for number in change.removed)
        )
        self._file.executemany(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            ((change.table, number, orjson.dumps(document)) for number, document in change.saved),
        )
