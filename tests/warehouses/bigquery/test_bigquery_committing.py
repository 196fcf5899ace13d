"""The warehouse contract on a local BigQuery: what a run leaves behind, and one run at a time."""

from __future__ import annotations

from tests.contracts.commits import CommitsContract
from tests.contracts.leases import LeasesContract
from tests.contracts.quarantine import QuarantineContract
from tests.contracts.sync_harness import STATE_SCHEMA
from tests.warehouses.bigquery.on_bigquery import OnBigQuery


class TestCommitting(OnBigQuery, CommitsContract):
    def plans(self, harness):
        project = harness.warehouse._project()
        tables = f"`{project}`.`{STATE_SCHEMA}`.INFORMATION_SCHEMA.TABLES"
        return int(harness.warehouse.query(f"SELECT count(*) FROM {tables} WHERE table_name LIKE 'plan%'")[0][0])


class TestHolding(OnBigQuery, QuarantineContract):
    pass


class TestLeasing(OnBigQuery, LeasesContract):
    pass
