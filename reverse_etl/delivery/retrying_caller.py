"""Single calls of the destination's API that send no rows, such as for field types; each is tried a few times."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from reverse_etl.delivery.problems import unreached_message, untrusted_message
from reverse_etl.delivery.rate_limiter import LONGEST_WAIT, Budget, RateLimiter, Time, Wait, ignore_wait
from reverse_etl.delivery.request_engine import RequestEngine, SendContext, Task
from reverse_etl.destinations.replies import Action, ReplyDecision, ReplyRules
from reverse_etl.destinations.request import Client, Endpoint, Reply, Request
from reverse_etl.errors import DestinationError

# Seconds before a call about a new resource is repeated, because it is sometimes not visible everywhere.
_PAUSE_AFTER_CREATION = 5.0
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class InlineExecutor(Executor):
    """Runs each call at once in the caller's thread."""

    def submit(
        self, call: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        future: Future[Result] = Future()
        future.set_result(call(*args, **kwargs))
        return future


def _is_settled(reply: Reply) -> bool:
    del reply
    return True


@dataclass(frozen=True)
class _Downloads:
    """A client that saves each reply in one file."""

    client: Client
    path: Path

    def send(self, request: Request) -> Reply:
        return self.client.download(request, self.path)

    def download(self, request: Request, path: Path) -> Reply:
        return self.client.download(request, path)

    def close(self) -> None:
        self.client.close()


@dataclass(frozen=True)
class RetryingCaller:
    """Calls through a client, up to `attempts` times a call, at the rate of each call's endpoint.

    `stop` returns whether the run must end. Then a call is not repeated.
    """

    client: Client
    replies: ReplyRules
    time: Time
    attempts: int
    limiter: Callable[[Endpoint], RateLimiter] | None = None
    stop: Callable[[], bool] = lambda: False
    on_wait: Callable[[Wait], None] = ignore_wait

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = _is_settled) -> Reply:
        """Return the reply, or the last reply if all attempts failed temporarily. Raises DestinationError.

        `once`: not repeated if it may have been applied; any reply is returned then. A reply that is not
        `settled` is a temporary failure too.
        """
        return self._check(request, self._call(self.client, request, once=once, settled=settled), once=once)

    def download(self, request: Request, path: Path) -> Reply:
        """Save the body of a success in a file. Return the reply without it. Raises as `ask` does."""
        client = _Downloads(self.client, path)
        return self._check(request, self._call(client, request, once=False, settled=_is_settled))

    def _check(self, request: Request, reply: Reply, *, once: bool = False) -> Reply:
        """Return the reply. Raises DestinationError if key or network failed. The key plays no part at a link."""
        if reply.status in (401, 403) and request.path.startswith("/"):
            raise DestinationError(
                "wrong-key",
                f"{self.replies.name} refused the API key with status {reply.status}",
                context={"status": reply.status, "code": reply.code or "none", "request": request.endpoint.path},
                hint=self.replies.advise("wrong-key"),
            )
        if reply.untrusted:
            code = self.replies.classify(reply).code
            message, hint = untrusted_message(self.replies.name), self.replies.advise(code)
            raise DestinationError(code, message, context={"last": reply.error}, hint=hint)
        if reply.status == 0 and not (once and reply.sent):
            raise DestinationError(
                "destination-unavailable",
                unreached_message(self.replies.name, reply, self.attempts),
                context={"tries": self.attempts, "last": reply.error},
                hint=f"Check the network and {self.replies.address_setting}, then run again: nothing was sent.",
            )
        return reply

    def _call(self, client: Client, request: Request, *, once: bool, settled: Callable[[Reply], bool]) -> Reply:
        def decide(_: None, reply: Reply) -> ReplyDecision:
            return self._decide(reply, once=once, settled=settled)

        limiter = self.limiter(request.endpoint) if self.limiter else RateLimiter(0, self.time.monotonic)
        engine: RequestEngine[None] = RequestEngine(self._context(client), limiter, decide)
        [done] = [done for done in engine.run(iter([Task(request, None)])) if done is not None]
        if done.reply is None:
            raise self._not_asked(engine)
        return done.reply

    def _context(self, client: Client) -> SendContext:
        return SendContext(
            client,
            self.replies,
            InlineExecutor(),
            self.time,
            allowed=lambda: not self.stop(),
            concurrency=1,
            attempts=self.attempts,
            throttles=self.attempts,
            budget=Budget(self.attempts),
            on_wait=self.on_wait,
        )

    def _decide(self, reply: Reply, *, once: bool, settled: Callable[[Reply], bool]) -> ReplyDecision:
        """Return whether the caller should read this reply, because another attempt would not change it."""
        decision = self.replies.classify(reply)
        if decision.action is Action.WAIT:
            return decision
        if decision.action is Action.RETRY and not (once and decision.applied):
            return replace(decision, pause=min(reply.wait or 0.0, LONGEST_WAIT))
        if settled(reply):
            return ReplyDecision(Action.READ)
        reason = f"{self.replies.name} does not show the new resource yet"
        return ReplyDecision(Action.RETRY, pause=_PAUSE_AFTER_CREATION, reason=reason)

    def _not_asked(self, engine: RequestEngine[None]) -> DestinationError:
        problem = engine.problem
        if problem is not None:
            return DestinationError(problem.code, problem.message, context=problem.context, hint=problem.hint)
        return DestinationError(
            "interrupted",
            f"the run was stopped while it waited for {self.replies.name}, before the first row",
            context={"asked": "field types, lists, catalogs or channels"},
            hint="Run again: nothing was sent.",
        )
