"""What becomes of a statement when its reply is lost, when it is refused, and how its rows come."""

from __future__ import annotations

import pytest

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.bigquery.streaming import Stream
from reverse_etl.warehouses.mark import Mark
from tests.contracts.warehouse import SCHEMA
from tests.warehouses.bigquery.bigquery_proxy import Asked
from tests.warehouses.bigquery.on_bigquery import LOCAL, OnBigQuery
from tests.warehouses.bigquery.through_proxy import OnProxy

CONFLICT = (400, "invalidQuery", "Could not serialize access to table p:s.t due to concurrent update")


class TestStatements(OnProxy):
    def test_lost_reply_finds_the_same_job_and_nothing_is_done_twice(self, make, proxy, table):
        warehouse = make()
        lost: list[str] = []

        def lose(asked: Asked) -> bool:
            return bool(asked.job and not lost and not lost.append(asked.job))

        proxy.lose = lose
        assert warehouse.execute(f"UPDATE {table} SET n = n + 1 WHERE TRUE") == 1
        assert [asked.job for asked in proxy.jobs()].count(lost[0]) == 2
        assert warehouse.query(f"SELECT n FROM {table}") == [(1,)]

    def test_lost_reply_about_the_result_is_asked_for_again(self, make, proxy, table):
        lost: list[str] = []
        proxy.lose = lambda asked: "/queries/" in asked.path and not lost and not lost.append(asked.path)
        assert make().query(f"SELECT n FROM {table}") == [(0,)]
        assert lost

    def test_statement_of_a_conflict_is_tried_again_as_another_job(self, make, proxy, table, naps):
        warehouse = make(job_retries=0)
        proxy.before = self.once(CONFLICT)
        before = len(proxy.jobs())
        assert warehouse.execute(f"UPDATE {table} SET n = n + 1 WHERE TRUE") == 1
        first, second = (asked.job for asked in proxy.jobs()[before:])
        assert first[:-2] == second[:-2]
        assert (first[-2:], second[-2:]) == ("_1", "_2")
        assert naps == [1.0]

    def test_an_estimate_is_a_dry_run_without_the_cache(self, make, proxy, table):
        estimate = make().estimate_read(f"SELECT n FROM {table}", [table])
        [asked] = [one for one in proxy.asked if one.body.get("configuration", {}).get("dryRun")]
        assert asked.configuration["query"]["useQueryCache"] is False
        assert (estimate.basis, estimate.bytes_billed) == ("dry run", 10 << 20)

    def test_conflict_that_does_not_end_is_told(self, make, proxy, table, naps):
        proxy.before = lambda asked: CONFLICT if asked.job else None
        with pytest.raises(WarehouseError) as raised:
            make(job_retries=0).execute(f"UPDATE {table} SET n = 1 WHERE TRUE")
        assert raised.value.code == "concurrent-update"
        assert sum(naps) >= 10

    @pytest.mark.parametrize(("retries", "code"), [(1, None), (0, "bigquery-unavailable")])
    def test_failure_of_the_service_is_tried_again_as_the_profile_says(self, make, proxy, table, retries, code):
        proxy.before = self.once((400, "jobBackendError", "Backend error"))
        warehouse = make(job_retries=retries)
        if code is None:
            assert warehouse.query(f"SELECT n FROM {table}") == [(0,)]
            return
        with pytest.raises(WarehouseError) as raised:
            warehouse.query(f"SELECT n FROM {table}")
        assert raised.value.code == code

    def test_statement_that_is_wrong_is_tried_once(self, make, proxy, table):
        warehouse = make(job_retries=5)
        before = len(proxy.jobs())
        with pytest.raises(WarehouseError):
            warehouse.query(f"SELECT nothing_like_it FROM {table}")
        assert len(proxy.jobs()) == before + 1

    def test_every_job_carries_labels_and_the_limits_of_the_profile(self, make, proxy, table):
        warehouse = make(
            priority="batch", maximum_bytes_billed=5000, job_execution_timeout_seconds=7, reservation="nightly"
        )
        with warehouse.session(Mark("A1b2", "Users of äll kinds!", "look")):
            warehouse.query(f"SELECT n FROM {table} WHERE n = ? OR ? IS NULL", (5, None))
            configuration = proxy.jobs()[-1].configuration
            assert configuration["labels"] == {
                "application": "reverse_etl",
                "reverse_etl_invocation": "a1b2",
                "reverse_etl_sync": "users_of__ll_kinds_",
                "reverse_etl_step": "look",
            }
            assert (configuration["jobTimeoutMs"], configuration["reservation"]) == ("7000", "nightly")
            query = configuration["query"]
            assert query["maximumBytesBilled"] == "5000"
            assert [one["parameterType"]["type"] for one in query["queryParameters"]] == ["INT64", "STRING"]
            assert query["connectionProperties"] == [{"key": "time_zone", "value": "UTC"}]

    @pytest.mark.parametrize(
        ("sql", "priority"),
        [
            ("WITH m AS (SELECT n FROM {}) SELECT n FROM m", "BATCH"),
            ("UPDATE {} SET n = 1 WHERE TRUE", "INTERACTIVE"),
            ("SELECT n FROM {}", "INTERACTIVE"),
        ],
    )
    def test_only_comparisons_wait_in_the_queue_of_batch_jobs(self, make, proxy, table, sql, priority):
        """The others beat the lease, and a batch job may wait for a day."""
        warehouse = make(priority="batch")
        warehouse.execute(sql.format(table))
        assert proxy.jobs()[-1].configuration["query"]["priority"] == priority

    def test_job_that_is_there_and_not_found_yet_is_asked_for_again(self, make, proxy, table, naps):
        warehouse = make(job_retries=0)
        lost: list[str] = []
        missing = ["once", "twice"]

        def unknown(asked: Asked) -> tuple[int, str, str] | None:
            asks = asked.method == "GET" and lost and f"/jobs/{lost[0]}" in asked.path
            return (404, "notFound", "Not found: Job") if asks and missing and missing.pop() else None

        proxy.lose = lambda asked: bool(asked.job and not lost and not lost.append(asked.job))
        proxy.before = unknown
        assert warehouse.execute(f"UPDATE {table} SET n = n + 1 WHERE TRUE") == 1
        assert (len({asked.job for asked in proxy.jobs() if asked.job in lost}), missing) == (1, [])
        assert warehouse.query(f"SELECT n FROM {table}") == [(1,)]

    def test_too_many_waiting_statements_are_a_conflict(self, make, proxy, table):
        words = "Resources exceeded: Too many DML statements outstanding against table p:s.t, limit is 20."
        proxy.before = self.once((400, "resourcesExceeded", words))
        assert make(job_retries=0).execute(f"UPDATE {table} SET n = n + 1 WHERE TRUE") == 1

    def test_state_dataset_is_made_beside_the_model(self, make, proxy, table):
        warehouse = make()
        warehouse._jobs.location = "EU"
        warehouse.create_schema("elsewhere")
        made = [asked.body for asked in proxy.asked if asked.method == "POST" and "datasetReference" in asked.body]
        assert (made[-1]["datasetReference"]["datasetId"], made[-1]["location"]) == ("elsewhere", "EU")

    def test_no_server_is_a_lost_connection(self, make, proxy, monkeypatch):
        from google.cloud.bigquery import retry

        monkeypatch.setattr(retry.DEFAULT_RETRY, "_timeout", 0.1)
        with pytest.raises(WarehouseError) as raised:
            make(api_endpoint="http://127.0.0.1:1").query("SELECT 1")
        assert raised.value.code == "connection-lost"

    def test_secrets_are_in_no_error(self, make, proxy):
        proxy.before = lambda asked: (400, "invalid", "not-a-secret, or fetched-later, is no good")
        warehouse = make()
        for ask in (warehouse.query, lambda _: warehouse.columns("a.b"), lambda _: warehouse.create_schema("c")):
            with pytest.raises(WarehouseError) as raised:
                ask("SELECT 1")
            warehouse._client()._credentials.token = "fetched-later"
            told = f"{raised.value} {raised.value.context} {raised.value.hint} {raised.value.__cause__}"
            assert "not-a-secret" not in told
        assert "fetched-later" not in told

    def test_missing_dataset_that_may_not_be_made_prints_what_to_run(self, make, proxy):
        words = "Access Denied: Project p: User does not have bigquery.datasets.create permission in project p."
        proxy.before = lambda asked: (403, "accessDenied", words) if asked.method == "POST" else None
        warehouse = make()
        with pytest.raises(WarehouseError) as raised:
            warehouse.create_schema("reverse_etl")
        assert "CREATE SCHEMA" in raised.value.hint

    def test_catalog_is_asked_again_where_it_fails(self, make, proxy, table, naps):
        left = [(400, "jobRateLimitExceeded", "Too many"), (400, "jobBackendError", "Backend error")]
        proxy.before = lambda asked: left.pop() if left and "/tables/" in asked.path else None
        warehouse = make(job_retries=1)
        assert warehouse.columns(table) is not None
        assert (left, naps) == ([], [1.0, 2.0])

    def test_columns_cost_no_job(self, make, proxy, table):
        warehouse = make()
        before = len(proxy.jobs())
        assert warehouse.columns(table) is not None
        warehouse.create_schema(SCHEMA)
        assert len(proxy.jobs()) == before


