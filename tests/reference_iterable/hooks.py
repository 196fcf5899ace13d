"""Hooks: a test's way into the middle of a request; shared by the server and by whatever stands before another one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.reference_iterable.replies import Reply

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Hooks:
    """Each hook is called with the number of a request that writes, from 1.

    `before` and `after`: before and after it is applied, in the thread that serves it. `answer` may give another reply;
    the request is then not applied. `drop_reply`: apply, then cut the connection.
    """

    def __init__(self) -> None:
        self.number = 0
        self._counting = threading.Lock()
        self.clear_hooks()

    def clear_hooks(self) -> None:
        """Let every request pass again."""
        self.before: Callable[[int], object] = lambda _number: None
        self.after: Callable[[int], object] = lambda _number: None
        self.answer: Callable[[int], Reply | None] = lambda _number: None
        self.drop_reply: Callable[[int], bool] = lambda _number: False

    def call_with_hooks(self, method: str, apply: Callable[[Reply | None, int], Reply]) -> Reply | None:
        """The reply to a request, or None where the connection is to be cut. `apply` is given what to say instead."""
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
