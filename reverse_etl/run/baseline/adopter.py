"""Adopter: finds the planned rows that the destination holds already. A baseline then counts them as accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from reverse_etl.change import BaselineReport
from reverse_etl.destinations.request import Client
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.commit.adoption import Adoption


@dataclass(frozen=True)
class BaselineRun:
    """What an adopter works with: a sync under its lease, with the plan of `fence`.

    `planned_rows` are the rows of the plan by kind. `keep_lease` saves a heartbeat if one is due: call it every
    second during long work. It raises LeaseError if another run took the lease.
    """

    runnable: RunnableSync
    environment: RunEnvironment
    store: SnapshotStore
    client: Client
    fence: int
    planned_rows: Mapping[str, int]
    keep_lease: Callable[[], None]


class Adopter(Protocol):
    """One way to find the rows that the destination holds already."""

    def find(self, run: BaselineRun) -> Iterator[Adoption]:
        """Yield planned rows that the destination holds as planned; each portion is committed before the next.

        Raises ReverseEtlError if the rows cannot be found: the portions so far stay committed.
        """

    @property
    def report(self) -> BaselineReport:
        """Return what was found so far."""
