"""Which users a request was refused for, by the identifiers in its body and its reply. Knows no endpoint."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.http.call import rows_of
from reverse_etl.sandbox.http.replies import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.http.replies import Reply

MOST_IDENTIFIERS: Final = 1000
_NAMES: Final = ("email", "userId", "currentEmail", "currentUserId", "sourceEmail", "sourceUserId")
# Endings of the arrays in which bulk replies name rows that failed. Rows that were skipped on purpose are no failures.
_ENDINGS: Final = ("Emails", "UserIds", "EmailFailures", "UserIdFailures")
_SKIPPED: Final = ("noOpEmails", "noOpUserIds")


def refused_identifiers(call: Call, reply: Reply) -> tuple[str, ...]:
    """Return e-mails and userIds, each once and at most MOST_IDENTIFIERS, that the reply refused."""
    if not call.raw and "/api/users/" not in call.path:
        return ()
    found = _identifiers_sent(call) if reply.status >= 400 else _identifiers_named(reply)
    return tuple(islice(dict.fromkeys(found), MOST_IDENTIFIERS))


def _identifiers_sent(call: Call) -> Iterator[str]:
    if not call.raw:
        yield from call.arguments
        return
    try:
        body = call.body
    except Refusal:
        return
    for row in (body, body.get("user"), *rows_of(body)):
        if isinstance(row, dict):
            yield from (value for name in _NAMES if isinstance(value := row.get(name), str) and value)


def _identifiers_named(reply: Reply) -> Iterator[str]:
    if reply.status != 200 or reply.media_type != "application/json":
        return
    body = orjson.loads(reply.body)
    if isinstance(body, dict):
        inner = body.get("failedUpdates")
        for members in (body, inner if isinstance(inner, dict) else {}):
            yield from _names_in(members)


def _names_in(members: dict[str, Any]) -> Iterator[str]:
    for name, values in members.items():
        if name.endswith(_ENDINGS) and name not in _SKIPPED and isinstance(values, list):
            yield from (value for value in values if isinstance(value, str))
