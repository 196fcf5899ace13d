"""The replies that Iterable sends: its envelope, plain JSON, its two shapes of error, and its HTML page for a 404."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Reply:
    """One response. The sandbox's request log shows its `summary`."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    summary: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends a request with an error reply. It is raised before any user has changed."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.summary)
        self.reply = reply


class ApiRefusal(Refusal):
    """A refusal in Iterable's standard envelope."""

    def __init__(self, status: int, code: str, msg: str, params: object = None) -> None:
        super().__init__(_envelope(status, code, msg, params))


class FrameworkRefusal(Refusal):
    """A refusal in the other shape, which catalogs and lookups by userId use."""

    def __init__(self, status: int, error: str, code: str, message: str, args: list[str]) -> None:
        body = {"error": error, "message": message, "code": code, "data": {"args": args}}
        super().__init__(Reply(status, orjson.dumps(body), summary=message))


def reply_json(value: object, summary: str = "") -> Reply:
    """Return a 200 with this value as JSON."""
    return Reply(200, orjson.dumps(value), summary=summary)


def reply_success(msg: str = "", params: object = None, status: int = 200) -> Reply:
    """Return an envelope with the code Success."""
    return _envelope(status, "Success", msg, params)


def reply_accepted() -> Reply:
    """Return the reply of endpoints that do the work in the background."""
    return _envelope(202, "Accepted", "", None)


def _envelope(status: int, code: str, msg: str, params: object) -> Reply:
    body = orjson.dumps({"msg": msg, "code": code, "params": params})
    return Reply(status, body, summary=msg if code == "Success" else f"{code}: {msg}")


ACTION_NOT_FOUND = Reply(
    404,
    b"<!DOCTYPE html><html><head><title>Action not found</title></head>"
    b"<body><h2>This URL does not exist.</h2></body></html>",
    media_type="text/html; charset=utf-8",
    summary="Action not found",
)
