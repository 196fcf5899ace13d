"""If a role cannot create temporary tables, the run compares without them, and the log says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.errors import WarehouseError
from reverse_etl.events import Event
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import ReferenceServer
from tests.stories.project import Project
from tests.stories.running import opened, run

META = {"object": "users", "email": "email"}


class Refusing(DuckDB):
    """Refuses to write temporary tables, with an error code."""

    refused = ""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._refuse(sql)
        return super().query(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        self._refuse(sql)
        return super().execute(sql, params)

    def _refuse(self, sql: str) -> None:
        if self.refused and "reverse_etl_scratch" in sql:
            raise WarehouseError(self.refused, "no temporary table for you", context={}, hint="None.")


@pytest.mark.parametrize("refused", ["permission-denied", "read-only", ""])
def test_log_says_that_no_temporary_table_could_be_made(
    tmp_path: Path, iterable: ReferenceServer, refused: str
) -> None:
    project = Project.make(tmp_path / "shop", iterable.url, META)
    project.sql("CREATE TABLE people AS SELECT 'jo@shop.com' AS email, 'Jo' AS name")
    warehouse = opened(Refusing, project.folder)
    told: list[Event] = []
    run(warehouse, iterable.url, META, Settings(user_pause=0), listener=told.append)
    assert not [event for event in told if event.name == "PlainComparison"]  # with nothing, nothing is compared
    project.sql("UPDATE people SET name = 'Joe'")
    warehouse.refused = refused  # type: ignore[attr-defined]
    result = run(warehouse, iterable.url, META, Settings(user_pause=0), listener=told.append)
    assert (result.status, result.counts.accepted) == (SyncStatus.SUCCESS, 1)
    plain = [event for event in told if event.name == "PlainComparison"]
    assert [event.data["reason"] for event in plain] == ([refused] if refused else [])
    assert all(f"({refused})" in event.message for event in plain)
