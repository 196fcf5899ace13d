"""Checks that the columns of a definition are in its model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reverse_etl.definition.faults import location_of
from reverse_etl.errors import ConfigError, Fault, did_you_mean
from reverse_etl.snapshot.columns.recent_rows import TIMES
from reverse_etl.snapshot.tables import value_name
from reverse_etl.sync import Field, Sync
from reverse_etl.warehouses.columns import Column, ColumnKind


def find_column(name: str, columns: Sequence[Column]) -> Column | None:
    """Return the column of that name. Letter case counts only if two columns differ by nothing else."""
    exact = [column for column in columns if column.name == name]
    folded = [column for column in columns if column.name.lower() == name.lower()]
    found = exact or folded
    return found[0] if len(found) == 1 else None


def spell_fields(sync: Sync, columns: Sequence[Column], known: Collection[str] | None = None) -> Sync:
    """Return the sync with explicit fields. If it names none, every column with no other use becomes a field.

    `known` are the columns of the sync snapshot, if fields without a column there are left out.
    """
    if sync.fields is not None:
        return sync
    taken = {name.lower() for name in (*sync.named_columns(), *sync.hidden)}
    free = [column.name for column in columns if column.name.lower() not in taken]
    fields = [Field(name, name, is_named=False) for name in free]
    left_out = [field.path for field in fields if known and value_name(field.label) not in known]
    kept = tuple(field for field in fields if field.path not in left_out)
    return replace(sync.with_fields(kept), left_out=tuple(left_out))


def ambiguous_columns(sync: Sync, columns: Sequence[Column]) -> list[Fault]:
    """Return a fault for columns that differ only by letter case, if the definition's choice is unclear."""
    named = sync.named_columns()
    faults = []
    for twins in _twins(columns):
        fits = [name for name in named if name.lower() == twins[0].lower()]
        unclear = [name for name in fits if name not in twins]
        if not unclear and (sync.fields is not None or set(twins) <= sync.hidden | set(named)):
            continue
        faults.append(
            location_of(sync).fault(
                "ambiguous-column",
                f"sync `{sync.name}`: columns {' and '.join(f'`{name}`' for name in twins)} of {sync.relation} differ"
                " only by letter case, and the definition matches more than one",
                key=key_of_column(sync, unclear[0]) if unclear else "fields",
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
    """Return a fault for each column that the definition names and the relation does not have."""
    ambiguous = ambiguous_columns(sync, columns)
    if ambiguous:
        return ambiguous
    names = [column.name for column in columns]
    hidden = [
        location_of(sync).fault(
            "missing-column",
            f"sync `{sync.name}`: column `{name}`, which is marked `reverse_etl: false`, is not in"
            f" {sync.relation}{did_you_mean(name, names)}",
            key=f"columns.{name}",
            found=name,
            allowed=", ".join(names),
        )
        for name in sorted(sync.hidden)
        if find_column(name, columns) is None
    ]
    return hidden + [
        location_of(sync).fault(
            "missing-column",
            f"sync `{sync.name}`: column `{name}` is not in {sync.relation}{did_you_mean(name, names)}",
            key=key_of_column(sync, name),
            found=name,
            allowed=", ".join(names),
        )
        for name in sync.named_columns()
        if find_column(name, columns) is None
    ]


def growing_column_faults(sync: Sync, columns: Sequence[Column]) -> list[Fault]:
    """Return a fault if the column of `incremental` is missing, or of a type that cannot show which rows are recent."""
    rule, location = sync.incremental, location_of(sync)
    if rule is None:
        return []
    column = find_column(rule.column, columns)
    if column is None:
        names = [one.name for one in columns]
        return [
            location.fault(
                "missing-column",
                f"sync `{sync.name}`: column `{rule.column}` is not in"
                f" {sync.relation}{did_you_mean(rule.column, names)}",
                key="incremental.column",
                found=rule.column,
                allowed=", ".join(names),
            )
        ]
    if column.kind not in (*TIMES, ColumnKind.INTEGER):
        return [
            location.fault(
                "incremental-type",
                f"sync `{sync.name}`: column `{rule.column}` of `incremental` has the type {column.type}, so it cannot"
                " show which rows are recent",
                key="incremental.column",
                found=f"{rule.column} {column.type}",
                allowed="a timestamp, a date or an integer",
            )
        ]
    if column.kind is ColumnKind.INTEGER and isinstance(rule.overlap, float):
        return [
            location.fault(
                "incremental-overlap",
                f"sync `{sync.name}`: column `{rule.column}` of `incremental` is an integer, and `overlap` is a time",
                key="incremental.overlap",
                allowed="a whole number",
            )
        ]
    return []


def missing_relation(sync: Sync, unseen: str = "") -> ConfigError:
    """Return the error for a tagged model without a table.

    `unseen`: what to do if the table exists but the role cannot see it.
    """
    there = "does not exist in this target" + (", or is not visible to this role" if unseen else "")
    return ConfigError(
        "missing-table",
        f"sync `{sync.name}`: the table {sync.relation} of model `{sync.model}` {there}",
        context={"model": sync.model, "file": sync.file, "relation": sync.relation},
        hint=f"Run `dbt build --select {sync.selector}` with the same target first.{unseen and ' ' + unseen}",
    )


def key_of_column(sync: Sync, column: str) -> str:
    """Return the key of the definition that names a column."""
    named = [*sync.identifiers.items(), *((item.path, item.column) for item in sync.key_fields)]
    named += [(f"fields.{item.path}", item.column) for item in sync.fields or ()]
    return next((key for key, name in named if name is not None and name.lower() == column.lower()), "primary_key")
