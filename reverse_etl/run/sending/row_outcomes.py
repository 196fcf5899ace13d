"""Counts the rows of a run by outcome and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.change import FORGOTTEN_USER, Outcome, Response, Sample, Status, Traffic

_MOST_RESPONSES = 10  # of one kind that are reported


@dataclass
class RowOutcomes:
    """The number of rows by outcome, with reasons except for accepted ones. `removed` are accepted removals.

    `traffic`, `profile` and `has_unanswered_requests` are known when sending has ended. `profile` has seconds by part
    of sending. A request without an answer may still take effect, even if a later attempt was refused.
    `ended_by` is what ended the run before its plan did, without an error, and `left` are the aborted rows that it
    left.
    """

    counts: Counter[Status] = field(default_factory=Counter)
    removed: int = 0
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    responses: dict[tuple[str, str, str], dict[Response, None]] = field(default_factory=dict)
    dropped_fields: set[str] = field(default_factory=set)
    created_fields: set[str] = field(default_factory=set)
    ended_by: str = ""
    left: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    profile: Mapping[str, float] = field(default_factory=dict)
    has_unanswered_requests: bool = False

    @property
    def settled(self) -> int:
        """Return how many rows have an outcome."""
        return sum(self.counts.values())

    @property
    def has_unknown(self) -> bool:
        """Return whether some row got no response, so that its request may still take effect."""
        return self.has_unanswered_requests or self.counts[Status.FAILED] > self.dropped

    @property
    def forgotten(self) -> int:
        """Return the number of rows that were rejected because their users are forgotten."""
        rejected = Status.REJECTED.value
        return sum(
            rows for (status, code, _), rows in self.reasons.items() if (status, code) == (rejected, FORGOTTEN_USER)
        )

    @property
    def dropped(self) -> int:
        """Return the number of rows that the destination accepted without some of their fields."""
        return sum(rows for (_, code, _), rows in self.reasons.items() if code == "dropped-fields")

    def samples(self, most: int = 20) -> tuple[Sample, ...]:
        """Return the kinds of refusal, the most frequent first."""
        common = self.reasons.most_common(most)
        return tuple(Sample(*kind, rows, tuple(self.responses.get(kind, ()))) for kind, rows in common)

    def note(self, outcome: Outcome) -> None:
        """Count a row that was not accepted."""
        kind = (outcome.status.value, outcome.code, outcome.reason)
        self.counts[outcome.status] += 1
        self.reasons[kind] += 1
        responses = self.responses.setdefault(kind, {})
        if outcome.response is not None and len(responses) < _MOST_RESPONSES:
            responses[outcome.response] = None
