"""The replies of the server: shapes of success, refusal and failure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON, TEXT, HTML = "application/json", "text/plain; charset=utf-8", "text/html; charset=utf-8"
PROJECT_ID = 9079


@dataclass(frozen=True)
class Reply:
    """A status and a body. Bytes are sent as they are, other values as JSON."""

    status: int
    body: Any = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Refusal(Exception):
    """Refuses the whole request with this reply. Nothing of it is applied."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


def reply_success(msg: str = "", params: object = None, status: int = 200) -> Reply:
    """The simple envelope (3.1)."""
    return Reply(status, {"msg": msg, "code": "Success", "params": params})


def refusal(status: int, code: str, msg: str = "", params: object = None) -> Reply:
    """Shape A (3.2)."""
    return Reply(status, {"msg": msg, "code": code, "params": params})


def bad_params(msg: str, params: object = None) -> Refusal:
    return Refusal(refusal(400, "BadParams", msg, params))


def bad_json(path: str, faults: Mapping[str, str]) -> Refusal:
    """A member of a wrong type or a missing one; `faults` by JSON path rooted at `obj` (3.4)."""
    return Refusal(refusal(400, "BadJsonBody", f"[{path}] Invalid JSON body", dict(faults)))


def framework_error(status: int, error: str, code: str, *args: str) -> Reply:
    """Shape B: catalogs and lookups by user id (3.2)."""
    return Reply(
        status, {"error": error, "message": f"{error}: {', '.join(args)}", "code": code, "data": {"args": list(args)}}
    )


def unknown_list(list_id: int) -> Reply:
    """Shape C: a refusal whose code says Success (3.2)."""
    params = {"projectId": PROJECT_ID, "listId": list_id}
    return refusal(400, "Success", f"error.lists.invalidListId({list_id})", params)


def wrong_key(path: str, msg: str = "Invalid API key") -> Reply:
    return refusal(401, "BadApiKey", msg, {"ip": "127.0.0.1", "endpoint": path})


def too_many_requests(reset: float = 1, capacity: int = 5) -> Reply:
    """A 429 as users/update and users/bulkUpdate document it."""
    params = {"rateLimitLimit": capacity, "rateLimitRemaining": 0, "rateLimitReset": reset}
    return refusal(429, "RateLimitExceeded", "Exceeded rate limit", params)


def batch_too_large(limit: int) -> Reply:
    return refusal(400, "BatchTooLarge", f"A request holds {limit} items at most")


def reply_text(content: str, status: int = 200) -> Reply:
    return Reply(status, content.encode(), TEXT)


ACTION_NOT_FOUND = Reply(404, b"<html><head><title>Action not found</title></head><body></body></html>", HTML)
BAD_GATEWAY = Reply(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", HTML)
BODY_TOO_LARGE = Reply(413)
