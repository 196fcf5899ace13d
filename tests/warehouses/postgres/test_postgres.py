"""The warehouse contract on a real PostgreSQL: as an owner, with the least rights, and through a pool."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from reverse_etl.errors import WarehouseError
from reverse_etl.snapshot.lease import OpenRun
from reverse_etl.snapshot.ranges import Ranges
from reverse_etl.warehouses import open_warehouse
from reverse_etl.warehouses.mark import Mark
from reverse_etl.warehouses.postgres.errors import ServerMessage, StatementRefused
from tests.contracts.change_detection import ChangeDetectionContract, KeysContract
from tests.contracts.commits import CommitsContract
from tests.contracts.definition_changes import DefinitionChangesContract
from tests.contracts.leases import LeasesContract
from tests.contracts.quarantine import QuarantineContract
from tests.contracts.row_identity import RowIdentityContract
from tests.contracts.sent_values import SentValuesContract
from tests.contracts.sync_harness import MODEL_SCHEMA, STATE_SCHEMA, SyncHarness
from tests.contracts.text_samples import TextSamplesContract
from tests.contracts.warehouse import AdapterContract, Typed
from tests.warehouses.postgres.on_postgres import OnPostgres, connection
from tests.warehouses.postgres.postgres_server import PASSWORD
from tests.warehouses.postgres.postgres_types import MAKE, TYPES, UNSENDABLE


class TestAdapter(OnPostgres, AdapterContract):
    pass


class TestComparing(OnPostgres, ChangeDetectionContract):
    pass


class TestKeys(OnPostgres, KeysContract):
    pass


class TestMapping(OnPostgres, DefinitionChangesContract):
    pass


class TestCommitting(OnPostgres, CommitsContract):
    pass


class TestHolding(OnPostgres, QuarantineContract):
    pass


class TestLeasing(OnPostgres, LeasesContract):
    pass


class TestIdentifying(OnPostgres, RowIdentityContract):
    empty_array = "CAST('{}' AS text[])"


class TestSending(OnPostgres, SentValuesContract):
    UNSENDABLE: ClassVar = UNSENDABLE


class TestSampling(OnPostgres, TextSamplesContract):
    pass


class OnLeastRights(OnPostgres):
    """A role that may read the models and use our schema, and nothing else, as the README grants it."""

    @pytest.fixture
    def harness(self, server, warehouse, reopen) -> SyncHarness:
        server.run(
            f"CREATE ROLE runner LOGIN PASSWORD '{PASSWORD}'",
            f"CREATE SCHEMA {MODEL_SCHEMA}",
            f"GRANT USAGE ON SCHEMA {MODEL_SCHEMA} TO runner",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {MODEL_SCHEMA} GRANT SELECT ON TABLES TO runner",
            f"CREATE SCHEMA {STATE_SCHEMA} AUTHORIZATION runner",
        )
        yield SyncHarness(reopen(user="runner"), builder=warehouse)
        server.run("DROP OWNED BY runner", "DROP ROLE runner")

    @pytest.fixture(params=["integer", "array", "composite", "enum"])
    def typed(self, request, server) -> Typed:
        server.run(*MAKE, "GRANT USAGE ON SCHEMA odd TO PUBLIC")
        return TYPES[request.param]


class TestComparingWithLeastRights(OnLeastRights, ChangeDetectionContract):
    pass


class TestKeysWithLeastRights(OnLeastRights, KeysContract):
    pass


class TestMappingWithLeastRights(OnLeastRights, DefinitionChangesContract):
    pass


class TestCommittingWithLeastRights(OnLeastRights, CommitsContract):
    pass


class TestHoldingWithLeastRights(OnLeastRights, QuarantineContract):
    pass


class TestLeasingWithLeastRights(OnLeastRights, LeasesContract):
    pass


class OnPool(OnPostgres):
    """Through PgBouncer, whose next transaction is another session's."""

    @pytest.fixture
    def reopen(self, server, pool):
        opened = []

        def reopen(*, read_only: bool = False, **fields):
            opened.append(open_warehouse(connection(pool.profile(**fields)), read_only=read_only))
            return opened[-1]

        yield reopen
        for warehouse in opened:
            warehouse.close()

    @pytest.fixture(params=["timestamptz", "double", "numeric with a scale", "array of times"])
    def typed(self, request, server) -> Typed:
        server.run(*MAKE)
        return TYPES[request.param]


