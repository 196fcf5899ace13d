"""Shape: how one sync looks as columns, in its model and in its sync snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.definition.faults import nearest, place_of
from reverse_etl.errors import ConfigError, Fault
from reverse_etl.snapshot.sql.identifier_text import UNFIT, identifier_text, is_doubtful, unfit_reason
from reverse_etl.snapshot.sql.second_identifier import marked
from reverse_etl.snapshot.tables import value_name
from reverse_etl.sync import Field, IdentityRule, Requirement, Sync
from reverse_etl.warehouses.base import Column, ColumnKind, Dialect

# The key of an identity that is made of the definition's `primary_key`.
PRIMARY_KEY = "primary_key"


@dataclass(frozen=True)
class Key:
    """One column of an explicit primary key: `name` in our tables, `expression` over the model."""

    name: str
    column: str
    type: str
    expression: str


@dataclass(frozen=True)
class Value:
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
class Shape:
    """The columns of one sync. Its sync snapshot is keyed by `identity`; an explicit primary key tells who moved.

    `requirements` are what else must hold of a row, with the values they are about. `columns` are those of the model
    that the expressions name. `stand_in` is the identity that a row has, or would have, by the rule that stands in.
    `doubtful` are identities and values, by name, whose columns also hold what identifies nobody; `unfit` says that.
    """

    relation: str
    identity: str
    rule: IdentityRule
    keys: tuple[Key, ...]
    values: tuple[Value, ...]
    requirements: tuple[Requirement, ...] = ()
    columns: tuple[str, ...] = ()
    stand_in: str = ""
    doubtful: tuple[tuple[str, Column], ...] = ()
    unfit: str = ""

    @property
    def key_columns(self) -> str:
        """What the sync snapshot is keyed by, as a text to compare."""
        several = [column.lower() for column in self.rule.columns] if self.rule.key == PRIMARY_KEY else []
        return json.dumps([self.rule.key, *several, *(key.column.lower() for key in self.keys)])

    def named(self, label: str) -> Value:
        """The value of a field. Raises KeyError."""
        return {value.field.label: value for value in self.values}[label]

    def reasons(self) -> dict[str, str]:
        """Why a row is held, in words, by code: what the identity and the requirements bring of their own."""
        own = {requirement.code: requirement.reason for requirement in self.requirements}
        rules = [rule for rule in (self.rule, self.rule.otherwise) if rule is not None]
        found = {**{rule.code: rule.reason for rule in rules}, **own}
        return {**found, UNFIT: self.unfit} if self.doubtful else found

    def kept_beside(self) -> Value | None:
        """The value that holds what stands in for the identity, for rows that have both."""
        columns = self.rule.otherwise.columns if self.rule.otherwise is not None else ()
        found = [value for value in self.values if value.column is not None and (value.column.name,) == columns]
        return found[0] if found else None

    def hashed(self, prefix: str = "") -> list[tuple[str, str]]:
        """What the row hash covers, with types: the columns, which tell fields that changed places, and the values.

        Keys are among them, since a row whose key moved to another identity is a changed row.
        """
        parts = [(part.name, part.type) for parts in (self.keys, self.values) for part in parts]
        mapping = hashlib.sha256(json.dumps([name for name, _ in parts]).encode()).hexdigest()[:16]
        return [(f"'{mapping}'", "VARCHAR"), *((prefix + name, kind) for name, kind in parts)]


@dataclass(frozen=True)
class Stored:
    """What stands: the sync snapshot's columns with their types, if any; rejections, with `notes_requests` columns."""

    columns: Mapping[str, str] = field(default_factory=dict)
    has_rejections: bool = False
    notes_requests: bool = True

    def fits(self, shape: Shape) -> bool:
        """Whether there is a table in which every mapped value has its column, of its type."""
        return bool(self.columns) and all(self.columns.get(value.name) == value.type for value in shape.values)


def find_column(name: str, columns: Sequence[Column]) -> Column | None:
    """The column of that name; letter case counts only where two differ by nothing else."""
    exact = [column for column in columns if column.name == name]
    folded = [column for column in columns if column.name.lower() == name.lower()]
    found = exact or folded
    return found[0] if len(found) == 1 else None


