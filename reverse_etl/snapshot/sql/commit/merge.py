"""Builds SQL that merges the result of a run into the sync snapshot. Runs nothing.

Acknowledged rows hold the planned values. Removed rows become tombstones without values. Refused rows do not change.
Every other row below the credit is `unknown`: it may have been sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.tables import LEFT_AT, Tables
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class Part:
    """Ordinals of a plan from `start` up to, not including, `end`."""

    start: int
    end: int


WHOLE = Part(0, 2**62)


@dataclass(frozen=True)
class Merge:
    """The commit of one run from its plan table `plan`.

    `keys` and `values` are the columns of that plan, which may be older than the definition. NULLs of `skipping` values
    are not sent. `unmapped` are columns of the sync snapshot that the plan does not have. `notes_rows_left`: the sync
    snapshot shows which rows left the model.
    """

    dialect: Dialect
    tables: Tables
    plan: str
    keys: Sequence[str]
    values: Sequence[str]
    skipping: Collection[str] = ()
    unmapped: Collection[str] = ()
    notes_rows_left: bool = True

    def sql(self, run: OpenRun, untouched: Ranges, part: Part = WHOLE) -> str:
        """Return one statement that can be repeated under the fence of `run`. `untouched` ordinals were not sent.

        Rows do not depend on each other, so a part of the plan can be merged before another.
        """
        return self.of_outcomes(self.outcomes(run, untouched, part), run.fence)

    def of_outcomes(self, outcomes: str, fence: int) -> str:
        """Return one statement that merges rows of the plan; `outcomes` selects them with their new state."""
        newer = f"s.fence <= {int(fence)}"
        unsure, sure = self._unknown_values(fence), self._known_values(fence)
        branches = [(f"{newer} AND p.outcome = 'unknown'", unsure), (newer, sure)]
        if not self.dialect.merge_branches:
            branches = [(newer, {name: _either(unsure.get(name, f"s.{name}"), sure[name]) for name in sure})]
        return self.dialect.merge(self.tables.snapshot, outcomes, branches, self._inserted(fence))

    def into_empty(self, outcomes: str, fence: int) -> str:
        """Return one statement that adds such rows if the sync snapshot has no entry; empty if a merge must do it.

        If it is repeated, it adds nothing.
        """
        return self.dialect.append(self.tables.snapshot, outcomes, self._inserted(fence))

    def outcomes(self, run: OpenRun, untouched: Ranges, part: Part) -> str:
        """Return rows of the plan that change an entry, each with the new state of the entry."""
        outcome = (
            # A removed row is skipped if its user is already gone. That is what the removal wanted.
            "CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown'"
            " WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END"
            " WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END"
            " WHEN b.acked = 0 THEN NULL ELSE 'unknown' END"
        )
        refused = (
            "SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted,"
            " max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped"
            f" FROM {self.tables.rejections} WHERE sync = {self.dialect.literal(self.tables.sync)}"
            f" AND fence = {int(run.fence)} GROUP BY ordinal"
        )
        fates = self._outcome_ranges(run.acked.within(part.start, part.end), untouched.within(part.start, part.end))
        sent = (
            f"SELECT p.*, {outcome} AS outcome FROM {self.plan} p LEFT JOIN ({refused}) r ON r.ordinal = p.ordinal"
            f" {fates} WHERE p.kind <> 'invalid' AND p.ordinal < {min(int(run.credit), part.end)}"
            + (f" AND p.ordinal >= {part.start}" if part.start else "")
        )
        return f"SELECT * FROM ({sent}) x WHERE outcome IS NOT NULL"

    def _outcome_ranges(self, acked: Ranges, untouched: Ranges) -> str:
        """Return the ranges of ordinals as `b`, joined by equal buckets: comparing each row with each range is slow.

        Only the longest ranges are named, to keep the statement short. Rows of other ranges become `unknown` and are
        sent again.
        """
        most = self.dialect.most_ranges
        named = [(1, acked.largest(most)), (0, untouched.without(acked).largest(most))]
        numbers, count = (sum(len(found) for _, found in named), sum(found.count for _, found in named))
        size = max(1, numbers // max(1, count))
        rows = [(*bucket, fate) for fate, found in named for bucket in found.buckets(size)]
        # A bucket without ordinals, so that there is at least one row.
        texts = [tuple(map(str, row)) for row in rows or [(-1, -1, -1, 0)]]
        ranges = self.dialect.rows("b", ("bucket", "first", "beyond", "acked"), texts)
        return (
            f"LEFT JOIN {ranges} ON b.bucket = p.ordinal - mod(p.ordinal, {size})"
            " AND p.ordinal >= b.first AND p.ordinal < b.beyond"
        )

    def _known_values(self, fence: int) -> dict[str, str]:
        """Return what an entry holds after its row has an outcome: the planned value.

        If a NULL is skipped, the destination keeps its old value. We know that value only if the entry was accepted. An
        unknown entry may hold another value, so it claims nothing.
        """
        kept = "p.outcome = 'accepted' AND s.state = 'accepted'"
        skipping = {
            name: f"CASE WHEN {kept} THEN coalesce(p.{name}, s.{name}) ELSE p.{name} END" for name in self.values
        }
        columns = {key: f"p.{key}" for key in self.keys}
        columns |= {name: skipping[name] if name in self.skipping else f"p.{name}" for name in self.values}
        return columns | self._unmapped() | self._claim(fence)

    def _unknown_values(self, fence: int) -> dict[str, str]:
        """Return what changes in an entry if its row may have arrived. Its values stay the last known ones."""
        return {key: f"p.{key}" for key in self.keys} | self._unmapped() | self._claim(fence)

    def _unmapped(self) -> dict[str, str]:
        """Return values of fields that are no longer mapped.

        They become NULL if the row is gone or its outcome is unknown.
        """
        kept = "p.outcome <> 'absent' AND s.state = 'accepted'"
        return {name: f"CASE WHEN {kept} THEN s.{name} END" for name in self.unmapped}

    def _inserted(self, fence: int) -> dict[str, str]:
        columns = {"identity": "p.identity"} | {key: f"p.{key}" for key in self.keys}
        columns |= {name: f"p.{name}" for name in self.values}
        return columns | self._claim(fence)

    def _claim(self, fence: int) -> dict[str, str]:
        present = {LEFT_AT: self.dialect.null(self.dialect.timestamp_type)} if self.notes_rows_left else {}
        return {
            **present,
            "row_hash": "p.row_hash",
            "state": "p.outcome",
            "fence": str(int(fence)),
            "changed_at": self.dialect.now(),
        }


def _either(unsure: str, sure: str) -> str:
    return sure if unsure == sure else f"CASE WHEN p.outcome = 'unknown' THEN {unsure} ELSE {sure} END"
