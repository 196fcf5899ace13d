from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.iterable_object",
    "tests.contracts.iterable_bulk",
    "tests.contracts.iterable_pacing",
    "tests.iterable.delivering",
)

from tests.iterable.delivering import Clock, World  # noqa: E402  the asserts inside are rewritten only from here on
from tests.iterable.server import Server  # noqa: E402


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(clock):
    with Server(clock.monotonic) as running:
        yield running


@pytest.fixture
def world(server, clock):
    return World(server.url, clock)
