"""A warehouse whose requests go by a proxy that does to them what a test says."""

from __future__ import annotations

import pytest

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.bigquery import BigQuery
from tests.contracts.warehouse import SCHEMA
from tests.warehouses.bigquery.bigquery_proxy import Proxy, serve
from tests.warehouses.bigquery.on_bigquery import LOCAL, OnBigQuery


class OnProxy(OnBigQuery):
    """A warehouse whose requests go by a proxy."""

    @pytest.fixture
    def proxy(self, profile):
        if not LOCAL:
            pytest.skip("the proxy stands before the local server alone")
        proxy = Proxy(profile["api_endpoint"])
        server = serve(proxy)
        profile["api_endpoint"] = f"http://127.0.0.1:{server.server_port}"
        yield proxy
        server.shutdown()
        server.server_close()

    @pytest.fixture
    def naps(self) -> list[float]:
        return []

    @pytest.fixture
    def make(self, proxy, profile, tmp_path, naps):
        opened = []

        def make(**more) -> BigQuery:
            waiting = WaitPolicy(10, lambda: sum(naps), naps.append)
            opened.append(open_warehouse(Connection("bigquery", {**profile, **more}, tmp_path, "200MB", waiting)))
            return opened[-1]

        yield make
        for warehouse in opened:
            warehouse.close()

    @pytest.fixture
    def table(self, make) -> str:
        warehouse = make()
        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "t")
        warehouse.execute(f"CREATE TABLE {table} AS SELECT 0 AS n")
        return table

    def once(self, fault):
        """The fault, the first time that a job begins."""
        left = [fault]
        return lambda asked: left.pop() if asked.job and left else None
