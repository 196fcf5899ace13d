"""Measure speed and memory: `python -m tests.bench [MEASUREMENT]`. Results go to `.bench/results.json`.

Without a name, everything is measured except `memory`, which takes long. Every figure is of a whole process. Cases
alternate, so that ratios can be trusted on a machine that others use too; seconds cannot. `publish` puts the results
into the documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from tests.bench import memory, postgres, rate_limits, start_up
from tests.bench.measured_process import say
from tests.bench.publish import publish
from tests.bench.result_file import NEW, Measurement, save
from tests.bench.users import PEERS, UserBench, measure_users

MILLION = 1_000_000


def _users(asked: argparse.Namespace) -> None:
    peers = tuple(name for name in PEERS if asked.peers in ("all", name))
    for rows in asked.rows or [MILLION]:
        bench = UserBench(rows, asked.memory_limit, peers)
        _save(bench.name, measure_users(bench, asked.rounds))


def _memory(asked: argparse.Namespace) -> None:
    for rows in asked.rows or [10 * MILLION, 50 * MILLION]:
        _save(memory.name_of(rows), memory.measure_memory(rows, asked.memory_limit))


def _wide(asked: argparse.Namespace) -> None:
    _save(memory.WIDE, memory.measure_wide(asked.rows[0] if asked.rows else memory.WIDE_ROWS))


def _limits(asked: argparse.Namespace) -> None:
    _save(rate_limits.NAME, rate_limits.measure_limits(asked.rounds, asked.length))


def _postgres(asked: argparse.Namespace) -> None:
    for rows in asked.rows or [MILLION]:
        _save(postgres.name_of(rows), postgres.measure_postgres(rows, asked.rounds))


def _start(asked: argparse.Namespace) -> None:
    _save(start_up.NAME, start_up.measure_start(asked.rounds))


def _publish(_asked: argparse.Namespace) -> None:
    publish()


def _everything(_asked: argparse.Namespace) -> None:
    """One million users next to all peers, ten million next to the floor, and each other measurement once."""
    failed = [" ".join(words) for words in _EVERYTHING if not _succeeds(words)]
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


def _succeeds(words: Sequence[str]) -> bool:
    try:
        main(words)
    except SystemExit as error:
        say(f"  {' '.join(words)}: {error}")
        return False
    return True


_EVERYTHING = (
    ["users"],
    ["users", str(10 * MILLION), "--rounds", "1", "--peers", "floor"],
    ["start"],
    ["limits"],
    ["wide"],
    ["postgres"],
)
# Name to what it measures, its function and the number of its rounds.
MEASUREMENTS: Mapping[str, tuple[str, Callable[[argparse.Namespace], None], int]] = {
    "users": ("users on DuckDB, compared with SQL by hand and with other programs", _users, 3),
    "memory": ("large tables under a memory limit (10 and 50 million users)", _memory, 1),
    "wide": ("memory for rows of 10 kB", _wide, 1),
    "limits": ("users and events with Iterable's limits on, at 50 and 200 ms latency", _limits, 1),
    "postgres": ("users on a PostgreSQL", _postgres, 1),
    "start": ("the start of a command, with a small and with a large project", _start, 5),
    "publish": ("put the results into docs/concepts/performance.md and draw its plot", _publish, 1),
}


def _save(name: str, measured: Measurement) -> None:
    save(name, measured)
    say(f"  saved as {name} in {NEW.parent.name}/{NEW.name}")


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for. Rows may be written as 1e6."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure speed and memory.")
    parser.set_defaults(act=_everything)
    names = parser.add_subparsers(metavar="MEASUREMENT")
    for name, (text, act, rounds) in MEASUREMENTS.items():
        one = names.add_parser(name, help=text, description=text)
        one.add_argument(
            "rows", nargs="*", type=lambda word: int(float(word)), help="rows; several: one after the other"
        )
        one.add_argument("--rounds", type=int, default=rounds)
        one.add_argument("--peers", choices=["all", "none", *PEERS], default="all", help="only with `users`")
        one.add_argument("--memory-limit", default=memory.LIMIT if act is _memory else "200MB", help="DuckDB's")
        one.add_argument("--length", type=float, default=1.0, help="only with `limits`: 1 is 10 seconds for each case")
        one.set_defaults(act=act)
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    asked = parse(words)
    asked.act(asked)


if __name__ == "__main__":
    main()
