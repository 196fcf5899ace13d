"""Death of a command in this process, as by kill -9: from one of its steps on it does nothing more.

A step is a statement or a request. To kill a process of its own costs ten times as long: see `doomed.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.warehouses.duckdb import DuckDB


class Killed(BaseException):
    """What stands for kill -9: nothing in the code under test catches it."""


@contextmanager
def dying_at(step: int, landed: bool) -> Iterator[None]:
    """Commands die at this step, counted from 0. If it is a request, it `landed` or never left.

    Raises Killed if they come that far.
    """
    steps = itertools.count()

    def counted(method: Callable[..., Any], *, is_request: bool) -> Callable[..., Any]:
        def call(self: object, *arguments: Any, **options: Any) -> Any:
            number = next(steps)
            if number < step:
                return method(self, *arguments, **options)
            if number == step and is_request and landed:
                method(self, *arguments, **options)
            raise Killed

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DuckDB, "execute", counted(DuckDB.execute, is_request=False))
        patch.setattr(HttpClient, "send", counted(HttpClient.send, is_request=True))
        yield
