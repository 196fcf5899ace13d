"""Measure a first run of events, thirty of each user, at Iterable's rate: `python -m tests.bench.events [ROWS]`.

Many events of a user share a request. With `event_order: strict` each request holds one event of a user.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.__main__ import command, measure, prepare, say, sink
from tests.stories.project import Project

OF_A_USER = 30
META = {"object": "events", "event_name": {"value": "Visit"}, "event_id": "id", "email": "email", "created_at": "at"}
MODEL = f"""
    CREATE TABLE people AS SELECT 'e-' || i AS id, 'u' || (hash(i) % ({{rows}} // {OF_A_USER})) || '@shop.com' AS email,
        now()::TIMESTAMP - to_seconds((hash(i + 1) % 80000)::BIGINT) AS at, i % 100 AS amount
    FROM range({{rows}}) t(i)"""


def bench(rows: int, url: str, order: str) -> None:
    """One run: its seconds and requests, and the fewest requests that can hold so many rows."""
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        project = Project.make(Path(folder) / "shop", url, {**META, "event_order": order}, {})
        prepare(project, MODEL.format(rows=rows))
        spent = measure(project, command("run", "--quiet"))
        requests = int(str(project.result()["requests"]))
        if project.counts("accepted") != (rows,):
            raise SystemExit(f"not all of {rows} rows were accepted")
        fewest = -(-rows // 1000)
        say(f"  {order:<8} {spent.wall:7.2f} s   {requests:6,} requests, {fewest:,} at least   {spent.peak:.0f} MB")


def main() -> None:
    """Bench both orders."""
    rows = int(float((sys.argv[1:] or ["60000"])[0]))
    say(f"{rows:,} events, about {OF_A_USER} of each user")
    with sink() as url:
        for order in ("batched", "strict"):
            bench(rows, url, order)


if __name__ == "__main__":
    main()
