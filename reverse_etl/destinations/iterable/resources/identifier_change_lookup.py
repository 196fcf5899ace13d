"""The lookup for a user who gets another identifier: whether the change is still to do, or was done before."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.destinations.iterable.identity import JSON_NAMES
from reverse_etl.destinations.iterable.protocol.reply_table import UNKNOWN_USER
from reverse_etl.destinations.iterable.resources.user_lookup import GET_USER, request_user, user_exists
from reverse_etl.destinations.operation import Answer, Lookup, Send
from reverse_etl.destinations.request import Endpoint, Reply, Request


@dataclass(frozen=True, slots=True)
class UserIdentifier:
    """One identifier of a user; `key` is `email` or `user_id`."""

    key: str
    identity: str


@dataclass(frozen=True)
class IdentifierChangeLookup(Lookup):
    """Asks for the user with the old identifier, and if there is none, for the user with the new one.

    If a user has the new identifier, the change was made before: a run that crashed may have got it accepted without
    a reply. `after` returns the new identifier of a row. For rows identified by one of `proved_by`, a user with the
    new identifier proves that the change was applied.
    """

    key: str
    after: Callable[[Change], UserIdentifier]
    proved_by: Collection[str] = ("email", "user_id")
    endpoint: Endpoint = GET_USER
    settles: bool = True

    def build(self, change: Change) -> Request:
        return request_user(change.key or self.key, change.identity)

    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        exists = user_exists(reply)
        if exists is None:
            return None
        after = self.after(change)
        further = request_user(after.key, after.identity)
        done = Outcome(change.ordinal, Status.ACCEPTED)
        nobody = Outcome(change.ordinal, Status.SKIPPED, UNKNOWN_USER, "Iterable has no such user")
        if request == further:
            return done if exists else nobody
        if exists:
            return done if _is(reply, after) else Send.SEND
        return further if (change.key or self.key) in self.proved_by else nobody


def _is(reply: Reply, person: UserIdentifier) -> bool:
    """Return whether the user of a reply has that identifier already."""
    user = reply.body.get("user") if isinstance(reply.body, dict) else None
    value = user.get(JSON_NAMES[person.key]) if isinstance(user, dict) else None
    if not isinstance(value, str):
        return False
    return value.lower() == person.identity.lower() if person.key == "email" else value == person.identity
