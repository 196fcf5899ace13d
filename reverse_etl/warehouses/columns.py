"""Columns of a relation: what their values are, and how our tables store them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ColumnKind(str, Enum):
    """What a column's values are, independent of the warehouse's type name."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    NUMBER = "number"  # each value decides whether it is whole
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    UUID = "uuid"
    JSON = "json"
    ARRAY = "array"
    OBJECT = "object"
    BINARY = "binary"
    INTERVAL = "interval"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name as stored, the warehouse's own type, and what that type holds.

    `element` is the kind of an array's elements; None if its type does not say, so they may be any JSON. `parts`,
    where the dialect needs them, are an array's elements as one column without a name, or the members of an object.
    """

    name: str
    type: str
    kind: ColumnKind
    element: ColumnKind | None = None
    parts: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """How our tables store the values of a column: an expression over the model, and its type there.

    Values of that type can be compared, hashed and cast. `json`: they are JSON text.
    """

    expression: str
    type: str
    json: bool = False
