"""The responses of the faults: an error instead of the normal response, or extra members in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson

from reverse_etl.sandbox.http.access import build_rate_refusal
from reverse_etl.sandbox.replies import ApiRefusal, Reply
from reverse_etl.sandbox.rules.rate_limits import RATE_LIMITS, ExceededLimit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reverse_etl.sandbox.state.project import Project

_BAD_GATEWAY: Final = b"""<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center></body>
</html>
"""
_ERROR_REPLIES: Final[Mapping[str, Reply]] = {
    "500": ApiRefusal(500, "GenericError", "An unexpected error occurred").reply,
    "503": Reply(503, b"Request timed out, try again later", "text/plain", "request timed out"),
    "html-502": Reply(502, _BAD_GATEWAY, "text/html", "502 Bad Gateway"),
}
_UNKNOWN_MEMBERS: Final = {"unknownMember": {"of": ["a", "later", "version"], "count": 1}}


def build_fault_reply(project: Project, endpoint: str, fault: str) -> Reply:
    """Return the response to a request that is not applied. Its status is 0 if there is no response."""
    if fault == "429":
        capacity = RATE_LIMITS.get(endpoint, ((1, 1),))[0][0]
        return build_rate_refusal(project, endpoint, ExceededLimit(capacity, 0, 1)).reply
    return _ERROR_REPLIES.get(fault) or build_missing_reply(fault)


def build_missing_reply(fault: str, reply: Reply | None = None) -> Reply:
    """Return what the request log shows if the client got no response. `reply` is the lost response."""
    lost = f", after {reply.status} {reply.summary}".rstrip() if reply else ", not applied"
    return Reply(0, summary=f"{fault}: no response{lost}")


def add_unknown_members(reply: Reply) -> Reply:
    """Return the reply with undocumented members, if it is a 200 with a JSON object."""
    if reply.status != 200 or reply.media_type != "application/json":
        return reply
    value = orjson.loads(reply.body)
    return replace(reply, body=orjson.dumps({**_UNKNOWN_MEMBERS, **value})) if isinstance(value, dict) else reply
