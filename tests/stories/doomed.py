"""`reverse-etl` as a process that is killed (-9) from outside while its step of a given number is under way.

A step is a statement or a request. `python doomed.py 7 run …` dies during the seventh, if it has so many.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from reverse_etl.cli import main
from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.warehouses.duckdb import DuckDB
from reverse_etl.warehouses.postgres import Postgres

# About so many has a run of a few hundred rows.
STEPS = 45


def doom(kind: type, names: tuple[str, ...], last: int, steps: itertools.count[int]) -> None:
    """Count the calls of some methods of a class; the last one does not end."""
    for name in names:
        setattr(kind, name, _counted(getattr(kind, name), last, steps))


def _counted(method: Callable[..., Any], last: int, steps: itertools.count[int]) -> Callable[..., Any]:
    def counted(self: object, *arguments: object, **options: object) -> Any:
        if next(steps) == last:
            subprocess.Popen(["kill", "-9", str(os.getpid())])
        return method(self, *arguments, **options)

    return counted


if __name__ == "__main__":
    number = itertools.count(1)
    for warehouse in (DuckDB, Postgres):
        doom(warehouse, ("execute", "query"), int(sys.argv[1]), number)
    doom(HttpClient, ("send",), int(sys.argv[1]), number)
    sys.argv = [sys.argv[0], *sys.argv[2:]]
    main()