class TestAdapterThroughPool(OnPool, AdapterContract):
    pass


class TestKeysThroughPool(OnPool, KeysContract):
    pass


class TestCommittingThroughPool(OnPool, CommitsContract):
    pass


class TestLeasingThroughPool(OnPool, LeasesContract):
    pass


class TestCosts(OnPostgres):
    def test_rows_of_a_plan_are_counted_although_its_index_has_none(self, harness):
        harness.model({"email": "text", "v": "int"}, [(f"u{n}@x.y", n) for n in range(5)])
        lease = harness.prepared()
        with harness.warehouse.session(Mark("a1b2", "users", "plan")):
            harness.store().write_plan(harness.store().diff(), lease.fence)
        written = [one.cost.rows_written for one in harness.warehouse.costs("users") if "CREATE" in one.statement]
        assert written == [5]


class TestSeveralRuns(OnPostgres):
    def contend(self, server, number: int) -> None:
        contender = [sys.executable, str(Path(__file__).parents[1] / "contender.py"), "postgres"]
        runs = [subprocess.Popen([*contender, json.dumps(server.profile())]) for _ in range(number)]
        assert [run.wait() for run in runs] == [0] * number

    def test_runs_from_several_processes_take_turns(self, server, harness):
        harness.model({"email": "text", "n": "bigint"}, [(f"u{n}@x.y", n) for n in range(20)])
        harness.store().prepare_lease("lineage", "salt")
        self.contend(server, 3)
        row = harness.store().lease_row()
        assert (row.holder, row.fence, row.serial) == (None, 15, 15)
        assert harness.counted() == {}

    @pytest.mark.parametrize("way", ["append", "merge"])
    def test_a_late_merge_waits_for_the_one_under_way_and_adds_nothing_twice(self, server, harness, reopen, way):
        """Two runs that both believe in their lease: the second merge sees what the first one did."""
        harness.model({"email": "text"}, [("a@x.y",)])
        lease = harness.prepared()
        store = harness.store()
        store.write_plan(store.diff(), lease.fence)
        late = SyncHarness(reopen())
        if way == "merge":
            for one in (store, late.store()):
                one._warehouse.dialect.append = lambda *_: ""
        done = self.merge_beside(server, store, late, (way, lease.fence))
        assert done == [("a@x.y", "accepted")]

    def merge_beside(self, server, store, late: SyncHarness, by: tuple[str, int]):
        way, fence = by
        run = OpenRun(fence, 1, Ranges([(0, 1)]))
        beside = threading.Thread(target=late.store().commit, args=(run, Ranges()), kwargs={"stale": False})
        write = getattr(store._warehouse.dialect, way)

        def slow(table, source, *rest):
            # Its own rows are not committed before the other one waits for them.
            gate = "(SELECT pg_advisory_xact_lock(7)) AS s"
            return write(table, f"SELECT x.* FROM ({source}) AS x, {gate}", *rest)

        setattr(store._warehouse.dialect, way, slow)
        first = threading.Thread(target=store.commit, args=(run, Ranges()), kwargs={"stale": False})
        access = {name: server.profile()[name] for name in ("host", "port", "user", "password", "dbname")}
        with psycopg.connect(**access, autocommit=True) as gate:
            gate.execute("SELECT pg_advisory_lock(7)")
            for thread, waits_for in ((first, "advisory"), (beside, "relation")):
                thread.start()
                while not server.run(f"SELECT 1 FROM pg_stat_activity WHERE wait_event = '{waits_for}'"):
                    assert thread.is_alive()
        first.join()
        beside.join()
        return server.run(f"SELECT identity, state FROM {store.tables.snapshot}")

    @pytest.mark.parametrize(("statement", "sent"), [("CREATE TABLE IF NOT EXISTS t (a text)", 2), ("SELECT 1", 1)])
    def test_what_was_made_meanwhile_is_looked_at_again(self, warehouse, monkeypatch, statement, sent):
        tries = []

        def refuse(*statement):
            tries.append(statement)
            raise StatementRefused(ServerMessage("42710", 'type "t" already exists'))

        monkeypatch.setattr(warehouse, "_send", refuse)
        with pytest.raises(WarehouseError):
            warehouse.execute(statement)
        assert len(tries) == sent

    def test_what_two_processes_make_at_once_is_made_once(self, reopen):
        def make(warehouse, schema):
            warehouse.create_schema(schema)
            return warehouse.execute(f"CREATE TABLE IF NOT EXISTS {schema}.t AS SELECT 1 AS one")

        warehouses = [reopen() for _ in range(8)]
        with ThreadPoolExecutor(len(warehouses)) as executor:
            for number in range(10):
                assert sum(executor.map(make, warehouses, [f"s{number}"] * len(warehouses))) == 1


