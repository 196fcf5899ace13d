"""State in a file for a PostgreSQL: models come as they are, and what is kept moves into the file and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reverse_etl.snapshot.columns.column_checks import spell_fields
from reverse_etl.snapshot.columns.layout_builder import build_layout
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from reverse_etl.snapshot.state_transfer import StateTransfer
from reverse_etl.warehouses.base import WaitPolicy, Warehouse
from reverse_etl.warehouses.local import open_local
from tests.contracts.sync_harness import RULE, STATE_SCHEMA, SyncHarness
from tests.contracts.warehouse import Typed
from tests.reference_iterable import serve_reference
from tests.warehouses.postgres.on_postgres import OnPostgres, lacks
from tests.warehouses.postgres.postgres_project import OnServer, on_server
from tests.warehouses.postgres.postgres_types import MAKE, TYPES

# Numbers that are not taken back: infinite ones, and the smallest.
INEXACT = ("endless numeric", "negative zero")


class TestLocalState(OnPostgres):
    @pytest.fixture
    def types(self, server) -> dict[str, Typed]:
        """A column of each type that this PostgreSQL has."""
        server.run(*MAKE)
        chosen = (name for name in TYPES if name not in INEXACT and not lacks(server, TYPES[name].first))
        return {f"c_{name.replace(' ', '_')}": TYPES[name] for name in chosen}

    @pytest.fixture
    def people(self, types: dict[str, Typed], harness: SyncHarness) -> SyncHarness:
        """Two rows, in which every type has another value, and one with nothing."""
        harness.model({"email": "text"}, [])
        harness.builder.execute(f"DROP TABLE {harness.relation}")
        values = ", ".join(f"{typed.first} AS {name}" for name, typed in types.items())
        harness.builder.execute(f"CREATE TABLE {harness.relation} AS SELECT 'a@shop.com' AS email, {values}")
        values = ", ".join(typed.second for typed in types.values())
        harness.builder.execute(f"INSERT INTO {harness.relation} SELECT 'b@shop.com', {values}")
        harness.builder.execute(f"INSERT INTO {harness.relation} (email) VALUES ('c@shop.com')")
        return harness

    @pytest.fixture
    def local(self, warehouse, tmp_path: Path) -> Iterator[Warehouse]:
        wait = WaitPolicy(0, time.monotonic, time.sleep)
        opened = open_local(tmp_path / "state.duckdb", warehouse, "200MB", wait, read_only=False)
        yield opened
        opened.close()

    def store(self, local: Warehouse, harness: SyncHarness) -> SnapshotStore:
        columns = local.columns(harness.relation)
        assert columns is not None
        sync = spell_fields(harness.sync, columns)
        store = SnapshotStore(local, STATE_SCHEMA, harness.sync, build_layout(sync, RULE, columns, local.dialect))
        store.prepare_lease("lineage", "salt")
        return store

    def test_what_is_kept_moves_into_the_file_and_back_without_a_change(
        self, people: SyncHarness, local: Warehouse
    ) -> None:
        people.run()
        here, there = people.store(), self.store(local, people)
        assert StateTransfer(here, there).entries() == 3
        counts = there.compare(None).counts
        assert (counts.unchanged, counts.entries, counts.changed_fields) == (3, 3, {})
        back = StateTransfer(there, people.store())
        assert back.entries() == 3
        assert back.doubt_differences(local) == 0
        counts = people.read_status().counts
        assert counts.changed_fields == {}
        assert (counts.unchanged, counts.entries, counts.stale) == (3, 3, 3)

    def test_a_change_of_any_type_is_seen_in_the_file(
        self, people: SyncHarness, local: Warehouse, types: dict[str, Typed]
    ) -> None:
        people.run()
        there = self.store(local, people)
        StateTransfer(people.store(), there).entries()
        assignments = ", ".join(f"{name} = {typed.second}" for name, typed in types.items())
        people.builder.execute(f"UPDATE {people.relation} SET {assignments} WHERE email = 'a@shop.com'")
        changed = self.store(local, people).compare(None).counts.changed_fields
        assert set(types) - set(changed) == set()

    def test_a_value_that_does_not_cross_is_not_claimed(self, people: SyncHarness, local: Warehouse) -> None:
        people.run()
        there = self.store(local, people)
        StateTransfer(people.store(), there).entries()
        name = there.layout.value_of("c_integer").name
        local.execute(f"UPDATE {there.tables.snapshot} SET {name} = 99999999999 WHERE identity = 'a@shop.com'")
        back = StateTransfer(there, people.store())
        back.entries()
        assert back.doubt_differences(local) == 1
        assert people.states() == {"a@shop.com": "unknown", "b@shop.com": "accepted", "c@shop.com": "accepted"}

    def test_refusals_and_runs_move_too(self, people: SyncHarness, local: Warehouse) -> None:
        people.run()
        here, there = people.store(), self.store(local, people)
        people.builder.execute(
            f"INSERT INTO {here.tables.rejections} (schema_version, sync, fence, ordinal, identity, key_text, digest,"
            " state, code, reason, tainted, seen_at) VALUES (1, 'users', 1, 0, 'x', '[\"x\"]', '1', 'rejected',"
            " 'it''s', 'so', true, TIMESTAMP '2026-01-01 10:00:00.000001')"
        )
        assert StateTransfer(here, there).rejections() == 1
        assert StateTransfer(there, here).rejections() == 1
        rows = people.warehouse.query(f"SELECT code, tainted, CAST(seen_at AS text) FROM {here.tables.rejections}")
        assert rows == [("it's", True, "2026-01-01 10:00:00.000001")]
        assert StateTransfer(here, there).runs() == 0


class TestMigrating(OnPostgres):
    """By the command line."""

    @pytest.fixture
    def project(self, server, tmp_path: Path) -> Iterator[OnServer]:
        made = (
            "CREATE TABLE main.people AS SELECT 'u' || i || '@shop.com' AS email, i * 1.10 AS spent,"
            " sum(i) OVER (ORDER BY i) AS points, now() AS seen, ARRAY[i * 0.5::float8] AS listed"
            " FROM generate_series(1, 30) AS t(i)"
        )
        fields = ["spent", "points", "seen", "listed"]
        with serve_reference() as reference:
            meta = {"object": "users", "email": "email", "fields": fields, "on_removed": "delete"}
            yield on_server(server, tmp_path / "shop", reference.url, meta, made)

    def ran(self, project: OnServer, state: str) -> tuple[int, ...]:
        project.environment["REVERSE_ETL_STATE"] = state
        ended = project.cli("run", "--allow", "removed")
        assert ended.code == 0, ended.err
        return project.counts("unchanged", "changed", "removed", "accepted")

    def test_state_goes_into_a_file_and_back_and_only_changes_are_sent(self, project: OnServer) -> None:
        assert self.ran(project, "warehouse") == (0, 0, 0, 30)
        ended = project.cli("state", "migrate", "--to", "local")
        assert ended.says("30 entries of the sync snapshot and 1 run moved"), ended.err
        assert not ended.says("will be sent again")
        assert self.ran(project, "local") == (30, 0, 0, 0)
        project.sql("UPDATE main.people SET points = points + 1 WHERE email = 'u7@shop.com'")
        assert self.ran(project, "local") == (29, 1, 0, 1)
        project.sql("DELETE FROM main.people WHERE email = 'u8@shop.com'")
        ended = project.cli("state", "migrate", "--to", "warehouse")
        assert ended.says("30 entries of the sync snapshot and 3 runs moved"), ended.err
        assert not ended.says("will be sent again")
        assert self.ran(project, "warehouse") == (29, 0, 1, 1)
        assert self.ran(project, "warehouse") == (29, 0, 0, 0)
