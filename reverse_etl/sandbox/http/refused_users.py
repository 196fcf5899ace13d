"""Finds the users that a response refused, by the identifiers in the request and the response."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.endpoints.call import list_rows
from reverse_etl.sandbox.replies import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.replies import Reply

MAX_IDENTIFIERS: Final = 1000
_IDENTIFIER_MEMBERS: Final = ("email", "userId", "currentEmail", "currentUserId", "sourceEmail", "sourceUserId")
# Endings of the arrays in which bulk responses list failed rows. Rows skipped on purpose are no failures.
_FAILURE_ENDINGS: Final = ("Emails", "UserIds", "EmailFailures", "UserIdFailures")
_SKIPPED_ARRAYS: Final = ("noOpEmails", "noOpUserIds")


def find_refused_identifiers(call: Call, reply: Reply) -> tuple[str, ...]:
    """Return the e-mails and userIds that the reply refused, each once and at most MAX_IDENTIFIERS."""
    if not call.raw and "/api/users/" not in call.path:
        return ()
    identifiers = _iterate_sent(call) if reply.status >= 400 else _iterate_listed(reply)
    return tuple(islice(dict.fromkeys(identifiers), MAX_IDENTIFIERS))


def _iterate_sent(call: Call) -> Iterator[str]:
    """Yield the identifiers in a request."""
    if not call.raw:
        yield from call.arguments
        return
    try:
        body = call.body
    except Refusal:
        return
    for row in (body, body.get("user"), *list_rows(body)):
        if isinstance(row, dict):
            yield from (value for name in _IDENTIFIER_MEMBERS if isinstance(value := row.get(name), str) and value)


def _iterate_listed(reply: Reply) -> Iterator[str]:
    """Yield the identifiers of failed rows in a bulk response."""
    if reply.status != 200 or reply.media_type != "application/json":
        return
    body = orjson.loads(reply.body)
    if isinstance(body, dict):
        inner = body.get("failedUpdates")
        for members in (body, inner if isinstance(inner, dict) else {}):
            yield from _iterate_failure_arrays(members)


def _iterate_failure_arrays(members: dict[str, Any]) -> Iterator[str]:
    for name, values in members.items():
        if name.endswith(_FAILURE_ENDINGS) and name not in _SKIPPED_ARRAYS and isinstance(values, list):
            yield from (value for value in values if isinstance(value, str))
