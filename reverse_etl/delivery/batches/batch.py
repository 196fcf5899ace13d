"""Batch: the changes of one request, and how it is cut in halves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.change import Change


@dataclass
class Batch:
    """Changes of one request.

    `suspect`: an earlier request with these rows may have been applied in part. `isolated`: one row, found by halving.
    `following` is sent after each row of this batch has an outcome, because it holds later rows of the same users.
    """

    changes: Sequence[Change]
    suspect: bool = False
    isolated: bool = False
    following: Batch | None = None


def halve(batch: Batch, *, suspect: bool) -> list[Batch]:
    """Return the halves of a batch that may be sent now. A half that shares a user with the other one follows it."""
    changes = batch.changes
    middle = _find_middle(changes)
    parts = [Batch(half, suspect, isolated=len(half) == 1) for half in (changes[:middle], changes[middle:])]
    users = [{change.user for change in part.changes if change.user} for part in parts]
    if batch.following is None and users[0].isdisjoint(users[1]):
        return parts
    parts[0].following, parts[1].following = parts[1], batch.following
    return parts[:1]


def _find_middle(changes: Sequence[Change]) -> int:
    """Return where to halve changes: between two users, if a place near the middle allows that."""
    middle = len(changes) // 2
    for distance in range(max(1, len(changes) // 4)):
        for place in (middle - distance, middle + distance):
            if not changes[place].user or changes[place].user != changes[place - 1].user:
                return place
    return middle
