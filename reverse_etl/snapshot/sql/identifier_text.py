"""Builds SQL that returns an identifier as text, by the type of its column. Runs nothing.

Text, whole numbers, UUIDs and enums are sent unchanged. A JSON text becomes its text; another whole number becomes its
digits. Nothing else is an identifier: types without identifiers are refused, and single values are marked.
"""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.definition.faults import location_of
from reverse_etl.errors import Fault
from reverse_etl.sync import Sync
from reverse_etl.warehouses.columns import Column, ColumnKind
from reverse_etl.warehouses.dialect import Dialect

UNFIT = "unfit-identifier"
# The beginning of the text of a value that is not an identifier. Addresses and item ids contain no blanks.
_MARK = "not an identifier: "
_AS_THEY_ARE = (ColumnKind.TEXT, ColumnKind.INTEGER, ColumnKind.UUID)
_NUMBERS = (ColumnKind.DECIMAL, ColumnKind.NUMBER)
_DOUBTFUL = (*_NUMBERS, ColumnKind.FLOAT, ColumnKind.JSON)
_COMPOSITE = (ColumnKind.ARRAY, ColumnKind.OBJECT, ColumnKind.BINARY, ColumnKind.INTERVAL)
_WHOLE = "-?[0-9]+([.]0*)?"
_FRACTION_OF_ZEROS = "[.]0*$"
# Beyond these limits a 64-bit or 32-bit float can stand for several whole numbers.
_LARGEST = 2**53 - 1
_LARGEST_SINGLE = 2**24 - 1


def identifier_text(dialect: Dialect, column: Column) -> str:
    """Return the identifier in a column, as text; NULL if there is none, and marked if the value cannot be one."""
    kept = dialect.stored_column(column)
    if column.kind is ColumnKind.FLOAT or (column.kind in _NUMBERS and kept.type == "FLOAT"):
        largest = _LARGEST_SINGLE if column.type.lower() == dialect.single_type else _LARGEST
        return _of_float(dialect, kept.expression, largest)
    if column.kind in _NUMBERS:
        text = dialect.as_text(kept.expression)
        return f"CASE WHEN {kept.expression} IS NULL THEN NULL {_whole(dialect, text)}"
    if column.kind is ColumnKind.JSON:
        return _of_json(dialect, kept.expression)
    return dialect.as_text(kept.expression)


def _of_float(dialect: Dialect, value: str, largest: int) -> str:
    digits = dialect.as_text(f"CAST({value} AS {dialect.integer_type})")
    whole = f"{value} = floor({value}) AND abs({value}) <= {largest}"
    marked = _marked(dialect, dialect.as_text(value))
    return f"CASE WHEN {value} IS NULL THEN NULL WHEN {whole} THEN {digits} ELSE {marked} END"


def _of_json(dialect: Dialect, value: str) -> str:
    text, written = dialect.json_text(value), f"trim({dialect.as_text(value)})"
    nothing = f"{value} IS NULL OR {written} = 'null'"
    return f"CASE WHEN {nothing} THEN NULL WHEN {text} IS NOT NULL THEN {text} {_whole(dialect, written)}"


def _whole(dialect: Dialect, text: str) -> str:
    """Return the end of a CASE: a whole number becomes its digits, everything else is marked."""
    digits = f"regexp_replace({text}, '{_FRACTION_OF_ZEROS}', '')"
    return f"WHEN {dialect.matches(text, _WHOLE)} THEN {digits} ELSE {_marked(dialect, text)} END"


def _marked(dialect: Dialect, text: str) -> str:
    return dialect.concat_texts([dialect.literal(_MARK), text])


def is_mixed(column: Column | None) -> bool:
    """Return whether some values of a column are identifiers and others are not."""
    return column is not None and column.kind in _DOUBTFUL


def is_unfit(dialect: Dialect, text: str) -> str:
    """Return a test of whether a text is marked. The mark of a second identifier may come before it."""
    return f"{text} LIKE {dialect.literal(f'%{_MARK}%')}"


def unfit_reason(dialect: Dialect, columns: Sequence[Column]) -> str:
    """Return why a row is held, and what to write in the model."""
    names = " and ".join(f"`{column.name}` ({column.type})" for column in columns)
    write = ", ".join(dict.fromkeys(_instead(dialect, column) for column in columns))
    unfit = "the value is neither text nor an exact whole number, so it cannot identify a row"
    return f"{names}: {unfit}; write {write} in the model"


def _instead(dialect: Dialect, column: Column) -> str:
    quoted = dialect.quote(column.name)
    text = dialect.json_text(quoted) if column.kind is ColumnKind.JSON else dialect.sendable_expression(column)
    return f"{text} AS {quoted}"


def refused_identifiers(sync: Sync, columns: Sequence[tuple[str, Column]], dialect: Dialect) -> list[Fault]:
    """Return a fault for each identifier, by its key, whose column type cannot hold identifiers."""
    return [
        location_of(sync).fault(
            "identifier-type",
            f"sync `{sync.name}`: `{key}` names a column of type {column.type}, which cannot hold identifiers;"
            f" {_advice(dialect, column)}",
            key=key,
            found=f"{column.name} {column.type}",
            allowed="text, whole numbers, UUIDs, enums; also JSON, floats and decimals that hold such values",
        )
        for key, column in columns
        if column.kind not in (*_AS_THEY_ARE, *_DOUBTFUL)
    ]


def _advice(dialect: Dialect, column: Column) -> str:
    if column.kind in _COMPOSITE:
        return "name a column that holds the identifier itself"
    written = f"{dialect.sendable_expression(column)} AS {dialect.quote(column.name)}"
    return f"if its text is the identifier, write {written} in the model"
