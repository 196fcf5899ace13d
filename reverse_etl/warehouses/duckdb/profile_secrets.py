"""Reads secrets of a DuckDB target's profile as statements for one connection. They are never printed.

Fields: dbt-duckdb's README, "Secrets Manager". A persistent secret is created for the connection too: this program
writes nothing outside the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.duckdb.errors import secret_refused

# Words in DuckDB's errors if an address, a service or an extension refused access.
_KEPT_OUT = re.compile(r"://|secret|credential|extension|\bhttp", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_]\w*")
# A map may be written in DuckDB's own form.
_MAP = re.compile(r"map\s*\{[^;]*\}", re.IGNORECASE)
_OWN_PLACE = ("name", "type", "persistent")


def read_secrets(fields: Mapping[str, object], dialect: Dialect) -> tuple[tuple[str, str], ...]:
    """Return the name and the statement of each secret in the profile."""
    listed = fields.get("secrets")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    if fields.get("use_credential_provider") == "aws":
        entries.append({"type": "s3", "provider": "credential_chain"})
    return tuple(_statement(dialect, entry, number) for number, entry in enumerate(entries, 1))


def needs_secret(error: Exception) -> bool:
    """Return whether a statement may have failed because a secret was missing."""
    return _KEPT_OUT.search(str(error)) is not None


def make_secrets(connection: Any, secrets: Sequence[tuple[str, str]], error_type: type[Exception]) -> None:
    """Create the secrets in a connection. Raises WarehouseError without any value."""
    for name, statement in secrets:
        _make(connection, name, statement, error_type)


def _make(connection: Any, name: str, statement: str, error_type: type[Exception]) -> None:
    try:
        connection.execute(statement)
    except error_type as error:
        raise secret_refused(name, error) from None


def _statement(dialect: Dialect, entry: Mapping[str, Any], number: int) -> tuple[str, str]:
    name = str(entry.get("name") or f"_dbt_secret_{number}")
    options = ", ".join((f"TYPE {_plain(dialect, entry.get('type'))}", *_options(dialect, entry)))
    return name, f"CREATE OR REPLACE TEMPORARY SECRET {dialect.quote(name)} ({options})"


def _options(dialect: Dialect, entry: Mapping[str, Any]) -> Iterator[str]:
    for name, value in entry.items():
        if value is not None and name not in _OWN_PLACE and _WORD.fullmatch(str(name)):
            yield f"{name} {_plain(dialect, value) if name == 'provider' else _value(dialect, value)}"


def _plain(dialect: Dialect, value: object) -> str:
    return str(value) if _WORD.fullmatch(str(value)) else dialect.literal(str(value))


def _value(dialect: Dialect, value: object) -> str:
    if isinstance(value, dict):
        pairs = (f"{dialect.literal(str(key))}: {dialect.literal(str(inner))}" for key, inner in value.items())
        return f"MAP {{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(dialect.literal(str(inner)) for inner in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if _MAP.fullmatch(str(value)) else dialect.literal(str(value))
