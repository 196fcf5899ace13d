"""The baseline that compares: a planned row counts as accepted if the destination returns the same values.

Both sides become digests in a temporary database on disk, and meet there by identity. What is only in the destination
is counted, and never touched.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from reverse_etl.change import BaselineReport, Change
from reverse_etl.counting import plural
from reverse_etl.destinations.bound_object import OpenStoredRows
from reverse_etl.destinations.stored_rows import ReadingRoom, StoredRow, StoredRows
from reverse_etl.run.baseline.adopter import BaselineRun
from reverse_etl.run.baseline.comparison_file import ComparisonFile, FoundRow, SentRow
from reverse_etl.run.baseline.digests import (
    digest_identity,
    digest_name,
    digest_values,
    find_differences,
    parse_digests,
)
from reverse_etl.run.baseline.download_folder import DownloadFolder
from reverse_etl.run.baseline.long_reading import (
    PatientCaller,
    ProgressReporter,
    Waiter,
    report_progress,
    wait_for_own_writes,
)
from reverse_etl.run.baseline.request import BaselineMethod
from reverse_etl.run.sending.window_reader import WindowReader
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.sql.commit.adoption import Adoption

_WINDOW = 50_000
# Rows between two looks at the lease, and the most ranges of ordinals in one portion.
_ROWS_A_BEAT = 1_000
_MOST_RANGES = 50_000
# Names of fields that are remembered for the report.
_MOST_NAMES = 2_000


@dataclass
class _Tally:
    """Counts of a comparison."""

    equal: int = 0
    different: int = 0
    missing: int = 0
    listed: int = 0
    matched: int = 0
    unsendable: int = 0
    fields: Counter[bytes] = field(default_factory=Counter)
    names: dict[bytes, str] = field(default_factory=dict)


class ComparingAdopter:
    """Adopts the rows that are equal in the destination."""

    def __init__(self, open_stored_rows: OpenStoredRows, folder: Path | None) -> None:
        """`folder` keeps what is downloaded, so that an interrupted baseline can continue. None: nothing is kept."""
        self._open_stored_rows = open_stored_rows
        self._folder = folder
        self._tally = _Tally()
        self._accepted_before = 0
        self._is_complete = False

    @property
    def report(self) -> BaselineReport:
        """Return what was found. Without a complete comparison, nothing is known."""
        tally = self._tally
        if not self._is_complete:
            return BaselineReport(BaselineMethod.COMPARE.value)
        return BaselineReport(
            BaselineMethod.COMPARE.value,
            equal=tally.equal,
            different=tally.different + tally.unsendable,
            missing=tally.missing,
            only_there=max(0, tally.listed - tally.matched - self._accepted_before),
            different_fields={tally.names.get(name, "other fields"): n for name, n in tally.fields.most_common()},
        )

    def find(self, run: BaselineRun) -> Iterator[Adoption]:
        """Yield the equal rows, by ordinal. Raises ReverseEtlError if the destination cannot be read completely."""
        wait_for_own_writes(run)
        with ExitStack() as stack:
            kept = None if self._folder is None else DownloadFolder(self._folder, run.runnable.sync.name)
            # A temporary folder is private, too.
            path = kept.open(run) if kept else Path(stack.enter_context(tempfile.TemporaryDirectory()))
            file = stack.enter_context(ComparisonFile(path / ".comparison"))
            downloads = path / "files"
            downloads.mkdir(mode=0o700, exist_ok=True)
            stored = self._read_stored_rows(run, downloads, file)
            self._add_planned_rows(run, stored, file)
            yield from self._find_equal(stored, file)
        if kept:
            kept.remove()

    def _read_stored_rows(self, run: BaselineRun, folder: Path, file: ComparisonFile) -> StoredRows:
        """Read all rows of the destination into the file. Others can use the warehouse during that time."""
        runnable, environment = run.runnable, run.environment
        with run.store.idle(), ThreadPoolExecutor(1, "reverse_etl read") as executor:
            caller = environment.make_caller(run.client, runnable.destination)
            patient = PatientCaller(caller, executor, run.keep_lease)
            stored = self._open_stored_rows(runnable.bound, runnable.context, patient)
            room = ReadingRoom(patient, folder, Waiter(run).wait, ProgressReporter(run).report, environment.clock.wall)
            file.add_found(self._digest_stored(run, stored.read(room)))
        name = runnable.vendor.replies.name
        report_progress(run, f"read {plural(self._tally.listed, stored.noun)} from {name}")
        return stored

    def _digest_stored(self, run: BaselineRun, rows: Iterator[StoredRow]) -> Iterator[FoundRow]:
        for number, row in enumerate(rows):
            if number % _ROWS_A_BEAT == 0:
                run.keep_lease()
            self._tally.listed += row.is_listed
            digests = digest_values(row.values)
            for kind, identifier in row.identifiers.items():
                yield FoundRow(digest_identity(kind, identifier), digests, row.exists)

    def _add_planned_rows(self, run: BaselineRun, stored: StoredRows, file: ComparisonFile) -> None:
        rows = run.planned_rows
        removed = rows.get("removed", 0)
        # A row that changed or was removed since has an entry in the plan; the other entries are as they were.
        self._accepted_before = max(0, run.store.accepted_entries() - rows.get("changed", 0) - removed)
        reader, position, end = WindowReader(run.store, run.fence), 0, sum(rows.values()) - removed
        while position < end:
            window = reader.read(position, min(end, position + _WINDOW))
            for portion in window.portions():
                encoded = run.runnable.encoder.encode(portion)
                self._tally.unsendable += len(encoded.outcomes)
                file.add_sent(self._digest_planned(run, stored, change) for change in encoded.changes)
            run.keep_lease()
            position = window.end

    def _digest_planned(self, run: BaselineRun, stored: StoredRows, change: Change) -> SentRow:
        values = stored.expect(orjson.loads(change.body))
        if len(self._tally.names) < _MOST_NAMES:
            self._tally.names.update((digest_name(name), name) for name in values)
        kind = change.key or run.runnable.bound.identity.key
        return SentRow(change.ordinal, digest_identity(kind, change.identity), digest_values(values))

    def _find_equal(self, stored: StoredRows, file: ComparisonFile) -> Iterator[Adoption]:
        """Yield portions of equal rows. The comparison is complete before the last portion."""
        equal = Ranges()
        for sent, found in file.pairs():
            if self._is_equal(sent, found, stored):
                equal.add(sent.ordinal, sent.ordinal + 1)
            if equal.count >= _MOST_RANGES:
                yield Adoption(equal, len(equal))
                equal = Ranges()
        self._is_complete = True
        if len(equal):
            yield Adoption(equal, len(equal))

    def _is_equal(self, sent: SentRow, found: list[FoundRow], stored: StoredRows) -> bool:
        """Return whether the destination holds a row as planned. Count it."""
        tally, there = self._tally, [row for row in found if row.exists]
        tally.matched += bool(there)
        more: dict[bytes, bytes] = {}
        for row in found:
            more |= {} if row.exists else parse_digests(row.digests)
        # Several rows of one identity can exist. Then all of them must be equal.
        differing = [find_differences(sent.digests, {**more, **parse_digests(row.digests)}) for row in there]
        if not there:
            is_equal = stored.missing_is_equal and not find_differences(sent.digests, more)
            tally.missing += not is_equal
        else:
            is_equal = not any(differing)
            tally.different += not is_equal
            tally.fields.update({name for names in differing for name in names})
        tally.equal += is_equal
        return is_equal
