"""How the bodies of many rows are made at once: from columns of JSON texts, without a Python object per row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class JsonColumn:
    """A column as JSON texts, one for each row: NULL where the value is NULL.

    `odd` are the numbers of rows that have to be encoded one by one.
    """

    texts: pa.Array
    odd: Collection[int] = ()


class JsonEncoder(Protocol):
    """Turns a column into JSON texts: of the values that the `ColumnEncoder` returns."""

    def __call__(self, column: pa.Array, cast: str, *, as_json: bool = False) -> JsonColumn:
        """`cast` is the destination's type that the values must fit, or empty. `as_json`: the column holds JSON."""


class RowColumns(ABC):
    """Rows to write that carry the same fields and have the same kind of identifier: many rows of `Row`.

    `data` has the columns of the data by field, `key_values` the columns of keys of the definition.
    `partial`: only the fields that changed are here.
    """

    identity: JsonColumn
    data: Mapping[str, JsonColumn]
    key_values: Mapping[str, JsonColumn]
    key: str
    partial: bool

    @abstractmethod
    def build_data(self, *, keeps_nulls: bool = True) -> JsonColumn:
        """Return the data of each row as one object. A NULL is left out if its field says so, or if none is kept."""


# The JSON of rows: a column, or an object whose members are columns, objects or constants. A row whose text in a column
# is NULL does not have that member.
ColumnMembers = Mapping[str, object]


@dataclass(frozen=True)
class ColumnBody:
    """Makes the same bodies of columns as the `Body` of the same object makes of rows, byte for byte.

    - `build` returns the JSON of the rows; None if they have to be encoded one by one.
    - `users` returns the users of the rows as texts, if they matter; see `BoundObject.user`.
    """

    build: Callable[[RowColumns], JsonColumn | ColumnMembers | None]
    users: Callable[[RowColumns], pa.Array] | None = None


def find_rows(chosen: pa.Array) -> Sequence[int]:
    """Return the numbers of rows for which a column of booleans is true."""
    import pyarrow.compute as pc

    numbers: list[int] = pc.indices_nonzero(pc.fill_null(chosen, False)).to_pylist()  # noqa: FBT003  only by position
    return numbers


def require_any(column: JsonColumn, others: Sequence[JsonColumn]) -> JsonColumn:
    """Return a column in which a row without a value in any of the others is odd."""
    import pyarrow.compute as pc

    is_missing = column.texts.is_valid()
    for other in others:
        is_missing = pc.and_(is_missing, other.texts.is_null())
    return JsonColumn(column.texts, {*column.odd, *find_rows(is_missing)})


def require_value(column: JsonColumn) -> JsonColumn:
    """Return a column in which a row without a value is odd."""
    if not column.texts.null_count:
        return column
    return JsonColumn(column.texts, {*column.odd, *find_rows(column.texts.is_null())})
