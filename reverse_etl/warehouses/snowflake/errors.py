"""Turns errors of Snowflake's connector into ours: what is wrong, where, what to do; never a value or a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.snowflake.identifiers import parts
from reverse_etl.warehouses.snowflake.profile import ProfileOptions

# Numbers of Snowflake's errors: docs.snowflake.com lists some of them, reports of users the others.
_MISSING = (2003, 2043, 904)
_DENIED = (3001,)
_NO_WAREHOUSE = (606,)
_CANCELLED = {604: "it was cancelled", 630: "it took longer than its time limit", 625: "it waited for a lock too long"}
# Errors of ended sessions, and the range of numbers that the connector uses for network failures.
_LOST = (390104, 390111, 390112, 390114, 390195)
_NETWORK = range(250_000, 251_000)
# Errors that quote values of rows: conversions, constraints and merges.
_VALUES = re.compile(r"'[^']*'|\[[^\]]*\]|(?<=value )\S+")
_QUOTED_NAMES = (*_MISSING, *_DENIED, *_NO_WAREHOUSE, *_CANCELLED)
_OBJECT = re.compile(r"(?:operate on|on) (?P<kind>[\w ]+?) '(?P<name>[^']+)'")


@dataclass(frozen=True)
class ServerMessage:
    """An error of the connector. `connection_lost`: it could not reach the server, or its session is gone."""

    number: int
    words: str
    query_id: str = ""
    connection_lost: bool = False

    @property
    def is_lost(self) -> bool:
        return self.connection_lost or self.number in _LOST or self.number in _NETWORK

    @property
    def reason(self) -> str:
        """The message without the values of rows."""
        lines = self.words.strip().splitlines() or ["no reason given"]
        if self.number in _QUOTED_NAMES or self.is_lost:
            return " ".join(lines)
        return _VALUES.sub("'…'", lines[0])


def refusal(said: ServerMessage, sql: str, profile: ProfileOptions) -> WarehouseError:
    """Return the error of a failed statement."""
    facts = {"reason": profile.without_secrets(said.reason), **({"query": said.query_id} if said.query_id else {})}
    if said.is_lost:
        return WarehouseError(
            "connection-lost",
            f"the connection to Snowflake was lost during {_quote_start(sql)}",
            context={**facts, **profile.public_facts},
            hint="Run again: nothing is lost. If it happens again, check the network and status.snowflake.com.",
        )
    if said.number in _MISSING:
        return _missing(facts, sql, profile)
    if said.number in _DENIED:
        return _denied(said, facts, sql, profile)
    if said.number in _NO_WAREHOUSE:
        return WarehouseError(
            "no-virtual-warehouse",
            "the dbt target has no virtual warehouse to run statements",
            context={**facts, **profile.public_facts},
            hint="Name one as `warehouse` of the target in profiles.yml, and ask its owner to run:"
            f" GRANT USAGE ON WAREHOUSE <warehouse> TO ROLE {profile.grantee};",
        )
    return WarehouseError(
        "statement-cancelled" if said.number in _CANCELLED else "snowflake-error",
        f"Snowflake refused {_quote_start(sql)}"
        + (f": {_CANCELLED[said.number]}" if said.number in _CANCELLED else ""),
        context={**facts, "number": said.number},
        hint="Run again: nothing is lost. Usual causes: STATEMENT_TIMEOUT_IN_SECONDS, and statements that hold a lock."
        if said.number in _CANCELLED
        else "The reason comes from Snowflake. The query's page in Snowsight shows more.",
    )


def not_opened(words: str, profile: ProfileOptions, tries: int) -> WarehouseError:
    """Return the error of a connection that could not be opened."""
    reason = " ".join(profile.without_secrets(words).split()) or "none given"
    return WarehouseError(
        "database-not-opened",
        "Snowflake could not be reached, or refused the sign-in",
        context={"reason": reason, **profile.public_facts, "tries": tries},
        hint="`dbt debug` uses the same profile: correct the target in profiles.yml, or the user's rights.",
    )


def read_only(sql: str) -> WarehouseError:
    """Return the error of a read-only command that came to a statement that writes."""
    return WarehouseError(
        "read-only",
        f"this command only reads, but {_quote_start(sql)} writes",
        context={"statement": _quote_start(sql)},
        hint="Use `reverse-etl run` to write.",
    )


def schema_denied(schema: str, error: WarehouseError, profile: ProfileOptions) -> WarehouseError:
    """Return the error of a missing schema that the role cannot create."""
    return WarehouseError(
        "permission-denied",
        f"the schema {schema} of the tables of reverse-etl does not exist, and {profile.grantee} cannot create it",
        context={**error.context, "right": "CREATE SCHEMA on the database"},
        hint=f"Ask the owner of the database to run: CREATE SCHEMA {schema}; GRANT OWNERSHIP ON SCHEMA {schema} TO ROLE"
        f" {profile.grantee};",
    )


def to_see(relation: str, profile: ProfileOptions) -> str:
    """Snowflake does not distinguish missing from hidden tables. `relation` is a qualified name."""
    database, schema, _ = (*parts(relation), "<database>", "<schema>", "")[:3]
    return (
        f"If it exists, ask its owner to run: GRANT USAGE ON DATABASE {database} TO ROLE {profile.grantee};"
        f" GRANT USAGE ON SCHEMA {database}.{schema} TO ROLE {profile.grantee};"
        f" GRANT SELECT ON TABLE {relation} TO ROLE {profile.grantee}; (ON VIEW where it is one)"
    )


def _missing(facts: dict[str, str], sql: str, profile: ProfileOptions) -> WarehouseError:
    """Snowflake does not distinguish missing from hidden objects."""
    return WarehouseError(
        "relation-not-found",
        "a table or column of a statement does not exist, or is not visible to this role",
        context={**facts, "statement": _quote_start(sql)},
        hint="Run `dbt build`. If it exists, ask its owner to run:"
        f" GRANT SELECT ON <table> TO ROLE {profile.grantee}; and GRANT USAGE on its schema and database.",
    )


def _denied(said: ServerMessage, facts: dict[str, str], sql: str, profile: ProfileOptions) -> WarehouseError:
    found = _OBJECT.search(said.words)
    kind, name = (found["kind"], found["name"]) if found else ("object", "<object>")
    right = _right(kind, sql)
    statement = (
        f"GRANT OWNERSHIP ON {kind.upper()} {name} TO ROLE {profile.grantee} COPY CURRENT GRANTS"
        if right == "OWNERSHIP"
        else f"GRANT {right} ON {kind.upper()} {name} TO ROLE {profile.grantee}"
    )
    return WarehouseError(
        "permission-denied",
        f"{profile.grantee} lacks a right for {_quote_start(sql)}",
        context={**facts, "right": f"{right} on the {kind}", "statement": _quote_start(sql)},
        hint=f"Ask a person who can grant it to run: {statement};",
    )


def _right(kind: str, sql: str) -> str:
    """Return the right that a statement needs on an object of that kind."""
    words = [*re.sub(r"/\*.*?\*/", "", sql).upper().split(), "", ""]
    verb = words[0]
    if kind == "schema":
        return "USAGE, CREATE TABLE" if verb == "CREATE" else "USAGE"
    if kind == "database":
        return "USAGE, CREATE SCHEMA" if verb == "CREATE" else "USAGE"
    if kind == "warehouse":
        return "USAGE"
    if verb in ("ALTER", "DROP") or words[:3] == ["CREATE", "OR", "REPLACE"]:
        return "OWNERSHIP"
    return {"UPDATE": "SELECT, UPDATE", "DELETE": "SELECT, DELETE", "MERGE": "SELECT, INSERT, UPDATE"}.get(
        verb, "INSERT" if verb == "INSERT" else "SELECT"
    )


def _quote_start(sql: str) -> str:
    """Return the beginning of a statement, up to its first value."""
    text = " ".join(re.sub(r"/\*.*?\*/", "", sql).split("'")[0].split())
    return f"`{text[:80]}{'…' if len(text) > 80 else ''}`"
