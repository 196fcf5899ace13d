"""The first SIGINT or SIGTERM asks a run to stop cleanly; the second one ends the process at once."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOTICE = b"\nstopping: open requests are finished and accepted rows are committed; press Ctrl-C again to end at once\n"


class StopOnSignal:
    """A context in which the first signal only sets a flag; `is_asked()` returns whether it came."""

    def __init__(self, *, quiet: bool = False) -> None:
        """`quiet`: say nothing when a signal comes."""
        self._quiet = quiet
        self._came = False

    def is_asked(self) -> bool:
        """Return whether to stop."""
        return self._came

    def __enter__(self) -> StopOnSignal:  # noqa: PYI034  Self is newer than Python 3.10
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._came = True
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        if not self._quiet:
            # A signal may come in the middle of a write to the buffered stream.
            os.write(2, _NOTICE)
