"""The number of rows that may be sent before their outcomes are saved; knows only rows and seconds.

What is sent between two flushes is sent twice where a run dies, so a window holds few rows where statements are quick.
If statements take seconds, as in some warehouses, a window holds several times the rows that are sent in that time.
"""

from __future__ import annotations

# Sender takes this many times as long as the statements between two windows.
_SHARE = 10


class SendWindow:
    """The rows of the next window: at first `least`, never more than `most`."""

    def __init__(self, least: int, most: int) -> None:
        """`least` is what an operation asks for, `most` the setting."""
        self._least = min(least, most)
        self._most = most
        self.rows = self._least

    def learn(self, rows: int, sending: float, statements: float) -> None:
        """What a window took: seconds to send its rows, and seconds for its statements."""
        if sending > 0:
            wanted = rows / sending * _SHARE * statements
            self.rows = round(min(max(wanted, self._least), self._most))
