"""Keeps a project's state in one SQLite file, a transaction per request. Knows documents, not what they mean."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import orjson

from reverse_etl.sandbox.options import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FILE_NAME = "sandbox.sqlite"


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
            raise SandboxError(f"the sandbox cannot use {folder}: {error}") from error

    def users(self) -> Iterator[tuple[int, dict[str, object]]]:
        for number, document in self._file.execute("SELECT id, document FROM users ORDER BY id"):
            yield number, orjson.loads(document)

    def value(self, name: str) -> object | None:
        row = self._file.execute("SELECT value FROM project WHERE name = ?", (name,)).fetchone()
        return orjson.loads(row[0]) if row else None

    def write(
        self, saved: Iterable[tuple[int, Mapping[str, object]]], removed: Iterable[int], values: Mapping[str, object]
    ) -> None:
        """All of it or nothing."""
        with self._file:
            self._file.execute("BEGIN")
            self._file.executemany("DELETE FROM users WHERE id = ?", ((number,) for number in removed))
            self._file.executemany(
                "INSERT OR REPLACE INTO users VALUES (?, ?)", ((number, orjson.dumps(doc)) for number, doc in saved)
            )
            self._file.executemany(
                "INSERT OR REPLACE INTO project VALUES (?, ?)",
                ((name, orjson.dumps(value)) for name, value in values.items()),
            )

    def clear(self) -> None:
        with self._file:
            self._file.execute("BEGIN")
            self._file.execute("DELETE FROM users")

    def close(self) -> None:
        self._file.close()

    def _prepare(self) -> None:
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("PRAGMA journal_mode = WAL")
        # Survives the death of the process; a power cut may cost the last requests, which a sandbox can afford.
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, document BLOB NOT NULL)")
        self._file.execute("CREATE TABLE IF NOT EXISTS project (name TEXT PRIMARY KEY, value BLOB NOT NULL)")
        self._file.execute("BEGIN IMMEDIATE")
        self._file.execute("COMMIT")
