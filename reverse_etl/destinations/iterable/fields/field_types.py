"""Compares the types that fields already have in Iterable with the types of the mapped columns.

A field's type is set by its first value and never changes (support article 208183076), so a clash is found before the
first batch and not by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.destinations.bound_object import SyncContext, TypedField
from reverse_etl.destinations.inspection import Inspection, NewField
from reverse_etl.destinations.iterable.fields.built_in_fields import ACCEPTED_KINDS, ALWAYS_PRESENT, BUILT_IN
from reverse_etl.destinations.request import ApiCaller, Endpoint, Request
from reverse_etl.errors import DestinationError

TYPES_UNKNOWN = "Iterable did not return its field types, so they were not checked"
GET_FIELDS = Endpoint("GET", "/api/users/getFields", 3)

TypesByKind = Mapping[str, frozenset[str]]
# Kinds of a warehouse column, and the types of Iterable that take their values. Kinds that are not here can be
# anything (JSON) and are left to Iterable. A text may hold dates, so a date field may take it.
ACCEPTED_TYPES: TypesByKind = {
    "text": frozenset({"string", "keyword", "date"}),
    "uuid": frozenset({"string", "keyword"}),
    "time": frozenset({"string", "keyword"}),
    "integer": frozenset({"long", "double"}),
    "decimal": frozenset({"double"}),
    "number": frozenset({"long", "double"}),
    "float": frozenset({"double"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "string", "keyword"}),
    "timestamp": frozenset({"date", "string", "keyword"}),
    "object": frozenset({"object", "nested", "geo_location"}),
}
# The type that a field gets from its first value, by the kind of its column; a text that looks like a date excepted.
INFERRED_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("text", "uuid", "time"), "string"),
    **dict.fromkeys(("date", "timestamp"), "date"),
    **dict.fromkeys(("decimal", "float"), "double"),
    "integer": "long",
    "boolean": "boolean",
    "object": "object",
}
# Objects of `lat` and `lon` in fields of that name are places.
GEO_SUFFIX = "_geo_location"
_FIXES = {
    "string": "cast the column to text",
    "date": "cast the column to a date or timestamp",
    "long": "cast the column to an integer",
    "double": "cast the column to a number",
    "boolean": "cast the column to a boolean",
    "object": "make the column an object, or map `field.member` names",
    "geo_location": "make the column an object of `lat` and `lon`",
}


@dataclass(frozen=True)
class TypeClash:
    """A field whose values Iterable would refuse, because it has another type that cannot change."""

    field: str
    ours: str
    theirs: str


def add_parents(fields: Sequence[TypedField]) -> Iterator[TypedField]:
    """Return the fields, each after the objects that contain it; every field and object once."""
    seen: set[str] = set()
    for item in fields:
        path = item.field.split(".")
        parents = [TypedField(".".join(path[:end]), "object", "an object") for end in range(1, len(path))]
        for one in (*parents, item):
            if one.field not in seen:
                seen.add(one.field)
                yield one


def find_clashes(
    fields: Sequence[TypedField], known: Mapping[str, str], accepted: TypesByKind = ACCEPTED_TYPES
) -> list[TypeClash]:
    """Return the fields whose values Iterable would refuse."""
    found = []
    for item in add_parents(fields):
        theirs, takes = known.get(item.field), accepted.get(item.kind)
        if theirs is not None and takes is not None and theirs not in takes:
            found.append(TypeClash(item.field, item.type, theirs))
    return found


def find_built_in_clashes(fields: Sequence[TypedField], told: Collection[str]) -> list[TypeClash]:
    """Return built-in fields that the project does not have yet and that would get a wrong type."""
    found = []
    for item in add_parents(fields):
        theirs = BUILT_IN.get(item.field)
        if theirs is not None and item.field not in told and (item.array or item.kind not in ACCEPTED_KINDS[theirs]):
            found.append(TypeClash(item.field, f"an array ({item.type})" if item.array else item.type, theirs))
    return found


def infer_type(item: TypedField) -> str:
    """Return the type that Iterable gives a new field; empty if it depends on the first value."""
    if item.field.endswith(GEO_SUFFIX) and item.kind in ("object", "json"):
        return "geo_location"
    return INFERRED_TYPES.get(item.kind, "")


def find_new_fields(fields: Sequence[TypedField], known: Collection[str]) -> tuple[NewField, ...]:
    """Return the fields that Iterable does not have yet, with the types that they get."""
    return tuple(as_new_field(item) for item in add_parents(fields) if item.field not in known)


def as_new_field(item: TypedField) -> NewField:
    """Return a field as a new field with the type that it gets."""
    given = infer_type(item)
    return NewField(item.field, f"array of {given}" if item.array and given else given)


def inspect_without_types(context: SyncContext, note: str) -> Inspection:
    """Return an inspection of fields whose types Iterable does not report. `note` is the sentence that says so."""
    return Inspection(find_new_fields(context.fields, ()), notes=(note,))


def clash_error(sync: str, found: Sequence[TypeClash]) -> DestinationError:
    """Return one error for all clashes of a sync."""
    first = found[0]
    return DestinationError(
        "field-type-clash",
        f"sync `{sync}`: Iterable would refuse field `{first.field}`: it is {first.theirs} there and {first.ours} here"
        + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""),
        context={clash.field: f"{clash.theirs} in Iterable, {clash.ours} in the model" for clash in found},
        hint=f"In the model {_FIXES.get(first.theirs, 'make the column fit')}, or map it to a new field name:"
        " a field's type in Iterable cannot be changed.",
    )


def built_in_error(sync: str, found: Sequence[TypeClash]) -> DestinationError:
    """Return one error for all built-in fields of a sync that would get a wrong type."""
    first = found[0]
    return DestinationError(
        "field-type-clash",
        f"sync `{sync}`: `{first.field}` is a {first.theirs} in Iterable, and {first.ours} would give it another type"
        " permanently" + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""),
        context={clash.field: f"{clash.theirs} in Iterable, {clash.ours} in the model" for clash in found},
        hint=f"In the model {_FIXES[first.theirs]}, or map it to a new field name.",
    )


def read_user_types(caller: ApiCaller) -> Mapping[str, str] | None:
    """Return the types of the project's user fields; None if they are not reported. Raises DestinationError."""
    reply = caller.ask(Request(GET_FIELDS, GET_FIELDS.path))
    fields = reply.body.get("fields") if isinstance(reply.body, dict) and reply.status == 200 else None
    return {str(name): str(kind) for name, kind in fields.items()} if isinstance(fields, dict) else None


