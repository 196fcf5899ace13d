"""Reads from a DuckDB target's profile what each connection needs, as dbt-duckdb does. Opens no connection.

Fields: dbt-duckdb's README, "Configuring Your Profile". Relative paths are relative to the working directory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reverse_etl.warehouses.dialect import Dialect
from reverse_etl.warehouses.duckdb.errors import extension_refused, setting_refused
from reverse_etl.warehouses.duckdb.profile_secrets import read_secrets

# We set what limits our memory, and what would prevent such a limit.
_OURS = ("memory_limit", "max_memory", "preserve_insertion_order", "lock_configuration", "access_mode")
# These are code that runs in dbt's own process.
_OF_DBT = ("plugins", "filesystems")
_NAME = re.compile(r"[A-Za-z_]\w*")
# Drivers before 2.0 name the database; later ones name the schema with the database before it.
_NO_CATALOG = re.compile(r'(?:Catalog|schema) "((?:[^"]|"")+)" does not exist', re.IGNORECASE)
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True)
class Setup:
    """`settings` may hold secrets: never print their values. `attach` are databases in addition to the main one.

    `secrets` are names and statements. `unapplied` are names of fields that only dbt can apply.
    """

    settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    config: Mapping[str, object] = field(default_factory=dict, repr=False)
    extensions: Sequence[object] = ()
    attach: Sequence[Mapping[str, Any]] = ()
    secrets: Sequence[tuple[str, str]] = field(default=(), repr=False)
    unapplied: Sequence[str] = ()


def read_setup(fields: Mapping[str, object], working_dir: Path, dialect: Dialect) -> Setup:
    """Return the parts of a profile that dbt-duckdb applies to a connection."""
    attach, extensions = fields.get("attach"), fields.get("extensions")
    return Setup(
        _without_ours(fields.get("settings")),
        _without_ours(fields.get("config_options")),
        extensions if isinstance(extensions, list) else (),
        [_resolved(entry, working_dir) for entry in attach if isinstance(entry, dict)]
        if isinstance(attach, list)
        else (),
        read_secrets(fields, dialect),
        [name for name in _OF_DBT if fields.get(name)],
    )


def _resolved(entry: Mapping[str, Any], working_dir: Path) -> Mapping[str, Any]:
    """Return an entry of `attach` with the absolute path of its file; an address is unchanged."""
    path = str(entry.get("path", ""))
    return entry if _REMOTE.match(path) else {**entry, "path": str((working_dir / Path(path).expanduser()).resolve())}


def apply_setup(connection: Any, setup: Setup, dialect: Dialect, error_type: type[Exception]) -> None:
    """Set up a connection as dbt does before it builds, so that views return what dbt tested."""
    for extension in setup.extensions:
        _load(connection, extension, dialect, error_type)
    for name, statement in setting_statements(dialect, setup.settings):
        _apply(connection, name, statement, error_type)


def _load(connection: Any, extension: object, dialect: Dialect, error_type: type[Exception]) -> None:
    load, install = extension_statements(dialect, extension)
    try:
        connection.execute(load)
    except error_type:
        try:
            connection.execute(install)
            connection.execute(load)
        except error_type as error:
            raise extension_refused(load, error) from None


def _apply(connection: Any, name: str, statement: str, error_type: type[Exception]) -> None:
    try:
        connection.execute(statement)
    except error_type as error:
        raise setting_refused(name, error) from None


def setting_statements(dialect: Dialect, settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Return the name and the statement of each setting."""
    for name, value in settings.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield name, f"SET {name if _NAME.fullmatch(name) else dialect.quote(name)} = {dialect.literal(text)}"


def extension_statements(dialect: Dialect, extension: object) -> tuple[str, str]:
    """Return statements that load an extension, and that install it if it is missing."""
    entry = extension if isinstance(extension, dict) else {"name": extension}
    name = dialect.literal(str(entry.get("name", "")))
    repository = f" FROM {entry['repo']}" if _NAME.fullmatch(str(entry.get("repo") or "")) else ""
    return f"LOAD {name}", f"INSTALL {name}{repository}"


def attach_statement(dialect: Dialect, entry: Mapping[str, Any]) -> str:
    """Attach a database for reading, even if the profile allows writing."""
    alias = f" AS {dialect.quote(str(entry['alias']))}" if entry.get("alias") else ""
    options = {
        **_read_mapping(entry.get("options")),
        **{name: entry[name] for name in ("type", "secret") if entry.get(name)},
    }
    words = [_option(dialect, name.upper(), value) for name, value in options.items() if name.lower() != "read_only"]
    path = dialect.literal(str(entry.get("path", "")))
    return f"ATTACH IF NOT EXISTS {path}{alias} ({', '.join([*filter(None, words), 'READ_ONLY'])})"


def lacking_database(error: Exception, attach: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the entry of `attach` whose database a failed statement needed; None if it failed for another reason."""
    missing = _NO_CATALOG.search(str(error))
    if missing is None:
        return None
    name = f"{missing[1].replace(chr(34) * 2, chr(34)).lower()}."
    return next((entry for entry in attach if name.startswith(f"{database_name(entry).lower()}.")), None)


def needs_secrets(entry: Mapping[str, Any]) -> bool:
    """Return whether an attached database may need a sign-in."""
    return bool(entry.get("secret")) or _REMOTE.match(str(entry.get("path", ""))) is not None


def database_name(entry: Mapping[str, Any]) -> str:
    """Return the name of an attached database: its alias, or the name that DuckDB makes from its path."""
    file = str(entry.get("path", "")).split("?")[0].replace("\\", "/").rpartition("/")[2]
    return str(entry.get("alias") or file.rpartition(":")[2].lstrip(".").split(".")[0])


def _option(dialect: Dialect, name: str, value: object) -> str:
    if value is False or value is None or not _NAME.fullmatch(name):
        return ""
    bare = value is not True and _NAME.fullmatch(str(value))
    return name if value is True else f"{name} {value if bare else dialect.literal(str(value))}"


def _without_ours(value: object) -> dict[str, object]:
    return {name: setting for name, setting in _read_mapping(value).items() if name.lower() not in _OURS}


def _read_mapping(value: object) -> dict[str, object]:
    return {str(name): inner for name, inner in value.items()} if isinstance(value, dict) else {}
