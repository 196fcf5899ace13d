"""The table of warehouses. A driver is imported when its warehouse is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from reverse_etl.errors import ConfigError, nearest_word
from reverse_etl.warehouses.base import WaitPolicy, Warehouse

# dbt's adapter type, and our class for it. Its extra has the same name.
WAREHOUSES: Mapping[str, str] = {
    "bigquery": "reverse_etl.warehouses.bigquery:BigQuery",
    "duckdb": "reverse_etl.warehouses.duckdb:DuckDB",
    "postgres": "reverse_etl.warehouses.postgres:Postgres",
    "snowflake": "reverse_etl.warehouses.snowflake:Snowflake",
}


@dataclass(frozen=True)
class Connection:
    """A connection from dbt's profile, and how we use it. `fields` may hold secrets: never print them.

    `send_warehouse` is a virtual warehouse to use while rows are sent, in warehouses that have such.
    """

    type: str
    fields: Mapping[str, object]
    working_dir: Path
    memory_limit: str
    wait: WaitPolicy
    send_warehouse: str = ""

    def __repr__(self) -> str:
        return f"Connection(type={self.type!r})"


def open_warehouse(connection: Connection, *, read_only: bool = False) -> Warehouse:
    """Return the warehouse of a dbt target.

    With `read_only` every write fails. Raises ConfigError or WarehouseError.
    """
    target = WAREHOUSES.get(connection.type)
    if target is None:
        nearest = nearest_word(connection.type, WAREHOUSES)
        raise ConfigError(
            "unknown-warehouse",
            f"the dbt target is of type `{connection.type}`, which is not supported",
            context={"supported": ", ".join(WAREHOUSES)},
            hint=f"Choose a target of type {nearest or ' or '.join(WAREHOUSES)} with `--target`.",
        )
    module, name = target.split(":")
    opened: Warehouse = getattr(import_module(module), name).open(connection, read_only=read_only)
    return opened
