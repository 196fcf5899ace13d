"""Items of a purchase or a cart, from an array of objects or from columns of the row.

Members and their types: Swagger document, CommerceItem. Knows no request and no user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, SkipValidation, WithJsonSchema
from pydantic_core import PydanticCustomError

from reverse_etl.definition.faults import EntryLocation, find_field_faults
from reverse_etl.destinations.column_body import JsonColumn, RowColumns, require_value
from reverse_etl.destinations.iterable.fields.scalars import (
    AS_NUMBER,
    AS_OBJECT,
    AS_TEXT,
    AS_TEXTS,
    AS_WHOLE,
    UNSENDABLE_VALUE,
    Scalar,
    convert_value,
)
from reverse_etl.destinations.operation import Row, UnfitRow
from reverse_etl.errors import Fault, did_you_mean
from reverse_etl.sync import Field, Requirement

REQUIRED = ("id", "name", "price", "quantity")
_DATA = "dataFields"
_ALLOW_PII = "allow_pii"
MEMBERS: Mapping[str, Scalar] = {
    "id": AS_TEXT,
    "name": AS_TEXT,
    "price": AS_NUMBER,
    "quantity": AS_WHOLE,
    "sku": AS_TEXT,
    "description": AS_TEXT,
    "categories": AS_TEXTS,
    "url": AS_TEXT,
    "imageUrl": AS_TEXT,
    _DATA: AS_OBJECT,
}
_ALLOWED = "a column that holds an array, {column: …, member: name there}, or {member: column} of the row"
# An item before its members are fitted: values by path, such as `price` or `dataFields.color`.
_Raw = Mapping[str, object]
# Returns the items of a row as Iterable accepts them. Raises UnfitRow.
ItemsReader = Callable[[Row], "list[dict[str, object]]"]


@dataclass(frozen=True)
class ItemsKey:
    """What `items` of a definition says.

    `members` are by path where each comes from: with a `column`, the member's name in the objects of its array, else
    a column of the row; or a constant. `allow_pii`: the array's column may be marked as personal data.
    """

    column: str | None
    members: Mapping[str, Field] = field(default_factory=dict)
    allow_pii: bool = False

    def key_fields(self) -> tuple[Field, ...]:
        """Return what the key takes from a row. Names of members are compared like values: they change what is sent."""
        if self.column is None:
            return tuple(
                Field(f"items.{path}", m.column, m.constant, from_key=True, allow_pii=m.allow_pii)
                for path, m in self.members.items()
            )
        array = Field("items", self.column, from_key=True, allow_pii=self.allow_pii)
        names = {path: m.column if m.column is not None else {"value": m.constant} for path, m in self.members.items()}
        return (array, Field("item_members", None, names, from_key=True)) if names else (array,)

    def requirement(self) -> Requirement:
        """Return that a row has items, or an array of items."""
        label = "items" if self.column is not None else "items.id"
        return Requirement((f"@{label}",), "null-items", f"`{label}` is NULL")

    def faults(self, location: EntryLocation) -> list[Fault]:
        """Return faults of members that every item needs and that are missing, or that are mapped twice."""
        lacking = [name for name in REQUIRED if self.column is None and name not in self.members]
        missing = [location.fault("missing-key", f"every item needs `{name}`", key=f"items.{name}") for name in lacking]
        return missing + find_field_faults(tuple(self.members.values()), location, under="items")

    def reader(self) -> ItemsReader:
        """Return the function that reads the items of a row."""
        raw = self._of_row if self.column is None else self._of_array
        return lambda row: [_item(found) for found in raw(row)]

    def read_columns(self, rows: RowColumns, *, may_be_empty: bool) -> JsonColumn | None:
        """Return the items of many rows; None if they come from columns of the row."""
        from reverse_etl.destinations.iterable.fields.scalar_columns import convert_each  # imports `pyarrow`

        def read(array: object) -> object:
            found = reader(Row("", key_values={"items": array}))
            return found if found or may_be_empty else None

        reader = self.reader()
        return None if self.column is None else require_value(convert_each(rows.key_values["items"], read))

    def _of_array(self, row: Row) -> Iterator[_Raw]:
        array = row.key_values["items"]
        if isinstance(array, str):
            raise UnfitRow(UNSENDABLE_VALUE, "`items` is a text; cast the column to JSON")
        if not isinstance(array, list) or not all(isinstance(one, dict) for one in array):
            raise UnfitRow(UNSENDABLE_VALUE, "`items` is not an array of objects")
        inner = any(path.startswith(f"{_DATA}.") for path in self.members)
        plain = [name for name in MEMBERS if name not in self.members and not (inner and name == _DATA)]
        for one in array:
            found = {path: m.constant if m.column is None else one.get(m.column) for path, m in self.members.items()}
            yield {**{name: one.get(name) for name in plain}, **found}

    def _of_row(self, row: Row) -> Iterator[_Raw]:
        """Yield one item; if `id` is an array, one item for each of its elements, with the elements of other arrays."""
        found = {path: _dig(row.key_values["items"], path) for path in self.members}
        ids = found["id"]
        if not isinstance(ids, list):
            yield found
            return
        zipped = {path: value for path, value in found.items() if self._is_zipped(path, value)}
        for path, value in zipped.items():
            if len(value) != len(ids):
                raise UnfitRow(UNSENDABLE_VALUE, f"`items.{path}` has more or fewer elements than `items.id`")
        for index in range(len(ids)):
            yield {**found, **{path: value[index] for path, value in zipped.items()}}

    def _is_zipped(self, path: str, value: object) -> bool:
        return isinstance(value, list) and self.members[path].column is not None


def _dig(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _item(raw: _Raw) -> dict[str, object]:
    found = {}
    for name, kind in MEMBERS.items():
        value = raw.get(name)
        if value is not None and (value != "" or name in REQUIRED):
            found[name] = convert_value(f"items.{name}", value, kind)
        elif name in REQUIRED:
            raise UnfitRow(UNSENDABLE_VALUE, f"`items.{name}` is missing")
    for path, value in raw.items():
        if path.startswith(f"{_DATA}.") and value is not None:
            _put(found.setdefault(_DATA, {}), path.split(".")[1:], value)
    return found


def _put(location: Any, path: Sequence[str], value: object) -> None:
    for name in path[:-1]:
        location = location.setdefault(name, {})
    location[path[-1]] = value


def _read(value: object) -> ItemsKey:
    if isinstance(value, str) and value:
        return ItemsKey(value)
    if not isinstance(value, dict) or not value:
        raise PydanticCustomError("items", _ALLOWED)
    column, allow_pii = value.get("column"), value.get(_ALLOW_PII, False)
    if "column" in value and not (isinstance(column, str) and column):
        raise PydanticCustomError("items", "a column under `column`")
    if _ALLOW_PII in value and not (column and isinstance(allow_pii, bool)):
        raise PydanticCustomError("items", f"true or false under `{_ALLOW_PII}`, next to `column`")
    members = {path: said for path, said in value.items() if path not in ("column", _ALLOW_PII)}
    return ItemsKey(column, {path: _member(path, said) for path, said in members.items()}, allow_pii is True)


def _member(path: object, said: object) -> Field:
    known = isinstance(path, str) and (path in MEMBERS or (path.startswith(f"{_DATA}.") and all(path.split("."))))
    if not known:
        words = ", ".join(MEMBERS)
        raise PydanticCustomError("items", f"members of an item ({words}, {_DATA}.…), not `{path}`{_near(path)}")
    if isinstance(said, str) and said:
        return Field(str(path), said)
    if isinstance(said, dict) and set(said) == {"value"}:
        return Field(str(path), None, said["value"])
    if isinstance(said, dict) and set(said) == {"column", _ALLOW_PII} and said["column"] and said[_ALLOW_PII] is True:
        return Field(str(path), str(said["column"]), allow_pii=True)
    raise PydanticCustomError("items", f"a name or {{value: …}} for `{path}`")


def _near(path: object) -> str:
    return did_you_mean(str(path), MEMBERS)


_SOURCE = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "object", "properties": {"value": {}}, "required": ["value"], "additionalProperties": False},
        {
            "type": "object",
            "properties": {"column": {"type": "string", "minLength": 1}, _ALLOW_PII: {"type": "boolean"}},
            "required": ["column", _ALLOW_PII],
            "additionalProperties": False,
        },
    ]
}
_SCHEMA = {
    "description": "a column that holds an array of objects, or a source for each member of an item",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "minProperties": 1,
            "properties": {
                "column": {"type": "string", "minLength": 1},
                _ALLOW_PII: {"type": "boolean"},
                **dict.fromkeys(MEMBERS, _SOURCE),
            },
            "patternProperties": {rf"^{_DATA}\.": _SOURCE},
            "additionalProperties": False,
        },
    ],
}
Items = Annotated[ItemsKey, SkipValidation, BeforeValidator(_read), WithJsonSchema(_SCHEMA)]
