"""An in-memory table of numbered records, oldest first. It tracks which changes the journal has not written yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class Record(Protocol):
    """What a table holds: it has a number and can be written as JSON."""

    @property
    def id(self) -> int: ...

    def to_document(self) -> dict[str, Any]:
        """Return everything that the journal must write, as JSON values."""
        ...


RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class TableChanges:
    """What changed in one table since the last commit."""

    table: str
    saved: Iterator[tuple[int, dict[str, Any]]]
    removed: Iterable[int]


class Table(Generic[RecordT]):
    """`name` is the table's name in the journal. `next_id` is the number of the next record. No number is reused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.records: dict[int, RecordT] = {}
        self.next_id = 1
        self._changed: dict[int, RecordT] = {}
        self._removed: set[int] = set()

    def __iter__(self) -> Iterator[RecordT]:
        return iter(self.records.values())

    def __len__(self) -> int:
        return len(self.records)

    def save(self, record: RecordT) -> RecordT:
        """Add a record, or note that it has changed."""
        self.records[record.id] = self._changed[record.id] = record
        self.next_id = max(self.next_id, record.id + 1)
        return record

    def remove(self, record: RecordT) -> None:
        del self.records[record.id]
        self._changed.pop(record.id, None)
        self._removed.add(record.id)

    def list_changes(self) -> TableChanges | None:
        """Return the changes since the last commit. None if there are none."""
        if not self._changed and not self._removed:
            return None
        saved = ((number, record.to_document()) for number, record in self._changed.items())
        return TableChanges(self.name, saved, self._removed)

    def clear_changes(self) -> None:
        """Note that everything is written."""
        self._changed, self._removed = {}, set()

    def load_documents(
        self, documents: Iterable[tuple[int, dict[str, Any]]], parse: Callable[[int, dict[str, Any]], RecordT]
    ) -> None:
        """Add the records of the journal. `parse` makes a record from its number and document."""
        for number, document in documents:
            self.save(parse(number, document))
        self.clear_changes()
