"""Builds SQL that finds rows of a plan that must wait, because their people got other calls recently. Runs nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reverse_etl.snapshot.tables import value_name
from reverse_etl.sync import PersonColumn
from reverse_etl.warehouses.dialect import Dialect


@dataclass(frozen=True)
class RecentCalls:
    """The people in the calls of one sync, from its sync snapshot: written rows, or `removed` rows.

    `people` are the columns of that table that identify them.
    """

    snapshot: str
    people: Sequence[PersonColumn]
    removed: bool = False

    def columns_in(self, names: Collection[str]) -> Sequence[PersonColumn]:
        """Return the people whose column is among these names."""
        return [one for one in self.people if person_column_name(one) in names]


@dataclass(frozen=True)
class PausedRows:
    """The rows that wait: rows of people in `writes`, or for removed rows in `removals`, within the last `seconds`.

    `people` are the columns of the plan that identify them.
    """

    dialect: Dialect
    seconds: float
    people: Sequence[PersonColumn]
    writes: Sequence[RecentCalls]
    removals: Sequence[RecentCalls]

    def with_waits(self, query: str, alias: str, *, removed: bool = False) -> str:
        """Return a named query under an alias, with a column `waits`: 1 for rows that wait and 0 for others."""
        calls = self.removals if removed else self.writes
        people = [one for one in self.people if not (removed and one.label)]
        joins, tests = [], []
        for number, one in enumerate(people):
            recent = self._recent(one.key, calls)
            if recent:
                who = self._who(one, alias)
                joins.append(f" LEFT JOIN ({recent}) w{number} ON w{number}.person = {who}")
                tests.append(f"w{number}.person IS NOT NULL")
        waits = f"CASE WHEN {' OR '.join(tests)} THEN 1 ELSE 0 END" if tests else "0"
        return f"(SELECT {alias}.*, {waits} AS waits FROM {query} {alias}{''.join(joins)}) {alias}"

    def _recent(self, key: str, calls: Sequence[RecentCalls]) -> str:
        """Return every person of the calls once, by one identifier; empty if no call has that identifier."""
        since = self.dialect.add_seconds(self.dialect.now(), -self.seconds)
        parts = [
            f"SELECT {self._who(one, 's')} AS person FROM {call.snapshot} s WHERE s.changed_at > {since}"
            f" AND s.state {'=' if call.removed else '<>'} 'absent'"
            for call in calls
            for one in call.people
            if one.key == key
        ]
        return f"SELECT DISTINCT x.person FROM ({' UNION ALL '.join(parts)}) x WHERE x.person IS NOT NULL" * bool(parts)

    def _who(self, one: PersonColumn, alias: str) -> str:
        name = self.dialect.as_text(f"{alias}.{person_column_name(one)}")
        if one.mark:
            begins = f"substr({name}, 1, {len(one.mark)}) = {self.dialect.literal(one.mark)}"
            return f"CASE WHEN {begins} THEN substr({name}, {len(one.mark) + 1}) END"
        return self.dialect.lower(f"trim({name})") if one.lowered else name


def person_column_name(one: PersonColumn) -> str:
    """Return the column of our tables that identifies the person of a row."""
    return value_name(one.label) if one.label else "identity"