def check_user_fields(context: SyncContext, caller: ApiCaller) -> Sequence[str]:
    """Refuse fields that have another type in Iterable. Return warnings about what could not be checked.

    Raises DestinationError.
    """
    return inspect_user_fields(context, caller).warnings if context.fields else ()


def inspect_user_fields(context: SyncContext, caller: ApiCaller) -> Inspection:
    """Return which user fields are new, and the types they would get. Raises DestinationError if types clash."""
    told = read_user_types(caller)
    wrong = find_built_in_clashes(context.fields, told or {})
    if wrong:
        raise built_in_error(context.sync.name, wrong)
    found = find_clashes(context.fields, {**ALWAYS_PRESENT, **(told or {})})
    if found:
        raise clash_error(context.sync.name, found)
    if told is None:
        return Inspection(find_new_fields(context.fields, ALWAYS_PRESENT), warnings=(TYPES_UNKNOWN,))
    known = {**ALWAYS_PRESENT, **told}
    mine = {item.field: known[item.field] for item in add_parents(context.fields) if item.field in known}
    return Inspection(find_new_fields(context.fields, known), mine, types_read=True)


def warn_of_dropped_fields(fields: Sequence[NewField]) -> str:
    """Return the warning that `create_new_fields: false` drops these fields."""
    names = ", ".join(f"`{item.field}`" for item in fields[:10]) + (", …" if len(fields) > 10 else "")
    return f"`create_new_fields: false` lets Iterable drop what it does not have: {names}"
