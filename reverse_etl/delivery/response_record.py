"""Records what a destination answered, without the values of the rows, for results and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import orjson

from reverse_etl.change import Change, Response
from reverse_etl.destinations.replies import ReplyRules
from reverse_etl.destinations.request import Reply

_LONGEST_MESSAGE = 300
_LONGEST_CODE = 100
_ADDRESS = re.compile(r"[^\s@\"'<>(),:;]+@[^\s@\"'<>(),:;]+")
_HIDDEN = "…"
_SHORTEST_SECRET = 3  # letters; a shorter value is part of many words


def record_response(replies: ReplyRules, reply: Reply, changes: Sequence[Change] = ()) -> Response:
    """Return what came back. Destinations quote values, so the values of the rows are hidden."""
    message = " ".join((replies.message(reply) or reply.error).split())
    shown = _hide_values(changes, message)[:_LONGEST_MESSAGE]
    return Response(reply.status, reply.code[:_LONGEST_CODE], shown, reply.request_id)


def _hide_values(changes: Sequence[Change], message: str) -> str:
    if not message:
        return ""
    values = {text for change in changes for text in _texts(orjson.loads(change.body or b"null"))}
    values |= {change.identity for change in changes}
    secrets = [text for text in values if len(text) >= _SHORTEST_SECRET and text in message]
    for text in sorted(secrets, key=len, reverse=True):
        message = message.replace(text, _HIDDEN)
    return _ADDRESS.sub(_HIDDEN, message)


def _texts(value: object) -> Iterator[str]:
    """Yield every text and number inside a value of JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif not isinstance(value, bool) and value is not None:
        yield str(value)
