"""Builds the row layout of a sync from its definition and the columns of its model."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reverse_etl.errors import ConfigError
from reverse_etl.snapshot.columns.column_checks import find_column, key_of_column
from reverse_etl.snapshot.columns.row_layout import PRIMARY_KEY, KeyColumn, RowLayout, ValueColumn
from reverse_etl.snapshot.sql.identifier_text import identifier_text, is_mixed, unfit_reason
from reverse_etl.snapshot.sql.second_identifier import marked
from reverse_etl.snapshot.tables import value_name
from reverse_etl.sync import Field, IdentityRule, Requirement, Sync
from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.dialect import Dialect


def build_layout(
    sync: Sync,
    rule: IdentityRule,
    columns: Sequence[Column],
    dialect: Dialect,
    requirements: tuple[Requirement, ...] = (),
) -> RowLayout:
    """Return the row layout of a sync that has explicit fields and all its columns."""
    keys = []
    for number, name in enumerate(sync.primary_key if rule.key != PRIMARY_KEY else (), start=1):
        column = _column_of(name, columns)
        kept = dialect.stored_column(column)
        keys.append(KeyColumn(f"key_{number}", column.name, kept.type, kept.expression))
    values = tuple(_value(field, columns, dialect) for field in sync.fields or ())
    rules = [one for one in (rule, rule.otherwise) if one is not None]
    read = [_column_of(name, columns).name for one in rules for name in one.columns] + [key.column for key in keys]
    read += [value.column.name for value in values if value.column is not None]
    growing = None if sync.incremental is None else _column_of(sync.incremental.column, columns)
    read += [growing.name] if growing is not None else []
    stand_in, other = "", rule.otherwise
    identity = _identity(rule, columns, dialect)
    if other is not None:
        stand_in = marked(dialect, other, _identity(other, columns, dialect))
        identity = f"CASE WHEN trim({identity}) <> '' THEN {identity} ELSE coalesce({stand_in}, {identity}) END"
    read = list(dict.fromkeys(read))
    mixed_columns = _mixed_columns([("identity", column) for _, column in rule_columns(rule, columns)], values)
    mixed_reason = unfit_reason(dialect, list({column.name: column for _, column in mixed_columns}.values()))
    return RowLayout(
        sync.relation,
        identity,
        rule,
        tuple(keys),
        values,
        requirements,
        tuple(read),
        stand_in,
        mixed_columns,
        mixed_reason,
        growing_column=growing,
    )


def rule_columns(rule: IdentityRule, columns: Sequence[Column]) -> list[tuple[str, Column]]:
    """Return the columns of single identifiers that identify rows, each with its key."""
    rules = [one for one in (rule, rule.otherwise) if one is not None and one.key != PRIMARY_KEY]
    return [(one.key, _column_of(name, columns)) for one in rules for name in one.columns]


def identifiers_among(sync: Sync, rule: IdentityRule, columns: Sequence[Column]) -> list[tuple[str, Column]]:
    """Return each identifier column once, with its key in the definition.

    They come from an identity rule or from fields.
    """
    fields = [_column_of(one.column, columns) for one in sync.fields or () if one.as_text and one.column is not None]
    found = {column.name: column for column in (*(column for _, column in rule_columns(rule, columns)), *fields)}
    return [(key_of_column(sync, name), column) for name, column in found.items()]


def _mixed_columns(
    identities: Sequence[tuple[str, Column]], values: Sequence[ValueColumn]
) -> tuple[tuple[str, Column], ...]:
    others = [(one.name, one.column) for one in values if one.field.as_text and one.column is not None]
    return tuple((name, column) for name, column in (*identities, *others) if is_mixed(column))


def _identity(rule: IdentityRule, columns: Sequence[Column], dialect: Dialect) -> str:
    """Return SQL for one column as text, or for several columns as one JSON array; NULL if one of them is NULL."""
    there_are = [_column_of(name, columns) for name in rule.columns]
    found = [dialect.stored_column(column).expression for column in there_are]
    if len(found) == 1:
        text = dialect.as_text(found[0]) if rule.key == PRIMARY_KEY else identifier_text(dialect, there_are[0])
        return dialect.lower(f"trim({text})") if rule.lowered else text
    there = " AND ".join(f"{expression} IS NOT NULL" for expression in found)
    return f"CASE WHEN {there} THEN {dialect.key_text(found)} END"


def _value(field: Field, columns: Sequence[Column], dialect: Dialect) -> ValueColumn:
    name = value_name(field.label)
    if field.column is None:
        constant = dialect.literal(json.dumps(field.constant, sort_keys=True, ensure_ascii=False))
        return ValueColumn(field, name, dialect.text_type, ColumnKind.JSON, dialect.as_text(constant), None, json=True)
    column = _column_of(field.column, columns)
    kept = dialect.stored_column(column)
    if field.lowered or (field.as_text and column.kind is not ColumnKind.TEXT):
        text = identifier_text(dialect, column) if field.as_text else dialect.as_text(kept.expression)
        text = dialect.lower(f"trim({text})") if field.lowered else text
        return ValueColumn(field, name, dialect.text_type, ColumnKind.TEXT, text, column)
    return ValueColumn(field, name, kept.type, column.kind, kept.expression, column, kept.json)


def _column_of(name: str, columns: Sequence[Column]) -> Column:
    column = find_column(name, columns)
    if column is None:
        raise ConfigError(
            "missing-column",
            f"column `{name}` is not in the model",
            context={"columns": ", ".join(column.name for column in columns)},
            hint="Run `dbt build`, then try again.",
        )
    return column