READING = """
import json, sys, time
from pathlib import Path
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
fields, sql = json.loads(sys.argv[1]), sys.argv[2]
wait = WaitPolicy(0, time.monotonic, lambda seconds: None)
warehouse = open_warehouse(Connection("postgres", fields, Path(), "200MB", wait))
rows = sum(batch.num_rows for batch in warehouse.batches(sql, 10_000))
# Not getrusage: a process starts with the peak of the one that started it.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(rows, int(peak.split()[1]) // 1024)
"""
MILLION = """
SELECT i AS number, md5(CAST(i AS text)) AS text, repeat('x', 200) AS long, i / 7.0 AS digits, now() AS at,
  ARRAY[i, i + 1] AS listed, i % 2 = 0 AS even
FROM generate_series(1, 1000000) AS t(i)
"""


class TestStreaming(OnPostgres):
    def test_a_million_rows_of_seven_columns_take_less_than_400_megabytes(self, server):
        command = [sys.executable, "-c", READING, json.dumps(server.profile()), MILLION]
        ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows, megabytes = map(int, ended.stdout.split())
        assert rows == 1_000_000
        assert megabytes < 400

    def test_window_of_a_plan_is_found_by_an_index(self, server, harness):
        harness.model({"email": "text"}, [("a@x.y",)])
        lease, store = harness.prepared(), harness.store()
        store.write_plan(store.diff(), lease.fence)
        plan = harness.warehouse.table(STATE_SCHEMA, store.tables.plan_name(lease.fence))
        explained = f"EXPLAIN SELECT * FROM {plan} WHERE ordinal >= 5 AND ordinal < 7 ORDER BY ordinal"
        steps = server.run("SET enable_seqscan = off", explained)
        assert any("Index" in step for (step,) in steps)


def test_wrong_password_is_told_without_it(postgres):
    warehouse = open_warehouse(connection(postgres.profile(password="wrong-secret")))
    with pytest.raises(WarehouseError) as raised:
        warehouse.query("SELECT 1")
    assert raised.value.code == "database-not-opened"
    assert "password authentication failed" in raised.value.context["reason"]
    assert "wrong-secret" not in f"{raised.value!r} {raised.value.context} {raised.value.__cause__!r}"


class TestEncoding(OnPostgres):
    @pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "SQL_ASCII"])
    def test_texts_are_utf_8_whatever_the_clients_encoding_is(self, reopen, monkeypatch, encoding):
        monkeypatch.setenv("PGCLIENTENCODING", encoding)
        warehouse = reopen()
        assert warehouse.query("SELECT 'Zoë €'") == [("Zoë €",)]
        [batch] = warehouse.batches("SELECT 'Zoë €' AS name", 10)
        assert batch.to_pylist() == [{"name": "Zoë €"}]
