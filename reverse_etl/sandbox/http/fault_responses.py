"""What a request gets from a fault: an error instead of its answer, or members that it does not know."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson

from reverse_etl.sandbox.http import access as gate
from reverse_etl.sandbox.http.replies import Reply, refusal
from reverse_etl.sandbox.rules.limits import RATES, Exceeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reverse_etl.sandbox.state.project import Project

_BAD_GATEWAY: Final = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center></body>
</html>
"""
_INSTEAD: Final[Mapping[str, Reply]] = {
    "500": refusal(500, "GenericError", "An unexpected error occurred").reply,
    "503": Reply(503, b"Request timed out, try again later", "text/plain", "request timed out"),
    "html-502": Reply(502, _BAD_GATEWAY, "text/html", "502 Bad Gateway"),
}
_UNKNOWN: Final = {"unknownMember": {"of": ["a", "later", "version"], "count": 1}}


def instead(project: Project, endpoint: str, fault: str) -> Reply:
    """The answer to a request that was not applied; status 0 where there is none."""
    if fault == "429":
        capacity = RATES.get(endpoint, ((1, 1),))[0][0]
        return gate.too_many(project, endpoint, Exceeded(capacity, 0, 1)).reply
    return _INSTEAD.get(fault) or unanswered(fault)


def unanswered(fault: str, reply: Reply | None = None) -> Reply:
    """How the log of requests tells that nobody heard the reply."""
    meant = f", after {reply.status} {reply.summary}".rstrip() if reply else ", not applied"
    return Reply(0, summary=f"{fault}: no answer{meant}")


def with_unknown_members(reply: Reply) -> Reply:
    if reply.status != 200 or reply.media_type != "application/json":
        return reply
    value = orjson.loads(reply.body)
    return replace(reply, body=orjson.dumps({**_UNKNOWN, **value})) if isinstance(value, dict) else reply
