"""Two virtual warehouses in one session: the target's for comparisons, and a small one while rows are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.snowflake.identifiers import quote_place, quoted

# Steps of a run whose statements are small: they read windows of the plan, and write the lease.
_SMALL_STEPS = ("send", "heartbeat")
# Runs one statement on a connection and returns its rows. Raises WarehouseError.
Execute = Callable[[Any, str], list[Any]]


class WarehouseChoice:
    """Says which virtual warehouse a session uses. Without a second one, nothing is said."""

    def __init__(self, small: str, main: str, execute: Execute) -> None:
        """`small` and `main` are names as people write them; empty if there is none, or if the user has a default."""
        self._small = quote_place(small) if small else ""
        self._main = quote_place(main) if main else ""
        self._execute = execute
        self._current = ""

    def begin(self, connection: Any) -> None:
        """Use both in a new session, so that a run which cannot use one of them stops before it plans anything."""
        if not self._small:
            return
        if not self._main:
            [(name,)] = self._execute(connection, "SELECT CURRENT_WAREHOUSE()")
            self._main = quoted(str(name)) if name else self._small
        self._use(connection, self._small)
        self._use(connection, self._main)

    def enter(self, connection: Any, step: str) -> None:
        """Use the warehouse of a step."""
        wanted = self._small if step in _SMALL_STEPS else self._main
        if self._small and wanted != self._current:
            self._use(connection, wanted)

    def _use(self, connection: Any, name: str) -> None:
        try:
            self._execute(connection, f"USE WAREHOUSE {name}")
        except WarehouseError as error:
            if error.code == "connection-lost" or name != self._small:
                raise
            raise WarehouseError(
                "no-virtual-warehouse",
                f"the setting `send_warehouse` names the virtual warehouse {name}, which does not exist, or which this"
                " role cannot use",
                context={**error.context, "send_warehouse": name},
                hint="Correct the setting `send_warehouse`, or ask the owner of the warehouse to run:"
                f" GRANT USAGE ON WAREHOUSE {name} TO ROLE <role of the target>;",
            ) from None
        self._current = name
