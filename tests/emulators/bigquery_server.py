"""bqemulator with what it lacks; runs in an environment of its own: `python bigquery_server.py GRPC_PORT REST_PORT`.

What is added, and no more: DuckDB's spatial extension, which it would otherwise fetch, and a catalog that learns of
the columns that ALTER TABLE adds.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from bqemulator.cli import main
from bqemulator.jobs import executor
from duckdb_extensions import import_extension


def learning(sync: Any) -> Any:
    """What takes a made table into the catalog, for altered ones as well."""

    def learned(sql: str, *rest: Any) -> None:
        altered = sqlglot.parse_one(sql, read="bigquery") if sql.lstrip().upper().startswith("ALTER TABLE") else None
        sync(f"CREATE TABLE {altered.this.sql('bigquery')} (x INT64)" if altered else sql, *rest)

    return learned


def extended() -> None:
    """The extension lies in the environment, where one process at a time puts it."""
    os.environ["HOME"] = sys.prefix
    with (Path(sys.prefix) / "spatial.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            duckdb.connect().execute("LOAD spatial")
        except duckdb.Error:
            import_extension("spatial")


def serve(grpc: str, rest: str) -> None:
    extended()
    executor.sync_created_table = learning(executor.sync_created_table)
    main(["start", "--rest-port", rest, "--grpc-port", grpc, "--project", "nobody", "--log-level", "error"])


if __name__ == "__main__":
    serve(*sys.argv[1:])
