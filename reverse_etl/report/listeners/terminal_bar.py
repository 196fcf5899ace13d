"""Bar: events on a terminal: lines that stay, and below them the progress of the sync that runs; the door to rich."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, cast

from reverse_etl.change import Problem
from reverse_etl.events import PROGRESS, TICK, WAITING, Event
from reverse_etl.report.listeners.line_listeners import EventOutput, Lines
from reverse_etl.report.redaction import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_REDRAW = 0.1  # seconds


class Bar(Lines):
    """Rows, rate and time left, and below them what is left of a wait; gone before a line and when the sync ends."""

    def __init__(self, output: EventOutput, width: Callable[[], int]) -> None:
        """`width` is the terminal's, in characters."""
        super().__init__(output)
        self._width = width
        self._drawn = 0.0
        self._live: Live | None = None
        self._event: Event | None = None

    def __call__(self, event: Event) -> None:
        if event is TICK:
            self._draw()
            return
        if event.name in WAITING and self._output.accepts(event):
            self._show_wait(event)
            return
        if event.name != PROGRESS and self._output.accepts(event):
            self._clear()
        super().__call__(event)

    def problem(self, problem: Problem) -> None:
        self._clear()
        super().problem(problem)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show_wait(self, event: Event) -> None:
        """Write a line about a wait, which stays, and count its seconds down."""
        self.close()
        super().__call__(event)
        self._progress.note_wait(event)
        self._draw()

    def _clear(self) -> None:
        """Take the bar off the screen; its sync and its wait are over."""
        self.close()
        self._progress.end_wait()
        self._event = None

    def _show_progress(self, event: Event) -> None:
        self._progress.note(event)
        self._event = event
        self._draw()

    def _draw(self) -> None:
        """Draw what there is, at most every tenth of a second."""
        now, waiting = self._output.monotonic(), self._progress.waiting
        if self._output.level not in ("debug", "info") or (self._live is not None and now - self._drawn < _REDRAW):
            return
        if self._event is None and not waiting:
            self.close()
            return
        from rich.console import Group
        from rich.text import Text

        self._drawn = now
        parts = [] if self._event is None else [self._rows(self._event)]
        parts += [Text(waiting, no_wrap=True, overflow="ellipsis")] if waiting else []
        self._live = self._live or self._start_live()
        self._live.update(Group(*parts), refresh=True)

    def _rows(self, event: Event) -> RenderableType:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

        text = TextColumn("{task.description}", markup=False)
        pace = TextColumn("{task.fields[pace]}", markup=False)
        bar = Progress(text, BarColumn(30), TaskProgressColumn(), MofNCompleteColumn(), pace)
        done, total = self._progress.rows
        bar.add_task(printable(event.sync), total=total, completed=done, pace=self._progress.pace)
        return bar.get_renderable()

    def _start_live(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        # It writes through the output of this listener, so secrets are removed here too.
        file = cast("TextIO", _File(self._output.write))
        console = Console(file=file, force_terminal=True, width=self._width(), color_system=None, highlight=False)
        # Drawn by hand: no thread of its own writes between our lines.
        live = Live(console=console, auto_refresh=False, transient=True)
        live.start()
        return live


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
