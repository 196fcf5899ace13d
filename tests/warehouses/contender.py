"""One of several processes that run the same sync in one warehouse, five times each: its type, its profile as JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.contracts.sync_harness import SyncHarness

ROUNDS = 5


def contend(kind: str, fields: dict[str, object]) -> None:
    wait = WaitPolicy(60, time.monotonic, time.sleep)
    warehouse = open_warehouse(Connection(kind, fields, Path("/"), "200MB", wait))
    harness = SyncHarness(warehouse)
    done = 0
    while done < ROUNDS:
        store, lease = harness.store(), harness.lease()
        lease._holder = type(lease._holder)(f"{os.getpid()} {id(lease)} {time.monotonic_ns()}")
        if lease.acquire():
            warehouse.unlock()
            store.prepare_snapshot()
            store.write_plan(store.diff(), lease.fence)
            done += take_all(store, lease)
        warehouse.unlock()
        time.sleep(0.001)


def take_all(store, lease) -> bool:
    from reverse_etl.snapshot.lease import OpenRun
    from reverse_etl.snapshot.ranges import Ranges

    rows = sum(store.write_plan(store.diff(), lease.fence).values())
    run = OpenRun(lease.fence, rows, Ranges([(0, rows)]))
    opened = lease.open_run() and lease.flush(run.credit, run.acked)
    store.commit(run, Ranges(), stale=False)
    closed = lease.close(entries=store.live_entries(), unknown=False)
    store.finish(lease.fence)
    assert opened
    assert closed
    return True


if __name__ == "__main__":
    contend(sys.argv[1], json.loads(sys.argv[2]))
