"""If a role cannot create temporary tables, the run compares without them, and the log says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.errors import WarehouseError
from reverse_etl.events import Event
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB, DuckDBDialect
from tests.reference_iterable import ReferenceServer
from tests.stories.project import Project
from tests.stories.running import opened, run

META = {"object": "users", "email": "email"}


class WritingDialect(DuckDBDialect):
    writes_temporary: ClassVar[bool] = True


class Writing(DuckDB):
    """Writes what it reads more than once to temporary tables, unless that is refused."""

    refused = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.dialect = WritingDialect()

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._refuse(sql)
        return super().query(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        self._refuse(sql)
        return super().execute(sql, params)

    def _refuse(self, sql: str) -> None:
        if self.refused and "CREATE TEMP TABLE" in sql:
            raise WarehouseError(self.refused, "no temporary table for you", context={}, hint="None.")


@pytest.mark.parametrize("refused", ["permission-denied", "read-only", ""])
def test_log_says_that_no_temporary_table_could_be_made(
    tmp_path: Path, iterable: ReferenceServer, refused: str
) -> None:
    project = Project.make(tmp_path / "shop", iterable.url, META)
    project.sql("CREATE TABLE people AS SELECT 'jo@shop.com' AS email, 'Jo' AS name")
    warehouse = opened(Writing, project.folder)
    warehouse.refused = refused  # type: ignore[attr-defined]
    told: list[Event] = []
    result = run(warehouse, iterable.url, META, Settings(user_pause=0), listener=told.append)
    assert (result.status, result.counts.accepted) == (SyncStatus.SUCCESS, 1)
    plain = [event for event in told if event.name == "PlainComparison"]
    assert [event.data["reason"] for event in plain] == ([refused] if refused else [])
    assert all(f"({refused})" in event.message for event in plain)
