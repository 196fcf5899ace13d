"""User merges: two profiles become one, by POST /api/users/merge; what both have stays as the destination has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, WithJsonSchema
from pydantic import Field as Key
from pydantic_core import PydanticCustomError

from reverse_etl.change import Change
from reverse_etl.definition.entry import Entry
from reverse_etl.definition.faults import place_of
from reverse_etl.destinations.iterable.base import IterableObject, ProjectType, Stage
from reverse_etl.destinations.iterable.identity import rule_of
from reverse_etl.destinations.iterable.protocol.single import Single
from reverse_etl.destinations.iterable.resources.user_moves import OldThenNew, Person
from reverse_etl.destinations.operation import Body, Operations, Row, UnfitRow
from reverse_etl.destinations.request import Endpoint
from reverse_etl.entry_part import EntryPart
from reverse_etl.errors import Fault
from reverse_etl.sync import Field, IdentityRule, PersonColumn, Requirement, Sync

# Swagger: 50 a second for one key.
MERGE = Endpoint("POST", "/api/users/merge", 50)
_NAMES = {"email": "Email", "user_id": "UserId"}
_STAYS = "destination"


def _person(value: object) -> object:
    """A column, and which identifier it holds; empty: what identifies users in the project."""
    if isinstance(value, str) and value:
        return "", value
    if isinstance(value, dict) and len(value) == 1:
        [(key, column)] = value.items()
        if key in _NAMES and isinstance(column, str) and column:
            return key, column
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
UserColumn = Annotated[Any, BeforeValidator(_person), WithJsonSchema(_SCHEMA)]


class ArrayEntry(EntryPart):
    """An array of the profiles that is joined; `dedupe_by` names the member that tells its objects apart."""

    field: str = Key(min_length=1)
    dedupe_by: str | None = None


def _arrays(value: object) -> object:
    found = [value] if isinstance(value, (str, dict)) else value
    if not isinstance(found, list):
        return found
    return tuple({"field": item} if isinstance(item, str) else item for item in found)


class UserMergesEntry(Entry):
    """Users that are one person."""

    object: Literal["user_merges"]
    mode: Literal["update"] = "update"
    source: UserColumn = Key(description="the user that goes: a column, {email: …} or {user_id: …}")
    destination: UserColumn = Key(description="the user that stays: a column, {email: …} or {user_id: …}")
    iterable_destination: str = Key("iterable", min_length=1, description="a destination of reverse_etl.yml")
    array_merge: Annotated[tuple[ArrayEntry, ...], BeforeValidator(_arrays)] = Key(
        (), description="arrays that are joined instead of taken from the user that stays"
    )

    def identifiers(self) -> dict[str, str]:
        return {"source": self.source[1]}

    def own(self) -> tuple[Field, ...]:
        return (Field(_STAYS, self.destination[1], as_text=True, own=True),)

    def goes_to(self) -> str:
        return self.iterable_destination

    def options(self) -> Mapping[str, Any]:
        arrays = [one.model_dump(exclude_none=True) for one in self.array_merge]
        return {"source": self.source[0], _STAYS: self.destination[0], "array_merge": arrays}


@dataclass(frozen=True)
class Merge(Single):
    """Merge one user into another."""

    endpoint: Endpoint = MERGE


class UserMerges(IterableObject):
    """Pairs of users that are one person."""

    name = "user_merges"
    entry = UserMergesEntry
    stage = Stage.IDENTITY

    def check(self, sync: Sync, project: ProjectType) -> list[Fault]:
        place, faults = place_of(sync), []
        for key in ("source", _STAYS):
            if project is ProjectType.HYBRID and not sync.options[key]:
                said, allowed = f"in a hybrid project `{key}` must say what it holds", "{email: …} or {user_id: …}"
                faults.append(place.fault("wrong-identifier", said, key=key, allowed=allowed))
            if project is ProjectType.USER_ID and sync.options[key] == "email":
                said = f"a user id project knows users by their user ids alone, and `{key}` holds e-mails"
                faults.append(place.fault("wrong-identifier", said, key=key, allowed="a column of user ids"))
        return faults

    def identity(self, sync: Sync, project: ProjectType) -> IdentityRule:
        return rule_of(_kind(sync, "source", project), sync.identifiers["source"])

    def extra_fields(self, sync: Sync, project: ProjectType) -> tuple[Field, ...]:
        lowered = _kind(sync, _STAYS, project) == "email"
        return tuple(Field(item.path, item.column, as_text=True, lowered=lowered, own=True) for item in sync.own)

    def requirements(self, sync: Sync, project: ProjectType) -> tuple[Requirement, ...]:
        rule = rule_of(_kind(sync, _STAYS, project), "")
        label, said = f"@{_STAYS}", "the user to merge into is missing or malformed"
        return (
            Requirement((label,), "bad-merge-destination", said),
            Requirement((label,), "bad-merge-destination", said, pattern=rule.pattern, never=rule.never),
        )

    def operations(self, sync: Sync, project: ProjectType) -> Operations:
        stays = _kind(sync, _STAYS, project)

        def afterwards(change: Change) -> Person:
            return Person(stays, orjson.loads(change.body)[f"destination{_NAMES[stays]}"])

        return Operations(Merge(), lookup=OldThenNew(_kind(sync, "source", project), afterwards))

    def body(self, sync: Sync, project: ProjectType) -> Body:
        source, stays = (_NAMES[_kind(sync, key, project)] for key in ("source", _STAYS))
        arrays = [_array(one) for one in sync.options["array_merge"]]
        extra = {"arrayMerge": arrays} if arrays else {}

        def make(row: Row) -> Mapping[str, object]:
            if source == stays and row.identity == row.own[_STAYS]:
                raise UnfitRow("merged-with-itself", "source and destination are one user")
            return {f"source{source}": row.identity, f"destination{stays}": row.own[_STAYS], **extra}

        return make

    def people(self, sync: Sync, project: ProjectType) -> tuple[PersonColumn, ...]:
        stays = PersonColumn(_kind(sync, _STAYS, project), f"@{_STAYS}")
        return (PersonColumn(_kind(sync, "source", project)), stays)

    def user(self, sync: Sync, project: ProjectType) -> Callable[[Row], str]:
        del sync, project
        return lambda row: str(row.own[_STAYS])


def _kind(sync: Sync, key: str, project: ProjectType) -> str:
    """Which identifier a key's column holds: what it says, else what identifies users in the project."""
    return str(sync.options[key] or ("email" if project is ProjectType.EMAIL else "user_id"))


def _array(one: Mapping[str, str]) -> dict[str, str]:
    names = {"field": "field", "dedupe_by": "dedupeBy"}
    return {names[name]: value for name, value in one.items()}
