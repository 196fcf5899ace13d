"""The tempting shortcuts: how small a world shows that each loses a row, and the story of how it does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .promises import bounded_repeats, nothing_lost
from .rules import Fence, Rules
from .variants import ONE_IDENTITY, STATEMENTS, TWO_KEYS
from .world import Faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .promises import Promise

KILL = Faults(changes=2, starts=2, kills=1)
TAKEOVER = Faults(changes=3, starts=2, expiries=1)
ONE_RUN = Faults(changes=2, starts=1)
LATE_MERGE = replace(STATEMENTS, limits=KILL._replace(changes=3))


@dataclass(frozen=True)
class Shortcut:
    """`rules` keep every promise in exactly `worlds` worlds; with `taken` over them the story ends in a broken one.

    The story names steps of the shortest counterexample, in order, its last one included.
    """

    name: str
    rules: Rules
    worlds: int
    taken: Mapping[str, Any]
    story: tuple[str, ...]
    breaks: Promise = nothing_lost


SHORTCUTS = (
    Shortcut(
        "B1 rows without a reply keep their entry",
        Rules(KILL),
        1_989,
        {"unsettled_become_unknown": False},
        (
            "p1 plans key 0 = nothing",
            "model: key 0 = A",
            "p1 is killed at send",
            "late: the destination applies key 0 = nothing of run 1",
            "p2 rolls run 1 forward",
            "p2 plans nothing",
        ),
    ),
    Shortcut(
        "B2 the snapshot is written at plan time",
        Rules(KILL),
        1_989,
        {"claims_after_sending": False},
        ("p1 plans key 0 = nothing", "p1 is killed at send", "p2 plans nothing"),
    ),
    Shortcut(
        "B3 the current model is committed",
        Rules(ONE_RUN),
        90,
        {"commits_the_plan": False},
        (
            "p1 plans key 0 = nothing",
            "model: key 0 = A",
            "the destination applies key 0 = nothing of run 1",
            "p1 commits run 1",
        ),
    ),
    Shortcut(
        "B4 the lease is checked, then the merge is made",
        Rules(TAKEOVER),
        6_357,
        {"fence": Fence.READ_BEFORE},
        (
            "p1 reads the lease: still its own",
            "p2 acquires fence 2",
            "p2 plans key 0 = A",
            "model: key 0 = nothing",
            "p2 commits run 2",
            "p1 commits run 1",
        ),
    ),
    Shortcut(
        "B5 no fence",
        Rules(TAKEOVER),
        6_357,
        {"fence": Fence.IGNORED},
        ("the lease of a live runner expires", "p2 acquires fence 2", "p2 commits run 2", "p1 commits run 1"),
    ),
    Shortcut(
        "B6 the next run starts at once",
        Rules(KILL),
        1_989,
        {"acquires_when_quiet": False},
        (
            "p1 sends key 0 = nothing",
            "p1 is killed at send",
            "p2 acquires fence 2",
            "the destination applies key 0 = A of run 2",
            "late: the destination applies key 0 = nothing of run 1",
            "p2 commits run 2",
        ),
    ),
    Shortcut(
        "B7 an expired holder sends on",
        Rules(TAKEOVER),
        6_357,
        {"sends_before_deadline": False},
        (
            "p2 acquires fence 2",
            "p1 sends key 0 = nothing",
            "the destination applies key 0 = A of run 2",
            "late: the destination applies key 0 = nothing of run 1",
            "p2 commits run 2",
        ),
    ),
    Shortcut(
        "B8 entries without a fence, and a merge comes late",
        LATE_MERGE,
        7_663,
        {"fences_entries": False},
        (
            "p1 submits the merge of run 1",
            "p1 is killed at close",
            "p2 plans key 0 = A",
            "the warehouse executes the merge of run 2",
            "the warehouse executes the merge of run 1",
            "p2 closes the run",
        ),
    ),
    Shortcut(
        "B9 ranges are journaled before rejections",
        Rules(KILL._replace(changes=1, rejects=1)),
        805,
        {"rejections_first": False},
        (
            "p1 hears that key 0 is rejected",
            "p1 flushes: acknowledged [0], rejected [], credit 1",
            "p1 is killed at send",
            "p2 rolls run 1 forward",
            "p2 plans nothing",
        ),
    ),
    Shortcut(
        "B10 a reject clears a timeout",
        Rules(ONE_RUN._replace(timeouts=1, rejects=1)),
        369,
        {"unknown_is_sticky": False},
        ("p1 times out on key 0, applied", "p1 hears that key 0 is rejected", "p1 commits run 1"),
    ),
    Shortcut(
        "B11 rows are sent before the credit is durable",
        Rules(KILL),
        1_989,
        {"credit_before_send": False},
        (
            "p1 sends key 0 = nothing",
            "p1 is killed at send",
            "late: the destination applies key 0 = nothing of run 1",
            "p2 rolls run 1 forward",
            "p2 plans nothing",
        ),
    ),
    Shortcut(
        "B12 a reset truncates the snapshot",
        Rules(ONE_RUN._replace(resets=1)),
        229,
        {"reset_keeps_entries": False},
        ("model: key 0 = nothing", "the sync is reset"),
    ),
    Shortcut(
        "B13 an identity is deleted and upserted in one run",
        replace(ONE_IDENTITY, limits=ONE_RUN),
        53,
        {"replaces_identities": False},
        (
            "p1 plans key 0 = nothing, key 1 = A",
            "the destination applies key 1 = A of run 1",
            "the destination applies key 0 = nothing of run 1",
            "p1 commits run 1",
        ),
    ),
    Shortcut(
        "B14 no tombstones",
        LATE_MERGE,
        7_663,
        {"keeps_tombstones": False},
        (
            "p1 submits the merge of run 1",
            "p2 plans key 0 = nothing",
            "the warehouse executes the merge of run 2",
            "the warehouse executes the merge of run 1",
            "p2 closes the run",
        ),
    ),
    Shortcut(
        "B15 credit for the whole plan",
        replace(TWO_KEYS, limits=ONE_RUN),
        294,
        {"bounds_credit": False},
        ("p1 plans key 0 = nothing, key 1 = A", "p1 flushes: acknowledged [], rejected [], credit 2"),
        bounded_repeats,
    ),
    Shortcut(
        "a look that overlooks an open run",
        Rules(KILL),
        1_989,
        {"look_minds_open_run": False},
        (
            "p1 plans key 0 = nothing",
            "model: key 0 = A",
            "p1 is killed at send",
            "late: the destination applies key 0 = nothing of run 1",
        ),
    ),
)
