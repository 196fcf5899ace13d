"""Marks JSON inside lists, structs and maps in Arrow types: DuckDB returns such JSON as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_NESTED = ("list", "array", "struct", "map")


def marked_reader(reader: Any, kinds: Sequence[Any]) -> Any:
    """Return a reader of the same batches, with marked JSON inside nested values.

    `kinds` are DuckDB's types, by column.
    """
    nested = any(kind.id in _NESTED and "JSON" in str(kind) for kind in kinds)
    return MarkedReader(reader, kinds) if nested else reader


class MarkedReader:
    """Batches in which JSON texts inside nested values have Arrow's extension type `arrow.json`."""

    def __init__(self, reader: Any, kinds: Sequence[Any]) -> None:
        """`kinds` are DuckDB's types, by column."""
        self._reader = reader
        self._kinds = kinds

    def __next__(self) -> pa.RecordBatch:
        import pyarrow as pa

        batch = next(self._reader)
        columns = [
            column.cast(_nested(kind, column.type)) if kind.id in _NESTED else column
            for kind, column in zip(self._kinds, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)

    def close(self) -> None:
        """End the statement."""
        self._reader.close()


def _nested(kind: Any, arrow: pa.DataType) -> pa.DataType:
    """Return the Arrow type of a column, marked below its first level. A column that is all JSON needs no mark."""
    import pyarrow as pa

    if kind.id not in _NESTED:
        return arrow
    inner = dict(kind.children)
    if kind.id == "struct":
        return pa.struct(
            [
                arrow.field(place).with_type(_marked(part, arrow.field(place).type))
                for place, part in enumerate(inner.values())
            ]
        )
    if kind.id == "map":
        return pa.map_(arrow.key_type, _marked(inner["value"], arrow.item_type))
    member = arrow.value_field.with_type(_marked(inner["child"], arrow.value_type))
    if pa.types.is_fixed_size_list(arrow):
        return pa.list_(member, arrow.list_size)
    return pa.large_list(member) if pa.types.is_large_list(arrow) else pa.list_(member)


def _marked(kind: Any, arrow: pa.DataType) -> pa.DataType:
    return _json() if str(kind) == "JSON" else _nested(kind, arrow)


@lru_cache(maxsize=1)
def _json() -> pa.DataType:
    """Return the type of JSON text. Not every pyarrow has it, so we define our own under the same name."""
    import pyarrow as pa

    class JsonText(pa.ExtensionType):  # type: ignore[misc]  # pyarrow has no types
        """A text that holds JSON."""

        def __init__(self) -> None:
            super().__init__(pa.string(), "arrow.json")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> JsonText:
            del storage, serialized
            return cls()

    return JsonText()
