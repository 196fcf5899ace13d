"""Bar: events on a terminal: lines that stay, and below them the progress of the sync that runs; the door to rich."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, cast

from reverse_etl.change import Problem
from reverse_etl.events import Event
from reverse_etl.report.listeners import PROGRESS, Ear, Lines
from reverse_etl.report.redaction import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_REDRAW = 0.1  # seconds


class Bar(Lines):
    """Rows, rate and time left, drawn over and over; gone before a line is written and when the sync ends."""

    def __init__(self, ear: Ear, width: Callable[[], int]) -> None:
        """`width` is the terminal's, in characters."""
        super().__init__(ear)
        self._width = width
        self._drawn = 0.0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._sync = ""

    def __call__(self, event: Event) -> None:
        if event.name != PROGRESS:
            self.close()
        super().__call__(event)

    def problem(self, problem: Problem) -> None:
        self.close()
        super().problem(problem)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def _progressed(self, event: Event) -> None:
        self._progress.note(event)
        now = self._ear.monotonic()
        if self._ear.level not in ("debug", "info") or (self._bar is not None and now - self._drawn < _REDRAW):
            return
        self._drawn = now
        bar = self._bar = self._bar or self._started()
        done, total = self._progress.rows
        if self._task is None:
            self._task = bar.add_task(printable(event.sync), total=total, pace="")
        bar.update(self._task, completed=done, total=total, pace=self._progress.pace)
        bar.refresh()

    def _started(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

        # It writes where everything is written, so that nothing secret gets past the filter.
        file = cast("TextIO", _File(self._ear.write))
        console = Console(file=file, force_terminal=True, width=self._width(), color_system=None, highlight=False)
        text = TextColumn("{task.description}", markup=False)
        pace = TextColumn("{task.fields[pace]}", markup=False)
        columns = (text, BarColumn(30), TaskProgressColumn(), MofNCompleteColumn(), pace)
        # Drawn by hand: no thread of its own writes between our lines.
        bar = Progress(*columns, console=console, auto_refresh=False, transient=True)
        bar.start()
        return bar


class _File:
    """What rich needs of a file."""

    encoding = "utf-8"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        self._write(text)
        return len(text)

    def flush(self) -> None:
        """Everything is written at once."""

    def isatty(self) -> bool:
        return True
