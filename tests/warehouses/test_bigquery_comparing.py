"""The warehouse contract on a local BigQuery: what a run finds to have changed."""

from __future__ import annotations

import pytest

from tests.contracts.comparing import TEXT, ComparingContract, KeysContract
from tests.warehouses.bigquery_types import ODD_NAMES, TYPES
from tests.warehouses.on_bigquery import LOCAL, OnBigQuery


class TestComparing(OnBigQuery, ComparingContract):
    def test_type_round_trip(self, trial, typed, request):
        if LOCAL and typed is TYPES["geography"]:
            reason = "bqemulator takes GEOGRAPHY for BYTES, and sends them in no form that a client can read"
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        super().test_type_round_trip(trial, typed)

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_column_names(self, trial, name):
        trial.model({"email": TEXT, name: TEXT}, [("a@x.y", "1")])
        trial.run()
        assert trial.sent == {"a@x.y": {name: "1"}}
        trial.sql(f"UPDATE {{model}} SET {trial.warehouse.dialect.quote(name)} = '2'")
        assert trial.run().changed_fields == {name: 1}


class TestKeys(OnBigQuery, KeysContract):
    pass
