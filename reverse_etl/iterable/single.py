"""Single: requests that are about one user each, and what their replies of success and refusal say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.iterable.base import Operation, Reading, Reply, Request, Sense
from reverse_etl.iterable.lookup import UNKNOWN_USER

# Statuses 400 and 409 come with the first; support article 39629320560148 lists a forgotten user under both.
_CODES: Mapping[str, tuple[Status, str, str]] = {
    "ForgottenUserError": (
        Status.REJECTED,
        "forgotten-user",
        "the user was forgotten on request and is never sent again",
    ),
    "EmailAlreadyExists": (Status.REJECTED, "identity-conflict", "the new e-mail belongs to another user"),
    "UserIdAlreadyExists": (Status.REJECTED, "identity-conflict", "the new user id belongs to another user"),
    "ExternalKeyConflict": (Status.REJECTED, "identity-conflict", "the identifier belongs to another user"),
    "UnknownEmailError": (Status.SKIPPED, UNKNOWN_USER, "Iterable has no such user"),
    "UnknownUserIdError": (Status.SKIPPED, UNKNOWN_USER, "Iterable has no such user"),
    "InvalidEmailAddressError": (Status.REJECTED, "invalid-identifier", "Iterable takes the e-mail for malformed"),
    "InvalidUserIdError": (Status.REJECTED, "invalid-identifier", "Iterable takes the user id for malformed"),
}


@dataclass(frozen=True)
class Single(Operation):
    """One row a request, which is the row's JSON; answered by Iterable's simple envelope."""

    max_rows: int = 1

    def build(self, changes: Sequence[Change]) -> Request:
        return Request(self.endpoint, self.endpoint.path, changes[0].body)

    def read(self, changes: Sequence[Change], reply: Reply) -> Reading:
        del changes
        return Reading(Sense.CERTAIN if is_success(reply) else Sense.MALFORMED)

    def refused_alone(self, change: Change, reply: Reply) -> Outcome | None:
        return refusal_of(change, reply)


def is_success(reply: Reply) -> bool:
    """Whether a 2xx reply is the envelope of success."""
    return isinstance(reply.body, dict) and reply.code in ("Success", "Accepted")


def refusal_of(change: Change, reply: Reply) -> Outcome | None:
    """What a 4xx says of the one user it is about; None where it says nothing of a user."""
    absent = Outcome(change.ordinal, *_CODES["UnknownUserIdError"]) if is_absent(reply) else None
    return coded_refusal(change, reply) or absent


def coded_refusal(change: Change, reply: Reply) -> Outcome | None:
    """What the code of a 4xx says of the user of a row; None where it says nothing of a user."""
    known = _CODES.get(reply.code)
    return None if known is None else Outcome(change.ordinal, *known)


def is_absent(reply: Reply) -> bool:
    """Whether a refusal says that there is no such user: a code in some cases, words alone in others."""
    message = reply.body.get("msg") if isinstance(reply.body, dict) else reply.text
    return reply.status == 400 and reply.code in ("BadParams", "", "Success") and "exist" in str(message).lower()
