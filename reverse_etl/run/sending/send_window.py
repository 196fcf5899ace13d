"""The number of rows that may be sent before their outcomes are saved; knows only rows and seconds.

If a run crashes, the rows since the last flush are sent twice. So a window holds few rows if statements and responses
are quick. If they take seconds, a window holds several times the rows that are sent in that time.
"""

from __future__ import annotations

# Sending a window takes so many times as long as its statements, and as a response; and at least so many seconds.
_TIMES_STATEMENTS = 10
_TIMES_LATENCY = 5
_LEAST_SECONDS = 1.0
# The rows of a second by the rate limit count up to this number: more of them would be sent twice after a crash.
_MOST_OF_RATE = 10_000
# Each time that sending had to wait for a window, the next ones are longer by this factor; up to a limit in all.
_GROWTH = 1.5
_MOST_GROWTH = 8.0


class SendWindow:
    """The rows of the next window: never less than `least` and a second's rows, never more than `most`."""

    def __init__(self, least: int, most: int, a_second: float = 0.0) -> None:
        """`least` comes from the operation, `most` from the setting. `a_second`: rows that the rate limit lets go."""
        self._least = min(most, max(least, round(min(a_second * _LEAST_SECONDS, _MOST_OF_RATE))))
        self._most = most
        self._growth = 1.0
        self.rows = self._least

    def note_late(self) -> None:
        """Note that sending had to wait, because a window was not read early enough."""
        self._growth = min(_MOST_GROWTH, self._growth * _GROWTH)

    def learn(self, rows: int, sending: float, statements: float, latency: float = 0.0) -> None:
        """Adapt to the rows sent in `sending` seconds, the seconds of a window's statements, and of a response."""
        if sending > 0:
            seconds = max(_TIMES_STATEMENTS * statements, _TIMES_LATENCY * latency, _LEAST_SECONDS)
            wanted = rows / sending * seconds * self._growth
            self.rows = round(min(max(wanted, self._least), self._most))
