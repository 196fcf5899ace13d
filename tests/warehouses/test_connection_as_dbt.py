"""The connection is the one that dbt has: variables, working directory, encodings, and columns that look alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import entries
from reverse_etl.snapshot.columns.column_checks import missing_columns
from reverse_etl.warehouses.columns import Column, ColumnKind
from tests.cli.conftest import PEOPLE, Shop, sandbox, shop, working_in

__all__ = ["sandbox", "shop"]  # fixtures


@pytest.fixture
def moved(shop: Shop) -> Shop:
    """A shop whose profile names its file by a variable, and an old file of the same name elsewhere."""
    output = "{type: duckdb, path: \"{{ var('file', 'none') }}.duckdb\"}"
    (shop.folder / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    dev: {output}\n")
    shop.model("people")
    return shop


def test_variables_reach_the_profile_and_the_settings(moved: Shop) -> None:
    refused = moved.cli("plan")
    assert (refused.code, "error[missing-table]" in refused.err or "missing-database" in refused.err) != (0, False)
    (moved.folder / "reverse_etl.yml").write_text("destinations: {iterable: {project_type: \"{{ var('kind') }}\"}}\n")
    assert moved.cli("plan", "--vars", "{file: shop, kind: email}").code == 0
    assert moved.cli("run", "--vars", "{file: shop, kind: email}").code == 0


@pytest.mark.parametrize("text", ["[1]", "a", "{a: ", "&a [*a]"])
def test_variables_that_are_none_are_refused(moved: Shop, text: str) -> None:
    refused = moved.cli("plan", "--vars", text)
    assert (refused.code, "error[wrong-vars]" in refused.err) == (2, True)


def test_a_relative_file_is_the_one_of_the_working_directory(shop: Shop, tmp_path: Path) -> None:
    """A build from another folder wrote its file there; the one next to the project is of yesterday."""
    shop.model("people")
    here = tmp_path / "elsewhere"
    here.mkdir()
    with duckdb.connect(str(here / "shop.duckdb")) as connection:
        connection.execute(PEOPLE.format(name="people"))
        connection.execute("delete from people where first_name = 'Bob'")
    words = [sys.executable, "-m", "reverse_etl", "plan", "--output", "json", "--project-dir", str(shop.folder)]
    done = subprocess.run(words, cwd=here, env=shop.env, capture_output=True, text=True, check=False)
    assert '"added": 2' in done.stdout, done.stderr
    (here / "shop.duckdb").unlink()
    done = subprocess.run(words, cwd=here, env=shop.env, capture_output=True, text=True, check=False)
    assert "missing-database" in done.stderr
    assert "working directory" in done.stderr
    with working_in(shop.folder):
        assert shop.cli("plan").code == 0


def faults_of(definition: dict[str, Any], *names: str) -> list[Any]:
    [sync], _ = read_definitions(
        TaggedModel("people", "model.shop.people", "people", "x.yml"), definition, lambda _: entries()
    )
    return missing_columns(sync, [Column(name, "VARCHAR", ColumnKind.TEXT) for name in names])


def test_columns_that_differ_only_by_case_are_told() -> None:
    users = {"object": "users", "email": "EMAIL"}
    [fault] = faults_of({**users, "fields": {"a": "age"}}, "Email", "email", "age")
    assert (fault.code, fault.context["found"], fault.context["allowed"]) == (
        "ambiguous-column",
        "EMAIL",
        "Email, email",
    )
    [fault] = faults_of({"object": "users", "email": "email"}, "Email", "email")
    assert fault.code == "ambiguous-column"
    [fault] = faults_of({"object": "users", "email": "email"}, "email", "Age", "age")
    assert "`Age` and `age`" in fault.message


def test_columns_that_are_named_exactly_are_not_ambiguous() -> None:
    assert (
        faults_of({"object": "users", "email": "email", "fields": {"a": "Age"}}, "email", "Email", "Age", "age") == []
    )
    assert faults_of({"object": "users", "email": "EMAIL"}, "email", "age") == []
