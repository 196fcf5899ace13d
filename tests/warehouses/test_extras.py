"""An environment without an extra: for every missing part, the error names the extra before anything is read."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FIELDS = {
    "duckdb": {"path": "shop.duckdb"},
    "postgres": {"host": "127.0.0.1", "port": 1, "user": "u", "password": "p", "dbname": "shop"},
    "snowflake": {"account": "a", "user": "u", "password": "p", "database": "d", "warehouse": "w"},
    "bigquery": {"method": "oauth", "project": "p", "dataset": "d"},
}
PARTS = [
    ("duckdb", "duckdb"),
    ("duckdb", "pyarrow"),
    ("postgres", "psycopg"),
    ("postgres", "psycopg_binary"),
    ("postgres", "adbc_driver_postgresql"),
    ("postgres", "pyarrow"),
    ("snowflake", "snowflake.connector"),
    ("snowflake", "pyarrow"),
    ("bigquery", "google.cloud.bigquery"),
    ("bigquery", "google.cloud.bigquery_storage"),
    ("bigquery", "pyarrow"),
]
SCRIPT = """
import json, sys, time
from pathlib import Path
_, kind, fields, *blocked = sys.argv
class Hiding:
    def __init__(self, finder): self.finder = finder
    def __getattr__(self, name): return getattr(self.finder, name)
    def find_spec(self, name, *rest):
        hidden = any(name == one or name.startswith(one + ".") for one in blocked)
        return None if hidden else self.finder.find_spec(name, *rest)
sys.meta_path[:] = map(Hiding, sys.meta_path)
import ctypes.util
ctypes.util.find_library = lambda name: None
from reverse_etl.errors import ConfigError
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import WaitPolicy
Path("shop.duckdb").touch()
try:
    wait = WaitPolicy(0, time.monotonic, lambda seconds: None)
    open_warehouse(Connection(kind, json.loads(fields), Path(), "200MB", wait)).query("SELECT 1")
except ConfigError as error:
    print(error.code, error.context["missing"], error.hint)
"""


@pytest.mark.parametrize(("kind", "part"), PARTS)
def test_missing_part_of_an_extra_names_the_extra(kind, part, tmp_path):
    command = [sys.executable, "-c", SCRIPT, kind, json.dumps(FIELDS[kind]), part]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    code, missing, hint = ended.stdout.rstrip("\n").split(" ", 2) if ended.stdout else ("", "", ended.stderr)
    assert code == "missing-extra", hint
    assert part.split(".")[0].startswith(missing.split(".")[0].split("[")[0])
    assert hint == f'Install it: pip install "reverse-etl[{kind}]"'
