"""User merges: two profiles become one, by POST /api/users/merge. The destination's values stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import orjson
from pydantic import BeforeValidator, SkipValidation, WithJsonSchema
from pydantic import Field as Key
from pydantic_core import PydanticCustomError

from reverse_etl.change import Change
from reverse_etl.definition.entry import Entry
from reverse_etl.definition.faults import location_of
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, SyncOrder
from reverse_etl.destinations.iterable.identity import identity_rule, person_column
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.iterable.resources.identifier_change_lookup import IdentifierChangeLookup, UserIdentifier
from reverse_etl.destinations.operation import Operations, Row, UnfitRow
from reverse_etl.destinations.request import Endpoint
from reverse_etl.errors import Fault
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.sync import Field, Requirement, Sync

# Swagger: 50 a second for one key.
MERGE = Endpoint("POST", "/api/users/merge", 50)
_NAMES = {"email": "Email", "user_id": "UserId"}
_STAYS = "destination"


@dataclass(frozen=True)
class UserColumn:
    """A column of users. `key` is which identifier it holds; empty: the one that identifies users in the project."""

    column: str
    key: str = ""

    def key_in(self, project: ProjectType) -> str:
        """Return which identifier the column holds in a project of this type."""
        return self.key or ("email" if project is ProjectType.EMAIL else "user_id")


def _read_user(value: object) -> object:
    if isinstance(value, str) and value:
        return UserColumn(value)
    if isinstance(value, dict) and len(value) == 1:
        [(key, column)] = value.items()
        if key in _NAMES and isinstance(column, str) and column:
            return UserColumn(column, key)
    raise PydanticCustomError("person", "a column, {email: …} or {user_id: …}")


_COLUMN = {"type": "string", "minLength": 1, "description": "a column of the model"}
_SCHEMA = {
    "anyOf": [
        _COLUMN,
        *(
            {"type": "object", "properties": {key: _COLUMN}, "required": [key], "additionalProperties": False}
            for key in _NAMES
        ),
    ]
}
UserKey = Annotated[UserColumn, SkipValidation, BeforeValidator(_read_user), WithJsonSchema(_SCHEMA)]


class ArrayEntry(EntryPart):
    """An array of the profiles that is joined; `dedupe_by` names the member that identifies its objects."""

    field: str = Key(min_length=1)
    dedupe_by: str | None = None

    def body(self) -> dict[str, str]:
        """Return the array as a request names it."""
        return {"field": self.field, **({"dedupeBy": self.dedupe_by} if self.dedupe_by is not None else {})}


def _arrays(value: object) -> object:
    found = [value] if isinstance(value, (str, dict)) else value
    if not isinstance(found, list):
        return found
    return tuple({"field": item} if isinstance(item, str) else item for item in found)


class UserMergesEntry(Entry):
    """Users that are one person."""

    object: Literal["user_merges"]
    mode: Literal["update"] = "update"
    source: UserKey = Key(description="the user that is merged away: a column, {email: …} or {user_id: …}")
    destination: UserKey = Key(  # type: ignore[assignment]  # this key has another meaning here
        description="the user that stays: a column, {email: …} or {user_id: …}"
    )
    iterable_destination: str = Key("iterable", min_length=1, description="a destination of reverse_etl.yml")
    array_merge: Annotated[tuple[ArrayEntry, ...], BeforeValidator(_arrays)] = Key(
        (), description="arrays that are joined; other arrays stay as the remaining user has them"
    )

    def identifiers(self) -> dict[str, str]:
        return {"source": self.source.column}

    def key_fields(self) -> tuple[Field, ...]:
        return (Field(_STAYS, self.destination.column, as_text=True, from_key=True),)

    def destination_name(self) -> str:
        return self.iterable_destination


def bind(entry: UserMergesEntry, project: ProjectType) -> BoundObject:
    """Return how pairs of users are identified and merged. A row's identity is the user that is merged away."""
    goes, stays = entry.source.key_in(project), entry.destination.key_in(project)
    rule, label, message = identity_rule(stays, ""), f"@{_STAYS}", "the user to merge into is missing or malformed"
    return BoundObject(
        identity=identity_rule(goes, entry.source.column),
        operations=Operations(MergeUsers(), lookup=IdentifierChangeLookup(goes, partial(_person_afterwards, stays))),
        body=partial(_body, goes, stays, [array.body() for array in entry.array_merge]),
        fields=(Field(_STAYS, entry.destination.column, as_text=True, lowered=stays == "email", from_key=True),),
        requirements=(
            Requirement((label,), "bad-merge-destination", message),
            Requirement((label,), "bad-merge-destination", message, pattern=rule.pattern, never=rule.never),
        ),
        user=lambda row: str(row.key_values[_STAYS]),
        people=(person_column(goes), person_column(stays, label)),
        is_log=True,
        changes_identifier=True,
        check=partial(_check, entry, project),
    )


def _check(entry: UserMergesEntry, project: ProjectType, sync: Sync) -> list[Fault]:
    location, faults = location_of(sync), []
    for key, user in (("source", entry.source), (_STAYS, entry.destination)):
        if project is ProjectType.HYBRID and not user.key:
            message, allowed = f"in a hybrid project `{key}` must say what it holds", "{email: …} or {user_id: …}"
            faults.append(location.fault("wrong-identifier", message, key=key, allowed=allowed))
        if project is ProjectType.USER_ID and user.key == "email":
            message = f"a user id project identifies users by user id, but `{key}` holds e-mails"
            faults.append(location.fault("wrong-identifier", message, key=key, allowed="a column of user ids"))
    return faults


def _body(goes: str, stays: str, arrays: Sequence[Mapping[str, str]], row: Row) -> Mapping[str, object]:
    if goes == stays and row.identity == row.key_values[_STAYS]:
        raise UnfitRow("merged-with-itself", "source and destination are one user")
    body = {f"source{_NAMES[goes]}": row.identity, f"destination{_NAMES[stays]}": row.key_values[_STAYS]}
    return {**body, "arrayMerge": arrays} if arrays else body


def _person_afterwards(stays: str, change: Change) -> UserIdentifier:
    return UserIdentifier(stays, orjson.loads(change.body)[f"destination{_NAMES[stays]}"])


@dataclass(frozen=True)
class MergeUsers(Single):
    """Merges one user into another."""

    endpoint: Endpoint = MERGE


USER_MERGES = IterableObject(UserMergesEntry, SyncOrder.IDENTITY, bind, names_both_identifiers=True)
