"""What the command line imports: a command pays for what it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reverse_etl import __version__
from tests.cli.conftest import Shop

_WAREHOUSES = {"duckdb", "psycopg", "adbc_driver_manager", "adbc_driver_postgresql", "snowflake", "google", "pyarrow"}
_DRIVERS = {*_WAREHOUSES, "starlette", "uvicorn", "dbt"}
_HEAVY = {*_DRIVERS, "pydantic", "requests", "yaml", "jinja2", "orjson", "rich", "urllib3"}
_SCRIPT = """
import sys
from reverse_etl.cli import main
sys.argv = ["reverse-etl", *sys.argv[1:]]
try:
    main()
finally:
    print("MODULES", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def _imported(shop: Shop, *words: str) -> tuple[str, set[str]]:
    # Relative paths begin at the working directory, as dbt's do, and so does the warehouse's file.
    script = [sys.executable, "-c", _SCRIPT, *words]
    ended = subprocess.run(script, cwd=shop.folder, env=shop.env, capture_output=True, text=True, check=True)
    *_, modules = ended.stderr.splitlines()
    return ended.stdout, set(modules.split()[1:])


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(people: Shop, words: list[str]) -> None:
    # Newer versions of typer read the flags of a command with pydantic themselves.
    assert not _imported(people, *words)[1] & (_HEAVY - ({"pydantic"} if "run" in words else set()))


@pytest.mark.parametrize("words", [[], ["destination"]])
def test_the_list_of_commands_is_not_cut(people: Shop, words: list[str]) -> None:
    shown = _imported(people, *words, "--help")[0]
    texts = [line.split(maxsplit=1)[1] for line in shown.partition("Commands:\n")[2].splitlines()]
    assert texts
    assert all(text.endswith(".") and not text.endswith("...") and len(text) <= 45 for text in texts)


@pytest.mark.slow
def test_a_command_imports_no_driver_that_it_does_not_use(people: Shop) -> None:
    where = ["--project-dir", str(people.folder)]
    assert not _imported(people, "schema")[1] & {*_DRIVERS, "requests", "jinja2"}
    assert not _imported(people, "list", *where)[1] & _DRIVERS
    assert not _imported(people, "validate", *where)[1] & {*_DRIVERS, "requests"}
    assert _imported(people, "status", *where)[1] & _DRIVERS == {"duckdb"}


def test_version(people: Shop) -> None:
    assert _imported(people, "--version")[0] == f"reverse-etl {__version__}\n"
