"""Runs on BigQuery that lack a right, lose the connection, meet another run, or find the model changed."""

from __future__ import annotations

import pytest

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.bigquery.jobs import StatementRefused
from reverse_etl.warehouses.bigquery.streaming import Stream
from tests.contracts.change_detection import PEOPLE, ROWS
from tests.contracts.sync_harness import SyncHarness
from tests.contracts.warehouse import SCHEMA
from tests.warehouses.bigquery.bigquery_proxy import Asked
from tests.warehouses.bigquery.on_bigquery import Builder, OnBigQuery
from tests.warehouses.bigquery.through_proxy import OnProxy

MODEL = "Access Denied: Table shop:marts.users: User does not have permission to query table shop:marts.users."
STATE = "Access Denied: Table shop:state.x: Permission bigquery.tables.{} denied on table shop:state.x."
MAKING = "Access Denied: Dataset shop:state: Permission bigquery.tables.create denied on dataset shop:state."
JOBS = "Access Denied: Project shop: User does not have bigquery.jobs.create permission in project shop."
READER = "GRANT `roles/bigquery.dataViewer` ON SCHEMA `shop`.`marts`"
EDITOR = "GRANT `roles/bigquery.dataEditor` ON SCHEMA `shop`.`state`"


@pytest.fixture
def impatient(monkeypatch):
    """Google's client gives up soon where nothing answers."""
    from google.cloud.bigquery import retry

    for name in ("DEFAULT_RETRY", "DEFAULT_JOB_RETRY"):
        monkeypatch.setattr(getattr(retry, name), "_timeout", 0.1)


def words_of(asked: Asked) -> str:
    """The statement of a job that begins; empty where none does."""
    return asked.configuration.get("query", {}).get("query", "") if asked.job else ""


class TestRuns(OnProxy):
    @pytest.fixture
    def people(self, make) -> SyncHarness:
        """Three people, all accepted. One has changed since."""
        warehouse = make(job_retries=0)
        harness = SyncHarness(warehouse, builder=Builder(warehouse))
        harness.model(PEOPLE, ROWS)
        harness.run()
        harness.sql("UPDATE {model} SET points = 5 WHERE email = 'a@x.y'")
        return harness

    @pytest.mark.parametrize(
        ("begins", "words", "right", "grant"),
        [
            ("WITH model", MODEL, "bigquery.tables.getData", READER),
            ("UPDATE", STATE.format("updateData"), "bigquery.tables.updateData", EDITOR),
            ("CREATE TABLE", MAKING, "bigquery.tables.create", EDITOR),
            ("MERGE", STATE.format("updateData"), "bigquery.tables.updateData", EDITOR),
            ("", JOBS, "bigquery.jobs.create", "gcloud projects add-iam-policy-binding shop --member="),
        ],
        ids=["model", "lease", "plan", "merge", "jobs"],
    )
    def test_missing_right_is_named_with_its_statement_and_its_grant(self, people, proxy, begins, words, right, grant):
        proxy.before = lambda asked: (403, "accessDenied", words) if asked.job and begins in words_of(asked) else None
        with pytest.raises(WarehouseError) as raised:
            people.run()
        error = raised.value
        assert (error.code, error.context["right"]) == ("permission-denied", right)
        assert str(error.context["statement"]).startswith(f"`{begins}")
        assert grant in error.hint
        proxy.before = lambda asked: None
        people.expire()
        people.run()
        assert people.sent["a@x.y"]["points"] == 5

    @pytest.mark.parametrize(
        ("begins", "done"),
        [("UPDATE", True), ("UPDATE", False), ("CREATE TABLE", True), ("MERGE", True), ("MERGE", False)],
    )
    def test_connection_lost_at_a_statement_loses_nothing(self, people, proxy, begins, done, impatient):
        """It is unknown whether the statement was done; after it nothing answers."""
        gone: list[str] = []

        def lose(asked: Asked) -> bool:
            gone.extend([begins] if begins in words_of(asked) else [])
            return bool(gone)

        refused = (503, "backendError", "gone")
        if done:
            proxy.lose = lose
        else:
            proxy.before = lambda asked: refused if lose(asked) else None
        with pytest.raises(WarehouseError) as raised:
            people.run()
        assert raised.value.code in ("connection-lost", "bigquery-unavailable")
        proxy.lose, proxy.before = lambda asked: False, lambda asked: None
        people.expire()
        people.run()
        assert people.lying_entries() == []
        assert people.sent["a@x.y"]["points"] == 5
        assert people.counted() == {}

    def test_connection_lost_between_two_pages_is_told(self, make, proxy, impatient):
        warehouse = make()
        warehouse._stream = Stream(lambda: None)
        rows = warehouse.batches("SELECT i FROM UNNEST(GENERATE_ARRAY(0, 29999)) AS i", 1_000)
        assert next(rows).num_rows == 1_000
        proxy.lose = lambda asked: True
        with pytest.raises(WarehouseError) as raised:
            list(rows)
        assert raised.value.code == "connection-lost"


class TestMeeting(OnBigQuery):
    def test_of_two_clients_one_has_the_lease(self, harness, reopen):
        harness.model(PEOPLE, ROWS)
        harness.prepared().release()
        other = SyncHarness(reopen(), builder=harness.builder)
        first, second = harness.lease(), other.lease()
        assert (first.acquire(), second.acquire()) == (True, False)
        harness.expire()
        assert second.acquire()
        assert (first.beat(), second.beat()) == (False, True)

    def test_column_that_goes_after_the_look_stops_the_plan(self, harness):
        harness.model(PEOPLE, ROWS)
        store, lease = harness.store(), harness.prepared()
        assert store.read_status().counts.added == len(ROWS)
        harness.sql("ALTER TABLE {model} DROP COLUMN points")
        with pytest.raises(WarehouseError) as raised:
            store.write_plan(store.diff(), lease.fence)
        assert raised.value.code == "relation-not-found"
        assert "points" in str(raised.value.context["reason"])

    def test_load_that_loses_its_connection_leaves_nothing_behind(self, warehouse, monkeypatch):
        import pyarrow as pa

        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "loaded")
        warehouse.execute(f"CREATE TABLE {table} (n INT64)")
        batch = pa.record_batch({"n": pa.array([1, 2])})
        with monkeypatch.context() as patched:
            patched.setattr(warehouse._client(), "load_table_from_file", self.lost)
            with pytest.raises(WarehouseError) as raised:
                warehouse.load(table, {"n": "INT64"}, [batch])
        assert raised.value.code == "connection-lost"
        assert [one.table_id for one in warehouse._client().list_tables(SCHEMA)] == ["loaded"]
        assert warehouse.load(table, {"n": "INT64"}, [batch]) == 2

    @staticmethod
    def lost(*args: object, **how: object) -> None:
        raise ConnectionResetError


class Rows:
    """The driver's rows, whose Storage Read stream breaks after its first batch."""

    def to_arrow_iterable(self, **how: object):
        import pyarrow as pa
        from google.api_core.exceptions import Aborted

        yield pa.record_batch({"n": pa.array([1])})
        raise Aborted("the stream broke")


def test_storage_stream_that_breaks_in_the_middle_is_not_begun_again():
    """Rows that were read would come a second time."""
    batches = Stream(object).read(Rows, 10)
    assert next(batches).num_rows == 1
    with pytest.raises(StatementRefused):
        next(batches)
