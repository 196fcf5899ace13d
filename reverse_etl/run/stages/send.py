"""Send: send the plan to the destination, window by window, never beyond the saved credit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from reverse_etl.change import Problem
from reverse_etl.delivery.open_requests import MOST
from reverse_etl.errors import LeaseError, ReverseEtlError
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.runnable_sync import problem_of
from reverse_etl.run.sending.sender import PausedCounts, Sender
from reverse_etl.run.sending.window_sender import WindowSender


def send(context: ApprovedRun) -> ApprovedRun:
    """Return the run with the outcome of every row. After an error, accepted rows are still committed.

    Raises LeaseError if another run took the lease: then nothing is committed here.
    """
    environment = context.environment
    with ThreadPoolExecutor(environment.settings.concurrency or MOST, "reverse-etl-send") as executor:
        windows = WindowSender(context, executor)
        try:
            return replace(context, problem=_send_plan(windows, context))
        finally:
            context.outcomes.traffic, context.outcomes.profile = windows.traffic, windows.profile
            context.outcomes.has_unanswered_requests = windows.has_unanswered_requests


def _send_plan(windows: WindowSender, context: ApprovedRun) -> Problem | None:
    try:
        Sender(context, windows).send(_paused_rows(context))
    except LeaseError:
        windows.give_up()
        raise
    except ReverseEtlError as error:
        windows.give_up()
        return problem_of(error)
    return windows.problem


def _paused_rows(context: ApprovedRun) -> PausedCounts:
    """Return how many rows of the plan wait because of their users, and until when."""
    if context.pause is None:
        return PausedCounts()
    return PausedCounts(*context.store.count_paused_rows(context.lease.fence), context.pause.until)
