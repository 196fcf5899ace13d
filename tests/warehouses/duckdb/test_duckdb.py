"""The warehouse contract on DuckDB, and what is DuckDB's own: files, locks, collations, its types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import duckdb
import pytest

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.columns import ColumnKind as K
from reverse_etl.warehouses.duckdb import column_of
from reverse_etl.warehouses.mark import Mark
from tests.contracts.change_detection import ChangeDetectionContract, KeysContract
from tests.contracts.commits import CommitsContract
from tests.contracts.definition_changes import DefinitionChangesContract
from tests.contracts.leases import LeasesContract
from tests.contracts.quarantine import QuarantineContract
from tests.contracts.row_identity import RowIdentityContract
from tests.contracts.sent_values import SentValuesContract
from tests.contracts.sync_harness import MODEL_SCHEMA, SyncHarness
from tests.contracts.text_samples import TextSamplesContract
from tests.contracts.warehouse import AdapterContract
from tests.warehouses.duckdb.duckdb_types import UNSENDABLE
from tests.warehouses.duckdb.on_duckdb import OnDuckDB, wait_up_to


class TestAdapter(OnDuckDB, AdapterContract):
    pass


class TestComparing(OnDuckDB, ChangeDetectionContract):
    pass


class TestKeys(OnDuckDB, KeysContract):
    pass


class TestMapping(OnDuckDB, DefinitionChangesContract):
    pass


class TestCommitting(OnDuckDB, CommitsContract):
    pass


class TestHolding(OnDuckDB, QuarantineContract):
    pass


class TestIdentifying(OnDuckDB, RowIdentityContract):
    pass


class TestLeasing(OnDuckDB, LeasesContract):
    pass


class TestSampling(OnDuckDB, TextSamplesContract):
    pass


class TestSending(OnDuckDB, SentValuesContract):
    UNSENDABLE: ClassVar = UNSENDABLE


class TestFile(OnDuckDB):
    def test_file_held_by_another_process_names_it(self, path, reopen, held):
        process = held(path)
        with pytest.raises(WarehouseError) as raised:
            reopen().query("SELECT 1")
        assert raised.value.code == "database-locked"
        assert str(process.pid) in raised.value.message
        assert str(process.pid) in raised.value.hint

    def test_file_is_waited_for_and_opened_when_it_is_free(self, path, held):
        process = held(path)
        naps = []

        def sleep(seconds):
            naps.append(seconds)
            process.communicate()

        fields = {"path": str(path)}
        waiting = WaitPolicy(1000, lambda: float(len(naps)), sleep)
        warehouse = open_warehouse(Connection("duckdb", fields, path.parent, "200MB", waiting))
        assert warehouse.query("SELECT 1") == [(1,)]
        assert len(naps) == 1
        warehouse.close()

    def test_file_is_free_for_another_process_after_a_session(self, path, warehouse, held):
        with warehouse.session(Mark("a1b2", "users")) as session:
            session.execute("CREATE TABLE t AS SELECT 1 AS a")
        held(path).communicate()
        assert warehouse.query("SELECT a FROM t") == [(1,)]

    def test_file_is_free_for_another_process_while_a_session_is_idle(self, path, warehouse, held):
        with warehouse.session(Mark("a1b2", "users")) as session:
            session.execute("CREATE TABLE t AS SELECT 1 AS a")
            with session.idle():
                held(path).communicate()
                with session.step("send"):
                    session.execute("INSERT INTO t VALUES (2)")
                held(path).communicate()
            assert session.query("SELECT count(*) FROM t") == [(2,)]

    def test_session_within_a_session_keeps_the_file(self, path, warehouse, reopen):
        with warehouse.session(Mark("a1b2")) as session:
            with session.session(Mark("a1b2", "users")):
                session.execute("CREATE TABLE t AS SELECT 1 AS a")
            assert session._connection is not None
        assert session._connection is None

    @pytest.mark.slow
    def test_two_runs_from_two_processes_take_turns(self, path, warehouse):
        harness = SyncHarness(warehouse)
        harness.model({"email": "VARCHAR", "n": "BIGINT"}, [(f"u{n}@x.y", n) for n in range(20)])
        harness.store().prepare_lease("lineage", "salt")
        warehouse.close()
        contender = [sys.executable, str(Path(__file__).parents[1] / "contender.py")]
        runs = [subprocess.Popen([*contender, "duckdb", json.dumps({"path": str(path)})]) for _ in range(2)]
        assert [run.wait() for run in runs] == [0, 0]
        row = harness.store().lease_row()
        assert (row.holder, row.fence, row.serial) == (None, 10, 10)
        assert harness.counted() == {}

    def test_memory_database_is_refused(self, tmp_path):
        for fields in ({"path": ":memory:"}, {}):
            with pytest.raises(ConfigError) as raised:
                open_warehouse(Connection("duckdb", fields, tmp_path, "200MB", wait_up_to()))
            assert raised.value.code == "memory-database"

    def test_missing_file_is_not_made(self, tmp_path):
        warehouse = open_warehouse(Connection("duckdb", {"path": "no.duckdb"}, tmp_path, "200MB", wait_up_to()))
        with pytest.raises(ConfigError) as raised:
            warehouse.query("SELECT 1")
        assert raised.value.code == "missing-database"
        assert not (tmp_path / "no.duckdb").exists()

    def test_file_of_another_kind_is_not_opened(self, tmp_path):
        (tmp_path / "x.duckdb").write_bytes(b"not a database" * 1000)
        warehouse = open_warehouse(Connection("duckdb", {"path": "x.duckdb"}, tmp_path, "200MB", wait_up_to()))
        with pytest.raises(WarehouseError) as raised:
            warehouse.query("SELECT 1")
        assert raised.value.code == "database-not-opened"

    def test_failed_attachment_does_not_keep_the_file(self, path, reopen, held):
        broken = reopen(attach=[{"path": str(path.parent / "missing" / "other.duckdb"), "alias": "other"}])
        with pytest.raises(WarehouseError):
            broken.query("SELECT * FROM other.t")
        broken.unlock()
        held(path).communicate()

    def test_attached_database_can_be_read(self, path, reopen, tmp_path):
        other = tmp_path / "it's other.duckdb"
        with duckdb.connect(str(other)) as connection:
            connection.execute("CREATE TABLE t AS SELECT 5 AS a")
        warehouse = reopen(attach=[{"path": str(other), "alias": "my other"}])
        assert warehouse.query('SELECT a FROM "my other".t') == [(5,)]

    def test_unknown_warehouse_is_named_with_the_supported_ones(self, tmp_path):
        with pytest.raises(ConfigError) as raised:
            open_warehouse(Connection("duckbd", {"password": "hush"}, tmp_path, "200MB", wait_up_to()))
        assert raised.value.code == "unknown-warehouse"
        assert "duckdb" in raised.value.hint
        assert "hush" not in repr(Connection("duckdb", {"password": "hush"}, tmp_path, "200MB", wait_up_to()))

    @pytest.mark.slow
    def test_streamed_table_is_never_held_as_a_whole(self, warehouse):
        import pyarrow as pa

        warehouse.execute("CREATE TABLE wide AS SELECT repeat('x', 1000) || i AS text FROM range(200000) t(i)")
        before = pa.total_allocated_bytes()
        peak = 0
        for _ in warehouse.batches("SELECT * FROM wide", 1000):
            peak = max(peak, pa.total_allocated_bytes() - before)
        assert peak < 50_000_000


class TestCollation(OnDuckDB):
    @pytest.mark.parametrize("field_type", ["VARCHAR COLLATE NOCASE", "VARCHAR COLLATE NOACCENT"])
    def test_collation_hides_no_change(self, harness, field_type):
        harness.model({"email": "VARCHAR COLLATE NOCASE", "v": field_type}, [("a@x.y", "e")])
        harness.run()
        harness.sql("UPDATE {model} SET v = 'É'")
        assert harness.run().changed_fields == {"v": 1}
        harness.sql("UPDATE {model} SET v = 'é'")
        assert harness.run().changed_fields == {"v": 1}
        assert harness.counted() == {}

    def test_collated_key_is_compared_exactly(self, harness):
        harness.primary_key = ("id",)
        harness.model({"email": "VARCHAR", "id": "VARCHAR COLLATE NOCASE"}, [("a@x.y", "k"), ("b@x.y", "K")])
        assert harness.run().kinds == {"added": 2}
        assert harness.counted() == {}


class TestTypes(OnDuckDB):
    def test_session_time_zone_locale_and_number_format_do_not_matter(self, harness, monkeypatch):
        for name, value in (("TZ", "America/New_York"), ("LC_ALL", "tr_TR.UTF-8"), ("LC_NUMERIC", "de_DE.UTF-8")):
            monkeypatch.setenv(name, value)
        columns = {"email": "VARCHAR", "at": "TIMESTAMP", "tz": "TIMESTAMPTZ", "n": "DECIMAL(10,2)", "f": "DOUBLE"}
        harness.model(columns, [("INFO@x.y", "2026-07-01 10:00:00", "2026-07-01 10:00:00+00", 1234.5, 1234.5)])
        (row,) = harness.run().rows
        assert (row.identity, float(row.values["n"]), row.values["f"]) == ("info@x.y", 1234.5, 1234.5)
        assert row.values["at"].isoformat() == "2026-07-01T10:00:00"
        assert row.values["tz"].utcoffset().total_seconds() == 0
        assert row.values["tz"].isoformat() == "2026-07-01T10:00:00+00:00"
        for habit in ("TimeZone = 'Asia/Tokyo'", "Calendar = 'japanese'", "default_collation = 'NOCASE'"):
            harness.warehouse.execute(f"SET {habit}")
        assert harness.counted() == {}
        harness.warehouse.unlock()
        harness.sql("UPDATE {model} SET f = 1234.25")
        assert harness.run().changed_fields == {"f": 1}

    def test_always_null_column_of_a_view_is_text(self, harness):
        harness.warehouse.create_schema(MODEL_SCHEMA)
        harness.warehouse.execute(f"CREATE VIEW {harness.relation} AS SELECT 'a@x.y' AS email, NULL AS v")
        assert harness.run().rows[0].values == {"v": None}
        harness.warehouse.execute(f"CREATE OR REPLACE VIEW {harness.relation} AS SELECT 'a@x.y' AS email, 5 AS v")
        assert harness.run().changed_fields == {"v": 1}

    def test_missing_table_behind_another_database_is_missing(self, warehouse):
        assert warehouse.columns(f'"nowhere"."{MODEL_SCHEMA}"."users"') is None

    @pytest.mark.parametrize(
        ("type_name", "kind", "element"),
        [
            ("BLOB", K.BINARY, None),
            ("BIT", K.BINARY, None),
            ("INTERVAL", K.INTERVAL, None),
            ("UNION(a INTEGER)", K.OTHER, None),
            ("BIGNUM", K.OTHER, None),
            ("TIME WITH TIME ZONE", K.TIME, None),
            ("TIMESTAMP_S", K.TIMESTAMP, None),
            ("STRUCT(a INTEGER[])", K.OBJECT, None),
            ("STRUCT(a INTEGER)[]", K.ARRAY, K.OBJECT),
            ("INTEGER[3]", K.ARRAY, K.INTEGER),
            ("BLOB[][]", K.ARRAY, K.ARRAY),
            ('"NULL"', K.TEXT, None),
            ("ENUM('a(', 'b]')", K.TEXT, None),
        ],
    )
    def test_kinds_of_types(self, type_name, kind, element):
        column = column_of("c", type_name)
        assert (column.kind, column.element) == (kind, element)
