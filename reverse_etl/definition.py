"""What a `reverse_etl` entry may say, object by object: the entry checked into a Sync, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from reverse_etl.errors import Fault
from reverse_etl.faults import Place, field_twice, translate
from reverse_etl.fieldmap import FIELDS_SCHEMA, read_fields, wrong_fields
from reverse_etl.sync import GuardLimits, Limit, Sync

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
ColumnName = Annotated[str, Field(min_length=1, description="a column of the model")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LimitEntry(_Entry):
    """Both bounds must be crossed."""

    percent: float = Field(default=10, ge=0, le=100)
    rows: int = Field(default=100, ge=0)


class GuardsEntry(_Entry):
    """What stops this sync before it sends; `false` turns one off for good."""

    empty_model: bool = True
    removed: bool | LimitEntry = LimitEntry()
    destination: bool = True
    build: bool = True


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class UsersEntry(_Entry):
    """User profiles, by POST /api/users/bulkUpdate."""

    object: Literal["users"]
    mode: Literal["upsert", "update"] = Field(
        default="upsert", description="update: users that Iterable lacks are skipped"
    )
    name: str | None = Field(
        default=None, min_length=1, max_length=200, description="name of the sync; default: the model's"
    )
    destination: str = Field("iterable", min_length=1, description="a destination of reverse_etl.yml")
    email: ColumnName | None = None
    user_id: ColumnName | None = None
    primary_key: Annotated[
        tuple[ColumnName, ...],
        BeforeValidator(_names),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field((), description="key of the sync snapshot; default: the identifier")
    fields: Annotated[Any, BeforeValidator(read_fields), WithJsonSchema(FIELDS_SCHEMA)] = None
    on_removed: Literal["ignore", "clear", "delete"] = "ignore"
    prefer_user_id: bool = Field(
        default=False, description="e-mail projects: create users that are known by user id only"
    )
    merge_nested_objects: bool = Field(default=False, description="merge objects into stored ones, one level deep")
    create_new_fields: bool | None = Field(
        default=None, description="whether Iterable may add fields; default: the project's"
    )
    allow_dropped_fields: bool = Field(
        default=False, description="accept rows although Iterable dropped some of their fields"
    )
    guards: GuardsEntry = GuardsEntry()
    reject_limit: LimitEntry = LimitEntry()


ENTRIES: Mapping[str, type[UsersEntry]] = {"users": UsersEntry}
_OPTIONS = ("prefer_user_id", "merge_nested_objects", "create_new_fields", "allow_dropped_fields")


@dataclass(frozen=True)
class Tagged:
    """A dbt model that carries a definition: what a Sync takes from it. `file` is relative to the dbt project."""

    name: str
    unique_id: str
    relation: str
    file: str
    hidden: frozenset[str] = frozenset()


def read_definitions(model: Tagged, meta: object) -> tuple[list[Sync], list[Fault]]:
    """The syncs of one model's `meta.reverse_etl`: one entry or a list. Each entry gives a Sync or its faults."""
    entries = meta if isinstance(meta, list) else [meta]
    syncs: list[Sync] = []
    faults: list[Fault] = []
    for index, entry in enumerate(entries):
        place = Place(model.name, model.file, index if isinstance(meta, list) else None)
        sync, found = _read_entry(model, entry, place, alone=len(entries) == 1)
        faults += found
        if sync is not None:
            syncs.append(sync)
    if not entries:
        faults.append(Place(model.name, model.file, None).fault("empty-definition", "the list of definitions is empty"))
    return syncs, faults


def _read_entry(model: Tagged, entry: object, place: Place, *, alone: bool) -> tuple[Sync | None, list[Fault]]:
    if not isinstance(entry, dict):
        return None, [
            place.fault(
                "not-a-definition", "a definition holds `key: value` pairs", found=entry, allowed="object, email, …"
            )
        ]
    kind = entry.get("object")
    if not isinstance(kind, str) or kind not in ENTRIES:
        return None, [place.wrong_word("object", kind, ENTRIES)]
    wrong = wrong_fields(entry.get("fields"), place)
    try:
        checked = ENTRIES[kind].model_validate(entry)
    except ValidationError as error:
        return None, [*wrong, *translate(error, place, ENTRIES[kind])]
    sync = _sync(model, checked, alone=alone)
    faults = [*wrong, *_check(sync, place)]
    return (None if faults else sync), faults


def _sync(model: Tagged, entry: UsersEntry, *, alone: bool) -> Sync:
    default = model.name if alone else f"{model.name}.{entry.object}"
    identifiers = {key: getattr(entry, key) for key in ("email", "user_id") if getattr(entry, key)}
    return Sync(
        name=entry.name or default,
        model=model.name,
        unique_id=model.unique_id,
        relation=model.relation,
        file=model.file,
        object=entry.object,
        mode=entry.mode,
        destination=entry.destination,
        identifiers=identifiers,
        primary_key=() if tuple(identifiers.values())[:1] == entry.primary_key else entry.primary_key,
        fields=entry.fields,
        hidden=model.hidden,
        on_removed=entry.on_removed,
        options={name: getattr(entry, name) for name in _OPTIONS},
        guards=_guards(entry.guards),
        reject_limit=Limit(entry.reject_limit.percent, entry.reject_limit.rows),
    )


def _guards(entry: GuardsEntry) -> GuardLimits:
    limits = LimitEntry() if entry.removed is True else entry.removed
    removed = Limit(limits.percent, limits.rows) if isinstance(limits, LimitEntry) else None
    return GuardLimits(entry.empty_model, removed, entry.destination, entry.build)


def _check(sync: Sync, place: Place) -> list[Fault]:
    faults = []
    if not sync.identifiers:
        faults.append(
            place.fault(
                "missing-identifier", "neither `email` nor `user_id` names a column", allowed="email, user_id, or both"
            )
        )
    faults += field_twice(sync.fields or (), place)
    for column in sync.named_columns():
        if column.lower() in {name.lower() for name in sync.hidden}:
            faults.append(
                place.fault(
                    "hidden-column",
                    f"column `{column}` is marked `reverse_etl: false` and is never sent",
                    found=column,
                    allowed="a column without that mark",
                )
            )
    return faults


def duplicate_names(syncs: Sequence[Sync]) -> list[Fault]:
    """A fault for every sync whose name another one has: names are what the sync snapshots are found by."""
    seen: dict[str, Sync] = {}
    faults = []
    for sync in syncs:
        first = seen.setdefault(sync.name.lower(), sync)
        if first is not sync:
            place = Place(sync.model, sync.file, None)
            faults.append(
                place.fault(
                    "duplicate-sync-name",
                    f"the name `{sync.name}` is taken by a definition on model `{first.model}`",
                    key="name",
                    found=sync.name,
                    allowed="a name no other definition has",
                )
            )
    return faults


def json_schema() -> dict[str, object]:
    """JSON Schema of what stands under `reverse_etl` in a model's meta."""
    entries = [entry.model_json_schema() for entry in ENTRIES.values()]
    # References are looked up from the root of a schema, wherever they stand.
    shared = {name: part for entry in entries for name, part in entry.pop("$defs", {}).items()}
    one: object = entries[0] if len(entries) == 1 else {"oneOf": entries}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": shared,
        "title": "reverse_etl",
        "description": "The entry under `meta` of a dbt model: one definition or a list of them.",
        "anyOf": [one, {"type": "array", "minItems": 1, "items": one}],
    }
