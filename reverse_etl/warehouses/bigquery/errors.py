"""Turns errors of BigQuery and its driver into ours: what is wrong, where, what to do; never a value or a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.bigquery.quoting import literal, name

# BigQuery's error reasons: cloud.google.com/bigquery/docs/error-messages.
_BUSY = ("rateLimitExceeded", "jobRateLimitExceeded", "tableUnavailable")
_FAILING = ("backendError", "internalError", "jobBackendError", "jobInternalError")
_QUOTA = ("quotaExceeded", "billingTierLimitExceeded", *_BUSY[:2])
_CONCURRENT = re.compile(
    r"concurrent update|Could not serialize access|Too many DML statements outstanding", re.IGNORECASE
)
_MISSING = re.compile(r"Unrecognized name|Name \S+ not found inside|not found in FROM clause", re.IGNORECASE)
# Text after such words, or in quotes, may be a value of a row.
_VALUE = re.compile(r"""(?<=value: ).*|(?<=value ).*|"[^"]*"|'[^']*'""", re.DOTALL)
_QUOTES_VALUES = re.compile(
    r"\b(value|cast|convert|parse|overflow|invalid (date|time|number|bool)\w*)\b", re.IGNORECASE
)
_RIGHT = re.compile(r"(?:Permission |have )(bigquery\.[\w.]+) (?:denied|permission)")
_OBJECT = re.compile(r"(Table|Dataset|Project) ([\w.:-]+\w)")
# A permission, the smallest Google role that has it, and the level to grant it on.
_ROLES: Mapping[str, tuple[str, str]] = {
    "bigquery.jobs.create": ("roles/bigquery.jobUser", "project"),
    "bigquery.datasets.create": ("roles/bigquery.user", "project"),
    "bigquery.readsessions.create": ("roles/bigquery.readSessionUser", "project"),
    "bigquery.datasets.get": ("roles/bigquery.dataViewer", "dataset"),
    "bigquery.tables.get": ("roles/bigquery.dataViewer", "dataset"),
    "bigquery.tables.getData": ("roles/bigquery.dataViewer", "dataset"),
}
_WRITING = ("roles/bigquery.dataEditor", "dataset")


@dataclass(frozen=True)
class ServerMessage:
    """An error of a driver: BigQuery's reason, if any, and the message. `connection_lost`: no response came."""

    reason: str
    words: str
    connection_lost: bool = False

    @property
    def conflicts(self) -> bool:
        """Whether other statements were in the way. Nothing was done, and a retry can work."""
        return self.reason in _BUSY or bool(_CONCURRENT.search(self.words))

    @property
    def fails(self) -> bool:
        """Whether BigQuery itself failed; nothing was done."""
        return self.reason in _FAILING

    @property
    def redacted_words(self) -> str:
        """The message without the values of rows."""
        first = self.words.strip().splitlines()[0] if self.words.strip() else "no reason given"
        return _VALUE.sub("…", first) if _QUOTES_VALUES.search(first) and not self.denied else first

    @property
    def denied(self) -> bool:
        return self.reason == "accessDenied"


@dataclass(frozen=True)
class ErrorContext:
    """Where a statement ran: the projects of the data and of the jobs, and the signed-in account, if known.

    `scrubbed` removes secrets from a text.
    """

    project: str
    execution_project: str
    member: str = ""
    scrubbed: Callable[[str], str] = field(default=str, repr=False)

    @property
    def grantee(self) -> str:
        return self.member or "user:…"

    def clean(self, said: ServerMessage) -> ServerMessage:
        return replace(said, words=self.scrubbed(said.words))


def read_message(error: Any) -> ServerMessage:
    """Return what an exception of the driver reports. Its own text is not used: it may quote the statement."""
    found = getattr(error, "errors", None) or []
    first = found[0] if found and isinstance(found[0], Mapping) else {}
    words = str(first.get("message") or getattr(error, "message", "") or "")
    reason = str(first.get("reason") or _STATUS.get(getattr(error, "code", None), ""))
    return ServerMessage(
        reason, words or type(error).__name__, connection_lost=not first and not getattr(error, "code", None)
    )


_STATUS: Mapping[Any, str] = {403: "accessDenied", 404: "notFound", 409: "duplicate", 503: "backendError"}