def spell_fields(sync: Sync, columns: Sequence[Column]) -> Sync:
    """The sync with its fields spelled out: where it names none, every column it does not name otherwise."""
    if sync.fields is not None:
        return sync
    taken = {name.lower() for name in (*sync.named_columns(), *sync.hidden)}
    return sync.with_fields(
        tuple(Field(column.name, column.name) for column in columns if column.name.lower() not in taken)
    )


def ambiguous_columns(sync: Sync, columns: Sequence[Column]) -> list[Fault]:
    """A fault for columns that differ only by letter case, if the definition does not say which of them it means."""
    named = sync.named_columns()
    faults = []
    for twins in _twins(columns):
        fits = [name for name in named if name.lower() == twins[0].lower()]
        unclear = [name for name in fits if name not in twins]
        if not unclear and (sync.fields is not None or set(twins) <= sync.hidden | set(named)):
            continue
        faults.append(
            place_of(sync).fault(
                "ambiguous-column",
                f"sync `{sync.name}`: columns {' and '.join(f'`{name}`' for name in twins)} of {sync.relation} differ"
                " only by letter case, and the definition does not say which of them it means",
                key=_key_of(sync, unclear[0]) if unclear else "fields",
                found=unclear[0] if unclear else None,
                allowed=", ".join(twins),
            )
        )
    return faults


def _twins(columns: Sequence[Column]) -> list[list[str]]:
    folded: dict[str, list[str]] = {}
    for column in columns:
        folded.setdefault(column.name.lower(), []).append(column.name)
    return [names for names in folded.values() if len(names) > 1]


def missing_columns(sync: Sync, columns: Sequence[Column]) -> list[Fault]:
    """A fault for each column that the definition names and the relation does not have."""
    ambiguous = ambiguous_columns(sync, columns)
    if ambiguous:
        return ambiguous
    names = [column.name for column in columns]
    hidden = [
        place_of(sync).fault(
            "missing-column",
            f"sync `{sync.name}`: column `{name}`, which is marked `reverse_etl: false`, is not in"
            f" {sync.relation}{nearest(name, names)}",
            key=f"columns.{name}",
            found=name,
            allowed=", ".join(names),
        )
        for name in sorted(sync.hidden)
        if find_column(name, columns) is None
    ]
    return hidden + [
        place_of(sync).fault(
            "missing-column",
            f"sync `{sync.name}`: column `{name}` is not in {sync.relation}{nearest(name, names)}",
            key=_key_of(sync, name),
            found=name,
            allowed=", ".join(names),
        )
        for name in sync.named_columns()
        if find_column(name, columns) is None
    ]


def missing_relation(sync: Sync, unseen: str = "") -> ConfigError:
    """The table of a tagged model is not in the warehouse. `unseen`: what to do where it only may not be seen."""
    there = "does not exist in this target" + (", or may not be seen" if unseen else "")
    return ConfigError(
        "missing-table",
        f"sync `{sync.name}`: the table {sync.relation} of model `{sync.model}` {there}",
        context={"model": sync.model, "file": sync.file, "relation": sync.relation},
        hint=f"Run `dbt build --select {sync.selector}` with the same target first.{unseen and ' ' + unseen}",
    )


def shape_of(
    sync: Sync,
    rule: IdentityRule,
    columns: Sequence[Column],
    dialect: Dialect,
    requirements: tuple[Requirement, ...] = (),
) -> Shape:
    """The shape of a sync whose fields are spelled out and whose columns are all there."""
    keys = []
    for number, name in enumerate(sync.primary_key if rule.key != PRIMARY_KEY else (), start=1):
        column = _found(name, columns)
        kept = dialect.kept(column)
        keys.append(Key(f"key_{number}", column.name, kept.type, kept.expression))
    values = tuple(_value(field, columns, dialect) for field in sync.fields or ())
    rules = [one for one in (rule, rule.otherwise) if one is not None]
    read = [_found(name, columns).name for one in rules for name in one.columns] + [key.column for key in keys]
    read += [value.column.name for value in values if value.column is not None]
    stand_in, other = "", rule.otherwise
    identity = _identity(rule, columns, dialect)
    if other is not None:
        stand_in = marked(dialect, other, _identity(other, columns, dialect))
        identity = f"CASE WHEN trim({identity}) <> '' THEN {identity} ELSE coalesce({stand_in}, {identity}) END"
    read = list(dict.fromkeys(read))
    doubtful = _doubtful([("identity", column) for _, column in rule_columns(rule, columns)], values)
    unfit = unfit_reason(dialect, list({column.name: column for _, column in doubtful}.values()))
    return Shape(
        sync.relation, identity, rule, tuple(keys), values, requirements, tuple(read), stand_in, doubtful, unfit
    )


