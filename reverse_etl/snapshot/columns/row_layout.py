"""The columns of the rows of one sync: in its model and in its sync snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.snapshot.sql.identifier_text import UNFIT
from reverse_etl.sync import ANY_ORDER, Field, IdentityRule, Requirement, RowOrder
from reverse_etl.warehouses.columns import Column, ColumnKind

# The key of an identity that comes from the definition's `primary_key`.
PRIMARY_KEY = "primary_key"


@dataclass(frozen=True)
class KeyColumn:
    """One column of an explicit primary key: `name` in our tables, `expression` over the model."""

    name: str
    column: str
    type: str
    expression: str


@dataclass(frozen=True)
class ValueColumn:
    """One mapped value: `name` and `type` in our tables, `expression` over the model. `column` is None for a constant.

    `json`: the values are JSON text.
    """

    field: Field
    name: str
    type: str
    kind: ColumnKind
    expression: str
    column: Column | None
    json: bool = False

    @property
    def source_type(self) -> str:
        """Return the type of the value's column in the model."""
        return self.type if self.column is None else self.column.type

    @property
    def skips_nulls(self) -> bool:
        return self.field.nulls == "skip"


@dataclass(frozen=True)
class RowLayout:
    """The columns of one sync. `identity` is the key of its sync snapshot; an explicit primary key shows who moved.

    `requirements` are further conditions for a row, with the values that they check. `columns` are the model's columns
    that the expressions use. `stand_in` is the identity that a row has, or would have, by the second identity rule.
    `mixed_columns` are identities and values, by name, whose columns also hold values that identify no user.
    `mixed_reason` is the message for such rows. `order` is the order in which rows are sent, if it matters.
    `growing_column` shows which rows are recent, if the sync is incremental.
    """

    relation: str
    identity: str
    rule: IdentityRule
    keys: tuple[KeyColumn, ...]
    values: tuple[ValueColumn, ...]
    requirements: tuple[Requirement, ...] = ()
    columns: tuple[str, ...] = ()
    stand_in: str = ""
    mixed_columns: tuple[tuple[str, Column], ...] = ()
    mixed_reason: str = ""
    order: RowOrder = ANY_ORDER
    growing_column: Column | None = None

    @property
    def key_columns(self) -> str:
        """Return the key of the sync snapshot, as text to compare."""
        several = [column.lower() for column in self.rule.columns] if self.rule.key == PRIMARY_KEY else []
        return json.dumps([self.rule.key, *several, *(key.column.lower() for key in self.keys)])

    def value_of(self, label: str) -> ValueColumn:
        """Return the value of a field. Raises KeyError."""
        return {value.field.label: value for value in self.values}[label]

    def reasons(self) -> dict[str, str]:
        """Reasons why a row is held, in words, by code. They come from the identity and the requirements."""
        own = {requirement.code: requirement.reason for requirement in self.requirements}
        rules = [rule for rule in (self.rule, self.rule.otherwise) if rule is not None]
        found = {**{rule.code: rule.reason for rule in rules}, **own}
        return {**found, UNFIT: self.mixed_reason} if self.mixed_columns else found

    def second_identifier(self) -> ValueColumn | None:
        """Return the value that holds the second identifier, for rows that have both identifiers."""
        columns = self.rule.otherwise.columns if self.rule.otherwise is not None else ()
        found = [value for value in self.values if value.column is not None and (value.column.name,) == columns]
        return found[0] if found else None

    def hash_inputs(self, prefix: str = "") -> list[tuple[str, str]]:
        """Return the inputs of the row hash, with their types: column names, then values.

        The names make a difference if two fields exchange their columns. Keys are included, since a row is changed if
        its key moved to another identity.
        """
        parts = [(part.name, part.type) for parts in (self.keys, self.values) for part in parts]
        mapping = hashlib.sha256(json.dumps([name for name, _ in parts]).encode()).hexdigest()[:16]
        return [(f"'{mapping}'", "VARCHAR"), *((prefix + name, kind) for name, kind in parts)]


@dataclass(frozen=True)
class StoredTables:
    """The existing tables of a sync.

    `columns` are the sync snapshot's, with their types. `notes_requests`: the table of rejections has the newer
    columns.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    has_rejections: bool = False
    notes_requests: bool = True

    def fits(self, layout: RowLayout) -> bool:
        """Return whether the sync snapshot exists and has a column of the right type for every mapped value."""
        return bool(self.columns) and all(self.columns.get(value.name) == value.type for value in layout.values)

    def new_fields(self, layout: RowLayout) -> tuple[str, ...]:
        """Return fields that no definition names and that were never sent. Empty before the first run."""
        missing = [value.field for value in layout.values if self.columns and value.name not in self.columns]
        return tuple(field.label for field in missing if not field.is_named)
