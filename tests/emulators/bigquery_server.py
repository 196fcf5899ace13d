"""bqemulator with what it lacks; runs in an environment of its own: `python bigquery_server.py GRPC_PORT REST_PORT`.

What is added, and no more: DuckDB's spatial extension, which it would otherwise fetch; a catalog that learns of the
columns that ALTER TABLE adds, and of the time of each change; no collation, which is no operation; all digits of
NUMERIC. What is taken away: copies of a table after each of its changes, notes on each request, and reading a statement
again, some thirty times.
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
from bqemulator.api import app
from bqemulator.api.routes import jobs as routes
from bqemulator.cli import main
from bqemulator.jobs import executor
from bqemulator.sql import inner_query, translator
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


class Trees:
    """Statements as they were read. A caller that changes a tree gets a copy, or says that it has one."""

    def __init__(self, parse: Callable[..., Any]) -> None:
        self.parse = parse
        self.known: dict[tuple[str, Any], Any] = {}
        self.lent: set[str] = set()

    def parsed(self, sql: str, read: Any = None, **more: Any) -> Any:
        if more or not isinstance(sql, str):
            return self.parse(sql, read=read, **more)
        if (sql, read) not in self.known:
            self.known[sql, read] = self.parse(sql, read=read)
        tree, caller = self.known[sql, read], sys._getframe(1).f_globals["__name__"]
        looks = not caller.startswith("bqemulator.sql.") or caller.endswith(("catalog_schema", "inner_query"))
        return tree if looks or caller in self.lent else tree.copy()

    def lending(self, rewrite: Callable[..., str]) -> Callable[..., str]:
        """A rewriting that gets the tree of all: what it has changed is forgotten."""
        self.lent.add(rewrite.__module__)

        def rewritten(sql: str, *rest: Any) -> str:
            changed = rewrite(sql, *rest)
            if changed != sql:
                self.known.pop((sql, "bigquery"), None)
            return changed

        return rewritten


class Through:
    """In place of what measures and logs each request."""

    def __init__(self, inner: Any, **more: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.inner(scope, receive, send)


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
    """Temporary tables outlive their job here, where BigQuery's are gone with it."""

    async def executed(project: str, job: str, sql: str, *rest: Any, **more: Any) -> Any:
        sql = NUMERIC.sub("NUMERIC(38, 9)", EXACT.sub("", sql))
        sql = sql.replace("CREATE TEMP TABLE ", "CREATE OR REPLACE TEMP TABLE ")
        *before, last = one_column_each(sql)
        for number, statement in enumerate(before):
            await execute(project, f"{job}_{number}", statement, *rest, **more)
        return await execute(project, job, last, *rest, **more)

    return executed


def one_column_each(sql: str) -> list[str]:
    """BigQuery adds several columns in one statement; the engine below takes one at a time."""
    table, *columns = sql.replace(", ADD COLUMN ", " ADD COLUMN ").split(" ADD COLUMN ")
    if not table.startswith("ALTER TABLE") or len(columns) < 2:
        return [sql]
    return [f"{table} ADD COLUMN {column}" for column in columns]


CHANGE = re.compile(r"\s*(?:/\*.*?\*/\s*)?(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|MERGE)\s+`?(\S+)", re.IGNORECASE)


async def noted(project: str, sql: str, context: Any) -> None:
    """A table that was changed has another time of change. No copy of it is made."""
    if changed := CHANGE.match(sql):
        place = changed[1].replace("`", "").split(".")
        known = context.catalog.get_table(*[project, *place][-3:]) if len(place) > 1 else None
        if known is not None:
            context.catalog.update_table(known.model_copy(update={"last_modified_time": context.clock.now()}))


def lean() -> None:
    trees = Trees(sqlglot.parse_one)
    sqlglot.parse_one = trees.parsed
    for name, rewrite in vars(translator).copy().items():
        if name.startswith("rewrite_"):
            setattr(translator, name, trees.lending(rewrite))
    app.MetricsMiddleware = app.AccessLogMiddleware = app.CorrelationIdMiddleware = Through
    executor._translator.translate = translating(executor._translator.translate)
    executor._capture_dml_snapshots = noted
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
