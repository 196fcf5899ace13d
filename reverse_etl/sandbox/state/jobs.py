"""The export jobs of a project: when each runs, and the files it made. Knows no row and no endpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.state.collection import Shelf
from reverse_etl.sandbox.state.export_rows import Selection
from reverse_etl.sandbox.state.store import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reverse_etl.sandbox.state.journal import Journal

AT_ONCE: Final = 4


@dataclass(frozen=True)
class Job:
    """`starts` and `ends` in seconds since 1970; `files` are text by name, None until somebody asks for them."""

    id: int
    selected: Selection
    output: str
    starts: float
    ends: float
    cancelled: bool = False
    files: Mapping[str, str] | None = None

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "selected": self.selected.document()}


class Jobs(Topic):
    """Four run at once; those that come later wait for the first to end."""

    def __init__(self) -> None:
        self._jobs: Shelf[Job] = Shelf("export_jobs")

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def get(self, number: int) -> Job | None:
        return self._jobs.things.get(number)

    def start(self, selected: Selection, output: str, now: float, seconds: float) -> Job:
        """A job that runs for so many seconds."""
        ends = sorted(job.ends for job in self._jobs if not job.cancelled and job.ends > now)
        starts = ends[-AT_ONCE] if len(ends) >= AT_ONCE else now
        return self._jobs.put(Job(self._jobs.next_id, selected, output, starts, starts + seconds))

    def cancel(self, job: Job) -> None:
        self._jobs.put(replace(job, cancelled=True))

    def finish(self, job: Job, files: Mapping[str, str]) -> Job:
        return self._jobs.put(replace(job, files=files))

    def shelves(self) -> Sequence[Shelf[Any]]:
        return (self._jobs,)

    def load(self, journal: Journal) -> None:
        self._jobs.load(journal.documents("export_jobs"), _job)


def _job(_: int, document: dict[str, Any]) -> Job:
    kept = document["selected"]
    selected = Selection(**{**kept, "only": tuple(kept["only"]), "omit": tuple(kept["omit"])})
    return Job(**{**document, "selected": selected})
