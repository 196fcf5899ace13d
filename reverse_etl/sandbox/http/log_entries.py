"""Builds the entry of a request in the request log: its bodies in short form, without any API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson

from reverse_etl.sandbox.http.refused_users import find_refused_identifiers
from reverse_etl.sandbox.replies import Refusal
from reverse_etl.sandbox.state.request_log import LoggedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.replies import Reply

MAX_ITEMS: Final = 20
"""Of an array or an object. Further items are only counted."""
MAX_CHARACTERS: Final = 10_000
"""Of a whole body."""
_MAX_TEXT: Final = 300
_MAX_DEPTH: Final = 12
# Members that can hold an API key in some projects.
_KEY_NAMES: Final = frozenset({"api_key", "apikey", "api-key"})


def build_log_entry(method: str, call: Call, size: int, reply: Reply, fault: str) -> LoggedRequest:
    """Return the log entry of a request. `size` is the size of its body in bytes."""
    return LoggedRequest(
        time=call.project.clock(),
        method=method,
        path=call.path,
        query=urlencode(_hide_keys(call.query)),
        status=reply.status,
        bytes=size,
        items=call.count_items(),
        summary=reply.summary,
        fault=fault,
        sent=_format_sent_body(call),
        replied=_format_reply_body(reply),
        client=call.client,
        refused=find_refused_identifiers(call, reply),
    )


def _format_sent_body(call: Call) -> str:
    if not call.raw:
        return ""
    try:
        return _format_json(call.body)
    except Refusal:
        return _cut_text(call.raw[: 4 * MAX_CHARACTERS].decode("utf-8", "replace"))


def _format_reply_body(reply: Reply) -> str:
    if reply.media_type == "application/json" and reply.body:
        return _format_json(orjson.loads(reply.body))
    return _cut_text(reply.body[: 4 * MAX_CHARACTERS].decode("utf-8", "replace"))


def _format_json(value: object) -> str:
    return _cut_text(orjson.dumps(_shorten(value), option=orjson.OPT_INDENT_2).decode("utf-8", "replace"))


def _cut_text(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "\n…"


def _shorten(value: Any, depth: int = 0) -> Any:
    """Return the value with long texts, long arrays and deep levels cut."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else f"{value[:_MAX_TEXT]}… ({len(value):,} characters)"
    if not isinstance(value, (list, dict)):
        return value
    if depth == _MAX_DEPTH:
        return "…"
    more = f"{len(value) - MAX_ITEMS:,} more"
    if isinstance(value, list):
        items = [_shorten(item, depth + 1) for item in value[:MAX_ITEMS]]
        return items if len(value) <= MAX_ITEMS else [*items, f"… {more}"]
    members = {name: _shorten(value[name], depth + 1) for name in list(value)[:MAX_ITEMS]}
    return _hide_keys(members if len(value) <= MAX_ITEMS else {**members, "…": more})


def _hide_keys(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "not kept" if name.lower() in _KEY_NAMES else value for name, value in members.items()}
