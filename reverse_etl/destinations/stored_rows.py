"""Reading the rows that a destination holds, to compare them with rows that a run would send."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reverse_etl.destinations.request import FileCaller

# Comparable values by field. A field that is missing and a field that is null are the same: None.
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as the destination holds it: its identifiers by their kind, such as `email`, and its `values`.

    `is_listed`: it counts as a row. It is false if the same row comes again under another identifier. `exists` is
    false if it only adds values to a row that comes elsewhere.
    """

    identifiers: Mapping[str, str]
    values: Values = field(default_factory=dict)
    is_listed: bool = True
    exists: bool = True


@dataclass(frozen=True)
class ReadingRoom:
    """What a reader works with.

    `folder` is private. Its files survive a crash, until the comparison is done. `wait` takes seconds; it raises
    ReverseEtlError if the run must end. `report` shows a sentence about progress. `wall` is the time of day in UTC, as
    text.
    """

    caller: FileCaller
    folder: Path
    wait: Callable[[float], None]
    report: Callable[[str], None]
    wall: Callable[[], str]


class StoredRows(ABC):
    """How the rows of one sync are read from the destination, and what would be stored if a row was sent.

    `noun` is what one of them is called. `missing_is_equal`: a row that is not there is equal if it has no values.
    """

    noun: str = "row"
    missing_is_equal: bool = False

    @abstractmethod
    def expect(self, body: Mapping[str, object]) -> Values:
        """Return what the destination would hold of the JSON of a row, by field. Other fields do not matter."""

    @abstractmethod
    def read(self, room: ReadingRoom) -> Iterator[StoredRow]:
        """Yield every row that the destination holds. Raises DestinationError if they cannot be read completely."""
