"""IncrementalEntry: the key `incremental` of a definition, for models that are too large to compare each time."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic import Field as Key
from pydantic_core import PydanticCustomError

from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.settings import read_duration
from reverse_etl.sync import Incremental

_DURATION_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "minLength": 1}]}


def _read_time(value: object) -> object:
    try:
        return read_duration(value)
    except ValueError:
        raise PydanticCustomError("time", "a time such as `1800`, `30m`, `12h` or `1d`") from None


class IncrementalEntry(EntryPart):
    """Quick comparisons: only rows with a recent value in a column are compared, and rows without a value."""

    column: str = Key(
        min_length=1,
        description="a column that grows when a row changes, such as `updated_at`: a timestamp, a date or an integer",
    )
    overlap: Annotated[float | int | None, BeforeValidator(_read_time), WithJsonSchema(_DURATION_SCHEMA)] = Key(
        default=None,
        ge=0,
        description="how far before the highest known value a quick comparison begins, for rows that arrive late:"
        " seconds, or `30m`, `1h`, `1d`; a whole number for an integer column. Default: 1h, or 0 for an integer column",
    )
    full_every: Annotated[float, BeforeValidator(_read_time), WithJsonSchema(_DURATION_SCHEMA)] = Key(
        default=Incremental.full_every,
        gt=0,
        description="longest time between two comparisons of all rows: seconds, or `12h`, `1d`",
    )

    def incremental(self) -> Incremental:
        """Return the key as a value."""
        return Incremental(self.column, self.overlap, self.full_every)
