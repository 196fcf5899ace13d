"""What Iterable receives of BigQuery's types."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.contracts.sent_values import SentValuesContract
from tests.warehouses.bigquery.bigquery_types import TYPES
from tests.warehouses.bigquery.on_bigquery import LOCAL, OnBigQuery

UNTYPED = {name: TYPES[name] for name in ("json", "geography", "interval")}


class TestSending(OnBigQuery, SentValuesContract):
    UNSENDABLE: ClassVar = {
        "bytes": "b'a'",
        "several": "[b'a', b'b']",
        **({} if LOCAL else {"interval": "INTERVAL 1 DAY"}),
    }

    def test_type_is_sent_as_json_or_refused(self, harness, typed, request):
        if LOCAL and typed in UNTYPED.values():
            reason = "the catalog of bqemulator has no type JSON, GEOGRAPHY or INTERVAL"
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        super().test_type_is_sent_as_json_or_refused(harness, typed)
