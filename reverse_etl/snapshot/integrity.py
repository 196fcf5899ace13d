"""Damage: what is missing or wrong among our tables of a sync, by what they remember of each other; opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.counting import are, plural
from reverse_etl.snapshot.lease import LeaseRow


@dataclass(frozen=True)
class Damage:
    """What is wrong, as the end of a sentence, and the facts."""

    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What was found of our tables. `newest` is the highest fence of the sync snapshot, 0 without any row.

    `accepted_before`: whether the history has a run of the sync that got rows accepted.
    """

    has_snapshot: bool
    has_rejections: bool
    entries: int
    newest: int
    accepted_before: bool = False


def find_damage(lease: LeaseRow | None, found: Found) -> Damage | None:
    """What is wrong with the sync snapshot; None if nothing is, or if a run goes on and nobody can say."""
    if lease is None:
        return _without_lease(found)
    remembered = {"entries after the last run": lease.entries, "entries now": found.entries}
    if lease.entries and not found.has_snapshot:
        return Damage(f"its table is gone; {plural(lease.entries, 'row')} had been accepted", remembered)
    if found.newest > lease.fence:
        facts = {"last run of the sync snapshot": found.newest, "last run of the lease": lease.fence}
        return Damage("it is newer than its lease, which was lost or restored from an older backup", facts)
    if not found.has_rejections:
        return Damage("the table `sync_rejections` is gone, so refused rows and forgotten users would be sent again")
    settled = lease.run is None and lease.holder is None
    if settled and found.entries != lease.entries:
        return Damage(_difference(lease.entries, found.entries), remembered)
    return None


def _difference(before: int, now: int) -> str:
    if now > before:
        return f"it holds {plural(now - before, 'row')} more than the last run left"
    return f"{before - now:,} of its {plural(before, 'row')} {are(before - now)} missing"


def _without_lease(found: Found) -> Damage | None:
    if found.newest:
        return Damage("its lease is gone", {"entries now": found.entries})
    if found.accepted_before:
        return Damage("its tables are gone, although earlier runs got rows accepted")
    return None
