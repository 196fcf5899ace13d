"""What a baseline would take as accepted, and what it found: as text for people."""

from __future__ import annotations

from reverse_etl.change import BaselineReport
from reverse_etl.counting import plural
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import pairs, source_line
from reverse_etl.run.planning.sync_plan import SyncPlan

_MOST_FIELDS = 12


def baseline_preview_lines(plan: SyncPlan) -> list[str]:
    """Return what a baseline of one sync would do, for a terminal."""
    title = f"sync {printable(plan.sync)}: {plan.object} in {printable(plan.destination)} ({printable(plan.host)})"
    stops = [("would stop", f"{one.code}: {printable(one.message)}") for one in plan.problems]
    hints = [("", f"hint: {printable(one.hint)}") for one in plan.problems]
    source = ("source", source_line(plan.target, plan.database, plan.relation))
    if not plan.counted or stops:
        return pairs(title, [source, *stops, *hints])
    return pairs(
        title,
        [
            source,
            ("accepted", f"{plural(plan.accepted_before, 'row')} before"),
            ("baseline", _baseline_sentence(plan)),
            ("held back", f"{sum(plan.invalid.values()):,} invalid, {plan.quarantined:,} quarantined"),
        ],
    )


def _baseline_sentence(plan: SyncPlan) -> str:
    rows = plural(plan.adopted, "row")
    if plan.baseline == "compare":
        return f"{rows} would be compared with what Iterable holds; equal ones count as accepted"
    until = f" up to {plan.until}" if plan.until else ""
    return f"{rows} of {plan.model_rows:,}{until} would count as accepted, without being sent"


def baseline_sentence(report: BaselineReport) -> str:
    """Return what a baseline found, in one sentence."""
    until = f" up to {report.until}" if report.until else ""
    left = f"the next run sends {plural(report.left, 'row')}"
    if report.equal is None:
        return f"all rows{until} taken as accepted; {left}" if report.method == "trust" else left
    found = {
        "equal": report.equal,
        "different": report.different,
        "missing in Iterable": report.missing,
        "only in Iterable": report.only_there,
    }
    counted = ", ".join(f"{count:,} {name}" for name, count in found.items() if count is not None)
    return f"{counted}; {left}"


def differing_fields(report: BaselineReport) -> str:
    """Return the fields that differ, with their rows: `name 12, plan 3`."""
    fields = list(report.different_fields.items())
    more = f", and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
    return ", ".join(f"{printable(name)} {rows:,}" for name, rows in fields[:_MOST_FIELDS]) + more
