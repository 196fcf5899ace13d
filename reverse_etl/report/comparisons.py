"""Which rows of an incremental sync were compared, in words."""

from __future__ import annotations

from reverse_etl.change import ComparisonReport
from reverse_etl.counting import plural
from reverse_etl.report.amounts import duration
from reverse_etl.report.redaction import printable
from reverse_etl.snapshot.incremental.mark import read_mark
from reverse_etl.snapshot.lease import LeaseRow
from reverse_etl.sync import Sync

Entry = tuple[str, str]


def comparison_entries(report: ComparisonReport | None) -> list[Entry]:
    """Return what was compared, what a quick comparison does not see, and when the next full comparison is due."""
    if report is None:
        return []
    if report.kind == "full":
        return [("compared", f"full comparison of {plural(report.rows, 'row')}: {printable(report.reason)}")]
    column, rows = printable(report.column), plural(report.rows + report.left_out, "row")
    return [
        ("compared", f"quick comparison: {report.rows:,} of {rows}, with `{column}` from {report.since} on, or NULL"),
        ("not seen", f"{_unseen(column)}; {_due(report.due_in)}"),
    ]


def next_comparison(sync: Sync, lease: LeaseRow) -> str:
    """Return what the next run of an incremental sync compares; empty if every run compares all rows."""
    due_in = full_comparison_due_in(sync, lease)
    if sync.incremental is None:
        return ""
    if due_in is None:
        return "the next one is full"
    return f"quick: {_unseen(printable(sync.incremental.column))} are not seen; {_due(due_in)}"


def full_comparison_due_in(sync: Sync, lease: LeaseRow) -> float | None:
    """Return the seconds until the next full comparison; None if the next one is full, or if every one is."""
    mark = read_mark(lease.destination)
    if sync.incremental is None or mark is None or lease.run is not None:
        return None
    left = mark.full_at + sync.incremental.full_every - lease.now
    return left if left > 0 else None


def _unseen(column: str) -> str:
    return f"removed rows, and rows that changed although `{column}` did not move"


def _due(seconds: float) -> str:
    return f"next full comparison in {duration(seconds)}" if seconds > 0 else "the next comparison is full"
