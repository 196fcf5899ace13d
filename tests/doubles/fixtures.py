"""Fixtures of tests that deliver to a scripted server or to a sandbox; a conftest.py imports them by name."""

from __future__ import annotations

import pytest

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox

pytest.register_assert_rewrite(
    "tests.contracts.delivery",
    "tests.contracts.iterable.objects",
    "tests.contracts.iterable.bulk",
    "tests.contracts.iterable.pacing",
    "tests.contracts.iterable.sequences",
    "tests.contracts.iterable.turns",
    "tests.doubles.delivery_world",
)

from tests.doubles.delivery_world import Clock, World  # noqa: E402  the asserts inside are rewritten only from here on
from tests.doubles.scripted_server import Server  # noqa: E402


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


@pytest.fixture(scope="module")
def sandboxes():
    running = {}
    yield running
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture
def iterable(sandboxes, clock):
    """A sandbox of a project type, emptied, and a world that delivers to it."""

    def iterable(project_type, **behaviour):
        options = SandboxOptions(port=0, project_type=project_type, rate_limit=False, behaviour=Behaviour(**behaviour))
        if options not in sandboxes:
            sandboxes[options] = start_sandbox(options)
        sandboxes[options].project.reset()
        return World(sandboxes[options].url, clock)

    return iterable
