"""Requests about one user each, and the meaning of their replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from reverse_etl.change import FORGOTTEN_USER, Change, Outcome, Status
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.operation import BatchResult, Clarity, Operation
from reverse_etl.destinations.request import Reply, Request

FORGOTTEN = "the row is about a user who was forgotten on request"
_FOR_GOOD = "the user was forgotten on request and is never sent again"
# Statuses 400 and 409 come with the first; support article 39629320560148 lists a forgotten user under both.
_CODES: Mapping[str, tuple[Status, str, str]] = {
    "ForgottenUserError": (Status.REJECTED, FORGOTTEN_USER, FORGOTTEN),
    "EmailAlreadyExists": (Status.REJECTED, "identity-conflict", "the new e-mail belongs to another user"),
    "UserIdAlreadyExists": (Status.REJECTED, "identity-conflict", "the new user id belongs to another user"),
    "ExternalKeyConflict": (Status.REJECTED, "identity-conflict", "the identifier belongs to another user"),
    "UnknownEmailError": (Status.SKIPPED, UNKNOWN_USER, "Iterable has no such user"),
    "UnknownUserIdError": (Status.SKIPPED, UNKNOWN_USER, "Iterable has no such user"),
    "InvalidEmailAddressError": (Status.REJECTED, "invalid-identifier", "Iterable says that the e-mail is malformed"),
    "InvalidUserIdError": (Status.REJECTED, "invalid-identifier", "Iterable says that the user id is malformed"),
}


@dataclass(frozen=True)
class Single(Operation):
    """One row for each request, which is the row's JSON. The reply is Iterable's simple envelope."""

    max_rows: int = 1

    def build(self, changes: Sequence[Change]) -> Request:
        return Request(self.endpoint, self.endpoint.path, changes[0].body)

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        del changes
        return BatchResult(Clarity.CERTAIN if is_success(reply) else Clarity.MALFORMED)

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return refusal_of(change, reply)


def is_success(reply: Reply) -> bool:
    """Return whether a 2xx reply is the envelope of success."""
    return isinstance(reply.body, dict) and reply.code in ("Success", "Accepted")


def refusal_of(change: Change, reply: Reply) -> Outcome | None:
    """Return the outcome by a 4xx reply about one user; None if it says nothing of a user."""
    absent = Outcome(change.ordinal, *_CODES["UnknownUserIdError"]) if is_absent(reply) else None
    return coded_refusal(change, reply) or absent


def coded_refusal(change: Change, reply: Reply, *, one_user: bool = False) -> Outcome | None:
    """Return what the code of a 4xx says of a row's user; None if it says nothing of a user.

    A code names no user. `one_user`: the row's identity is the only user that the request is about.
    """
    known = _CODES.get(reply.code)
    if known is None:
        return None
    outcome = Outcome(change.ordinal, *known)
    return barring(outcome) if one_user and outcome.code == FORGOTTEN_USER else outcome


def names_one_user(change: Change) -> bool:
    """Return whether the row's identity is its only identifier of a user."""
    data = orjson.loads(change.body).get("dataFields") or {}
    return not any(data.get(name) for name in ("email", "userId"))


def barring(outcome: Outcome) -> Outcome:
    """Return the outcome of a row whose own identity is a forgotten user."""
    return replace(outcome, reason=_FOR_GOOD, bars_identity=True)


def is_absent(reply: Reply) -> bool:
    """Return whether a refusal says that there is no such user: by a code, or only in words."""
    message = reply.body.get("msg") if isinstance(reply.body, dict) else reply.text
    checked = reply.status == 400 or (reply.status >= 500 and reply.code == "BadParams")
    return checked and reply.code in ("BadParams", "", "Success") and "exist" in str(message).lower()
