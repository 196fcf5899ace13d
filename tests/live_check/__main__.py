"""Run the ten checks on an account, or print them: `make live-check`.

The account is the tests' account: variables such as REVERSE_ETL_TEST_SNOWFLAKE_ACCOUNT and
REVERSE_ETL_TEST_BIGQUERY_PROJECT.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import ReverseEtlError
from reverse_etl.snapshot.tables import tables_of
from reverse_etl.warehouses import Connection, open_warehouse
from reverse_etl.warehouses.base import ResultRow, WaitPolicy, Warehouse
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.dialect import Dialect
from tests.live_check.checks import CHECKS, Check
from tests.snapshot.test_golden_sql import DIALECTS
from tests.warehouses.bigquery import on_bigquery
from tests.warehouses.snowflake import on_snowflake

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "reverse_etl_live_check"
ACCOUNTS = {"snowflake": on_snowflake.ACCOUNT, "bigquery": {} if on_bigquery.LOCAL else on_bigquery.ACCOUNT}
_LONGEST = 300


class Printed(Warehouse):
    """No account: statements are printed, and nothing is answered."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def table(self, schema: str, name: str) -> str:
        return f"{schema}.{name}"

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        return None

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        say(sql, params)
        return []

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        say(sql, params)
        return 0

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def create_schema(self, schema: str) -> None:
        pass

    def close(self) -> None:
        pass


def say(sql: str, params: Sequence[object] = ()) -> None:
    text = " ".join(sql.split())
    more = f" … ({len(sql.encode()):,} bytes)" if len(text) > _LONGEST else ""
    bound = f"  -- with {list(params)}" if params else ""
    sys.stdout.write(f"    {text[:_LONGEST]}{more}{bound}\n")


def told(warehouse: Warehouse, answers: list[Any]) -> Warehouse:
    """The same warehouse, whose statements are printed and whose answers are kept."""
    query, execute = warehouse.query, warehouse.execute

    def asked(sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        say(sql, params)
        answers.append(found := query(sql, params))
        return found

    def done(sql: str, params: Sequence[object] = ()) -> int:
        say(sql, params)
        answers.append(touched := execute(sql, params))
        return touched

    warehouse.query, warehouse.execute = asked, done  # type: ignore[method-assign]
    return warehouse


def opened(name: str, answers: list[Any]) -> Warehouse:
    fields = ACCOUNTS[name]
    if not fields:
        return Printed(DIALECTS[name].dialect)
    wait = WaitPolicy(60, time.monotonic, time.sleep)
    warehouse = open_warehouse(Connection(name, dict(fields), Path.cwd(), "200MB", wait), read_only=False)
    return told(warehouse, answers)


def run(check: Check) -> None:
    """Print one check and, if there is an account, its answers; a refusal is an answer too."""
    sys.stdout.write(f"\n{check.number}. {check.warehouse}: {check.title}\n  tells  {check.tells}\n")
    answers: list[Any] = []
    warehouse = opened(check.warehouse, answers)
    try:
        warehouse.create_schema(SCHEMA)
        check.work(warehouse, tables_of(warehouse, SCHEMA, "live"))
    except ReverseEtlError as error:
        sys.stdout.write(f"  REFUSED  {error.code}: {error.message} {error.context}\n")
    except IndexError:
        # The next statement needs the answer of the one before.
        sys.stdout.write("    …\n")
    finally:
        warehouse.close()
    sys.stdout.write("".join(f"  answer  {answer}\n" for answer in answers))
    sys.stdout.write("" if ACCOUNTS[check.warehouse] else "  answer  not asked: no account is set\n")


def main() -> None:
    """Run every check."""
    for check in CHECKS:
        run(check)


if __name__ == "__main__":
    main()
