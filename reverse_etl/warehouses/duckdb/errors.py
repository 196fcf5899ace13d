"""What DuckDB says, as our errors: what is wrong, where, what to do; never a value of a row or a secret."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reverse_etl.errors import OUT_OF_MEMORY, ConfigError, ReverseEtlError, WarehouseError

_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")
_DENIED = re.compile(r'"(?P<path>[^"]*)": Permission denied')
_FULL = re.compile(r"Could not write|No space left|disk is full|failed to offload", re.IGNORECASE)
# The second one is about a batch of the result, which holds no more than two gigabytes of texts.
_TOO_LARGE = re.compile(r"Out of Memory Error|maximum total string size", re.IGNORECASE)
# The driver's errors whose words quote values.
_QUOTING = {"ConversionException", "OutOfRangeException", "InvalidInputException", "ConstraintException"}
_READ_ONLY = "attached in read-only mode"
# What follows an address and may hold a token, and secrets in addresses and connection strings.
_AFTER = re.compile(r"""\?[^\s"'?=]*=[^\s"']*""")
_SIGNED_IN = re.compile(r"""(?<=://)[^\s"'/@]*(?=@)""")
_NAMED = re.compile(r"""((?:password|passwd|token|secret)\s*=\s*)('[^']*'|[^\s"'&;]+)""", re.IGNORECASE)
# What only binding finds missing: columns, and in drivers before 2.0 databases.
_MISSING = re.compile(
    r'(column|Values list) .*(not found|does not have)|does not have a column|Catalog ".*" does not exist',
    re.IGNORECASE,
)


def shown(text: object) -> str:
    """A path or a driver's words, without the secrets that may be in them."""
    return _NAMED.sub(r"\1****", _SIGNED_IN.sub("****", _AFTER.sub("", str(text).strip())))


def refusal(error: Exception, sql: str, path: str) -> WarehouseError:
    """A statement that failed."""
    kind = type(error).__name__
    no_function = "Function with name" in str(error)
    if (kind == "CatalogException" and not no_function) or (kind == "BinderException" and _MISSING.search(str(error))):
        return WarehouseError(
            "relation-not-found",
            "a table or column of a statement does not exist",
            context={"reason": _without_values(error)},
            hint="Run `dbt build`, then try again.",
        )
    reason = _without_values(error)
    if denied := _DENIED.search(reason):
        return _denied(denied["path"], _begun(sql), reason)
    if _TOO_LARGE.search(reason) and not _FULL.search(reason):
        return WarehouseError(
            OUT_OF_MEMORY,
            f"DuckDB has too little memory for {_begun(sql)}",
            context={"reason": reason.partition("\n")[0], "file": shown(path)},
            hint="Set `memory_limit` to more, as in `REVERSE_ETL_MEMORY_LIMIT=2GB`: DuckDB reads about 2,000 rows of a"
            " model at once, and may need three times their size. Or send fewer fields in one sync.",
        )
    return WarehouseError(
        "duckdb-error",
        f"DuckDB refused {_begun(sql)}",
        context={"reason": reason, "file": shown(path)},
        hint=_hint(reason),
    )


def naming_unapplied(error: WarehouseError, fields: Sequence[str]) -> WarehouseError:
    """The same error, with the fields of the profile that only dbt can apply: a view may need them."""
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
    """The profile names no file."""
    return ConfigError(
        "memory-database",
        "the dbt target keeps its tables in memory, so they are gone after dbt ends",
        context={"path": path},
        hint="Give the target a `path:` to a DuckDB file in profiles.yml.",
    )


def missing_file(path: str) -> ConfigError:
    """There is no file where the profile says."""
    return ConfigError(
        "missing-database",
        f"there is no DuckDB file {shown(path)}",
        context={"path": shown(path)},
        hint="Run `dbt build` first, or correct `path:` of the target in profiles.yml. A relative path begins at the"
        " working directory, as with dbt.",
    )


def not_opened(path: str, error: Exception, waited: float) -> ReverseEtlError:
    """The file was not opened: another process holds it, or what is there is no file for us."""
    reason = shown(error)
    if holder := _HOLDER.search(reason):
        return WarehouseError(
            "database-locked",
            f"the DuckDB file {shown(path)} is held by process {holder['pid']}",
            context={"program": holder["program"], "waited": f"{waited:g} s"},
            hint=f"End process {holder['pid']} or wait for it, then run again; REVERSE_ETL_LOCK_WAIT sets how long.",
        )
    if denied := _DENIED.search(reason):
        return _denied(denied["path"], "opening the file", reason)
    return WarehouseError(
        "database-not-opened",
        f"the DuckDB file {shown(path)} could not be opened",
        context={"reason": reason},
        hint="Check that the file is a DuckDB database of a version this driver reads, and its rights.",
    )


def setting_refused(name: str, error: Exception) -> WarehouseError:
    """A setting of the profile that DuckDB does not take. Its value may be a secret."""
    return WarehouseError(
        "setting-refused",
        f"DuckDB refused the setting `{shown(name)}` of the profile",
        context={"setting": shown(name), "reason": type(error).__name__},
        hint="Correct `settings:` of the target in profiles.yml; `dbt debug` checks it.",
    )


def secret_refused(name: str, error: Exception) -> WarehouseError:
    """A secret of the profile that DuckDB does not make. The driver may repeat its values."""
    return WarehouseError(
        "setting-refused",
        f"DuckDB refused the secret `{shown(name)}` of the profile",
        context={"secret": shown(name), "reason": type(error).__name__},
        hint="Correct `secrets:` of the target in profiles.yml, or install the extension that it needs; `dbt debug`"
        " checks it.",
    )


def extension_refused(statement: str, error: Exception) -> WarehouseError:
    """An extension of the profile that cannot be loaded."""
    return WarehouseError(
        "extension-not-loaded",
        f"DuckDB could not do `{statement}`, which the profile asks for",
        context={"reason": shown(error)},
        hint="Correct `extensions:` of the target in profiles.yml, or install the extension; `dbt debug` checks it.",
    )


def not_attached(path: str, error: Exception, waited: float) -> ReverseEtlError:
    """One of the databases that the profile attaches is not there, is held, or needs what is not installed."""
    if _HOLDER.search(str(error)):
        return not_opened(path, error, waited)
    return WarehouseError(
        "database-not-attached",
        f"{shown(path)}, which the profile attaches, could not be read",
        context={"reason": shown(error)},
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
    """The beginning of a statement, up to its first value."""
    text = " ".join(re.sub(r"/\*.*?\*/", "", sql).split("'")[0].split())
    return f"`{text[:80]}{'…' if len(text) > 80 else ''}`" if text else "a statement"


def _hint(reason: str) -> str:
    if _READ_ONLY in reason:
        return "This command lets nothing be written: run it where it may write."
    if _FULL.search(reason):
        return "Free disk space, then run again: nothing is lost."
    return "The reason is DuckDB's own; free disk space, rights and the file's state are the usual causes."


def _without_values(error: Exception) -> str:
    """What DuckDB says, without the values of rows that it quotes, and without the statement that it repeats."""
    said = shown(error).split("\n\nLINE ")[0]
    if type(error).__name__ in _QUOTING and _READ_ONLY not in said:
        return re.sub(r"""'.*'|".*"|(?<=value )\S+""", "'…'", said.splitlines()[0])
    return said
