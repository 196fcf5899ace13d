"""The contracts on state in a file, for a DuckDB and a PostgreSQL."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.contracts.change_detection import ChangeDetectionContract, KeysContract
from tests.contracts.commits import CommitsContract
from tests.contracts.definition_changes import DefinitionChangesContract
from tests.contracts.leases import LeasesContract
from tests.contracts.quarantine import QuarantineContract
from tests.contracts.row_identity import RowIdentityContract
from tests.contracts.sent_values import SentValuesContract
from tests.contracts.text_samples import TextSamplesContract
from tests.warehouses.duckdb import duckdb_types
from tests.warehouses.local.on_local import OnLocal, OnLocalBesidePostgres
from tests.warehouses.postgres import postgres_types

pytestmark = pytest.mark.slow


class TestComparing(OnLocal, ChangeDetectionContract):
    # In the warehouse; the file is asked the rest.
    quiet = 4


class TestKeys(OnLocal, KeysContract):
    pass


class TestMapping(OnLocal, DefinitionChangesContract):
    def test_column_that_goes_between_look_and_plan_stops_the_run(self, mapped):
        """It does not: what was looked at is in the file."""
        lease, store = mapped.prepared(), mapped.store()
        mapped.sql("UPDATE {model} SET name = 'Bo' WHERE email = 'b@x.y'")
        look = store.read_status()
        mapped.sql("ALTER TABLE {model} DROP COLUMN points")
        assert store.write_plan(look.diff, lease.fence) == {"changed": 1}


class TestCommitting(OnLocal, CommitsContract):
    pass


class TestHolding(OnLocal, QuarantineContract):
    # The model of another sync cannot be read together with our tables.
    test_who_was_let_back_in_by_another_identifier_is_sent_again = None


class TestIdentifying(OnLocal, RowIdentityContract):
    pass


class TestLeasing(OnLocal, LeasesContract):
    pass


class TestSampling(OnLocal, TextSamplesContract):
    pass


class TestSending(OnLocal, SentValuesContract):
    UNSENDABLE: ClassVar = duckdb_types.UNSENDABLE


class TestComparingBesidePostgres(OnLocalBesidePostgres, ChangeDetectionContract):
    # A result's types are asked for first.
    quiet = 7


class TestKeysBesidePostgres(OnLocalBesidePostgres, KeysContract):
    pass


class TestSendingBesidePostgres(OnLocalBesidePostgres, SentValuesContract):
    UNSENDABLE: ClassVar = postgres_types.UNSENDABLE
