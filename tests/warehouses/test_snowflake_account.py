"""The warehouse contract on a Snowflake account of one's own, which variables of the environment name; else skipped."""

from __future__ import annotations

from tests.contracts.committing import CommittingContract
from tests.contracts.comparing import ComparingContract, KeysContract
from tests.contracts.holding import HoldingContract
from tests.contracts.identifying import IdentifyingContract
from tests.contracts.leasing import LeasingContract
from tests.contracts.mapping import MappingContract
from tests.contracts.sampling import SamplingContract
from tests.contracts.sending import SendingContract
from tests.contracts.warehouse import AdapterContract
from tests.warehouses.on_snowflake import OnAccount


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
    pass
