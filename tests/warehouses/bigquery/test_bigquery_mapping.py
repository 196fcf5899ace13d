"""The warehouse contract on a local BigQuery: what a changed definition, or a changed model, sends again."""

from __future__ import annotations

from tests.contracts.definition_changes import DefinitionChangesContract
from tests.warehouses.bigquery.on_bigquery import OnBigQuery


class TestMapping(OnBigQuery, DefinitionChangesContract):
    pass
