"""The faults that can be switched on, and the draw that decides which request gets which fault.

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
    "429": "the request exceeds the rate limit and is not applied",
    "500": "a server error; the request is not applied",
    "503": "service unavailable, in plain text; the request is not applied",
    "html-502": "a gateway's HTML error page; the request is not applied",
    "timeout-before": "no response; the request is not applied",
    "timeout-after": "the request is applied, but gets no response",
    "reset": "the connection is reset; the request is not applied",
    "reset-after": "the request is applied, then the connection is reset",
    "slow": "every request waits first, for example slow:200ms or slow:1.5s",
    "unknown-fields": "responses with status 200 have undocumented members",
}
APPLIED_FAULTS: Final = frozenset({"", "timeout-after", "reset-after"})
"""The faults under which a request is still applied. "" means no fault."""
_ADDITIONAL_FAULTS: Final = frozenset({"slow", "unknown-fields"})
_MAX_SECONDS: Final = 600.0
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s)")


@dataclass(frozen=True)
class Fault:
    """One active fault: its name, its share of the requests, and its duration in seconds if it is `slow`."""

    name: str
    share: float = 1.0
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.name == "slow":
            return f"slow:{self.seconds * 1000:g}ms"
        return self.name if self.share == 1 else f"{self.name}:{self.share:g}"


@dataclass(frozen=True)
class DrawnFaults:
    """What one request gets: seconds to wait, one fault ("" for none), unknown members in its response."""

    seconds: float = 0.0
    fault: str = ""
    unknown_fields: bool = False


NO_FAULTS: Final = DrawnFaults()


@dataclass
class FaultSwitches:
    """The active faults of one project.

    The same requests get the same faults with the same seed, in any order. Repeated requests are counted.
    Raises ValueError for a text that names no fault, with a sentence that says what is allowed.
    """

    texts: Sequence[str] = ()
    seed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """How many requests got each fault."""

    def __post_init__(self) -> None:
        self.active = _check_combination([parse_fault(text) for text in self.texts])
        self._repeats: Counter[bytes] = Counter()

    def draw_faults(self, *request: bytes) -> DrawnFaults:
        """Return the faults of one request. The parts identify the request."""
        if not self.active:
            return NO_FAULTS
        first, second = self._draw_numbers(request)
        drawn = DrawnFaults(
            seconds=sum(fault.seconds for fault in self.active),
            fault=_pick_fault([fault for fault in self.active if fault.name not in _ADDITIONAL_FAULTS], first),
            unknown_fields=_pick_fault([one for one in self.active if one.name == "unknown-fields"], second) != "",
        )
        hits = {"slow": drawn.seconds, drawn.fault: drawn.fault, "unknown-fields": drawn.unknown_fields}
        self.counts.update(name for name, hit in hits.items() if hit)
        return drawn

    def _draw_numbers(self, request: Iterable[bytes]) -> tuple[float, float]:
        """Return two numbers from 0 to below 1."""
        hashed = hashlib.blake2b(digest_size=16)
        for part in request:
            hashed.update(b"%d:" % len(part) + part)
        request_id = hashed.digest()
        self._repeats[request_id] += 1
        drawn = hashlib.blake2b(request_id + b"%d:%d" % (self.seed, self._repeats[request_id]), digest_size=12).digest()
        return int.from_bytes(drawn[:6], "big") / 2**48, int.from_bytes(drawn[6:], "big") / 2**48


def parse_fault(text: str) -> Fault:
    """Return one fault from its text. Raises ValueError."""
    name, colon, value = text.partition(":")
    if name not in FAULTS:
        nearest = difflib.get_close_matches(name.lower(), FAULTS, 1, cutoff=0.5)
        guess = f"; did you mean {nearest[0]}?" if nearest else "."
        raise ValueError(f"{name!r} is not a fault{guess} There are {', '.join(FAULTS)}")
    if name == "slow":
        return Fault(name, seconds=_parse_duration(text, value))
    return Fault(name, _parse_share(text, value) if colon else 1.0)


def _parse_share(text: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        name = text.partition(":")[0]
        raise ValueError(f"{text!r}: the share of the requests is a number from 0 to 1, for example {name}:0.05")
    return share


def _parse_duration(text: str, value: str) -> float:
    match = _DURATION.fullmatch(value)
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else -1.0
    if not 0 <= seconds <= _MAX_SECONDS:
        allowed = f"a duration of at most {_MAX_SECONDS:g} s, for example slow:200ms or slow:1.5s"
        raise ValueError(f"{text!r}: slow takes {allowed}")
    return seconds


def _check_combination(faults: list[Fault]) -> tuple[Fault, ...]:
    """Return the faults if they can be active at the same time. Raises ValueError."""
    repeated = [name for name, times in Counter(fault.name for fault in faults).items() if times > 1]
    if repeated:
        raise ValueError(f"the fault {repeated[0]} is named more than once")
    total = sum(fault.share for fault in faults if fault.name not in _ADDITIONAL_FAULTS)
    if total > 1 + 1e-9:
        raise ValueError(f"a request gets at most one fault: the shares add up to {total:g}, which is more than 1")
    return tuple(faults)


def _pick_fault(faults: Iterable[Fault], drawn: float) -> str:
    for fault in faults:
        drawn -= fault.share
        if drawn < 0:
            return fault.name
    return ""
