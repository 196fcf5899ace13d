"""Turns errors of Postgres and its drivers into ours: what is wrong, where, what to do; never a value or a password."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.postgres.profile import ProfileOptions
from reverse_etl.warehouses.postgres.quoting import name

_MISSING = ("42P01", "3F000", "42703")
# Something that does not exist for this connection, although its SQLSTATE only means unsupported.
_ELSEWHERE = "cross-database references"
DEPENDENT = ("0A000", "2BP01")
_DENIED = "42501"
_READ_ONLY = "25006"
_TOO_MANY_COLUMNS = "54011"
# A row has to fit into a page, with what is left of its long values there. Many limits share this SQLSTATE.
_TOO_WIDE = "row is too big"
_CANCELLED = ("57014", "55P03", "40P01", "40001")
# Classes of errors whose texts quote values: data, constraints and functions.
_QUOTING = ("22", "23", "P0", "38", "39")
_LOST = ("08", "57P0")


@dataclass(frozen=True)
class ServerMessage:
    """An error of a driver: its SQLSTATE, if any, and the message. `connection_lost`: the connection is gone."""

    state: str
    words: str
    connection_lost: bool = False

    @property
    def reason(self) -> str:
        """The message without the values of rows."""
        first = self.words.strip().splitlines()[0] if self.words.strip() else "no reason given"
        quotes = not self.state or self.state.startswith(_QUOTING)
        return re.sub(r'"[^"]*"', '"…"', first) if quotes and not self.connection_lost else first


class StatementRefused(Exception):
    """A failed statement, before it is known which one it was."""

    def __init__(self, said: ServerMessage) -> None:
        """`said` is what the driver reported."""
        super().__init__(said.reason)
        self.message = said


def refusal(said: ServerMessage, sql: str, profile: ProfileOptions) -> WarehouseError:
    """Return the error of a failed statement."""
    if said.connection_lost or said.state.startswith(_LOST):
        return WarehouseError(
            "connection-lost",
            f"the connection to Postgres was lost during {_quote_start(sql)}",
            context={"reason": said.reason, **profile.public_facts},
            hint="Run again: nothing is lost. If it happens again, check the server's log, its limits and the network.",
        )
    if said.state in _MISSING or said.words.startswith(_ELSEWHERE):
        return WarehouseError(
            "relation-not-found",
            "a table or column of a statement does not exist",
            context={"reason": said.reason, "statement": _quote_start(sql)},
            hint="Run `dbt build` and try again.",
        )
    if said.state == _TOO_MANY_COLUMNS or _TOO_WIDE in said.words:
        return _too_wide(said, sql)
    if said.state == _DENIED:
        return _denied(said, sql, profile)
    return WarehouseError(
        "statement-cancelled" if said.state in _CANCELLED else "postgres-error",
        f"Postgres refused {_quote_start(sql)}",
        context={"reason": said.reason, "SQLSTATE": said.state or "none"},
        hint=_hint(said.state),
    )


def not_opened(words: str, profile: ProfileOptions, tries: int) -> WarehouseError:
    """Return the error of a connection that could not be opened."""
    return WarehouseError(
        "database-not-opened",
        "Postgres could not be reached, or refused the sign-in",
        context={
            "reason": words.strip().splitlines()[-1] if words.strip() else "none given",
            **profile.public_facts,
            "tries": tries,
        },
        hint="`dbt debug` uses the same profile: correct the target in profiles.yml, or the server's rights.",
    )


def schema_denied(schema: str, reason: str, profile: ProfileOptions) -> WarehouseError:
    """Return the error of a missing schema that the role cannot create."""
    return WarehouseError(
        "permission-denied",
        f"the schema {schema} of the tables of reverse-etl does not exist, and {profile.grantee} cannot create it",
        context={"reason": reason, "right": "CREATE on the database", "statement": f"CREATE SCHEMA {schema}"},
        hint=f"Ask an owner of the database to run: CREATE SCHEMA {schema} AUTHORIZATION {profile.grantee};",
    )


def _too_wide(said: ServerMessage, sql: str) -> WarehouseError:
    return WarehouseError(
        "row-too-wide",
        "the sync has more columns, or longer rows, than one table of Postgres can hold",
        context={"reason": said.reason, "statement": _quote_start(sql)},
        hint="Name fewer columns under `fields`, or split them over several definitions of the model.",
    )


def _denied(said: ServerMessage, sql: str, profile: ProfileOptions) -> WarehouseError:
    right, grant = _wanted(said.reason, sql, profile)
    return WarehouseError(
        "permission-denied",
        f"{profile.grantee} lacks a right for {_quote_start(sql)}",
        context={"reason": said.reason, "right": right, "statement": _quote_start(sql)},
        hint=f"Ask a person who can grant it to run: {grant};",
    )


def _wanted(words: str, sql: str, profile: ProfileOptions) -> tuple[str, str]:
    """Return the missing right, and the statement that grants it, as far as the error shows it."""
    grantee, verb = profile.grantee, _verb(sql)
    if owner := re.search(r"must be owner of (?:table|relation|view) (\S+)", words):
        return "ownership", f"ALTER TABLE {_qualified(owner[1], sql)} OWNER TO {grantee}"
    if role := re.search(r'permission denied to set role "(.*)"', words):
        return "membership", f"GRANT {name(role[1])} TO {name(profile.options['user'])}"
    found = re.search(r"permission denied for (?P<kind>.*) (?P<name>\S+)$", words)
    kind, object_name = (found["kind"], found["name"]) if found else ("", "")
    if kind == "schema":
        right = "USAGE, CREATE" if verb == "CREATE" else "USAGE"
        return f"{right} on the schema", f"GRANT {right} ON SCHEMA {_quote_again(object_name)} TO {grantee}"
    if kind == "database":
        return "CREATE on the database", f"GRANT CREATE ON DATABASE {_quote_again(object_name)} TO {grantee}"
    if kind in ("table", "view", "materialized view", "foreign table", "relation"):
        right = verb if verb in ("INSERT", "UPDATE", "DELETE") else "SELECT"
        return f"{right} on the {kind}", f"GRANT {right} ON {_qualified(object_name, sql)} TO {grantee}"
    return "see the reason", f"GRANT … TO {grantee}"


def _qualified(table: str, sql: str) -> str:
    """Return a table with the schema that it has in the statement."""
    bare = table.strip('"')
    place = re.search(rf'((?:"(?:[^"]|"")+"|\w+)\.)"?{re.escape(bare)}"?(?!\w)', sql)
    return f"{place[1]}{name(bare)}" if place else name(bare)


def _quote_again(text: str) -> str:
    return name(text.strip('"'))


def _verb(sql: str) -> str:
    words = re.sub(r"/\*.*?\*/", "", sql).split()
    return words[0].upper() if words else ""


def _quote_start(sql: str) -> str:
    """Return the beginning of a statement, up to its first value."""
    text = " ".join(re.sub(r"/\*.*?\*/", "", sql).split("'")[0].split())
    return f"`{text[:80]}{'…' if len(text) > 80 else ''}`"


def _hint(state: str) -> str:
    if state in DEPENDENT:
        return "Drop what depends on our table (the reason names it). Create it again after the next run."
    if state == _READ_ONLY:
        return "The server or this command only reads. Use a command and a server that can write."
    if state in _CANCELLED:
        return "Run again: nothing is lost. Locks and `statement_timeout` are the usual causes."
    return "The reason comes from Postgres. Disk space, limits and types are the usual causes."
