"""The number of rows of each kind in a comparison. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reverse_etl.guards.value.drift import ValueChanges


@dataclass(frozen=True)
class DiffCounts:
    """The counts of a comparison. `invalid` is rows by reason; `changed_fields` is changed rows by field.

    `quarantined` rows were refused before, or their removal was (`refused_removals`). They include rows that wait for
    their person (`waiting`) and rows about forgotten people (`forgotten`; `suppressed` by their identity).
    `listed_refused` keys and `listed_invalid` rows are listed as held back, even if that is no longer true. `newest` is
    the highest fence of an entry. `removed` rows are planned only if the sync acts on them. If it does not, rows that
    an earlier run counted are not included. `returned` rows were counted as removed and are in the model again.
    `resent` rows are equal but sent; `stale` rows are equal, but their stored hash is not.

    `left_out` rows of the model were not read by a quick comparison, and are only counted. `compared` rows have an
    entry to compare with; in a quick comparison, all live entries count. `noted` entries were counted as left by an
    earlier run. `edited` rows changed only in fields that an edit of the mapping touched. `hides_duplicates`: an entry
    has more than one row in the model. `values` say by field what became of values that changed.
    """

    added: int = 0
    changed: int = 0
    resent: int = 0
    removed: int = 0
    returned: int = 0
    unchanged: int = 0
    quarantined: int = 0
    waiting: int = 0
    suppressed: int = 0
    forgotten: int = 0
    refused_removals: int = 0
    listed_refused: int = 0
    listed_invalid: int = 0
    stale: int = 0
    invalid: Mapping[str, int] = field(default_factory=dict)
    changed_fields: Mapping[str, int] = field(default_factory=dict)
    model_rows: int = 0
    left_out: int = 0
    entries: int = 0
    newest: int = 0
    identity_changes: int = 0
    compared: int = 0
    noted: int = 0
    hides_duplicates: bool = False
    edited: int = 0
    values: Mapping[str, ValueChanges] = field(default_factory=dict)

    @property
    def invalid_rows(self) -> int:
        return sum(self.invalid.values())

    @property
    def refused_before(self) -> int:
        """Rows that are held back because the destination refused them. Rows of forgotten people are not counted."""
        return self.quarantined - self.waiting - self.forgotten

    @property
    def lists_settled(self) -> bool:
        """Return whether rows are still listed as held back although they no longer are."""
        fixed = self.listed_invalid > 0 and not self.invalid_rows
        return fixed or self.listed_refused > self.quarantined - self.suppressed

    @property
    def moved(self) -> bool:
        """Return whether rows left the model, or came back after they were counted as removed."""
        return self.removed + self.returned > 0

    @property
    def upserts(self) -> int:
        """Return the rows of the model that would be sent."""
        return self.added + self.changed + self.resent

    @property
    def entries_in_model(self) -> int:
        """Return the entries whose rows were in the model at the last run."""
        return self.entries - self.noted

    @property
    def mostly_new(self) -> bool:
        """Return whether so many rows differ that it costs less to compare all rows by value than to select them."""
        return 3 * (self.upserts + self.removed) > self.model_rows - self.left_out

    def agree(self, rows: Mapping[str, int], *, acts: bool) -> bool:
        """Return whether a plan with these rows by kind matches the counts. `acts`: the plan holds removed rows."""
        counted = {"added": self.added, "changed": self.changed, "resent": self.resent, "invalid": self.invalid_rows}
        if acts:
            counted["removed"] = self.removed
        return all(rows.get(kind, 0) == count for kind, count in counted.items())


def held_counts(by_state: Mapping[str, int], totals: Sequence[int]) -> dict[str, int]:
    """Return counts of held rows, from counts by listed state and the last of the totals."""
    waiting, suppressed, forgotten = (by_state.get(state, 0) for state in ("skipped", "suppressed", "forgotten"))
    states = {"waiting": waiting, "suppressed": suppressed, "forgotten": suppressed + forgotten}
    names = ("refused_removals", "listed_refused", "listed_invalid", "newest")
    return {**states, **dict(zip(names, totals, strict=True))}
