"""The shapes in which Iterable answers: envelope, plain resource, framework error, HTML. Knows no endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Reply:
    """One answer; `summary` is the short form that the sandbox's own log of requests shows."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    summary: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends a request with an error reply. Raised before any user has been changed."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.summary)
        self.reply = reply


def resource(value: object, summary: str = "") -> Reply:
    return Reply(200, orjson.dumps(value), summary=summary)


def success(msg: str = "", params: object = None, status: int = 200) -> Reply:
    return _envelope(status, "Success", msg, params)


def accepted() -> Reply:
    """How some endpoints tell that they will do it in the background."""
    return _envelope(202, "Accepted", "", None)


def refusal(status: int, code: str, msg: str, params: object = None) -> Refusal:
    """The standard error envelope."""
    return Refusal(_envelope(status, code, msg, params))


def framework_refusal(status: int, error: str, code: str, message: str, args: list[str]) -> Refusal:
    """The other error shape, which catalogs and look-ups by userId have."""
    body = {"error": error, "message": message, "code": code, "data": {"args": args}}
    return Refusal(Reply(status, orjson.dumps(body), summary=message))


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
