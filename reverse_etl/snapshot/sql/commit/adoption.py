"""Adoption: planned rows that count as accepted without being sent, and SQL that selects them. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.snapshot.sql.commit.merge import Part
from reverse_etl.snapshot.tables import NOTES_FROM
from reverse_etl.warehouses.dialect import Dialect

# Every row of a plan that could be sent.
ALL_ROWS = Ranges([(0, NOTES_FROM)])


@dataclass(frozen=True)
class Adoption:
    """Rows of a plan by their `ordinals`: the destination holds them as planned. `rows` is how many they are.

    With a `condition`, which is SQL over the plan `p`, only the rows that meet it.
    """

    ordinals: Ranges
    rows: int
    condition: str = ""

    def portions(self, most: int) -> Iterator[Adoption]:
        """Return the same rows in portions of at most `most` ranges, so that no statement is too long."""
        return (replace(self, ordinals=some) for some in self.ordinals.split(most))

    @property
    def part(self) -> Part:
        """Return the part of the plan that the rows are in."""
        return Part(*self.ordinals.bounds)

    def outcomes(self, dialect: Dialect, plan: str, part: Part) -> str:
        """Return the rows of one part of the plan, each with its new state: removed rows hold nothing any more."""
        ranges = self.ordinals.within(part.start, part.end)
        size = max(1, len(ranges) // max(1, ranges.count))
        texts = [tuple(map(str, bucket)) for bucket in ranges.buckets(size)] or [("-1", "-1", "-1")]
        chosen = dialect.rows("b", ("bucket", "first", "beyond"), texts)
        met = f" AND ({self.condition})" if self.condition else ""
        return (
            f"SELECT p.*, CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END AS outcome FROM {plan} p"
            f" JOIN {chosen} ON b.bucket = p.ordinal - mod(p.ordinal, {size})"
            " AND p.ordinal >= b.first AND p.ordinal < b.beyond"
            f" WHERE p.kind <> 'invalid' AND p.ordinal >= {part.start} AND p.ordinal < {part.end}{met}"
        )
