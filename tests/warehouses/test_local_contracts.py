"""The contracts on state in a file, beside a DuckDB and beside a PostgreSQL."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.contracts.committing import CommittingContract
from tests.contracts.comparing import ComparingContract, KeysContract
from tests.contracts.holding import HoldingContract
from tests.contracts.identifying import IdentifyingContract
from tests.contracts.leasing import LeasingContract
from tests.contracts.mapping import MappingContract
from tests.contracts.sampling import SamplingContract
from tests.contracts.sending import SendingContract
from tests.warehouses import duckdb_types, postgres_types
from tests.warehouses.on_local import OnLocal, OnLocalBesidePostgres

pytestmark = pytest.mark.slow


class TestComparing(OnLocal, ComparingContract):
    # In the warehouse; the file is asked the rest.
    quiet = 4


class TestKeys(OnLocal, KeysContract):
    pass


class TestMapping(OnLocal, MappingContract):
    def test_column_that_goes_between_look_and_plan_stops_the_run(self, mapped):
        """It does not: what was looked at is in the file."""
        lease, store = mapped.prepared(), mapped.store()
        mapped.sql("UPDATE {model} SET name = 'Bo' WHERE email = 'b@x.y'")
        look = store.look()
        mapped.sql("ALTER TABLE {model} DROP COLUMN points")
        assert store.write_plan(look.diff, lease.fence) == {"changed": 1}


class TestCommitting(OnLocal, CommittingContract):
    pass


class TestHolding(OnLocal, HoldingContract):
    pass


class TestIdentifying(OnLocal, IdentifyingContract):
    pass


class TestLeasing(OnLocal, LeasingContract):
    pass


class TestSampling(OnLocal, SamplingContract):
    pass


class TestSending(OnLocal, SendingContract):
    UNSENDABLE: ClassVar = duckdb_types.UNSENDABLE


class TestComparingBesidePostgres(OnLocalBesidePostgres, ComparingContract):
    # A result's types are asked for first.
    quiet = 7


class TestKeysBesidePostgres(OnLocalBesidePostgres, KeysContract):
    pass


class TestSendingBesidePostgres(OnLocalBesidePostgres, SendingContract):
    UNSENDABLE: ClassVar = postgres_types.UNSENDABLE
