"""User deletions: users deleted, forgotten permanently, or accepted again, one request each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field as Key

from reverse_etl.change import Change, Kind, Outcome, Status
from reverse_etl.definition.entry import ColumnName, Entry
from reverse_etl.definition.faults import EntryLocation, location_of
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.identity import Identifiers, Prefer, missing_identifier, person_columns
from reverse_etl.destinations.iterable.objects.users import DeleteUser
from reverse_etl.destinations.iterable.protocol.single import Single, refusal_of
from reverse_etl.destinations.iterable.resources.user_lookup import FIRST_RECHECK, UserExists
from reverse_etl.destinations.operation import Answer, Operations
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.errors import Fault
from reverse_etl.sync import Sync

# Swagger: 3 a second and 1000 in 24 hours, each.
FORGET = Endpoint("POST", "/api/users/forget", 3, per_day=1000)
_NOBODY = "Iterable has no such user, so there was nothing to delete"
UNFORGET = Endpoint("POST", "/api/users/unforget", 3, per_day=1000)


class UserDeletionsEntry(Entry):
    """Users to delete, to forget or to unforget."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("email", "user_id")
    object: Literal["user_deletions"]
    mode: Literal["delete", "forget", "unforget"] = Key(
        description="delete: the profile is deleted, and can be created again; forget: all data are deleted, and new"
        " data are refused"
    )
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    prefer: Prefer = None
    allow_destructive: bool = Key(default=False, description="must be true: deleted data cannot be restored")

    def scope(self) -> Mapping[str, str]:
        """Return the action: a deleted user is not forgotten yet."""
        return {"action": self.mode}

    def faults(self, location: EntryLocation) -> list[Fault]:
        faults = [] if self.identifiers() else [missing_identifier(location)]
        if not self.allow_destructive:
            faults.append(
                location.fault(
                    "destructive-not-allowed",
                    f"`mode: {self.mode}` acts on every user of the model, and that cannot be undone",
                    key="allow_destructive",
                    allowed="true",
                )
            )
        return faults


def bind(entry: UserDeletionsEntry, project: ProjectType) -> BoundObject:
    """Return how users are identified and deleted, forgotten or unforgotten."""
    identifiers = Identifiers.of(entry, project)
    identity = identifiers.rule(identifiers.keys[: 1 if _needs_email(entry, project) else 2])
    return BoundObject(
        identity=identity,
        operations=_operations(entry, identifiers),
        body=identifiers.user_of,
        people=person_columns(identity),
        is_log=True,
        first_recheck=FIRST_RECHECK,
        check=partial(_check, entry, identifiers),
    )


def _needs_email(entry: UserDeletionsEntry, project: ProjectType) -> bool:
    """Return whether users can only be named by e-mail: e-mail projects forget by e-mail (article 360029174171)."""
    return project is ProjectType.EMAIL and entry.mode != "delete"


def _check(entry: UserDeletionsEntry, identifiers: Identifiers, sync: Sync) -> list[Fault]:
    faults = identifiers.check(sync)
    if _needs_email(entry, identifiers.project) and identifiers.key == "user_id":
        message = f"an e-mail project can {entry.mode} users only by e-mail"
        faults.append(location_of(sync).fault("wrong-identifier", message, key="email", allowed="a column"))
    return faults


def _operations(entry: UserDeletionsEntry, identifiers: Identifiers) -> Operations:
    if entry.mode == "delete":
        return Operations(Delete(identifiers.key), lookup=UserIsThere(identifiers.key))
    return Operations(Forget() if entry.mode == "forget" else Unforget())


@dataclass(frozen=True)
class Delete(DeleteUser):
    """Deletes a user whom a lookup found. If the user no longer exists, another request deleted it."""

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return _accepted_if_forgotten(change, reply) or super().read_refusal(change, reply)


@dataclass(frozen=True)
class UserIsThere(UserExists):
    """Asks for the user first: Iterable replies to the deletion of an unknown address as if it had deleted a user.

    A row that was sent before may lack its user because of that.
    """

    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        answer = super().read(change, request, reply)
        if not isinstance(answer, Outcome):
            return answer
        sent_before = change.kind is Kind.RESENT
        return Outcome(change.ordinal, Status.ACCEPTED) if sent_before else replace(answer, reason=_NOBODY)


@dataclass(frozen=True)
class Forget(Single):
    """Forgets a user. A user who is already forgotten counts as done."""

    endpoint: Endpoint = FORGET

    def read_refusal(self, change: Change, reply: Reply) -> Outcome | None:
        return _accepted_if_forgotten(change, reply) or refusal_of(change, reply)


@dataclass(frozen=True)
class Unforget(Single):
    """Lets Iterable accept a forgotten user again."""

    endpoint: Endpoint = UNFORGET
    unbars_identities: bool = True


def _accepted_if_forgotten(change: Change, reply: Reply) -> Outcome | None:
    return Outcome(change.ordinal, Status.ACCEPTED) if reply.code == "ForgottenUserError" else None


USER_DELETIONS = IterableObject(UserDeletionsEntry, SyncOrder.DELETIONS, bind)
