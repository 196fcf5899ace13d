"""Encode: warehouse values, as Arrow columns, into JSON that Iterable types correctly.

Rules (Iterable's types and date formats: support article 208183076): timestamps become `yyyy-MM-dd HH:mm:ss +00:00`
in UTC, one without zone is taken as UTC; dates `yyyy-MM-dd`; decimals with a scale the nearest double, written with a
fraction; whole numbers stay exact and must fit 64 bits; NaN and infinities, which JSON lacks, become null.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from reverse_etl.change import Change, Kind, Outcome, Status
from reverse_etl.iterable.base import Body

if TYPE_CHECKING:
    import pyarrow as pa

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


class UnsendableError(ValueError):
    """A value that Iterable cannot hold; its text is the reason, without the value."""


@dataclass(frozen=True)
class Source:
    """One field and the column of the plan it comes from. `json`: the column holds JSON text."""

    path: str
    column: str
    json: bool = False
    skip_nulls: bool = False


@dataclass(frozen=True)
class Encoded:
    """Rows of one Arrow batch: those that can be sent, and an outcome for each that cannot. `seen`: all ordinals."""

    changes: Sequence[Change]
    outcomes: Sequence[Outcome]
    invalid: Sequence[int]


class Encoder:
    """Turns batches of the plan into changes. `body` puts identity and data together as the object wants them."""

    def __init__(self, sources: Sequence[Source], body: Body, keeps_on_clear: Sequence[str] = ()) -> None:
        """`keeps_on_clear`: fields that clearing a removed row leaves alone."""
        self._sources = sources
        self._body = body
        self._paths = [source.path.split(".") for source in sources]
        self._flat = all(len(path) == 1 for path in self._paths)
        self._skips = any(source.skip_nulls for source in sources)
        self._cleared = self._nest({s.path: None for s in sources if s.path not in keeps_on_clear})

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Columns: ordinal, kind, identity, then those of the sources, by name."""
        ordinals = batch.column("ordinal").to_pylist()
        kinds = batch.column("kind").to_pylist()
        identities = batch.column("identity").to_pylist()
        columns = [convert(batch.column(source.column), as_json=source.json) for source in self._sources]
        changes: list[Change] = []
        outcomes: list[Outcome] = []
        invalid: list[int] = []
        rows: Iterator[tuple[Any, ...]] = zip(*columns, strict=True) if columns else iter([()] * len(ordinals))
        for ordinal, kind, identity, row in zip(ordinals, kinds, identities, rows, strict=True):
            if kind == "invalid":
                invalid.append(ordinal)
                continue
            try:
                data = self._cleared if kind == "removed" else self._data(row)
                changes.append(Change(ordinal, Kind(kind), identity, orjson.dumps(self._body(identity, data))))
            except UnsendableError as error:
                outcomes.append(Outcome(ordinal, Status.INVALID, "unsendable-value", str(error)))
            except TypeError as error:  # orjson: an integer over 64 bits inside an object, a lone surrogate
                outcomes.append(Outcome(ordinal, Status.INVALID, "unsendable-value", f"a value is no JSON: {error}"))
        return Encoded(changes, outcomes, invalid)

    def _data(self, row: tuple[Any, ...]) -> dict[str, Any]:
        for source, value in zip(self._sources, row, strict=True):
            if type(value) is Unsendable:
                raise UnsendableError(f"field `{source.path}`: {value.reason}")
        if self._skips:
            kept = zip(self._sources, row, strict=True)
            return self._nest({s.path: value for s, value in kept if not (s.skip_nulls and value is None)})
        if self._flat:
            return {source.path: value for source, value in zip(self._sources, row, strict=True)}
        return self._nest({source.path: value for source, value in zip(self._sources, row, strict=True)})

    def _nest(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        nested: dict[str, Any] = {}
        for path, value in flat.items():
            *parents, last = path.split(".")
            place = nested
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        return nested


@dataclass(frozen=True, slots=True)
class Unsendable:
    """Stands in a column for a value that cannot be sent."""

    reason: str


def convert(column: pa.Array, *, as_json: bool = False) -> list[Any]:
    """An Arrow column as JSON-ready values, one a row; `Unsendable` where a value cannot be sent."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return convert(column.dictionary_decode(), as_json=as_json)
    if as_json:
        return [None if text is None else _parsed(text) for text in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        return _timestamps(column)
    if pa.types.is_date(kind):
        return _dates(column)
    plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    if plain or pa.types.is_signed_integer(kind) or pa.types.is_uint8(kind) or pa.types.is_uint16(kind):
        return list(column.to_pylist())
    if pa.types.is_floating(kind):
        return [value if value is not None and math.isfinite(value) else None for value in column.to_pylist()]
    return [_value(value) for value in column.to_pylist()]


def _timestamps(column: pa.Array) -> list[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    seconds = column.cast(pa.timestamp("us", column.type.tz), safe=False) if column.type.unit == "ns" else column
    if seconds.type.tz is not None:
        seconds = seconds.cast(pa.timestamp(seconds.type.unit, "UTC")).cast(pa.timestamp(seconds.type.unit))
    whole = pc.floor_temporal(seconds, unit="second").cast(pa.timestamp("s"), safe=False)
    bounds = pc.and_(pc.greater_equal(whole, pa.scalar(dt.datetime(1, 1, 1), pa.timestamp("s"))),  # noqa: DTZ001
                     pc.less_equal(whole, pa.scalar(dt.datetime(9999, 12, 31, 23, 59, 59), pa.timestamp("s"))))  # noqa: DTZ001
    texts = pc.binary_join_element_wise(whole.cast(pa.string()), "+00:00", " ").to_pylist()
    if pc.all(bounds, min_count=0).as_py() is not False:
        return list(texts)
    odd = Unsendable("the time is outside the years 1 to 9999")
    return [text if fine is None or fine else odd for text, fine in zip(texts, bounds.to_pylist(), strict=True)]


def _dates(column: pa.Array) -> list[Any]:
    days = column.cast("date32").cast("int32").to_pylist()
    first, last = (dt.date(1, 1, 1) - dt.date(1970, 1, 1)).days, (dt.date(9999, 12, 31) - dt.date(1970, 1, 1)).days
    odd = Unsendable("the date is outside the years 1 to 9999")
    epoch = dt.date(1970, 1, 1).toordinal()
    return [
        None if day is None else dt.date.fromordinal(day + epoch).isoformat() if first <= day <= last else odd for day in days
    ]


def _parsed(text: str) -> Any:  # noqa: ANN401  any JSON
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return Unsendable("the text is no JSON")


def _value(value: Any) -> Any:  # noqa: ANN401  any value of any type
    """One value of a rarer type, or of a type inside an array or object."""
    try:
        return _plain(value)
    except UnsendableError as error:
        return Unsendable(str(error))


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911  one line a type
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, dt.datetime):
        moment = value.replace(tzinfo=dt.timezone.utc) if value.tzinfo is None else value.astimezone(dt.timezone.utc)
        return moment.strftime("%Y-%m-%d %H:%M:%S +00:00")
    if isinstance(value, (dt.date, dt.time, uuid.UUID)):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return _pairs(value) if value and isinstance(value[0], tuple) else [_plain(inner) for inner in value]
    raise UnsendableError(f"values of type {type(value).__name__} cannot be sent; cast the column in the model")


def _pairs(value: list[tuple[Any, Any]]) -> dict[str, Any]:
    """A map, which Arrow gives as pairs."""
    return {str(name): _plain(inner) for name, inner in value}


def _whole(value: int) -> int:
    if not _SMALLEST <= value <= _LARGEST:
        raise UnsendableError("the whole number does not fit 64 bits; cast the column to text in the model")
    return value


def _decimal(value: Decimal) -> Any:  # noqa: ANN401  int, float or None
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    return _whole(int(value)) if exponent == 0 else float(value)
