"""The command line on a local Snowflake: what a run sends, and how many statements a quiet one costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy, Warehouse
from reverse_etl.warehouses.snowflake import Snowflake
from tests.cli.conftest import Shop
from tests.emulators.processes import served
from tests.warehouses.snowflake.on_snowflake import SERVER, emulator_python, local

pytestmark = pytest.mark.emulator

PEOPLE = """
CREATE OR REPLACE TABLE marts.people AS
SELECT email, first_name, CAST(age AS NUMBER(38,0)) AS age, joined FROM (VALUES
  ('ada@example.com', 'Ada', 36, CAST('2024-01-01' AS DATE)), ('bob@example.com', 'Bob', 41, NULL),
  ('cyd@example.com', NULL, 19, CAST('2024-03-01' AS DATE))) AS t (email, first_name, age, joined)
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    pytest.importorskip("snowflake.connector", reason="the extra snowflake is not installed")
    with served([emulator_python(), SERVER]) as (port, _):
        yield port


@pytest.fixture
def builder(port: int, people: Shop) -> Iterator[Warehouse]:
    """The shop's target is the emulator; a connection as dbt would have it, which built the model there."""
    fields = {**local(port), "schema": "marts"}
    people.folder.joinpath("profiles.yml").write_text(
        f"shop:\n  target: dev\n  outputs:\n    dev: {json.dumps({**fields, 'query_tag': 'nightly'})}\n"
    )
    # dbt quotes nothing on Snowflake, and writes names as the profile and the files have them.
    place = {"database": fields["database"], "schema": fields["schema"]}
    people.models["model.shop.people"] |= {  # type: ignore[operator]
        **place,
        "relation_name": ".".join((*place.values(), "people")),
    }
    people.write_manifest("snowflake")
    wait = WaitPolicy(0, time.monotonic, time.sleep)
    warehouse = open_warehouse(Connection("snowflake", fields, Path(), "", wait))
    warehouse.create_schema("marts")
    warehouse.execute(PEOPLE)
    yield warehouse
    warehouse.close()


def test_sends_everything_then_what_changed_then_nothing(
    people: Shop, sandbox: Any, builder: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = people.cli("run")
    assert first.code == 0, first.err
    users = {user.email: user.data for user in sandbox.project.users.values()}
    assert len(users) == 3
    assert (users["ada@example.com"]["firstName"], users["ada@example.com"]["age"]) == ("Ada", 36)
    builder.execute("UPDATE marts.people SET age = 42 WHERE first_name = 'Bob'")
    planned = people.cli("plan")
    assert planned.code == 0, planned.err
    assert "1 changed" in people.cli("run").out
    assert {user.email: user.data["age"] for user in sandbox.project.users.values()}["bob@example.com"] == 42

    sent: list[str] = []
    send = Snowflake._send
    monkeypatch.setattr(Snowflake, "_send", lambda self, sql, params: sent.append(sql) or send(self, sql, params))
    assert "3 unchanged" in people.cli("run").out
    verbs = [sql.split()[0] for sql in sent]
    counted = {verb: verbs.count(verb) for verb in verbs}
    assert counted == {"DESCRIBE": 6, "SELECT": 4, "CREATE": 1, "DELETE": 1, "INSERT": 1}
    made = [sql for sql in sent if sql.startswith("CREATE")]
    assert all(sql.startswith("CREATE OR REPLACE TEMPORARY TABLE ") for sql in made)
    assert "hush-hush" not in first.out + first.err + json.dumps(people.results)
    assert builder.query("SELECT count(*) FROM reverse_etl.sync_runs") == [(3,)]
