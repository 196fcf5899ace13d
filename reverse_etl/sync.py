"""Sync: one definition from `meta`, as a frozen value; knows neither dbt's files nor Iterable's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Nulls = Literal["send", "skip"]
OnRemoved = Literal["ignore", "clear", "delete"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the destination and where its value comes from: a column, or a constant where `column` is None.

    `path` is the field's name; dots make nested objects. `nulls="skip"`: a NULL sends nothing instead of clearing.
    `as_text`: the value is a name, sent as text whatever the column's type.
    """

    path: str
    column: str | None
    constant: object = None
    nulls: Nulls = "send"
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """More than `percent` of the rows and more than `rows` rows is too many."""

    percent: float
    rows: int

    def exceeded(self, count: int, total: int) -> bool:
        """Whether `count` of `total` rows crosses both bounds."""
        return count > self.rows and count * 100 > self.percent * total


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """Which guards of a definition are on, and their limits; None turns one off."""

    empty_model: bool = True
    removed: Limit | None = Limit(10, 100)
    destination: bool = True
    build: bool = True


@dataclass(frozen=True)
class Sync:
    """One definition. `identifiers` maps the definition's key (`email`, `user_id`) to a column.

    `primary_key` is empty where the identifier is the key. `fields` is None where every other column is sent.
    `hidden` are columns that are never sent. `options` are the object's own switches.
    """

    name: str
    model: str
    unique_id: str
    relation: str
    file: str
    object: str
    mode: str
    destination: str
    identifiers: Mapping[str, str]
    primary_key: tuple[str, ...] = ()
    fields: tuple[Field, ...] | None = None
    hidden: frozenset[str] = frozenset()
    on_removed: OnRemoved = "ignore"
    options: Mapping[str, bool | None] = field(default_factory=dict)
    guards: GuardLimits = field(default_factory=GuardLimits)
    reject_limit: Limit = field(default_factory=lambda: Limit(10, 100))

    def named_columns(self) -> tuple[str, ...]:
        """Columns that the definition names itself, in its order, each once."""
        columns = [*self.identifiers.values(), *self.primary_key]
        columns += [item.column for item in self.fields or () if item.column is not None]
        return tuple(dict.fromkeys(columns))

    def with_fields(self, fields: tuple[Field, ...]) -> Sync:
        """The same sync with its fields spelled out."""
        return replace(self, fields=fields)

    def option(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self.options.get(name))


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """How a column becomes the identity of a row in the destination, and which texts cannot be one.

    `lowered`: compared without regard to letter case and outer blanks. `pattern` is a regular expression for the whole
    text, in the syntax that all warehouses share; `never` are texts it lets through. `code` says why a row is held.
    """

    key: str
    column: str
    lowered: bool
    pattern: str
    code: str
    never: tuple[str, ...] = ()
