"""The note about a comparison that left nothing behind, kept in the lease row with what a sync remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from reverse_etl.provenance import FIRST_RUN_IS_OPEN, remembered_source
from reverse_etl.snapshot.lease import LeaseRow

# The key of the note in what a sync snapshot remembers of its source.
COMPARED = "compared"


@dataclass(frozen=True)
class ComparedVersion:
    """The version of a model's table, and the digest of the definition over it."""

    table: str
    digest: str


@dataclass(frozen=True)
class ComparisonNote:
    """The model had this version and `rows` rows when it was compared, and its destination held all of them.

    `fence` is the lease's at the end of that run: if another run or command took the lease since, the note is void.
    `since` is UTC text, for people. `seconds` are since 1970 by the lease's clock.
    """

    table: str
    digest: str
    fence: int
    rows: int
    since: str
    seconds: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def is_younger(self, lease: LeaseRow, seconds: float) -> bool:
        """Return whether the comparison was less than so many seconds ago. A clock that was set back means no."""
        return 0 <= lease.now - self.seconds < seconds


def read_note(lease: LeaseRow) -> ComparisonNote | None:
    """Return the note in a lease. None: there is none, or anything happened to the lease since it was written."""
    source = remembered_source(lease.destination)
    note = _parse_note(source.get(COMPARED))
    if note is None or note.fence != lease.fence or source.get(FIRST_RUN_IS_OPEN):
        return None
    is_free = lease.holder is None and lease.run is None and not lease.moved_to
    return note if is_free else None


def _parse_note(stored: object) -> ComparisonNote | None:
    """Return the note, unless another version of the product wrote it in another form."""
    if not isinstance(stored, Mapping):
        return None
    try:
        return ComparisonNote(**{str(key): value for key, value in stored.items()})
    except TypeError:
        return None
