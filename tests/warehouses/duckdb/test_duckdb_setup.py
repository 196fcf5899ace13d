"""What a DuckDB profile sets up: its settings, its attached databases and its paths apply as dbt applies them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone

import duckdb
import pytest

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from tests.warehouses.duckdb.on_duckdb import OnDuckDB, wait_up_to

BERLIN = {"settings": {"TimeZone": "Europe/Berlin"}}


class TestSetup(OnDuckDB):
    @pytest.fixture
    def views(self, path, tmp_path):
        """A file with a view whose dates depend on the time zone, and one that reads another file."""
        with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 5 AS a")
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE visits AS SELECT TIMESTAMPTZ '2026-01-01 23:30:00+00' AS seen")
            connection.execute("CREATE VIEW days AS SELECT CAST(seen AS DATE) AS day, seen FROM visits")
            connection.execute(f"ATTACH '{tmp_path / 'other.duckdb'}' AS ext")
            connection.execute("CREATE VIEW through AS SELECT a FROM ext.t")
        return path

    @pytest.mark.parametrize(("profile", "day"), [(BERLIN, "2026-01-02"), ({}, "2026-01-01")])
    def test_the_time_zone_of_the_profile_decides_the_dates_of_a_view(self, views, reopen, profile, day):
        warehouse = reopen(**profile)
        assert warehouse.query("SELECT CAST(day AS VARCHAR) FROM days") == [(day,)]
        [batch] = warehouse.batches("SELECT seen FROM days", 10)
        instant = datetime(2026, 1, 1, 23, 30, tzinfo=timezone.utc)
        assert batch.column(0).cast("int64").to_pylist() == [int(instant.timestamp()) * 1_000_000]

    def test_our_clock_is_utc_in_every_time_zone(self, views, reopen):
        dialect = reopen().dialect
        question = f"SELECT {dialect.epoch(dialect.now())} - epoch(now())"
        [(here,)] = reopen(settings={"TimeZone": "Pacific/Kiritimati"}).query(question)
        assert abs(here) < 1

    def test_our_bound_of_memory_stays(self, views, reopen):
        warehouse = reopen(settings={"memory_limit": "7GB", "threads": 1}, config_options={"max_memory": "7GB"})
        found = warehouse.query("SELECT current_setting('memory_limit'), current_setting('threads')")
        assert found == reopen(settings={"threads": 1}).query(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        )
        assert found[0][1] == 1

    @pytest.mark.parametrize("where", ["settings", "config_options"])
    def test_a_setting_that_is_refused_is_named_without_its_value(self, views, reopen, where):
        with pytest.raises(WarehouseError) as refused:
            reopen(**{where: {"no_such_setting": "hunter2"}}).query("SELECT 1")
        assert "no_such_setting" in refused.value.message + str(refused.value.context)
        assert "hunter2" not in refused.value.message + str(refused.value.context)

    def test_only_an_attached_file_that_is_needed_is_opened(self, views, reopen, tmp_path, held):
        entry = {"path": str(tmp_path / "other.duckdb"), "alias": "ext"}
        warehouse = reopen(attach=[{"path": str(tmp_path / "not" / "there.duckdb")}, entry])
        process = held(tmp_path / "other.duckdb")
        assert warehouse.query("SELECT count(*) FROM days") == [(1,)]
        with pytest.raises(WarehouseError) as refused:
            warehouse.query("SELECT a FROM through")
        assert refused.value.code == "database-locked"
        assert str(process.pid) in refused.value.message
        process.communicate()
        assert warehouse.query("SELECT a FROM through") == [(5,)]
        warehouse.unlock()
        assert [batch.to_pylist() for batch in warehouse.batches("SELECT a FROM through", 10)] == [[{"a": 5}]]
        assert [column.name for column in warehouse.columns("through") or ()] == ["a"]

    def test_a_held_attached_file_is_waited_for(self, views, tmp_path, held):
        process = held(tmp_path / "other.duckdb")
        naps = []

        def sleep(seconds):
            naps.append(seconds)
            process.communicate()

        fields = {"path": str(views), "attach": [{"path": "other.duckdb", "alias": "ext"}]}
        waiting = WaitPolicy(1000, lambda: float(len(naps)), sleep)
        warehouse = open_warehouse(Connection("duckdb", fields, tmp_path, "200MB", waiting))
        assert warehouse.query("SELECT a FROM through") == [(5,)]
        assert len(naps) == 1
        warehouse.close()

    def test_a_missing_attached_file_is_named(self, views, tmp_path):
        fields = {"path": str(views), "attach": [{"path": "gone/other.duckdb", "alias": "ext"}]}
        warehouse = open_warehouse(Connection("duckdb", fields, tmp_path, "200MB", wait_up_to()), read_only=True)
        with pytest.raises(WarehouseError) as refused:
            warehouse.query("SELECT a FROM through")
        assert refused.value.code == "database-not-attached"
        assert str(tmp_path / "gone" / "other.duckdb") in refused.value.message
        warehouse.close()

    def test_an_attached_file_goes_by_the_name_that_duckdb_gives_it(self, views, reopen, tmp_path):
        warehouse = reopen(attach=[{"path": str(tmp_path / "other.duckdb"), "type": "duckdb", "read_only": False}])
        assert warehouse.query("SELECT a FROM other.t") == [(5,)]

    SECRETS = (
        {"type": "http", "bearer_token": "hunter2", "scope": ["http://127.0.0.1:9", "http://127.0.0.1:8"]},
        {"type": "http", "name": "ours", "persistent": True, "extra_http_headers": {"X-Who": "it's us"}},
    )

    def test_secrets_are_made_when_a_statement_is_kept_out(self, views, reopen):
        listed = "SELECT name, persistent FROM duckdb_secrets() ORDER BY name"
        warehouse = reopen(secrets=[dict(entry) for entry in self.SECRETS])
        assert warehouse.query(listed) == []
        for _ in range(2):
            with pytest.raises(WarehouseError) as refused:
                warehouse.query("SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')")
            assert "hunter2" not in refused.value.message + str(refused.value.context)
            assert warehouse.query(listed) == [("_dbt_secret_1", False), ("ours", False)]
            warehouse.unlock()

    def test_secrets_are_made_before_a_database_that_names_one(self, views, reopen, tmp_path):
        entry = {"path": str(tmp_path / "other.duckdb"), "alias": "ext", "secret": "ours"}
        warehouse = reopen(attach=[entry], secrets=[dict(entry) for entry in self.SECRETS])
        with suppress(WarehouseError):  # a file of DuckDB's takes no secret
            warehouse.query("SELECT a FROM through")
        assert warehouse.query("SELECT count(*) FROM duckdb_secrets()") == [(2,)]

    @pytest.mark.parametrize("entry", [{"type": "no_such"}, {"type": "http", "no_such": "hunter2"}])
    def test_a_secret_that_is_refused_is_named_without_its_value(self, views, reopen, entry):
        with pytest.raises(WarehouseError) as refused:
            reopen(secrets=[entry]).query("SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')")
        assert refused.value.code == "setting-refused"
        assert "`_dbt_secret_1`" in refused.value.message
        assert "hunter2" not in refused.value.message + str(refused.value.context)

    def test_a_secret_that_nothing_needs_is_not_made(self, views, reopen):
        assert reopen(secrets=[{"type": "no_such"}]).query("SELECT count(*) FROM days") == [(1,)]

    def test_a_view_that_needs_what_only_dbt_applies_says_so(self, views, reopen):
        with duckdb.connect(str(views)) as connection:
            connection.execute("CREATE MACRO doubled(x) AS x * 2")
            connection.execute("CREATE VIEW by_plugin AS SELECT doubled(5) AS a")
            connection.execute("DROP MACRO doubled")
        for profile, said in (({"plugins": [{"module": "ours"}]}, True), ({}, False)):
            with pytest.raises(WarehouseError) as refused:
                reopen(**profile).columns("by_plugin")
            assert "doubled" in str(refused.value.context)
            assert ("`plugins`" in refused.value.hint) is said
