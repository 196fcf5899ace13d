"""The faults that can be switched on, and which request meets which. Knows no request's meaning, and no connection.

429:0.05      a share of the requests         html-502      all of them         slow:200ms    with a duration
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FAULTS: Final[Mapping[str, str]] = {
    "429": "refused for the rate, not applied",
    "500": "a server error, not applied",
    "503": "unavailable, in plain text, not applied",
    "html-502": "a gateway's HTML page, not applied",
    "timeout-before": "never answered, not applied",
    "timeout-after": "applied, never answered",
    "reset": "the connection breaks, not applied",
    "reset-after": "applied, then the connection breaks",
    "slow": "every request waits first, as slow:200ms or slow:1.5s",
    "unknown-fields": "answers of 200 carry members that nobody documents",
}
APPLIED: Final = frozenset({"", "timeout-after", "reset-after"})
"""The faults, and "" for none, with which a request does what it asks."""
_BESIDE: Final = frozenset({"slow", "unknown-fields"})
_LONGEST: Final = 600.0
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s)")


@dataclass(frozen=True)
class Fault:
    """One fault that is on: which, for what share of the requests, and for how many seconds where it is `slow`."""

    name: str
    share: float = 1.0
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.name == "slow":
            return f"slow:{self.seconds * 1000:g}ms"
        return self.name if self.share == 1 else f"{self.name}:{self.share:g}"


@dataclass(frozen=True)
class Meeting:
    """What one request meets: seconds of waiting, one fault ("" for none), unknown members in its answer."""

    seconds: float = 0.0
    fault: str = ""
    unknown_fields: bool = False


CALM: Final = Meeting()


@dataclass
class Faults:
    """The faults of one project. The same requests, repeats counted, meet the same faults, in whatever order they come.

    Raises ValueError, with a sentence that says what is allowed, for a text that names no fault.
    """

    texts: Sequence[str] = ()
    seed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    """How many requests met each fault."""

    def __post_init__(self) -> None:
        self.on = _together([parsed(text) for text in self.texts])
        self._repeats: Counter[bytes] = Counter()

    def meet(self, *request: bytes) -> Meeting:
        """Draw for one request, told by the parts that make it what it is."""
        if not self.on:
            return CALM
        one, other = self._draws(request)
        meeting = Meeting(
            seconds=sum(fault.seconds for fault in self.on),
            fault=_picked([fault for fault in self.on if fault.name not in _BESIDE], one),
            unknown_fields=_picked([fault for fault in self.on if fault.name == "unknown-fields"], other) != "",
        )
        names = {"slow": meeting.seconds, meeting.fault: meeting.fault, "unknown-fields": meeting.unknown_fields}
        self.met.update(name for name, met in names.items() if met)
        return meeting

    def _draws(self, request: Iterable[bytes]) -> tuple[float, float]:
        """Two numbers from 0 to below 1."""
        whole = hashlib.blake2b(digest_size=16)
        for part in request:
            whole.update(b"%d:" % len(part) + part)
        asked = whole.digest()
        self._repeats[asked] += 1
        drawn = hashlib.blake2b(asked + b"%d:%d" % (self.seed, self._repeats[asked]), digest_size=12).digest()
        return int.from_bytes(drawn[:6], "big") / 2**48, int.from_bytes(drawn[6:], "big") / 2**48


def parsed(text: str) -> Fault:
    """One fault as it is typed. Raises ValueError."""
    name, colon, value = text.partition(":")
    if name not in FAULTS:
        near = difflib.get_close_matches(name.lower(), FAULTS, 1, cutoff=0.5)
        guess = f"; did you mean {near[0]}?" if near else "."
        raise ValueError(f"{name!r} is not a fault{guess} There are {', '.join(FAULTS)}")
    if name == "slow":
        return Fault(name, seconds=_seconds(text, value))
    return Fault(name, _share(text, value) if colon else 1.0)


def _share(text: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        name = text.partition(":")[0]
        raise ValueError(f"{text!r}: the share of the requests is a number from 0 to 1, as in {name}:0.05")
    return share


def _seconds(text: str, value: str) -> float:
    found = _DURATION.fullmatch(value)
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1) if found else -1.0
    if not 0 <= seconds <= _LONGEST:
        raise ValueError(f"{text!r}: slow takes a duration of at most {_LONGEST:g} s, as in slow:200ms or slow:1.5s")
    return seconds


def _together(faults: list[Fault]) -> tuple[Fault, ...]:
    """The faults, once it is sure that they can be on at the same time."""
    twice = [name for name, times in Counter(fault.name for fault in faults).items() if times > 1]
    if twice:
        raise ValueError(f"the fault {twice[0]} is named more than once")
    total = sum(fault.share for fault in faults if fault.name not in _BESIDE)
    if total > 1 + 1e-9:
        raise ValueError(f"a request meets one fault at most: the shares add up to {total:g}, which is more than 1")
    return tuple(faults)


def _picked(faults: Iterable[Fault], drawn: float) -> str:
    for fault in faults:
        drawn -= fault.share
        if drawn < 0:
            return fault.name
    return ""
