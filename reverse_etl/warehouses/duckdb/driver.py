"""DuckDB's driver, and the wait for a file that another process has locked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reverse_etl.errors import ReverseEtlError
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.extras import require


def duckdb_driver() -> Any:
    """Return the driver. Raises ConfigError if it is not installed."""
    require("DuckDB", "duckdb", "pyarrow")
    import duckdb

    return duckdb


def wait_for_lock(
    work: Callable[[], Any], refused: Callable[[Exception, float], ReverseEtlError], wait: WaitPolicy
) -> Any:
    """Do work that opens a file; wait while another process has locked it."""
    until = wait.monotonic() + wait.seconds
    while True:
        try:
            return work()
        except duckdb_driver().Error as error:
            if "lock" not in str(error).lower() or wait.monotonic() >= until:
                raise refused(error, wait.seconds) from None
        wait.sleep(0.05)
