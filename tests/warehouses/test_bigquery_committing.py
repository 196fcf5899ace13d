"""The warehouse contract on a local BigQuery: what a run leaves behind, and one run at a time."""

from __future__ import annotations

from tests.contracts.committing import CommittingContract
from tests.contracts.holding import HoldingContract
from tests.contracts.leasing import LeasingContract
from tests.contracts.trial import STATE_SCHEMA
from tests.warehouses.on_bigquery import OnBigQuery


class TestCommitting(OnBigQuery, CommittingContract):
    def plans(self, trial):
        project = trial.warehouse._project()
        tables = f"`{project}`.`{STATE_SCHEMA}`.INFORMATION_SCHEMA.TABLES"
        return int(trial.warehouse.query(f"SELECT count(*) FROM {tables} WHERE table_name LIKE 'plan%'")[0][0])


class TestHolding(OnBigQuery, HoldingContract):
    pass


class TestLeasing(OnBigQuery, LeasingContract):
    pass
