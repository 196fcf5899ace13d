"""One run in a process of its own: `python paused.py FOLDER URL`. Its clock is ahead by what FOLDER/ahead says.

If FOLDER/hold is there, the run gets its third permit, writes FOLDER/permitted, and waits until FOLDER/hold is gone.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from reverse_etl.delivery.rate_limiter import RateLimiter, Time
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.stories.running import opened, run

META = {"object": "users", "email": "email", "fields": {"name": "name"}}
SETTINGS = Settings(batch_rows=2, concurrency=1, requests_per_second=1000, http_timeout=120, user_pause=0)

THIRD = 3


class HeldPacer(RateLimiter):
    """Waits between its third permit and the request."""

    permits = 0

    def take(self) -> int:
        permit = super().take()
        self.permits += bool(permit)
        if permit and self.permits == THIRD and (folder / "hold").exists():
            (folder / "permitted").touch()
            while (folder / "hold").exists():
                time.sleep(0.05)
        return permit


if __name__ == "__main__":
    folder, url = Path(sys.argv[1]), sys.argv[2]
    clock = Time(lambda: time.monotonic() + float((folder / "ahead").read_text()), time.sleep, lambda: 0.5)
    limiter = HeldPacer(1000, clock.monotonic)
    result = run(opened(DuckDB, folder), url, META, SETTINGS, clock, limiter=lambda *_: limiter)
    print(json.dumps([result.status.value, result.problem.code if result.problem else None]))  # noqa: T201
