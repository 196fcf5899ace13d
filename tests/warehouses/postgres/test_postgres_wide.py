"""Wide models on PostgreSQL: what fits is sent; what does not is said in our words before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reference_iterable import serve_reference
from tests.warehouses.postgres.on_postgres import OnPostgres
from tests.warehouses.postgres.postgres_project import OnServer, on_server

USERS = {"object": "users", "email": "email"}


def wide(columns: int, expression: str = "i + {n}") -> str:
    """A statement that creates a model of so many columns and the e-mail."""
    listed = ", ".join(f"{expression.format(n=n)} AS c{n}" for n in range(columns))
    return f"CREATE TABLE main.people AS SELECT 'u' || i || '@shop.com' AS email, {listed} FROM generate_series(1, 3) i"


@pytest.fixture
def iterable() -> Iterator[Any]:
    with serve_reference() as reference:
        yield reference


class TestWideModels(OnPostgres):
    @pytest.fixture
    def make(self, server, tmp_path: Path, iterable) -> Callable[..., OnServer]:
        def make(made: str, **entry: object) -> OnServer:
            return on_server(server, tmp_path / "shop", iterable.url, {**USERS, **entry}, made)

        return make

    @pytest.mark.parametrize("command", ["plan", "run", "validate"])
    @pytest.mark.parametrize("columns", [840, 1_590])
    def test_too_many_columns_are_refused_in_our_words(self, make, iterable, command, columns):
        flags = ["--online"] if command == "validate" else []
        ended = make(wide(columns)).cli(command, *flags)
        assert ended.code == 2
        assert ended.says("error[too-many-fields]", f"{columns:,} fields", "500 at most", "under `fields`", "people")
        assert not ended.says("1664")
        assert iterable.applied == []

    def test_a_few_columns_of_a_wide_model_are_sent(self, make, iterable):
        project = make(wide(1_590), fields=["c7", "c1500"])
        assert project.cli("run").code == 0
        assert iterable.users["u1@shop.com"]["c1500"] == 1_501
        project.sql("UPDATE main.people SET c7 = -1 WHERE email = 'u2@shop.com'")
        assert "1 changed" in project.cli("plan").out
        assert project.cli("run").code == 0
        assert iterable.users["u2@shop.com"]["c7"] == -1

    def test_as_many_fields_as_a_definition_may_have_are_sent_with_a_key(self, make, iterable):
        project = make(wide(499), primary_key="email", on_removed="delete")
        assert project.cli("run").code == 0
        project.sql("UPDATE main.people SET c498 = -1", "DELETE FROM main.people WHERE email = 'u3@shop.com'")
        assert "2 changed" in project.cli("plan").out
        assert project.cli("run").code == 0
        assert iterable.users["u2@shop.com"]["c498"] == -1

    def test_rows_that_are_too_wide_for_our_tables_are_refused_in_our_words(self, make, iterable):
        project = make("CREATE TABLE main.source AS SELECT 1 AS one")
        project.sql(
            "DROP TABLE main.source",
            "CREATE VIEW main.people AS SELECT 'u@shop.com' AS email, "
            + ", ".join(f"repeat(md5('{n}'), 100) AS c{n}" for n in range(480)),
        )
        ended = project.cli("run")
        assert ended.code == 1
        assert ended.says("error[row-too-wide]", "8160", "under `fields`")
        assert iterable.applied == []
