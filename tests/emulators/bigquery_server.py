"""bqemulator with what it lacks; runs in an environment of its own: `python bigquery_server.py GRPC_PORT REST_PORT`.

What is added, and no more: DuckDB's spatial extension, which it would otherwise fetch; a catalog that learns of the
columns that ALTER TABLE adds; no collation, which is no operation; all digits of NUMERIC. What is taken away: copies of
a table after each of its changes, and reading the same statement again, which it does some thirty times.
"""

from __future__ import annotations

import fcntl
import functools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from bqemulator.api.routes import jobs as routes
from bqemulator.cli import main
from bqemulator.jobs import executor
from bqemulator.sql import inner_query
from duckdb_extensions import import_extension

DISTINCT = 4096
EXACT = re.compile(r"(?: DEFAULT)? COLLATE ''")
NUMERIC = re.compile(r"\bNUMERIC\b(?! *['(])")


def learning(sync: Any) -> Any:
    """What takes a made table into the catalog, for altered ones as well."""

    def learned(sql: str, *rest: Any) -> None:
        altered = sqlglot.parse_one(sql, read="bigquery") if sql.lstrip().upper().startswith("ALTER TABLE") else None
        sync(f"CREATE TABLE {altered.this.sql('bigquery')} (x INT64)" if altered else sql, *rest)

    return learned


def remembering(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever only looks at a statement gets the same tree again; whoever rewrites it gets a tree of its own."""
    kept = functools.lru_cache(DISTINCT)(lambda sql, read: parse(sql, read=read))

    def parsed(sql: str, read: Any = None, **more: Any) -> Any:
        if more or not isinstance(sql, str):
            return parse(sql, read=read, **more)
        caller = sys._getframe(1).f_globals["__name__"]
        looks = not caller.startswith("bqemulator.sql.") or caller.endswith(("catalog_schema", "inner_query"))
        return kept(sql, read) if looks else kept(sql, read).copy()

    return parsed


def translating(translate: Callable[..., Any]) -> Callable[..., Any]:
    """What a statement is to DuckDB, by its text and the columns of its tables."""
    known: dict[Any, Any] = {}

    def translated(sql: str, *, schema: Any = None, caller: Any = None) -> Any:
        key = (sql, repr(schema), caller)
        if key not in known:
            known[key] = translate(sql, schema=schema, caller=caller)
        return known[key]

    return translated


def reworded(execute: Callable[..., Any]) -> Callable[..., Any]:
    def executed(project: str, job: str, sql: str, *rest: Any, **more: Any) -> Any:
        sql = NUMERIC.sub("NUMERIC(38, 9)", EXACT.sub("", sql))
        return execute(project, job, sql, *rest, **more)

    return executed


async def forgotten(*args: Any) -> None:
    """No copy of a table is made after its change."""


def lean() -> None:
    sqlglot.parse_one = remembering(sqlglot.parse_one)
    executor._translator.translate = translating(executor._translator.translate)
    executor._capture_dml_snapshots = forgotten
    routes.execute_query_job = reworded(routes.execute_query_job)
    for module, name in (
        (executor, "rewrite_table_refs"),
        (executor, "parse_script"),
        (executor, "classify_statement_type"),
        (inner_query, "rewrite_unnest_offset"),
    ):
        setattr(module, name, functools.lru_cache(DISTINCT)(getattr(module, name)))


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
    lean()
    executor.sync_created_table = learning(executor.sync_created_table)
    main(["start", "--rest-port", rest, "--grpc-port", grpc, "--project", "nobody", "--log-level", "error"])


if __name__ == "__main__":
    serve(*sys.argv[1:])
