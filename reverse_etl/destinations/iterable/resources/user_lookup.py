"""Lookups of users: whether Iterable has one, asked before a row is sent.

Rules: the Swagger document.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.operation import Answer, Lookup, Send
from reverse_etl.destinations.request import Endpoint, Reply, Request

GET_USER = Endpoint("GET", "/api/users", 100)
# Seconds until a user is looked up again: Iterable may not return a new user for a minute (Swagger, users/update).
FIRST_RECHECK = 600.0
_ENVELOPE = {"code", "msg", "error", "message"}


@dataclass(frozen=True)
class UserExists(Lookup):
    """Asks for one user by a query parameter, so that no value becomes part of a path."""

    key: str
    endpoint: Endpoint = GET_USER

    def build(self, change: Change) -> Request:
        return request_user(change.key or self.key, change.identity)

    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        del request
        exists = user_exists(reply)
        if exists is None:
            return None
        reason = "Iterable has no such user, and `mode: update` does not create users"
        return Send.SEND if exists else Outcome(change.ordinal, Status.SKIPPED, UNKNOWN_USER, reason)


def request_user(key: str, identity: str) -> Request:
    """Return the request for one user, by e-mail or user id."""
    path = "/api/users/getByEmail?email=" if key == "email" else "/api/users/byUserId?userId="
    return Request(GET_USER, path + quote(identity, safe=""))


def user_exists(reply: Reply) -> bool | None:
    """Return whether a reply to that request has the user; None if it does not say."""
    body = reply.body
    # Members that are not known are ignored, as Iterable asks; an envelope answers another question.
    if reply.status == 200 and isinstance(body, dict) and not _ENVELOPE & body.keys():
        return bool(body.get("user"))
    # As text in 2017, as a code without an envelope later; an address that is unknown is an empty 200.
    unknown = "noUserWithIdExists" in reply.code or reply.text.startswith("No user with that id")
    return False if unknown or reply.code in ("UnknownUserIdError", "UnknownEmailError") else None