def rule_columns(rule: IdentityRule, columns: Sequence[Column]) -> list[tuple[str, Column]]:
    """The columns of single identifiers by which rows are identified, each with its key."""
    rules = [one for one in (rule, rule.otherwise) if one is not None and one.key != PRIMARY_KEY]
    return [(one.key, _found(name, columns)) for one in rules for name in one.columns]


def identifiers_among(sync: Sync, rule: IdentityRule, columns: Sequence[Column]) -> list[tuple[str, Column]]:
    """The columns of all identifiers, each once with its key in the definition: those of a rule, and of fields."""
    fields = [_found(one.column, columns) for one in sync.fields or () if one.as_text and one.column is not None]
    found = {column.name: column for column in (*(column for _, column in rule_columns(rule, columns)), *fields)}
    return [(_key_of(sync, name), column) for name, column in found.items()]


def _doubtful(identities: Sequence[tuple[str, Column]], values: Sequence[Value]) -> tuple[tuple[str, Column], ...]:
    others = [(one.name, one.column) for one in values if one.field.as_text and one.column is not None]
    return tuple((name, column) for name, column in (*identities, *others) if is_doubtful(column))


def _identity(rule: IdentityRule, columns: Sequence[Column], dialect: Dialect) -> str:
    """One column as text, or several as one JSON array; NULL where one of them is."""
    there_are = [_found(name, columns) for name in rule.columns]
    found = [dialect.kept(column).expression for column in there_are]
    if len(found) == 1:
        text = dialect.as_text(found[0]) if rule.key == PRIMARY_KEY else identifier_text(dialect, there_are[0])
        return dialect.lower(f"trim({text})") if rule.lowered else text
    there = " AND ".join(f"{expression} IS NOT NULL" for expression in found)
    return f"CASE WHEN {there} THEN {dialect.key_text(found)} END"


def _value(field: Field, columns: Sequence[Column], dialect: Dialect) -> Value:
    name = value_name(field.label)
    if field.column is None:
        constant = dialect.literal(json.dumps(field.constant, sort_keys=True, ensure_ascii=False))
        return Value(field, name, dialect.text_type, ColumnKind.JSON, dialect.as_text(constant), None, json=True)
    column = _found(field.column, columns)
    kept = dialect.kept(column)
    if field.lowered or (field.as_text and column.kind is not ColumnKind.TEXT):
        text = identifier_text(dialect, column) if field.as_text else dialect.as_text(kept.expression)
        text = dialect.lower(f"trim({text})") if field.lowered else text
        return Value(field, name, dialect.text_type, ColumnKind.TEXT, text, column)
    return Value(field, name, kept.type, column.kind, kept.expression, column, kept.json)


def _found(name: str, columns: Sequence[Column]) -> Column:
    column = find_column(name, columns)
    if column is None:
        raise ConfigError(
            "missing-column",
            f"column `{name}` is not there",
            context={"columns": ", ".join(column.name for column in columns)},
            hint="Run `dbt build`, then try again.",
        )
    return column


def _key_of(sync: Sync, column: str) -> str:
    named = [*sync.identifiers.items(), *((item.path, item.column) for item in sync.own)]
    named += [(f"fields.{item.path}", item.column) for item in sync.fields or ()]
    return next((key for key, name in named if name is not None and name.lower() == column.lower()), "primary_key")
