"""How the values of one field differ from the accepted ones, and what that says: NULL, constant, flipped, reshaped."""

from __future__ import annotations

from dataclasses import dataclass

from reverse_etl.guards.share import ShareEntry


@dataclass(frozen=True)
class ValueChanges:
    """Rows of one field that had a value which now differs (`lost`), and what became of them.

    `nulled` rows have no value now, `flipped` ones the other truth value, `reshaped` ones a text of another shape.
    `constant`: the others of them all have the same value.
    """

    lost: int = 0
    nulled: int = 0
    flipped: int = 0
    reshaped: int = 0
    constant: bool = False

    def __add__(self, other: ValueChanges) -> ValueChanges:
        """Return the changes of two groups of rows. They are constant if no group has several values."""
        groups = [part for part in (self, other) if part.lost > part.nulled]
        return ValueChanges(
            self.lost + other.lost,
            self.nulled + other.nulled,
            self.flipped + other.flipped,
            self.reshaped + other.reshaped,
            bool(groups) and all(part.constant for part in groups),
        )

    def by_kind(self) -> dict[str, int]:
        """Return how many rows speak for each kind of drift."""
        same = self.lost - self.nulled if self.constant else 0
        return {"null": self.nulled, "constant": same, "flipped": self.flipped, "reshaped": self.reshaped}

    def may_drift(self, limit: ShareEntry) -> bool:
        """Return whether the values may have drifted, for any number of rows that had a value."""
        return any(limit.exceeded(rows, self.lost) for rows in self.by_kind().values())


@dataclass(frozen=True)
class Drift:
    """A field whose values drifted: `rows` of the `values_before` rows that had a value.

    `before` and `after` say what the values were and are, without a value.
    """

    field: str
    rows: int
    values_before: int
    before: str
    after: str
