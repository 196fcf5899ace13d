"""The Arrow types in which a model is copied into the file. Knows no file and no warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.errors import WarehouseError

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_DIGITS = 38


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with types that can hold every value of the warehouse's types."""
    import pyarrow as pa

    return pa.schema([pa.field(field.name, plain_type(field.type)) for field in schema])


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the widest type of whole numbers and decimals: some drivers return the narrowest type that fits a batch.

    Nanoseconds have no zone and are in UTC. Decimals beyond 38 digits become the nearest doubles.
    """
    import pyarrow as pa

    if isinstance(kind, pa.ExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_integer(kind):
        return pa.decimal128(_MOST_DIGITS, 0)
    if pa.types.is_decimal(kind):
        return pa.decimal128(_MOST_DIGITS, kind.scale) if kind.precision <= _MOST_DIGITS else pa.float64()
    return _spelled_otherwise(kind)


def _spelled_otherwise(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.timestamp("ns") if kind.unit == "ns" else kind
    if pa.types.is_union(kind):
        return pa.string()  # such a column is not sent, so it is not fetched; an empty type does not exist
    plain = {"large_string": pa.string(), "string_view": pa.string(), "null": pa.string(), "date64[ms]": pa.date32()}
    return plain.get(str(kind), kind)


def fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the columns of a batch in the order and types of a schema. Raises WarehouseError if a value changes."""
    import pyarrow as pa

    columns = [_cast(column, field) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(column: pa.Array, field: pa.Field) -> pa.Array:
    import pyarrow as pa

    stored = column.storage if isinstance(column, pa.ExtensionArray) else column
    # A decimal with too many digits becomes the nearest double.
    narrowed = pa.types.is_floating(field.type) and pa.types.is_decimal(stored.type)
    try:
        return stored.cast(field.type, safe=not narrowed)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise WarehouseError(
            "value-not-kept",
            "the warehouse returned a value that does not match its column's type",
            context={"type": stored.type, "expected": field.type},
            hint="Run `dbt build` and try again; if it happens again, cast the column in the model.",
        ) from None
