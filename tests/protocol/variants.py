"""The sound variants, each with the number of worlds it reaches: small ones for every change, full ones for a night."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .rules import Commit, Rules
from .world import NOTHING, Faults

TWO_KEYS = Rules(Faults(), start=("A", NOTHING), identities=(0, 1))
ONE_IDENTITY = Rules(Faults(), start=("A", NOTHING), identities=(0, 0), values=(NOTHING, "A"), window=2)
TWO_STARTS = Faults(changes=2, starts=2, kills=1, timeouts=1, expiries=1)
THREE_STARTS = TWO_STARTS._replace(starts=3)
STATEMENTS = Rules(TWO_STARTS, commit=Commit.STATEMENTS)
TWO_KEYS_STATEMENTS = replace(TWO_KEYS, limits=TWO_STARTS, commit=Commit.STATEMENTS)


@dataclass(frozen=True)
class Sound:
    """A variant that must keep every promise in each of exactly so many worlds."""

    name: str
    rules: Rules
    worlds: int


SMALL = (
    Sound("one transaction", Rules(TWO_STARTS._replace(rejects=1)), 52_037),
    Sound("two fenced statements", Rules(TWO_STARTS, commit=Commit.FENCED), 32_492),
    Sound("single statements", replace(STATEMENTS, limits=TWO_STARTS._replace(rejects=1)), 162_226),
    Sound("told to stop", replace(STATEMENTS, limits=TWO_STARTS._replace(stops=1, expiries=0)), 21_887),
    Sound("reset", replace(STATEMENTS, limits=TWO_STARTS._replace(resets=1, expiries=0)), 36_555),
    Sound(
        "two keys, window of one",
        replace(TWO_KEYS, limits=TWO_STARTS._replace(expiries=0), values=(NOTHING, "A")),
        7_331,
    ),
    Sound(
        "two keys, window of two",
        replace(TWO_KEYS, limits=TWO_STARTS._replace(timeouts=0), values=(NOTHING, "A"), window=2),
        11_401,
    ),
    Sound("two keys, one identity", replace(ONE_IDENTITY, limits=TWO_STARTS._replace(changes=3)), 28_517),
)

FULL = (
    Sound("one transaction", Rules(THREE_STARTS._replace(rejects=1)), 448_649),
    Sound("two kills and two timeouts", Rules(THREE_STARTS._replace(kills=2, timeouts=2)), 481_790),
    Sound("two fenced statements", Rules(THREE_STARTS._replace(rejects=1), commit=Commit.FENCED), 594_548),
    Sound("single statements", replace(STATEMENTS, limits=THREE_STARTS), 660_298),
    Sound("three changes", replace(STATEMENTS, limits=TWO_STARTS._replace(changes=3, rejects=1)), 365_183),
    Sound("two keys, window of one", TWO_KEYS_STATEMENTS, 360_591),
    Sound(
        "two keys, window of two",
        replace(TWO_KEYS_STATEMENTS, limits=TWO_STARTS._replace(expiries=0), window=2),
        79_563,
    ),
    Sound("two keys, one identity", replace(ONE_IDENTITY, limits=THREE_STARTS._replace(changes=3)), 246_482),
)
