"""The warehouse contract on a Snowflake account of one's own, which variables of the environment name; else skipped."""

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
from tests.contracts.warehouse import AdapterContract
from tests.warehouses.snowflake.on_snowflake import OnAccount, emptied


@pytest.fixture(scope="module", autouse=True)
def tidied():
    """Nothing of the tests stays behind."""
    yield
    emptied()


class TestAdapter(OnAccount, AdapterContract):
    pass


class TestComparing(OnAccount, ChangeDetectionContract):
    pass


class TestKeys(OnAccount, KeysContract):
    pass


class TestIdentifying(OnAccount, RowIdentityContract):
    pass


class TestMapping(OnAccount, DefinitionChangesContract):
    pass


class TestCommitting(OnAccount, CommitsContract):
    pass


class TestHolding(OnAccount, QuarantineContract):
    pass


class TestLeasing(OnAccount, LeasesContract):
    pass


class TestSampling(OnAccount, TextSamplesContract):
    pass


class TestSending(OnAccount, SentValuesContract):
    UNSENDABLE: ClassVar = {
        "bytes": "TO_BINARY('00ff', 'HEX')",
        "interval": "INTERVAL '1 02:03:04' DAY TO SECOND",
        "several": "CAST([TO_BINARY('00ff', 'HEX')::VARIANT] AS ARRAY(BINARY))",
    }
