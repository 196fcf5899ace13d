"""Checks whether the tables of a sync fit together, from facts that others read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.counting import are, plural
from reverse_etl.provenance import FIRST_RUN_IS_OPEN, remembered_source
from reverse_etl.snapshot.lease import LeaseRow


@dataclass(frozen=True)
class IntegrityProblem:
    """What is wrong with the tables: the end of a sentence, and the facts behind it."""

    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TableFacts:
    """Facts about the tables of a sync. `newest` is the highest fence in the sync snapshot, or 0 if it has no rows.

    `had_accepted_rows`: the run history has a run of the sync with accepted or adopted rows. It is only asked if the
    tables hold no row.
    """

    has_snapshot: bool
    has_rejections: bool
    entries: int
    newest: int
    had_accepted_rows: bool = False


def holds_no_row(lease: LeaseRow | None, entries: int, newest: int) -> bool:
    """Return whether the tables show no row that was accepted, or that an open run may have sent."""
    may_have_sent = lease is not None and (lease.entries or (lease.run is not None and lease.run.credit))
    return not (entries or newest or may_have_sent)


def is_first_run(lease: LeaseRow | None, facts: TableFacts) -> bool:
    """Return whether the next run is the first one that sends rows, or the first one since a reset.

    A first run that left rows does not count.
    """
    if lease is not None and remembered_source(lease.destination).get(FIRST_RUN_IS_OPEN):
        return True
    return holds_no_row(lease, facts.entries, facts.newest) and not facts.had_accepted_rows


def find_integrity_problem(lease: LeaseRow | None, facts: TableFacts) -> IntegrityProblem | None:
    """Return what is wrong with the sync snapshot.

    None: nothing is wrong, or an active run makes the check impossible.
    """
    if lease is None:
        return _without_lease(facts)
    remembered = {"entries after the last run": lease.entries, "entries now": facts.entries}
    if lease.entries and not facts.has_snapshot:
        return IntegrityProblem(f"its table is gone; {plural(lease.entries, 'row')} had been accepted", remembered)
    if facts.newest > lease.fence:
        fences = {"last run of the sync snapshot": facts.newest, "last run of the lease": lease.fence}
        return IntegrityProblem("it is newer than its lease, which was lost or restored from an older backup", fences)
    if not facts.has_rejections:
        return IntegrityProblem(
            "the table `sync_rejections` is gone, so refused and suppressed rows would be sent again"
        )
    settled = lease.run is None and lease.holder is None
    if settled and facts.entries != lease.entries:
        return IntegrityProblem(_difference(lease.entries, facts.entries), remembered)
    return None


def _difference(before: int, now: int) -> str:
    if now > before:
        return f"it holds {plural(now - before, 'row')} more than the last run left"
    return f"{before - now:,} of its {plural(before, 'row')} {are(before - now)} missing"


def _without_lease(facts: TableFacts) -> IntegrityProblem | None:
    if facts.newest:
        return IntegrityProblem("its lease is gone", {"entries now": facts.entries})
    if facts.had_accepted_rows:
        return IntegrityProblem("its tables are gone, although earlier runs got rows accepted")
    return None
