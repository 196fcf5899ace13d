"""Turns DuckDB's errors into ours: what is wrong, where, what to do; never a value of a row or a secret."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reverse_etl.errors import OUT_OF_MEMORY, ConfigError, ReverseEtlError, WarehouseError

_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")
_DENIED = re.compile(r'"(?P<path>[^"]*)": Permission denied')
_FULL = re.compile(r"Could not write|No space left|disk is full|failed to offload", re.IGNORECASE)
# The second message is about a batch of the result, which holds at most two gigabytes of texts.
_TOO_LARGE = re.compile(r"Out of Memory Error|maximum total string size", re.IGNORECASE)
# Errors of the driver that quote values.
_QUOTING = {"ConversionException", "OutOfRangeException", "InvalidInputException", "ConstraintException"}
_READ_ONLY = "attached in read-only mode"
# Text after an address that may hold a token, and secrets in addresses and connection strings.
_AFTER = re.compile(r"""\?[^\s"'?=]*=[^\s"']*""")
_SIGNED_IN = re.compile(r"""(?<=://)[^\s"'/@]*(?=@)""")
_NAMED = re.compile(r"""((?:password|passwd|token|secret)\s*=\s*)('[^']*'|[^\s"'&;]+)""", re.IGNORECASE)
# What only binding finds missing: columns, and in drivers before 2.0 databases.
_MISSING = re.compile(
    r'(column|Values list) .*(not found|does not have)|does not have a column|Catalog ".*" does not exist',
    re.IGNORECASE,
)


def without_secrets(text: object) -> str:
    """Return a path or an error text without the secrets that may be in it."""
    return _NAMED.sub(r"\1****", _SIGNED_IN.sub("****", _AFTER.sub("", str(text).strip())))


def refusal(error: Exception, sql: str, path: str) -> WarehouseError:
    """Return the error of a failed statement."""
    kind = type(error).__name__
    no_function = "Function with name" in str(error)
    if (kind == "CatalogException" and not no_function) or (kind == "BinderException" and _MISSING.search(str(error))):
        return WarehouseError(
            "relation-not-found",
            "a table or column of a statement does not exist",
            context={"reason": _without_values(error)},
            hint="Run `dbt build` and try again.",
        )
    reason = _without_values(error)
    if denied := _DENIED.search(reason):
        return _denied(denied["path"], _begun(sql), reason)
    if _TOO_LARGE.search(reason) and not _FULL.search(reason):
        return WarehouseError(
            OUT_OF_MEMORY,
            f"DuckDB has too little memory for {_begun(sql)}",
            context={"reason": reason.partition("\n")[0], "file": without_secrets(path)},
            hint="Set `memory_limit` to more, as in `REVERSE_ETL_MEMORY_LIMIT=2GB`: DuckDB reads about 2,000 rows of a"
            " model at once, and may need three times their size. Or send fewer fields in one sync.",
        )
    return WarehouseError(
        "duckdb-error",
        f"DuckDB refused {_begun(sql)}",
        context={"reason": reason, "file": without_secrets(path)},
        hint=_hint(reason),
    )


def naming_unapplied(error: WarehouseError, fields: Sequence[str]) -> WarehouseError:
    """Return the same error, with the fields of the profile that only dbt can apply: a view may need them."""
    if not fields or error.code not in ("relation-not-found", "duckdb-error"):
        return error
    names = " and ".join(f"`{name}`" for name in fields)
    return WarehouseError(
        error.code,
        error.message,
        context={**error.context, "not applied": f"{names} of the profile"},
        hint=f"{error.hint} Only dbt applies {names}: if the model is a view that needs them, build it as a table.",
    )


def in_memory(path: str) -> ConfigError:
    """Return the error of a profile that names no file."""
    return ConfigError(
        "memory-database",
        "the dbt target keeps its tables in memory, so they are gone after dbt ends",
        context={"path": path},
        hint="Give the target a `path:` to a DuckDB file in profiles.yml.",
    )


def missing_file(path: str) -> ConfigError:
    """Return the error of a profile whose file does not exist."""
    return ConfigError(
        "missing-database",
        f"there is no DuckDB file {without_secrets(path)}",
        context={"path": without_secrets(path)},
        hint="Run `dbt build` first, or correct `path:` of the target in profiles.yml. A relative path starts at the"
        " working directory, as in dbt.",
    )


def not_opened(path: str, error: Exception, waited: float) -> ReverseEtlError:
    """Return the error of a file that cannot be opened: another process holds it, or it is not usable."""
    reason = without_secrets(error)
    if holder := _HOLDER.search(reason):
        return WarehouseError(
            "database-locked",
            f"process {holder['pid']} has locked the DuckDB file {without_secrets(path)}",
            context={"program": holder["program"], "waited": f"{waited:g} s"},
            hint=f"End process {holder['pid']} or wait for it, then run again; REVERSE_ETL_LOCK_WAIT sets how long.",
        )
    if denied := _DENIED.search(reason):
        return _denied(denied["path"], "opening the file", reason)
    return WarehouseError(
        "database-not-opened",
        f"the DuckDB file {without_secrets(path)} could not be opened",
        context={"reason": reason},
        hint="Check that this user can read the file, and that it is a DuckDB database for this driver's version.",
    )


def setting_refused(name: str, error: Exception) -> WarehouseError:
    """Return the error of a setting that DuckDB refused. Its value may be a secret."""
    return WarehouseError(
        "setting-refused",
        f"DuckDB refused the setting `{without_secrets(name)}` of the profile",
        context={"setting": without_secrets(name), "reason": type(error).__name__},
        hint="Correct `settings:` of the target in profiles.yml; `dbt debug` checks it.",
    )


def secret_refused(name: str, error: Exception) -> WarehouseError:
    """Return the error of a secret that DuckDB refused. The driver may repeat its values."""
    return WarehouseError(
        "setting-refused",
        f"DuckDB refused the secret `{without_secrets(name)}` of the profile",
        context={"secret": without_secrets(name), "reason": type(error).__name__},
        hint="Correct `secrets:` of the target in profiles.yml, or install the extension that it needs; `dbt debug`"
        " checks it.",
    )


def extension_refused(statement: str, error: Exception) -> WarehouseError:
    """Return the error of an extension that cannot be loaded."""
    return WarehouseError(
        "extension-not-loaded",
        f"DuckDB could not run `{statement}`, which the profile needs",
        context={"reason": without_secrets(error)},
        hint="Correct `extensions:` of the target in profiles.yml, or install the extension; `dbt debug` checks it.",
    )


def not_attached(path: str, error: Exception, waited: float) -> ReverseEtlError:
    """Return the error of an attached database that is missing or locked, or that needs something to be installed."""
    if _HOLDER.search(str(error)):
        return not_opened(path, error, waited)
    return WarehouseError(
        "database-not-attached",
        f"{without_secrets(path)}, which the profile attaches, could not be read",
        context={"reason": without_secrets(error)},
        hint="Correct `attach:` of the target in profiles.yml; `dbt debug` checks it.",
    )


def _denied(path: str, doing: str, reason: str) -> WarehouseError:
    """DuckDB writes a second file next to the database, so the folder must be writable too."""
    folder = path.endswith(".wal")
    right = "writing in the folder of the file" if folder else "reading and writing the file"
    place = path[: path.rindex("/")] if folder else path
    return WarehouseError(
        "permission-denied",
        f"this user lacks a right for {doing}",
        context={"reason": reason, "right": right, "statement": doing},
        hint=f"Ask the owner of {place} for that right, or run as a user who has it.",
    )


def _begun(sql: str) -> str:
    """Return the beginning of a statement, up to its first value."""
    text = " ".join(re.sub(r"/\*.*?\*/", "", sql).split("'")[0].split())
    return f"`{text[:80]}{'…' if len(text) > 80 else ''}`" if text else "a statement"


def _hint(reason: str) -> str:
    if _READ_ONLY in reason:
        return "This command only reads. Use a command that can write, such as `reverse-etl run`."
    if _FULL.search(reason):
        return "Free disk space, then run again: nothing is lost."
    return "The reason comes from DuckDB. Disk space, rights and the state of the file are the usual causes."


def _without_values(error: Exception) -> str:
    """Return DuckDB's error text without the values of rows and without the statement that it repeats."""
    said = without_secrets(error).split("\n\nLINE ")[0]
    if type(error).__name__ in _QUOTING and _READ_ONLY not in said:
        return re.sub(r"""'.*'|".*"|(?<=value )\S+""", "'…'", said.splitlines()[0])
    return said
