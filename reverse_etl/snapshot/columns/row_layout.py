"""The columns of the rows of one sync: in its model and in its sync snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.snapshot.sql.identifier_text import UNFIT
from reverse_etl.sync import Field, IdentityRule, Requirement
from reverse_etl.warehouses.columns import Column, ColumnKind

# The key of an identity that is made of the definition's `primary_key`.
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
        """The type of its column in the model."""
        return self.type if self.column is None else self.column.type

    @property
    def skips_nulls(self) -> bool:
        return self.field.nulls == "skip"


@dataclass(frozen=True)
class RowLayout:
    """The columns of one sync. Its sync snapshot is keyed by `identity`; a primary key shows changed identities.

    `requirements` are conditions for a row, with their values. `columns` are columns of the model
    that the expressions name. `stand_in` is the identity that a row has, or would have, by the rule that stands in.
    `mixed_columns` are identities and values, by name, whose columns also hold values that cannot identify a row;
    `mixed_reason` says so for people.
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

    @property
    def key_columns(self) -> str:
        """What the sync snapshot is keyed by, as a text to compare."""
        several = [column.lower() for column in self.rule.columns] if self.rule.key == PRIMARY_KEY else []
        return json.dumps([self.rule.key, *several, *(key.column.lower() for key in self.keys)])

    def value_of(self, label: str) -> ValueColumn:
        """The value of a field. Raises KeyError."""
        return {value.field.label: value for value in self.values}[label]

    def reasons(self) -> dict[str, str]:
        """Why a row is held, in words, by code: what the identity and the requirements bring of their own."""
        own = {requirement.code: requirement.reason for requirement in self.requirements}
        rules = [rule for rule in (self.rule, self.rule.otherwise) if rule is not None]
        found = {**{rule.code: rule.reason for rule in rules}, **own}
        return {**found, UNFIT: self.mixed_reason} if self.mixed_columns else found

    def second_identifier(self) -> ValueColumn | None:
        """The value that holds what stands in for the identity, for rows that have both."""
        columns = self.rule.otherwise.columns if self.rule.otherwise is not None else ()
        found = [value for value in self.values if value.column is not None and (value.column.name,) == columns]
        return found[0] if found else None

    def hash_inputs(self, prefix: str = "") -> list[tuple[str, str]]:
        """Return what the row hash covers, with types: the columns (fields may change places) and the values.

        Keys are among them, since a row whose key moved to another identity is a changed row.
        """
        parts = [(part.name, part.type) for parts in (self.keys, self.values) for part in parts]
        mapping = hashlib.sha256(json.dumps([name for name, _ in parts]).encode()).hexdigest()[:16]
        return [(f"'{mapping}'", "VARCHAR"), *((prefix + name, kind) for name, kind in parts)]


@dataclass(frozen=True)
class StoredTables:
    """What stands: the sync snapshot's columns with their types, if any; rejections, with `notes_requests` columns."""

    columns: Mapping[str, str] = field(default_factory=dict)
    has_rejections: bool = False
    notes_requests: bool = True

    def fits(self, layout: RowLayout) -> bool:
        """Whether there is a table in which every mapped value has its column, of its type."""
        return bool(self.columns) and all(self.columns.get(value.name) == value.type for value in layout.values)
