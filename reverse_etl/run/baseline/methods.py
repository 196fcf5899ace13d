"""Chooses how a baseline finds the rows that the destination holds already."""

from __future__ import annotations

import shlex

from reverse_etl.errors import ConfigError
from reverse_etl.run.baseline.adopter import Adopter
from reverse_etl.run.baseline.compare import ComparingAdopter
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from reverse_etl.run.baseline.trust import TrustingAdopter, check_until
from reverse_etl.run.runnable_sync import RunnableSync


def make_adopter(runnable: RunnableSync, request: BaselineRequest) -> Adopter:
    """Return the adopter that a command asks for. Raises ConfigError if the object does not allow it."""
    if request.until is not None:
        check_until(runnable)
    if request.method is BaselineMethod.TRUST:
        return TrustingAdopter(request.until, runnable.bound.time_field)
    if runnable.bound.open_stored_rows is not None:
        return ComparingAdopter(runnable.bound.open_stored_rows, request.folder)
    raise ConfigError(
        "baseline-not-comparable",
        f"sync `{runnable.sync.name}`: rows of `{runnable.sync.object}` cannot be compared with what"
        f" {runnable.vendor.replies.name} holds",
        context={"object": runnable.sync.object},
        hint=f"If its rows are there already, run"
        f" `reverse-etl baseline --select {shlex.quote(runnable.sync.name)}{runnable.destination.flag} --trust`.",
    )
