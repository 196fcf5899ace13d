"""The export jobs of a project: when each one runs, and the files it wrote."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.state.store import Store
from reverse_etl.sandbox.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reverse_etl.sandbox.state.journal import Journal

MAX_PARALLEL_JOBS: Final = 4
# Dates as text: before and after any date.
EARLIEST: Final = ""
LATEST: Final = "~"


@dataclass(frozen=True)
class Selection:
    """What an export contains. `start` (inclusive) and `end` (exclusive) are dates as Iterable stores them.

    They are compared to the last update of a user, or to the time of an event.
    """

    data_type: str
    start: str = EARLIEST
    end: str = LATEST
    only: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    campaign_id: int | None = None
    delimiter: str = ","

    def to_document(self) -> dict[str, Any]:
        return {**asdict(self), "only": list(self.only), "omit": list(self.omit)}


@dataclass(frozen=True)
class ExportJob:
    """`starts` and `ends` are in seconds since 1970. `files` are texts by name, None until they are first read."""

    id: int
    selection: Selection
    output: str
    starts: float
    ends: float
    cancelled: bool = False
    files: Mapping[str, str] | None = None

    def to_document(self) -> dict[str, Any]:
        document = asdict(self)
        del document["selection"]
        # The data folder's name for it.
        return {**document, "selected": self.selection.to_document()}


class ExportJobs(Store):
    """Four jobs run at the same time. A later job waits until an earlier one ends."""

    def __init__(self) -> None:
        self._jobs: Table[ExportJob] = Table("export_jobs")

    def __iter__(self) -> Iterator[ExportJob]:
        return iter(self._jobs)

    def find(self, number: int) -> ExportJob | None:
        return self._jobs.records.get(number)

    def start(self, selection: Selection, output: str, now: float, seconds: float) -> ExportJob:
        """Add a job that runs for this many seconds."""
        ends = sorted(job.ends for job in self._jobs if not job.cancelled and job.ends > now)
        starts = ends[-MAX_PARALLEL_JOBS] if len(ends) >= MAX_PARALLEL_JOBS else now
        return self._jobs.save(ExportJob(self._jobs.next_id, selection, output, starts, starts + seconds))

    def cancel(self, job: ExportJob) -> None:
        self._jobs.save(replace(job, cancelled=True))

    def finish(self, job: ExportJob, files: Mapping[str, str]) -> ExportJob:
        return self._jobs.save(replace(job, files=files))

    def list_tables(self) -> Sequence[Table[Any]]:
        return (self._jobs,)

    def load_journal(self, journal: Journal) -> None:
        self._jobs.load_documents(journal.read_documents("export_jobs"), _parse_job)


def _parse_job(_: int, document: dict[str, Any]) -> ExportJob:
    stored = document["selected"]
    selection = Selection(**{**stored, "only": tuple(stored["only"]), "omit": tuple(stored["omit"])})
    members = {name: value for name, value in document.items() if name != "selected"}
    return ExportJob(**members, selection=selection)
