"""Asks the destination about a sync as a run does before its first row, and creates nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reverse_etl.destinations.bound_object import BoundObject, SyncContext
from reverse_etl.destinations.request import ApiCaller, Reply, Request
from reverse_etl.errors import ConfigError
from reverse_etl.run.runnable_sync import RunnableSync


class _WouldCreateError(Exception):
    """A run would create something in the destination here, or change something, as its `method` says."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self.method = method


@dataclass(frozen=True)
class _ReadOnlyCaller:
    """Makes only calls that change nothing."""

    caller: ApiCaller

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = lambda _: True) -> Reply:
        if request.endpoint.method != "GET":
            raise _WouldCreateError(request.endpoint.method)
        return self.caller.ask(request, once=once, settled=settled)


def connect_read_only(runnable: RunnableSync, asker: ApiCaller) -> tuple[RunnableSync, Sequence[str]]:
    """Return the sync with the destination's answers, and warnings. Raises DestinationError if the run would fail.

    If the run would create something first, such as a list, the sync stays as it is, and a warning says so.
    """
    try:
        bound = runnable.bound.connect(runnable.context, _ReadOnlyCaller(asker))
    except _WouldCreateError:
        found = runnable.bound.inspect(runnable.context, _ReadOnlyCaller(asker))
        return runnable, (*found.notes, *found.warnings)
    return runnable.connected(bound), bound.warnings


def connect_to_existing(runnable: RunnableSync, context: SyncContext, asker: ApiCaller) -> BoundObject:
    """Return the object with the destination's answers. What does not exist yet is not created.

    Raises ConfigError if the rows belong to something that does not exist, such as a list: it holds no rows.
    """
    try:
        return runnable.bound.connect(context, _ReadOnlyCaller(asker))
    except _WouldCreateError as would_create:
        if would_create.method != "POST":
            return runnable.bound
    sync, place = runnable.sync, " ".join(f"{kind} `{name}`" for kind, name in list(runnable.sync.scope.items())[:1])
    raise ConfigError(
        "baseline-without-rows",
        f"sync `{sync.name}`: {runnable.vendor.replies.name} has no {place} yet, so no row can be there already",
        context={"object": sync.object, **sync.scope},
        hint=f"Send the rows: `reverse-etl run --select {sync.name}`.",
    )