def refusal(said: ServerMessage, sql: str, place: ErrorContext) -> WarehouseError:
    """Return the error of a failed statement."""
    said = place.clean(said)
    if said.connection_lost:
        return _connection_lost_error(said, sql)
    if said.reason == "notFound" or _MISSING.search(said.words):
        return WarehouseError(
            "relation-not-found",
            "a table or column of a statement does not exist",
            context={"reason": said.redacted_words, "statement": quote_start(sql)},
            hint="Run `dbt build` and try again. Check `location` of the target too: a statement cannot read datasets"
            " of other locations.",
        )
    if said.denied:
        return denied(said, sql, place)
    code, hint = _kind(said)
    return WarehouseError(
        code,
        f"BigQuery refused {quote_start(sql)}",
        context={"reason": said.redacted_words, "code": said.reason or "none", "project": place.execution_project},
        hint=hint,
    )


def _kind(said: ServerMessage) -> tuple[str, str]:
    if said.reason == "bytesBilledLimitExceeded":
        return (
            "limit-exceeded",
            "Raise `maximum_bytes_billed` of the target in profiles.yml, or make the model smaller.",
        )
    if said.conflicts and said.reason not in _BUSY[:2]:
        return "concurrent-update", "Run again: nothing is lost. Other statements kept writing to the same table."
    if said.reason in _QUOTA:
        return "quota-exceeded", "Run again later: nothing is lost. The project's quotas are in the Cloud console."
    if said.reason in ("stopped", "timeout"):
        return (
            "statement-cancelled",
            "Run again: nothing is lost. `job_execution_timeout_seconds` sets the time limit.",
        )
    if said.fails:
        return "bigquery-unavailable", "Run again: nothing is lost. BigQuery itself failed."
    return "bigquery-error", "The reason comes from BigQuery. Types and limits are the usual causes."


def denied(said: ServerMessage, sql: str, place: ErrorContext) -> WarehouseError:
    """Return the error of a missing permission, with the grant that gives it."""
    right, grant = _wanted(said, sql, place)
    return WarehouseError(
        "permission-denied",
        f"{place.member or 'the account that is signed in'} lacks a right for {quote_start(sql)}",
        context={"reason": said.redacted_words, "right": right, "statement": quote_start(sql)},
        hint=f"Ask a person who can grant it to run: {grant}",
    )


def schema_denied(said: ServerMessage, schema: str, place: ErrorContext) -> WarehouseError:
    """Return the error of a missing dataset that the account cannot create."""
    said = place.clean(said)
    statement = f"CREATE SCHEMA {name(place.project)}.{name(schema)}"
    role = _grant(*_WRITING, f"{place.project}.{schema}", place)
    return WarehouseError(
        "permission-denied",
        f"the dataset {place.project}.{schema} of our tables does not exist, and this account cannot create it",
        context={"reason": said.redacted_words, "right": "bigquery.datasets.create", "statement": statement},
        hint=f"Ask an owner of the project to run: {statement}; {role}",
    )


def _wanted(said: ServerMessage, sql: str, place: ErrorContext) -> tuple[str, str]:
    named = _RIGHT.search(said.words)
    query = re.search(r"permission to query", said.words)
    right = named[1] if named else "bigquery.tables.getData" if query else "see the reason"
    role, level = _ROLES.get(right, _WRITING)
    if right == "see the reason" and not _writes(sql):
        role, level = _ROLES["bigquery.tables.getData"]
    found = _OBJECT.search(said.words)
    where = found[2].replace(":", ".") if found else place.project
    if found and found[1] == "Table":
        where = where.rpartition(".")[0]
    return right, _grant(role, level, where, place)


def _grant(role: str, level: str, where: str, place: ErrorContext) -> str:
    if level == "project" or "." not in where:
        project = where if level == "project" and "." not in where else place.execution_project
        return f"gcloud projects add-iam-policy-binding {project} --member={place.grantee} --role={role}"
    dataset = ".".join(name(part) for part in where.split(".", 1))
    return f"GRANT {name(role)} ON SCHEMA {dataset} TO {literal(place.grantee)};"


def _connection_lost_error(said: ServerMessage, sql: str) -> WarehouseError:
    return WarehouseError(
        "connection-lost",
        f"the connection to BigQuery was lost during {quote_start(sql)}",
        context={"reason": said.redacted_words},
        hint="Run again: nothing is lost. If it happens again, check the network, the proxy and the sign-in.",
    )


def _writes(sql: str) -> bool:
    return not re.match(r"\s*(SELECT|WITH)\b", sql, re.IGNORECASE)


def quote_start(sql: str) -> str:
    """Return the beginning of a statement, up to its first value."""
    text = " ".join(sql.split("'", maxsplit=1)[0].split())
    return f"`{text[:80]}{'…' if len(text) > 80 else ''}`"
