"""User deletions: users deleted, forgotten for good, or let back in, one request each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Kind, Outcome, Status
from reverse_etl.definition.entry import ColumnName, Entry
from reverse_etl.definition.faults import Place, place_of
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, Stage
from reverse_etl.destinations.iterable.identity import (
    FIRST_RECHECK,
    NAMES,
    Prefer,
    UserExists,
    identifier_faults,
    key_of,
    keys_of,
    missing_identifier,
    people_of,
    user_rule,
)
from reverse_etl.destinations.iterable.objects.users import DeleteUser
from reverse_etl.destinations.iterable.protocol.single import Single, refusal_of
from reverse_etl.destinations.operation import Answer, Body, Operation, Operations, Row
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import IdentityRule, PersonColumn, Sync

# Swagger: 3 a second and 1000 in 24 hours, each.
FORGET = Endpoint("POST", "/api/users/forget", 3, per_day=1000)
_NOBODY = "Iterable has no such user, so there was nobody to delete"
UNFORGET = Endpoint("POST", "/api/users/unforget", 3, per_day=1000)


class UserDeletionsEntry(Entry):
    """Users to delete, to forget or to unforget."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    OPTIONS: ClassVar[tuple[str, ...]] = ("prefer",)
    object: Literal["user_deletions"]
    mode: Literal["delete", "forget", "unforget"] = Key(
        description="delete: the profile goes, and may come back; forget: all data go, and no new ones are taken"
    )
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    allow_destructive: bool = Key(default=False, description="must be true: what is deleted does not come back")

    def scope(self) -> Mapping[str, str]:
        """Who was deleted is not forgotten yet."""
        return {"action": self.mode}

    def faults(self, place: Place) -> list[Fault]:
        faults = [] if self.identifiers() else [missing_identifier(place)]
        if not self.allow_destructive:
            faults.append(
                place.fault(
                    "destructive-not-allowed",
                    f"`mode: {self.mode}` acts on every user of the model, and that cannot be undone",
                    key="allow_destructive",
                    allowed="true",
                )
            )
        return faults


@dataclass(frozen=True)
class Delete(DeleteUser):
    """Delete a user whom Iterable was seen to have; one that is not there any more was deleted meanwhile."""

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return _accepted_if_forgotten(change, reply) or super().read_refusal(change, reply)


@dataclass(frozen=True)
class IsThere(UserExists):
    """Ask for the user first: Iterable answers the deletion of an unknown address as if it had deleted somebody.

    Who was sent before may be gone because of that.
    """

    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        answer = super().read(change, request, reply)
        if not isinstance(answer, Outcome):
            return answer
        sent_before = change.kind is Kind.RESENT
        return Outcome(change.ordinal, Status.ACCEPTED) if sent_before else replace(answer, reason=_NOBODY)


@dataclass(frozen=True)
class Forget(Single):
    """Forget a user; one that is forgotten already is done."""

    endpoint: Endpoint = FORGET

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return _accepted_if_forgotten(change, reply) or refusal_of(change, reply)


@dataclass(frozen=True)
class Unforget(Single):
    """Let a forgotten user back in."""

    endpoint: Endpoint = UNFORGET
    unbars_identities: bool = True


class UserDeletions(IterableObject):
    """Users who are to go."""

    name = "user_deletions"
    entry = UserDeletionsEntry
    stage = Stage.DELETIONS
    first_recheck = FIRST_RECHECK

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        faults = identifier_faults(sync, project)
        # Support article 360029174171: e-mail projects forget by e-mail.
        by_id = project is ProjectType.EMAIL and key_of(sync, project) == "user_id" and sync.mode != "delete"
        if by_id:
            said = f"an e-mail project can {sync.mode} users by e-mail alone"
            faults.append(place_of(sync).fault("wrong-identifier", said, key="email", allowed="a column"))
        return faults

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        # Support article 360029174171: e-mail projects forget by e-mail.
        by_email = project is ProjectType.EMAIL and sync.mode != "delete"
        return user_rule(sync, project, keys_of(sync, project)[: 1 if by_email else 2])

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        return people_of(self.identity(sync, project))

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        modes: Mapping[str, Operation] = {
            "delete": Delete(key_of(sync, project)),
            "forget": Forget(),
            "unforget": Unforget(),
        }
        lookup = IsThere(key_of(sync, project)) if sync.mode == "delete" else None
        return Operations(modes[sync.mode], lookup=lookup)

    def body(self, sync: Sync, project: ProjectType) -> Body:
        first = key_of(sync, project)

        def make(row: Row) -> Mapping[str, object]:
            return {NAMES[row.key or first]: row.identity}

        return make


def _accepted_if_forgotten(change: Change, reply: Reply) -> Outcome | None:
    return Outcome(change.ordinal, Status.ACCEPTED) if reply.code == "ForgottenUserError" else None
