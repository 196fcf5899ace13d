"""Field types: what Iterable has already fixed, against what the mapped columns hold.

A field's type is set by its first value and never changes (support article 208183076), so a clash is found before the
first batch and not by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverse_etl.errors import DestinationError
from reverse_etl.iterable.base import Asker, Endpoint, Request, Subject, Typed

NOT_TOLD = "Iterable did not tell its field types, so they were not checked"
GET_FIELDS = Endpoint("GET", "/api/users/getFields", 3)

# Kinds of a warehouse column, and the types of Iterable that take their values. Kinds that are not here can be
# anything (JSON) and are left to Iterable. A text may hold dates, so a date field may take it.
ACCEPTED: Mapping[str, frozenset[str]] = {
    "text": frozenset({"string", "keyword", "date"}),
    "uuid": frozenset({"string", "keyword"}),
    "time": frozenset({"string", "keyword"}),
    "integer": frozenset({"long", "double"}),
    "decimal": frozenset({"double"}),
    "float": frozenset({"double"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "string", "keyword"}),
    "timestamp": frozenset({"date", "string", "keyword"}),
    "object": frozenset({"object", "nested", "geo_location"}),
}
_FIXES = {
    "string": "cast the column to text",
    "date": "cast the column to a date or timestamp",
    "long": "cast the column to an integer",
    "double": "cast the column to a number",
    "boolean": "cast the column to a boolean",
    "object": "make the column an object, or map `field.member` names",
}


@dataclass(frozen=True)
class TypeClash:
    """A field whose values Iterable would refuse, since it has another type for good."""

    field: str
    ours: str
    theirs: str


def clashes(fields: Sequence[Typed], known: Mapping[str, str]) -> list[TypeClash]:
    """The fields whose values Iterable would refuse."""
    found = []
    for item in fields:
        path = item.field.split(".")
        parents = [(".".join(path[:end]), "object", "an object") for end in range(1, len(path))]
        for name, kind, ours in (*parents, (item.field, item.kind, item.type)):
            theirs, takes = known.get(name), ACCEPTED.get(kind)
            if theirs is not None and takes is not None and theirs not in takes:
                found.append(TypeClash(name, ours, theirs))
    return list(dict.fromkeys(found))


def clash_error(sync: str, found: Sequence[TypeClash]) -> DestinationError:
    """One error for all clashes of a sync."""
    first = found[0]
    return DestinationError(
        "field-type-clash",
        f"sync `{sync}`: Iterable would refuse field `{first.field}`: it is {first.theirs} there and {first.ours} here"
        + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""),
        context={clash.field: f"{clash.theirs} in Iterable, {clash.ours} in the model" for clash in found},
        hint=f"In the model {_FIXES.get(first.theirs, 'make the column fit')}, or map it to a new field name:"
        " a field's type in Iterable cannot be changed.",
    )


def user_types(asker: Asker) -> Mapping[str, str] | None:
    """Types of the user fields that the project has; None where the server does not tell. Raises DestinationError."""
    reply = asker.ask(Request(GET_FIELDS, GET_FIELDS.path))
    fields = reply.body.get("fields") if isinstance(reply.body, dict) and reply.status == 200 else None
    return {str(name): str(kind) for name, kind in fields.items()} if isinstance(fields, dict) else None


def check_user_fields(subject: Subject, asker: Asker) -> Sequence[str]:
    """Refuse fields that Iterable has another type for; what could not be checked, in sentences.

    Raises DestinationError.
    """
    if not subject.typed:
        return ()
    known = user_types(asker)
    if known is None:
        return (NOT_TOLD,)
    found = clashes(subject.typed, known)
    if found:
        raise clash_error(subject.sync.name, found)
    return ()
