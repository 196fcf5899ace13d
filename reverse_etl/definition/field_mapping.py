"""Reads `fields` of a definition: each field with its source, and the faults of fields that cannot be read."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from reverse_etl.counting import plural
from reverse_etl.definition.faults import EntryLocation
from reverse_etl.errors import Fault, did_you_mean
from reverse_etl.sync import Field

MAX_MAPPED_FIELDS = 500
_ALLOWED = "a column name, {value: …} or {column: …, nulls: send | skip, allow_pii: true}"
_KEYS = ("value", "column", "nulls", "allow_pii")
# What dbt makes of names that YAML reads as booleans or null: `on:`, `yes:`, `NO:`, `off:`, `~:`.
_NO_NAMES = ("true", "false", "null")
_QUOTE = "YAML reads a bare `on`, `yes`, `no` or `off` as a boolean: quote it"


def read_fields(value: object) -> object:
    """Return the fields in their order; None if every other column is sent. Wrong fields are left out."""
    if isinstance(value, list):
        return tuple(Field(name, name) for name in value if isinstance(name, str) and name)
    if isinstance(value, dict):
        found = [_field(path, source) for path, source in value.items()]
        return tuple(field for field in found if field is not None)
    return None


def check_field_count(fields: object, location: EntryLocation) -> Fault | None:
    """Return a fault if there are more fields than one statement can compare in reasonable time."""
    if not isinstance(fields, (list, tuple, dict)) or len(fields) <= MAX_MAPPED_FIELDS:
        return None
    return location.fault(
        "too-many-fields",
        f"there are {plural(len(fields), 'field')}, and one definition sends {MAX_MAPPED_FIELDS} at most: name only"
        " the needed ones under `fields`, or split them over several definitions of the model",
        key="fields",
        allowed=f"{MAX_MAPPED_FIELDS} fields",
    )


def find_wrong_fields(value: object, location: EntryLocation) -> list[Fault]:
    """Return a fault for each field that cannot be read."""
    if isinstance(value, list):
        wrong = [name for name in value if not (isinstance(name, str) and name)]
        return [
            location.fault(
                "wrong-field", "a list of fields holds column names only", key="fields", found=name, allowed=_QUOTE
            )
            for name in wrong
        ]
    if isinstance(value, dict):
        return [_wrong(path, source, location) for path, source in value.items() if _field(path, source) is None]
    if value is None:
        return []
    allowed = "`field: column` pairs, or a list of columns"
    return [location.fault("wrong-field", "`fields` holds no fields", key="fields", found=value, allowed=allowed)]


def _field(path: object, source: object) -> Field | None:
    if not isinstance(path, str) or path in _NO_NAMES:
        return None
    if isinstance(source, str) and source:
        return Field(path, source)
    if not isinstance(source, dict):
        return None
    if set(source) == {"value"}:
        return Field(path, None, constant=source["value"])
    column, nulls, allow_pii = source.get("column"), source.get("nulls", "send"), source.get("allow_pii", False)
    known = set(source) <= {"column", "nulls", "allow_pii"} and nulls in ("send", "skip")
    if isinstance(column, str) and column and known and isinstance(allow_pii, bool):
        return Field(path, column, nulls=nulls, allow_pii=allow_pii)
    return None


def _wrong(path: object, source: object, location: EntryLocation) -> Fault:
    if not isinstance(path, str) or path in _NO_NAMES:
        said = f"the field name `{path}` is not a text; if it is a name such as `on` or `NO`, quote it"
        return location.fault("wrong-field", said, key="fields", found=path, allowed=f'"on": <column>; {_QUOTE}')
    unknown = [str(key) for key in source if key not in _KEYS] if isinstance(source, dict) else []
    hint = did_you_mean(unknown[0], _KEYS) if unknown else ""
    said = f"what field `{path}` comes from cannot be read{hint}"
    allowed = f"{_ALLOWED}; {_QUOTE}" if isinstance(source, bool) else _ALLOWED
    return location.fault("wrong-field", said, key=f"fields.{path}", found=source, allowed=allowed)


def read_source(value: object, info: ValidationInfo) -> object:
    """Return what a key of a definition takes from a row: a column or a constant; `nulls: skip` is kept."""
    if value is None:
        return None
    found = _field(info.field_name, value)
    if found is None:
        raise PydanticCustomError("source", "a column name, {value: …} or {column: …}")
    return replace(found, from_key=True)


SOURCE_SCHEMA = {
    "anyOf": [
        {"type": "null"},
        {"type": "string", "minLength": 1, "description": "a column of the model"},
        {"type": "object", "properties": {"value": {}}, "required": ["value"], "additionalProperties": False},
        {
            "type": "object",
            "properties": {
                "column": {"type": "string"},
                "nulls": {"enum": ["send", "skip"]},
                "allow_pii": {"type": "boolean"},
            },
            "required": ["column"],
            "additionalProperties": False,
        },
    ]
}
FIELDS_SCHEMA = {
    "description": "Iterable field: model column; a list of columns; left out: every other column",
    "anyOf": [
        {"type": "null"},
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "minLength": 1},
                    {
                        "type": "object",
                        "properties": {
                            "column": {"type": "string", "minLength": 1},
                            "nulls": {"enum": ["send", "skip"], "default": "send"},
                            "allow_pii": {
                                "type": "boolean",
                                "default": False,
                                "description": "true: send it although it is marked as personal data",
                            },
                        },
                        "required": ["column"],
                        "additionalProperties": False,
                    },
                    {
                        "type": "object",
                        "properties": {"value": {}},
                        "required": ["value"],
                        "additionalProperties": False,
                    },
                ]
            },
        },
    ],
}
