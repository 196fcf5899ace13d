"""Asking: single questions to Iterable beside the rows: field types, lists, catalogs; each is tried a few times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reverse_etl.counting import plural
from reverse_etl.delivery.rate_limiter import Pacer, Time, Wait, backoff, ignore_wait, rate_wait, throttle
from reverse_etl.destinations.iterable.protocol.reply_table import (
    UNTRUSTED,
    UNTRUSTED_HINT,
    UNTRUSTED_SAID,
    Action,
    described,
    verdict_of,
)
from reverse_etl.destinations.request import Client, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError

# Seconds before something is asked again that was just made, and that Iterable does not know everywhere yet.
_PAUSE_OF_THE_PATIENT = 5.0
_TICK = 0.2  # seconds after which it is seen that the run is to stop


def _always(reply: Reply) -> bool:
    del reply
    return True


@dataclass(frozen=True)
class Questions:
    """Asks through a client, up to `attempts` times a question, at the pace of each question's endpoint.

    `stop`: whether the run is to end, so that a question is not asked again.
    """

    client: Client
    time: Time
    attempts: int
    pacer: Callable[[Endpoint], Pacer] | None = None
    stop: Callable[[], bool] = lambda: False
    on_wait: Callable[[Wait], None] = ignore_wait

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = _always) -> Reply:
        """The reply, or the last of several passing failures that had one. Raises DestinationError.

        `once`: not again where it may have been applied, and then whatever came back, if anything. A reply that is not
        `settled` is a passing failure too.
        """
        reply = self._tried(request, once=once, settled=settled)
        if reply.status in (401, 403):
            raise DestinationError(
                "wrong-key",
                f"Iterable refused the API key with status {reply.status}",
                context={"status": reply.status, "code": reply.code or "none", "request": request.endpoint.path},
                hint="Check ITERABLE_API_KEY, its data center (ITERABLE_REGION) and that the key is a server-side one.",
            )
        if reply.untrusted:
            raise DestinationError(UNTRUSTED, UNTRUSTED_SAID, context={"last": reply.error}, hint=UNTRUSTED_HINT)
        if reply.status == 0 and not (once and reply.sent):
            raise DestinationError(
                "destination-unavailable",
                f"Iterable could not be reached in {plural(self.attempts, 'try', 'tries')} ({reply.error})",
                context={"tries": self.attempts, "last": reply.error},
                hint="Check the network and ITERABLE_BASE_URL, then run again: nothing was sent.",
            )
        return reply

    def _tried(self, request: Request, *, once: bool, settled: Callable[[Reply], bool]) -> Reply:
        pacer = self.pacer(request.endpoint) if self.pacer else Pacer(0, self.time.monotonic)
        reply = Reply(0, sent=False)
        for attempt in range(1, self.attempts + 1):
            permit = pacer.turn(self._sleep)
            reply = self.client.send(request)
            verdict, chance = verdict_of(reply), self.time.random()
            action = Action.STOP if once and verdict.applied else verdict.action
            if action is Action.WAIT:
                seconds = throttle(attempt, reply.wait, chance)
                pacer.throttled(permit, seconds)
                self.on_wait(rate_wait(pacer, seconds))
            elif action is not Action.RETRY:
                pacer.answered()
                if settled(reply):
                    break
                self._pause(attempt, _PAUSE_OF_THE_PATIENT)
            else:
                asked = reply.wait is not None
                seconds = throttle(attempt, reply.wait, chance) if asked else backoff(attempt, chance)
                if attempt < self.attempts:
                    self.on_wait(Wait(seconds, f"{described(reply)}; try {attempt + 1} of {self.attempts}"))
                self._pause(attempt, seconds)
        return reply

    def _pause(self, attempt: int, seconds: float) -> None:
        until = self.time.monotonic() + (seconds if attempt < self.attempts else 0)
        while (left := until - self.time.monotonic()) > 0:
            self._sleep(left)

    def _sleep(self, seconds: float) -> None:
        """Sleep for so long or less. Raises DestinationError once the run is to end."""
        if self.stop():
            raise DestinationError(
                "interrupted",
                "the run was stopped before Iterable had answered what has to be known first",
                context={"asked": "field types, lists, catalogs or channels"},
                hint="Run again: nothing was sent.",
            )
        self.time.sleep(min(seconds, _TICK))
