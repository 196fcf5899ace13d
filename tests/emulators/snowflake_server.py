"""fakesnow's server with what it lacks; runs in an environment of its own: `python snowflake_server.py PORT`.

What is added, and no more: fields of the login's reply that connector 5 asks for; HASH as a signed number; COLLATE
without a collation, which is no operation, also where it declares a column; timestamps that are NULL as Arrow has them;
apostrophes in names; temporary tables, which are ordinary ones here and stay; columns that a MERGE uses within an
expression only; the last change of each table; a history of the session, with bytes and credits that are made up;
statements that the emulator does not know fail as ones that the service refuses, where its own reply would make the
client send them again.
"""

from __future__ import annotations

import json
import re
import sys
import time
from importlib import import_module
from typing import Any

import pyarrow as pa
import uvicorn
from fakesnow import arrow, cursor, info_schema
from fakesnow.server import app
from sqlglot import exp
from starlette.types import Message, Receive, Scope, Send

UNKNOWN = 500
LOGIN = {"masterToken": "master", "validityInSeconds": 3600, "masterValidityInSeconds": 14400, "sessionId": 1}


class Amended:
    """The server, whose replies to a login are complete, and whose failures are replies."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        started: list[Message] = []

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            body, status = message["body"], started[0]["status"]
            if scope["path"] == "/session/v1/login-request":
                reply = json.loads(body)
                body = json.dumps({**reply, "data": {**(reply.get("data") or {}), **LOGIN}}).encode()
            kept = [(name, value) for name, value in started[0]["headers"] if name != b"content-length"]
            headers = [*kept, (b"content-length", str(len(body)).encode())]
            await send({**started[0], "status": 200 if status == UNKNOWN else status, "headers": headers})
            await send({**message, "body": body})

        await self.inner(scope, receive, completed)


def signed(node: exp.Expression) -> exp.Expression:
    """Snowflake's HASH fits NUMBER(19,0); DuckDB's is unsigned."""
    if isinstance(node, exp.Anonymous) and node.name.upper() == "HASH" and not node.args.get("signed"):
        node.set("signed", True)
        return exp.cast(exp.Mod(this=node, expression=exp.Literal.number(2**63)), "BIGINT")
    return node


def uncollated(node: exp.Expression) -> exp.Expression | None:
    declared = isinstance(node, exp.ColumnConstraint) and isinstance(node.args["kind"], exp.CollateColumnConstraint)
    if declared and node.args["kind"].name == "":
        return None
    return node.this if isinstance(node, exp.Collate) and node.expression.name == "" else node


def kept(node: exp.Expression) -> exp.Expression | None:
    """DuckDB's temporary tables have a database of their own."""
    return None if isinstance(node, exp.TemporaryProperty) else node


def _amended(statement: exp.Expression) -> exp.Expression:
    """In place: copies of a large statement take longer than the changes."""
    for change in (kept, uncollated, signed):
        statement = statement.transform(change, copy=False)
    return statement


def masked(made: Any) -> Any:
    """NULL is the struct, and never one of its parts."""

    def struct(times: Any) -> pa.Array:
        times = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
        whole = made(times.fill_null(pa.scalar(0, pa.int64()).cast(times.type)))
        parts = [whole.field(index) for index in range(whole.type.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=list(whole.type), mask=times.is_null())

    return struct


def complete(made: Any) -> Any:
    """The candidates of a MERGE have every column of its source that it uses."""

    def candidates(merging: exp.Merge) -> exp.Expression:
        created = made(merging)
        selected = created.expression.expressions
        known = {str(column) for column in selected}
        for when in merging.args["whens"]:
            for column in when.args["then"].find_all(exp.Column):
                if column.table == merging.args["using"].alias_or_name and str(column) not in known:
                    known.add(str(column))
                    created.expression.append("expressions", column.copy())
        return created

    return candidates


def escaped(insert: Any) -> Any:
    """Notes about columns are written with names that may hold an apostrophe."""

    def noted(catalog: str, schema: str, table: str, lengths: list[tuple[str, int]]) -> str:
        doubled = [(name.replace("'", "''"), size) for name, size in lengths]
        return insert(catalog, schema.replace("'", "''"), table.replace("'", "''"), doubled)

    return noted


# Of each statement: bytes scanned, and credits for cloud services.
MADE_UP = (1024, 0.001)
HISTORY = re.compile(r"TABLE\(\S+\.QUERY_HISTORY_BY_SESSION\(RESULT_LIMIT => \d+\)\)")


def remembered(execute: Any) -> Any:
    """Statements are kept with their session, which can be asked for them."""

    def run(self: Any, command: str, *args: Any, **more: Any) -> Any:
        past = vars(self._conn).setdefault("history", [])
        if past:
            rows = ", ".join(f"('{number}', {spent}, {MADE_UP[0]}, {MADE_UP[1]})" for number, spent in past)
            names = "QUERY_ID, TOTAL_ELAPSED_TIME, BYTES_SCANNED, CREDITS_USED_CLOUD_SERVICES"
            command = HISTORY.sub(lambda _: f"(VALUES {rows}) AS history ({names})", command)
        began = time.monotonic()
        try:
            return execute(self, command, *args, **more)
        finally:
            past.append((self.sfqid, round(1000 * (time.monotonic() - began))))

    return run


CHANGE = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:TRANSIENT\s+|TEMPORARY\s+)?TABLE(?:\s+IF\s+NOT\s+EXISTS)?)\s+([^\s(]+)",
    re.IGNORECASE,
)
LAST_CHANGE = re.compile(r"SYSTEM\$LAST_CHANGE_COMMIT_TIME\('([^']*)'\)")
MOMENT = re.compile(r"DATE_PART\(EPOCH_NANOSECOND, (CURRENT_TIMESTAMP\(\)|LAST_ALTERED|CREATED)\)")
changes: dict[str, int] = {}


def plain(name: str) -> str:
    """The last part of a name: statements may leave out the database and the schema."""
    return name.replace('"', "").upper().rpartition(".")[2]


def versioned(execute: Any) -> Any:
    """The last change of each table is known, and its times in the information schema are the times of that change."""

    def run(self: Any, command: str, *args: Any, **more: Any) -> Any:
        if asked := LAST_CHANGE.search(command):
            last = changes.get(plain(asked[1]), time.time_ns())
            moment = lambda found: str(time.time_ns() if "CURRENT" in found[1] else last)  # noqa: E731
            command = MOMENT.sub(moment, LAST_CHANGE.sub(str(last), command))
        else:
            # Also of other programs, which write in their own form and begin with comments.
            changes.update((plain(name), time.time_ns()) for name in CHANGE.findall(command))
        return execute(self, command, *args, **more)

    return run


def main() -> None:
    merging = import_module("fakesnow.transforms.merge")
    merging._create_merge_candidates = complete(merging._create_merge_candidates)
    arrow.timestamp_to_sf_struct = masked(arrow.timestamp_to_sf_struct)
    info_schema.insert_text_lengths_sql = escaped(info_schema.insert_text_lengths_sql)
    cursor.FakeSnowflakeCursor.execute = versioned(remembered(cursor.FakeSnowflakeCursor.execute))
    original = cursor.FakeSnowflakeCursor._transform

    def transform(self: Any, expression: exp.Expression, params: Any) -> exp.Expression:
        return original(self, _amended(expression), params)

    cursor.FakeSnowflakeCursor._transform = transform
    uvicorn.run(Amended(app), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
