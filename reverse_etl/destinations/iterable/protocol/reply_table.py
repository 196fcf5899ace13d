"""What a reply means for the request as a whole: one table from status and vendor code to read, split, retry or stop.

Statuses and codes: support article 39629320560148 (API Response Codes) and the Swagger document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from reverse_etl.destinations.request import Reply


class Action(Enum):
    """What to do with a reply."""

    READ = "read"  # 2xx: the body names the rows that failed
    SPLIT = "split"  # refused as a whole: halve it until the row at fault stands alone
    RETRY = "retry"  # a passing failure: the same bytes again
    WAIT = "wait"  # over the rate limit: not applied, again after a while
    STOP = "stop"  # no request of this run can work


@dataclass(frozen=True, slots=True)
class Verdict:
    """`applied`: whether Iterable may have applied the request although it did not say so.

    `pause`: seconds that pass at least before the same bytes go again.
    """

    action: Action
    applied: bool = False
    code: str = ""
    pause: float = 0.0


# Refused before anything is applied, documented as such. A 400 that is not here may have been applied in part.
_CHECKED_FIRST = {
    "BadJsonBody",
    "BadParams",
    "BatchTooLarge",
    "EmailAlreadyExists",
    "ForgottenUserError",
    "InvalidEmailAddressError",
    "InvalidUserIdError",
    "RequestFieldsTypesMismatched",
    "UnknownEmailError",
    "UnknownUserIdError",
    "UserIdAlreadyExists",
}
# Refused before anything is looked at. Any other status that is not documented leaves open whether it was applied.
_TURNED_AWAY = {401: "wrong-key", 403: "forbidden-key", 404: "unknown-endpoint"}
_STOPPING = {"UniqueFieldsLimitExceeded", "InvalidJwtPayload", "JwtUserIdentifiersMismatched"}


UNKNOWN_USER = "unknown-user"
UNREADABLE = "unreadable-reply"
UNTRUSTED = "certificate-not-verified"
UNTRUSTED_SAID = "the server's certificate does not prove that it is Iterable, so nothing was sent to it"
UNTRUSTED_HINT = (
    "If a proxy or gateway of yours answers for Iterable, set ITERABLE_CA_BUNDLE to the certificate of its authority."
    " Otherwise check ITERABLE_BASE_URL."
)


def verdict_of(reply: Reply) -> Verdict:
    """The verdict on one reply. The status decides; the code only refines it."""
    status = reply.status
    if reply.untrusted:
        return Verdict(Action.STOP, code=UNTRUSTED)
    if status == 0:
        return Verdict(Action.RETRY, applied=reply.sent, code="no-reply")
    if status in (200, 201, 202):
        return Verdict(Action.READ)
    if status == 429:
        return Verdict(Action.WAIT, code="rate-limited")
    if status >= 500 or status == 408:
        # A check of the body fails again with the same body. Nothing documents that it comes first with such a status.
        again = Verdict(Action.RETRY, applied=True, code=f"http-{status}")
        checked = {**dict.fromkeys(_CHECKED_FIRST, Action.SPLIT), **dict.fromkeys(_STOPPING, Action.STOP)}
        action = checked.get(reply.code)
        return again if action is None else Verdict(action, applied=True, code=kebab(reply.code))
    return _refusal(status, reply.code)


def _refusal(status: int, code: str) -> Verdict:
    if status in (400, 409, 413, 422):
        if code in _STOPPING:
            return Verdict(Action.STOP, code=kebab(code))
        known = code in _CHECKED_FIRST or status == 413
        return Verdict(Action.SPLIT, applied=not known, code=kebab(code) or f"http-{status}")
    if status in _TURNED_AWAY:
        return Verdict(Action.STOP, code=_TURNED_AWAY[status])
    return Verdict(Action.STOP, applied=True, code="redirected" if 300 <= status < 400 else f"http-{status}")


def kebab(code: str) -> str:
    """A vendor code as one of ours: `BadJsonBody` becomes `bad-json-body`; `Success` on an error says nothing."""
    if code in ("", "Success") or not code.isascii():
        return ""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", code[:80])
    return "-".join(words).lower()


def described(reply: Reply) -> str:
    """A reply that was no success, in a few words."""
    return f"Iterable answered with status {reply.status}" if reply.status else f"no answer ({reply.error})"
