"""A database file for tables that outlive a connection. It is only there until the end of a session."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.duckdb.dialect import SCRATCH
from reverse_etl.warehouses.duckdb.driver import duckdb_driver

if TYPE_CHECKING:
    from typing_extensions import Self

    from reverse_etl.warehouses.mark import Mark
    from reverse_etl.warehouses.statements import Statements


class Scratch:
    """A folder that only its owner can read, with one database. It is made when it is first needed."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._folder: Path | None = None
        self._deletion: Callable[[], object] = lambda: None

    def attach(self, connection: Any) -> None:
        """Attach the database. Raises WarehouseError if the profile or the system does not allow that."""
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="reverse_etl_"))
                # Also if the process ends without closing its warehouse.
                self._deletion = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            self.attach_again(connection)
        except (OSError, duckdb_driver().Error) as error:
            self.drop()
            raise WarehouseError(
                "permission-denied",
                "DuckDB could not attach a temporary database",
                context={"reason": str(error).split("\n", maxsplit=1)[0]},
                hint="Let DuckDB write to the system's folder for temporary files.",
            ) from None

    def attach_again(self, connection: Any) -> None:
        """Attach the database to a new connection, if there is one."""
        if self._folder is not None:
            # Without READ_WRITE, it would be read-only if the connection is.
            path = str(self._folder / "scratch.duckdb").replace("'", "''")
            connection.execute(f"ATTACH IF NOT EXISTS '{path}' AS {SCRATCH} (READ_WRITE)")

    def drop(self) -> None:
        """Delete the database. No connection may have it open."""
        if self._folder is not None:
            self._deletion()
            self._folder = None


class ScratchWarehouse(Warehouse):
    """A warehouse that writes temporary tables to a scratch database until its session ends."""

    def __init__(self) -> None:
        """Make no database yet."""
        self._scratch = Scratch()

    @abstractmethod
    def _open(self) -> Any:
        """Return the driver's connection."""

    @contextmanager
    def session(self, mark: Mark) -> Iterator[Self]:
        try:
            with super().session(mark):
                yield self
        finally:
            if not self._sessions:
                self._scratch.drop()

    def prepare(self, steps: Statements) -> str:
        """Write the tables that the last step reads to a database of their own, which a new connection still has."""
        if steps.first:
            self._scratch.attach(self._open())
        for statement in steps.first:
            self.execute(statement)
        return steps.last
