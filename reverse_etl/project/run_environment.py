"""What a run is given from the real world: system clock, real sleep, real network, this process's name."""

from __future__ import annotations

import math
import os
import random
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

from reverse_etl.delivery.rate_limiter import RateLimiters
from reverse_etl.destinations import load_destination
from reverse_etl.destinations.base import ClientOptions
from reverse_etl.events import TICK, Listener
from reverse_etl.project.context import ProjectContext
from reverse_etl.project.processes import is_alive, start_time, user_name
from reverse_etl.run.baseline.request import BaselineRequest
from reverse_etl.run.environment import Connections, Invocation, ProjectSyncs, RowChoice, RunClock, RunEnvironment


def _sleep(listener: Listener, seconds: float) -> None:
    """Sleep for a part of a wait, then draw the countdown again."""
    time.sleep(seconds)
    listener(TICK)


@dataclass(frozen=True)
class RunOptions:
    """How one invocation runs its syncs."""

    full_refresh: bool = False
    wait: float | None = None
    stop: Callable[[], bool] = lambda: False
    rows: RowChoice = field(default_factory=RowChoice)
    baseline: BaselineRequest | None = None
    full_comparison: bool = False


def make_environment(project: ProjectContext, listener: Listener, options: RunOptions) -> RunEnvironment:
    """Return the real environment of a run: system clock, real sleep, real network."""
    settings = project.settings
    invocation = secrets.token_hex(8)
    limiters = RateLimiters(time.monotonic)
    options_of_client = ClientOptions(settings.http_timeout, invocation)
    return RunEnvironment(
        settings,
        RunClock(
            monotonic=time.monotonic,
            sleep=partial(_sleep, listener),
            random=random.random,
            wall=lambda: datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f"),
            new_id=lambda: secrets.token_hex(16),
        ),
        Invocation(
            id=invocation,
            listener=listener,
            process=_process(invocation),
            is_alive=is_alive,
            allowed=project.options.allow,
            full_refresh=options.full_refresh,
            wait=settings.wait if options.wait is None else options.wait,
            stop=options.stop,
            rows=options.rows,
            baseline=options.baseline,
            full_comparison=options.full_comparison,
            ends_at=time.monotonic() + (settings.max_runtime or math.inf),
        ),
        Connections(
            client=lambda config: load_destination(config.kind).client(config, options_of_client),
            limiter=lambda destination, endpoint: limiters.of(destination.host, destination.project, endpoint),
            open_session=lambda: project.open_target(read_only=False),
        ),
        ProjectSyncs(
            to_destination=lambda name: [sync for sync in project.syncs if sync.destination == name],
            names=lambda: [one.name for one in project.definitions],
        ),
    )


def _process(invocation: str) -> dict[str, object]:
    """Return what a lease says about the process that holds it."""
    return {
        "host": socket.gethostname(),
        "user": user_name(),
        "pid": os.getpid(),
        "process_started": start_time(os.getpid()),
        "invocation_id": invocation,
    }


def check_destination(project: ProjectContext, name: str) -> None:
    """Resolve a destination; refuse a key that must not go there. Raises ConfigError before anything is opened."""
    destination = project.destination(name)
    # A target that may not send needs no key.
    if destination.api_key.reveal():
        load_destination(destination.kind).check_client(destination, ClientOptions(project.settings.http_timeout))
