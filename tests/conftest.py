"""The fast lane: a test that needs more than it allows carries a marker, and one that hides what it needs fails."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.lanes import RESOURCES, SLOW_FOLDERS, Watch, find_repeats

_watch = Watch()
# The tests stay in memory to the end, so that each search for garbage would look at all of them again.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that asks for an expensive fixture, or that repeats what another one shows."""
    for item in items:
        for fixture in RESOURCES.keys() & getattr(item, "fixturenames", ()):
            item.add_marker(RESOURCES[fixture])
        if item.nodeid.startswith(tuple(f"tests/{folder}/" for folder in SLOW_FOLDERS)):
            item.add_marker("slow")
    for item in list(find_repeats(items)):
        item.add_marker("repeat")
    # The longest files first, so that no worker is left with one of them at the end.
    items.sort(key=lambda item: [item.get_closest_marker(marker) is None for marker in ("long", "emulator", "slow")])


def pytest_collection_finish() -> None:
    """From here on, look for garbage only among what comes later."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Let go of what was kept: some libraries complain at the end if something is left."""
    gc.unfreeze()
    gc.collect()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    _watch.begin()
    return (yield from _checked(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    return (yield from _checked(item))


@pytest.fixture(scope="session")
def real_dbt() -> None:
    """Asked for by what the real dbt builds, which takes it ten seconds."""


def _checked(item: pytest.Item) -> Iterator[None]:
    result = yield
    hidden = _watch.needed - {mark.name for mark in item.iter_markers()}
    if hidden:
        pytest.fail(f"the test needs what `make test-fast` leaves out: mark it {', '.join(sorted(hidden))}")
    return result
