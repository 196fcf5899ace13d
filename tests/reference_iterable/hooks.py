"""Hooks that run in the middle of a request. The server uses them, and so does the relay before the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.reference_iterable.replies import Reply

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Hooks:
    """Each hook gets the number of a request that writes, counted from 1.

    `before` and `after` run before and after the request is applied, in the thread that serves it. If `answer` returns
    a reply, the request is not applied. If `drop_reply` returns true, it is applied and the connection is closed.
    """

    def __init__(self) -> None:
        self.number = 0
        self._counting = threading.Lock()
        self.clear_hooks()

    def clear_hooks(self) -> None:
        """Remove all hooks."""
        self.before: Callable[[int], object] = lambda _number: None
        self.after: Callable[[int], object] = lambda _number: None
        self.answer: Callable[[int], Reply | None] = lambda _number: None
        self.drop_reply: Callable[[int], bool] = lambda _number: False

    def call_with_hooks(self, method: str, apply: Callable[[Reply | None, int], Reply]) -> Reply | None:
        """Return the reply, or None if the connection must be closed. `apply` gets the reply of `answer`, if any."""
        if method not in WRITES:
            return apply(None, 0)
        with self._counting:
            self.number += 1
            number = self.number
        said = self.answer(number)
        if said is None:
            self.before(number)
        reply = apply(said, number)
        if said is None:
            self.after(number)
        return None if self.drop_reply(number) else reply
