"""The warehouse contract on a Snowflake account of one's own, which variables of the environment name; else skipped."""

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
from tests.contracts.warehouse import AdapterContract
from tests.warehouses.on_snowflake import OnAccount, emptied


@pytest.fixture(scope="module", autouse=True)
def tidied():
    """Nothing of the tests stays behind."""
    yield
    emptied()


class TestAdapter(OnAccount, AdapterContract):
    pass


class TestComparing(OnAccount, ComparingContract):
    pass


class TestKeys(OnAccount, KeysContract):
    pass


class TestIdentifying(OnAccount, IdentifyingContract):
    pass


class TestMapping(OnAccount, MappingContract):
    pass


class TestCommitting(OnAccount, CommittingContract):
    pass


class TestHolding(OnAccount, HoldingContract):
    pass


class TestLeasing(OnAccount, LeasingContract):
    pass


class TestSampling(OnAccount, SamplingContract):
    pass


class TestSending(OnAccount, SendingContract):
    UNSENDABLE: ClassVar = {
        "bytes": "TO_BINARY('00ff', 'HEX')",
        "interval": "INTERVAL '1 02:03:04' DAY TO SECOND",
        "several": "CAST([TO_BINARY('00ff', 'HEX')::VARIANT] AS ARRAY(BINARY))",
    }
