"""What a reply means for its whole request: a table from status and code to read, split, retry or stop.

Statuses and codes: support article 39629320560148 (API Response Codes) and the Swagger document.
"""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.destinations.replies import UNTRUSTED, Action, ReplyDecision, kebab_case
from reverse_etl.destinations.request import Reply

BATCH_TOO_LARGE = "BatchTooLarge"
# Documented as refused before anything is applied. Any other 400 may have been applied in part.
_CHECKED_FIRST = {
    "BadJsonBody",
    "BadParams",
    BATCH_TOO_LARGE,
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


def classify_reply(reply: Reply) -> ReplyDecision:
    """Return what to do with one reply. The status decides; the code only refines it."""
    decision = _classify(reply)
    return replace(decision, too_many_rows=True) if reply.code == BATCH_TOO_LARGE else decision


def _classify(reply: Reply) -> ReplyDecision:
    status = reply.status
    if reply.untrusted:
        return ReplyDecision(Action.STOP, code=UNTRUSTED)
    if status == 0:
        return ReplyDecision(Action.RETRY, applied=reply.sent, code="no-reply")
    if status in (200, 201, 202):
        return ReplyDecision(Action.READ)
    if status == 429:
        return ReplyDecision(Action.WAIT, code="rate-limited")
    if status >= 500 or status == 408:
        # A check of the body fails again with the same body. Nothing documents that it comes first with such a status.
        again = ReplyDecision(Action.RETRY, applied=True, code=f"http-{status}")
        checked = {**dict.fromkeys(_CHECKED_FIRST, Action.SPLIT), **dict.fromkeys(_STOPPING, Action.STOP)}
        action = checked.get(reply.code)
        return again if action is None else ReplyDecision(action, applied=True, code=kebab_case(reply.code))
    return _refusal(status, reply.code)


def _refusal(status: int, code: str) -> ReplyDecision:
    if status in (400, 409, 413, 422):
        if code in _STOPPING:
            return ReplyDecision(Action.STOP, code=kebab_case(code))
        known = code in _CHECKED_FIRST or status == 413
        return ReplyDecision(Action.SPLIT, applied=not known, code=kebab_case(code) or f"http-{status}")
    if status in _TURNED_AWAY:
        return ReplyDecision(Action.STOP, code=_TURNED_AWAY[status])
    return ReplyDecision(Action.STOP, applied=True, code="redirected" if 300 <= status < 400 else f"http-{status}")
