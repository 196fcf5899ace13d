"""The choices that make one variant of the protocol, and how far it is explored. Knows no step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .world import NOTHING, Faults, World, entry, put


class Commit(IntEnum):
    """How the merge into the sync snapshot and the closing of the run are made."""

    TRANSACTION = 0  # both in one transaction that holds the lease row
    FENCED = 1  # two statements; the merge takes effect only while the lease is ours
    STATEMENTS = 2  # two statements; the warehouse may execute the merge any time later


class Fence(IntEnum):
    """How a statement that writes state makes sure that the lease is still ours."""

    CHECKED = 0  # in the statement itself
    READ_BEFORE = 1  # in an earlier statement
    IGNORED = 2


@dataclass(frozen=True)
class Rules:
    """A variant. The defaults are sound; B numbers name the shortcut that the other value is."""

    limits: Faults
    start: tuple[str, ...] = ("A",)  # the model, delivered, by key
    values: tuple[str, ...] = (NOTHING, "A", "B")
    identities: tuple[int, ...] = (0,)  # by key: where the destination keeps it
    window: int = 1

    commit: Commit = Commit.TRANSACTION
    fence: Fence = Fence.CHECKED  # B4, B5
    unsettled_become_unknown: bool = True  # B1
    claims_after_sending: bool = True  # B2
    commits_the_plan: bool = True  # B3
    acquires_when_quiet: bool = True  # B6
    sends_before_deadline: bool = True  # B7
    fences_entries: bool = True  # B8
    rejections_first: bool = True  # B9
    unknown_is_sticky: bool = True  # B10
    credit_before_send: bool = True  # B11
    reset_keeps_entries: bool = True  # B12
    replaces_identities: bool = True  # B13
    keeps_tombstones: bool = True  # B14
    bounds_credit: bool = True  # B15
    look_minds_open_run: bool = True

    def first_world(self) -> World:
        """Everything in the model has been delivered and accepted; nothing runs."""
        destination: tuple[str, ...] = (NOTHING,) * (max(self.identities) + 1)
        for key, value in enumerate(self.start):
            if value != NOTHING:
                destination = put(destination, self.identities[key], value)
        return World(self.start, destination, tuple(entry(value) for value in self.start))
