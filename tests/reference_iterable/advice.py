"""Advice: requests that Iterable accepts but the API description advises against, as texts."""

from __future__ import annotations

from collections import deque

from tests.reference_iterable.routes import TWINS, Route

# Requests that left a second apart may arrive a little closer.
JITTER = 0.1


class AdviceLog:
    """`observations` are in the order in which they were made, each once.

    `apart`: seconds that should lie between a bulk endpoint and its single twin for one user.
    """

    def __init__(self) -> None:
        self.observations: list[str] = []
        self.apart = 60.0
        self._arrivals: dict[str, deque[float]] = {}
        self._touched: dict[tuple[str, str], float] = {}

    def note(self, text: str) -> None:
        if text not in self.observations:
            self.observations.append(text)

    def note_arrival(self, route: Route, at: float) -> None:
        """Note a request, and add an observation if the rate is above a documented limit."""
        for most, seconds in route.limits:
            times = self._arrivals.setdefault(f"{route.key} {seconds}", deque(maxlen=most + 1))
            times.append(at)
            window = seconds - min(JITTER, seconds / 10)
            if len(times) > most and at - times[0] < window:
                self.note(f"rate: more than {most} requests in {seconds:g} s to {route.key}")

    def note_touch(self, route: Route, name: str, at: float) -> None:
        """Note a user. Add an observation if a bulk endpoint and its single twin get the user within a short time."""
        self._touched[route.key, name] = at
        for pair in TWINS:
            if route.key in pair:
                other = pair[1 - pair.index(route.key)]
                before = self._touched.get((other, name))
                if before is not None and at - before < self.apart:
                    self.note(f"mixed: {route.key} and {other} for one user within {self.apart:g} s")

    def clear(self) -> None:
        self.observations.clear()
        self._arrivals.clear()
        self._touched.clear()
