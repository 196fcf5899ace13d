"""Which rows of an incremental sync were compared, in words."""

from __future__ import annotations

from reverse_etl.change import ComparisonReport
from reverse_etl.counting import plural
from reverse_etl.report.amounts import duration
from reverse_etl.report.redaction import printable


def comparison_entries(report: ComparisonReport | None) -> list[tuple[str, str]]:
    """Return what was compared, what a quick comparison does not see, and when the next full comparison is due."""
    if report is None:
        return []
    if report.kind == "full":
        return [("compared", f"full comparison of {plural(report.rows, 'row')}: {printable(report.reason)}")]
    column, rows = printable(report.column), plural(report.rows + report.left_out, "row")
    return [
        ("compared", f"quick comparison: {report.rows:,} of {rows}, with `{column}` from {report.since} on, or NULL"),
        ("not seen", f"{unseen_rows(column)}; {due_sentence(report.due_in)}"),
    ]


def unseen_rows(column: str) -> str:
    """Return what a quick comparison does not see."""
    return f"removed rows, and rows that changed although `{column}` did not move"


def due_sentence(seconds: float) -> str:
    """Return when the next full comparison is due."""
    return f"next full comparison in {duration(seconds)}" if seconds > 0 else "the next comparison is full"