class TestRows(OnBigQuery):
    """Rows through the Storage Read API, and without it."""

    @pytest.fixture
    def numbers(self, warehouse) -> str:
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "numbers")
        warehouse.execute(f"CREATE TABLE {table} AS SELECT i FROM UNNEST(GENERATE_ARRAY(0, 49999)) AS i")
        return table

    def storage_read(self, warehouse, table):
        rows = lambda: warehouse._client().list_rows(table.replace("`", ""))  # noqa: E731  # asked for again
        return list(warehouse._stream.read(rows, 1_000))

    def test_table_is_read_by_the_storage_read_api(self, warehouse, numbers):
        batches = self.storage_read(warehouse, numbers)
        assert sorted(n for batch in batches for n in batch.column("i").to_pylist()) == list(range(50_000))
        assert max(batch.num_rows for batch in batches) == 1_000
        assert warehouse._stream.storage is not None

    @pytest.mark.xfail(LOCAL, reason="bqemulator keeps no table of a result that the Storage Read API could read")
    def test_result_is_read_by_the_storage_read_api(self, warehouse, numbers):
        batches = list(warehouse.batches(f"SELECT i FROM {numbers} ORDER BY i", 1_000))
        assert [n for batch in batches for n in batch.column("i").to_pylist()] == list(range(50_000))
        assert warehouse._stream.storage is not None

    def test_where_it_does_not_serve_rows_come_in_pages(self, warehouse, numbers):
        if not LOCAL:
            warehouse._stream = Stream(lambda: None)
        batches = list(warehouse.batches(f"SELECT i FROM {numbers} ORDER BY i", 1_000))
        assert [n for batch in batches for n in batch.column("i").to_pylist()] == list(range(50_000))
        assert max(batch.num_rows for batch in batches) == 1_000
        assert warehouse._stream.storage is None

    @pytest.mark.skipif(not LOCAL, reason="an account is not at an endpoint of one's own")
    def test_at_an_endpoint_of_ones_own_it_is_not_looked_for(self, reopen, numbers):
        warehouse = reopen(storage_api_endpoint="")
        assert warehouse._stream.storage is None
        assert sum(batch.num_rows for batch in warehouse.batches(f"SELECT i FROM {numbers}", 900)) == 50_000

    def test_pages_are_never_held_as_a_whole(self, warehouse, numbers):
        import pyarrow as pa

        before, peak = pa.total_allocated_bytes(), 0
        for _ in warehouse.batches(f"SELECT i, REPEAT('x', 1000) AS text FROM {numbers}", 500):
            peak = max(peak, pa.total_allocated_bytes() - before)
        assert peak < 30_000_000
