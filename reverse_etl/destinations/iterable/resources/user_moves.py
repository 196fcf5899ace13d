"""Moving: what to ask of a user who goes from one identifier to another, before and after it was done."""

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
    """Somebody by one identifier; `key` is `email` or `user_id`."""

    key: str
    identity: str


@dataclass(frozen=True)
class IdentifierChangeLookup(Lookup):
    """Ask for the old identifier, and where nobody has it, for the new one.

    Where somebody has the new one, the move was made before: a run that died may have got it accepted without hearing
    of it. `after` is who there is once a row was applied; for rows known by one of `proved_by`, that somebody is there
    shows that it was.
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
    """Whether the user of a reply is that person already."""
    user = reply.body.get("user") if isinstance(reply.body, dict) else None
    value = user.get(JSON_NAMES[person.key]) if isinstance(user, dict) else None
    if not isinstance(value, str):
        return False
    return value.lower() == person.identity.lower() if person.key == "email" else value == person.identity
