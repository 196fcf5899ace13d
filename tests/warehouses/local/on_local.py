"""The fixtures of the contracts on state in a file: models stand in a warehouse that is only read by the sync."""

from __future__ import annotations

import pytest

from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.local import open_local
from tests.contracts.sync_harness import MODEL_SCHEMA, STATE_SCHEMA, SyncHarness
from tests.contracts.warehouse import Typed
from tests.warehouses.duckdb.on_duckdb import OnDuckDB, wait_up_to
from tests.warehouses.postgres.on_postgres import OnPostgres
from tests.warehouses.postgres.postgres_types import MAKE, TYPES

# One of each way on which values come into the file.
SOME = (
    "enum",
    "whole numeric",
    "numeric",
    "sum of whole numbers",
    "money",
    "real",
    "timestamptz",
    "jsonb",
    "array of numbers",
)


class FetchingStore(SnapshotStore):
    """Has the model where our tables are also where a test asks for a comparison without a look."""

    def diff(self) -> Diff:
        self._fetch()
        return super().diff()


class LocalTrial(SyncHarness):
    """`builder` is where the models are."""

    @property
    def relation(self) -> str:
        return self.builder.table(MODEL_SCHEMA, self.table)

    def sql(self, statement: str) -> None:
        """In the warehouse where it is about the model, else in the file."""
        if "{model}" in statement:
            self.builder.execute(statement.format(model=self.relation))
        else:
            tables = self.store().tables
            names = {"snapshot": tables.snapshot, "lease": tables.lease, "rejections": tables.rejections}
            self.warehouse.execute(statement.format(**names))

    def store(self) -> SnapshotStore:
        return FetchingStore(self.warehouse, STATE_SCHEMA, self.sync, self.layout())


class Local:
    """State in a file, for the warehouse that `reopen` opens."""

    @pytest.fixture
    def source(self, reopen):
        return reopen()

    @pytest.fixture
    def warehouse(self, source, tmp_path):
        opened = open_local(tmp_path / "state.duckdb", source, "200MB", wait_up_to(), read_only=False)
        yield opened
        opened.close()

    @pytest.fixture
    def harness(self, source, warehouse) -> SyncHarness:
        return LocalTrial(warehouse, builder=source)


class OnLocal(Local, OnDuckDB):
    """Models in one DuckDB file, state in another."""


class OnLocalBesidePostgres(Local, OnPostgres):
    """Models on a server, state in a file."""

    @pytest.fixture(params=SOME)
    def typed(self, request, server) -> Typed:
        server.run(*MAKE)
        return TYPES[request.param]
