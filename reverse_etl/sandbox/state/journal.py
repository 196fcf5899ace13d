"""Keeps a project's state in one SQLite file, a transaction per request. Knows documents, not what they mean."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.options import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from reverse_etl.sandbox.state.collection import Unwritten

FILE_NAME: Final = "sandbox.sqlite"

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS documents (topic TEXT, id INTEGER, document BLOB NOT NULL, PRIMARY KEY (topic, id))",
    "CREATE TABLE IF NOT EXISTS project (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
)


class Journal:
    """The file of one data folder. A killed process loses at most the request it had not answered.

    Raises SandboxError when the folder cannot be used or another sandbox has it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # One thread at a time uses it; which one is the server's choice.
            self._file = sqlite3.connect(
                folder / FILE_NAME, isolation_level=None, check_same_thread=False, timeout=0.2, cached_statements=16
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            reason = "another sandbox has it open" if "locked" in str(error) else error
            raise SandboxError(f"the sandbox cannot use {folder}: {reason}") from error

    def documents(self, topic: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number and document of everything on one shelf, in the order of the numbers."""
        query = "SELECT id, document FROM documents WHERE topic = ? ORDER BY id"
        for number, document in self._file.execute(query, (topic,)):
            yield number, orjson.loads(document)

    def value(self, name: str) -> object | None:
        row = self._file.execute("SELECT value FROM project WHERE name = ?", (name,)).fetchone()
        return orjson.loads(row[0]) if row else None

    def write(self, changes: Iterable[Unwritten], values: Mapping[str, object]) -> None:
        """All of it or nothing."""
        with self._file:
            self._file.execute("BEGIN")
            for change in changes:
                self._write(change)
            self._file.executemany(
                "INSERT OR REPLACE INTO project VALUES (?, ?)",
                ((name, orjson.dumps(value)) for name, value in values.items()),
            )

    def clear(self) -> None:
        with self._file:
            self._file.execute("BEGIN")
            self._file.execute("DELETE FROM documents")

    def close(self) -> None:
        self._file.close()

    def _prepare(self) -> None:
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("PRAGMA journal_mode = WAL")
        # Survives the death of the process; a power cut may cost the last requests, which a sandbox can afford.
        self._file.execute("PRAGMA synchronous = NORMAL")
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                self._file.execute(statement)
            # Folders of the first version have users alone, in a table of their own.
            if self._file.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone():
                self._file.execute("INSERT INTO documents SELECT 'users', id, document FROM users")
                self._file.execute("DROP TABLE users")

    def _write(self, change: Unwritten) -> None:
        topic = change.topic
        self._file.executemany(
            "DELETE FROM documents WHERE topic = ? AND id = ?", ((topic, number) for number in change.removed)
        )
        self._file.executemany(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            ((topic, number, orjson.dumps(document)) for number, document in change.saved),
        )
