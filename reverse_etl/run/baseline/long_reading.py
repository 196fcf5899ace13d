"""Work that may take long while a destination is read: the lease is kept, progress is shown, and a stop ends it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from reverse_etl.destinations.request import FileCaller, Reply, Request
from reverse_etl.errors import DestinationError
from reverse_etl.events import Event
from reverse_etl.run.baseline.adopter import BaselineRun
from reverse_etl.snapshot.run_history import recent_runs

_TICK = 1.0
# Seconds between two lines about progress.
_REPEAT = 5.0


@dataclass(frozen=True)
class PatientCaller:
    """Makes each call in another thread and calls `keep_lease` every second until it ends."""

    caller: FileCaller
    executor: Executor
    keep_lease: Callable[[], None]

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = lambda _: True) -> Reply:
        return self._call(partial(self.caller.ask, request, once=once, settled=settled))

    def download(self, request: Request, path: Path) -> Reply:
        return self._call(partial(self.caller.download, request, path))

    def _call(self, call: Callable[[], Reply]) -> Reply:
        future = self.executor.submit(call)
        while not future.done():
            wait([future], timeout=_TICK)
            self.keep_lease()
        return future.result()


@dataclass(frozen=True)
class Waiter:
    """Waits, keeps the lease, and ends if the run must."""

    run: BaselineRun

    def wait(self, seconds: float) -> None:
        """Wait some seconds. Raises DestinationError if the run is stopped, and LeaseError if the lease is lost."""
        environment = self.run.environment
        until = environment.clock.monotonic() + seconds
        while True:
            if environment.invocation.stop():
                raise _stopped(self.run)
            self.run.keep_lease()
            left = until - environment.clock.monotonic()
            if left <= 0:
                return
            environment.clock.sleep(min(_TICK, left))


def wait_for_own_writes(run: BaselineRun) -> None:
    """Wait if this project sent rows to the destination a short time ago: it may still return older values.

    The setting `user_pause` is the length of a short time. Raises as `Waiter` does.
    """
    environment, name = run.environment, run.runnable.sync.name
    seconds = environment.settings.user_pause
    ages = recent_runs(run.store.warehouse, run.store.tables, seconds) if seconds else {}
    syncs = {name, *(sync.name for sync in environment.project.to_destination(run.runnable.sync.destination))}
    recent = [age for sync, age in ages.items() if sync in syncs]
    if not recent:
        return
    left = seconds - min(recent)
    reason = f"{run.runnable.vendor.replies.name} may not return yet what was sent a moment ago"
    data = {"seconds": round(left, 1), "reason": reason}
    message = f"sync `{name}`: waiting {left:.0f} s: {reason} (setting `user_pause`)"
    environment.report(Event("WaitingForUsers", message, "info", name, data))
    with run.store.idle():
        Waiter(run).wait(left)


@dataclass
class ProgressReporter:
    """Reports progress as sentences, at most one every few seconds."""

    run: BaselineRun
    _last: float = field(default=float("-inf"), init=False)

    def report(self, text: str) -> None:
        """Report a sentence, unless one was reported just now."""
        now = self.run.environment.clock.monotonic()
        if now - self._last >= _REPEAT:
            self._last = now
            report_progress(self.run, text)


def report_progress(run: BaselineRun, text: str) -> None:
    """Report a sentence about the progress of a baseline."""
    name = run.runnable.sync.name
    run.environment.report(Event("BaselineProgress", f"sync `{name}`: {text}", "info", name))


def _stopped(run: BaselineRun) -> DestinationError:
    return DestinationError(
        "interrupted",
        "the run was stopped while it read what the destination holds",
        context={"sync": run.runnable.sync.name},
        hint="Run the same command again: it continues with the files that it has downloaded.",
    )
