"""The number of rows that may be sent before their outcomes are saved; knows only rows and seconds.

If a run crashes, the rows since the last flush are sent twice. So a window holds few rows if statements are quick.
If statements take seconds, as in some warehouses, a window holds several times the rows that are sent in that time.
"""

from __future__ import annotations

# Sending takes this many times as long as the statements between two windows.
_SHARE = 10


class SendWindow:
    """The rows of the next window: at first `least`, never more than `most`."""

    def __init__(self, least: int, most: int) -> None:
        """`least` comes from the operation, `most` from the setting."""
        self._least = min(least, most)
        self._most = most
        self.rows = self._least

    def learn(self, rows: int, sending: float, statements: float) -> None:
        """Adapt to how long a window took: seconds to send its rows, and seconds for its statements."""
        if sending > 0:
            wanted = rows / sending * _SHARE * statements
            self.rows = round(min(max(wanted, self._least), self._most))
