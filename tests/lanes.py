"""Lanes: what a test needs beyond this process and quick servers, seen as it happens, for every caller."""

from __future__ import annotations

import re
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard
from zlib import crc32

import pytest

# Fixtures, and the marker of every test that asks for one of them, directly or not.
RESOURCES: Mapping[str, str] = {
    "snowflake_port": "emulator",
    "bigquery": "emulator",
    "browser": "browser",
    # What holds on DuckDB is shown there; this takes as long again.
    "postgres": "slow",
    "real_dbt": "slow",
}
# Folders whose tests run whole commands, or a warehouse for each test.
SLOW_FOLDERS = ("stories", "cli", "project", "api", "warehouses", "second_destination", "browser", "typescript")
_PROGRAMS = {
    re.compile(r"[\\/]\.emulators[\\/]"): "emulator",
    re.compile(r"\bchromedriver\b"): "browser",
}
_KILLS = (signal.SIGKILL, signal.SIGSTOP)
# On a local cloud warehouse, of the parameters of one test every sixth is tried; the other warehouses try them all.
_SHARE = 6
# Each contract of what a sync does runs on one of them. DuckDB and Postgres run all; types run everywhere.
_CLOUDS = ("snowflake", "bigquery")
# How a class says that it runs the contract of another class of its file in another setup.
_SETUP = re.compile(r"(WithLeastRights|ThroughPool|BesidePostgres)?::")


class Watch:
    """`needed` are the markers of what happened since `begin`, in this process and in any of its threads."""

    def __init__(self) -> None:
        self.needed: set[str] = set()
        # It stays: Python has no way to remove it.
        sys.addaudithook(self._see)

    def begin(self) -> None:
        self.needed.clear()

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in ("os.kill", "os.killpg") and arguments[1] in _KILLS:
            self.needed.add("kills")
        elif event == "subprocess.Popen":
            command = f"{arguments[0]} {arguments[1]}"
            self.needed.update(marker for program, marker in _PROGRAMS.items() if program.search(command))


def find_repeats(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Tests that repeat a result in another place; `make test-all` runs them too.

    Each story of an object runs against one of the two servers, and every story runs against both in some class.
    Each contract of what a sync does runs on one of the two local cloud warehouses, and on DuckDB and Postgres. Where
    a file has more than one setup of a warehouse, each contract runs in one of them.
    """
    yield from _other_setups(items)
    functions: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        functions[_function_of(item)].append(item)
    for tests in functions.values():
        yield from _other_sides(tests)
        if _belongs_to_other_cloud(tests[0]):
            yield from tests
        if len(tests) > _SHARE and tests[0].get_closest_marker("emulator"):
            yield from (test for number, test in enumerate(tests) if number % _SHARE)


def _belongs_to_other_cloud(test: pytest.Item) -> bool:
    if not _is_contract(test) or test.function.__module__ == "tests.contracts.warehouse" or "type" in test.name:
        return False
    if "_account" in test.nodeid:
        return False
    chosen = _CLOUDS[crc32(test.function.__name__.encode()) % len(_CLOUDS)]
    return any(f"/{cloud}/" in test.nodeid for cloud in _CLOUDS if cloud != chosen)


def _other_setups(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    setups: dict[str, dict[str, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if _is_contract(item):
            function = _function_of(item)
            contract, setup = _SETUP.sub("::", function), "".join(_SETUP.findall(function))
            setups[contract][setup].append(item)
    for contract, tests in setups.items():
        most = max(map(len, tests.values()))
        complete = sorted(setup for setup, some in tests.items() if len(some) == most)
        chosen = complete[crc32(contract.encode()) % len(complete)]
        yield from (item for setup, some in tests.items() if setup != chosen for item in some)


def _is_contract(test: pytest.Item) -> TypeGuard[pytest.Function]:
    return isinstance(test, pytest.Function) and test.function.__module__.startswith("tests.contracts.")


def _other_sides(tests: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    sides = sorted({str(side) for test in tests if (side := _parameters(test).get("side"))})
    for test in tests:
        rest = {name: value for name, value in _parameters(test).items() if name != "side"}
        chosen = sides[crc32(f"{_function_of(test)} {rest}".encode()) % len(sides)] if len(sides) > 1 else None
        alone = not any(_parameters(other) == _parameters(test) | {"side": chosen} for other in tests)
        if chosen and not alone and _parameters(test)["side"] != chosen:
            yield test


def _function_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _parameters(item: pytest.Item) -> Mapping[str, object]:
    called = getattr(item, "callspec", None)
    return called.params if called else {}
