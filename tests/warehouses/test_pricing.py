"""What warehouses charge, by the formulas of their price lists; figures for rows of 170 bytes in the model."""

from __future__ import annotations

import pytest

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.cost import Cost, StatementCost
from reverse_etl.report.results import result_dict, result_lines
from reverse_etl.run.planning.cost_estimate import price_of
from reverse_etl.run.result import with_costs
from reverse_etl.settings import Settings
from reverse_etl.warehouses.bigquery.pricing import billed_bytes
from reverse_etl.warehouses.read_estimate import ReadEstimate
from reverse_etl.warehouses.snowflake.pricing import estimated_credits
from reverse_etl.warehouses.snowflake.table_size import assigned_bytes

MODEL, KEYS, VALUES = 170, 44, 144
MB = 1 << 20


def on_demand(read: int, tables: int = 3) -> float:
    price = price_of(ReadEstimate("", read, billed_bytes(read, tables)), Settings())
    assert price is not None
    return price


@pytest.mark.parametrize(
    ("rows", "bytes_a_row", "dollars"),
    [
        (50_000_000, MODEL + KEYS + VALUES, 0.10),
        (1_000_000_000, MODEL + KEYS + VALUES, 2.03),
        (50_000_000, MODEL + KEYS, 0.06),
        (1_000_000_000, MODEL + KEYS, 1.22),
        (1_000_000_000, 1_418, 8.06),
    ],
)
def test_bytes_that_are_billed_on_demand(rows: int, bytes_a_row: int, dollars: float) -> None:
    assert on_demand(rows * bytes_a_row) == pytest.approx(dollars, abs=0.005)


def test_at_least_10_mb_are_billed_for_each_table() -> None:
    assert billed_bytes(0, 0) == billed_bytes(1, 1) == 10 * MB
    assert billed_bytes(5 * MB, 3) == 30 * MB
    assert billed_bytes(30 * MB + 1, 3) == 31 * MB
    assert on_demand(1, 1) == pytest.approx(0.00006, abs=0.000001)


@pytest.mark.parametrize(
    ("stored", "credits_an_hour", "least", "most"),
    [(4_800_000_000, 1, 0.02, 0.035), (96_000_000_000, 8, 0.5, 0.8), (1, 1, 1 / 60, 1 / 60), (1, 8, 8 / 60, 8 / 60)],
)
def test_credits_are_time_times_size(stored: int, credits_an_hour: float, least: float, most: float) -> None:
    assert least <= estimated_credits(stored, credits_an_hour) <= most


def test_prices_are_settings() -> None:
    settings = Settings(price_per_tib=1.0, price_per_credit=2.0)
    assert price_of(ReadEstimate("", 1, 1 << 40), settings) == 1.0
    assert price_of(ReadEstimate("", 1, credits=0.5), settings) == 1.0
    assert price_of(ReadEstimate("", 1), settings) is None


@pytest.mark.parametrize(
    ("explained", "expected"),
    [
        ([('{"GlobalStats": {"partitionsTotal": 2, "partitionsAssigned": 2, "bytesAssigned": 1024}}',)], 1024),
        ([('{"GlobalStats": {}}',)], None),
        ([("step, id",)], None),
        ([(None,)], None),
        ([], None),
    ],
)
def test_bytes_that_a_plan_of_snowflake_reads(explained: list[tuple[str]], expected: int | None) -> None:
    assert assigned_bytes(explained) == expected


def test_a_run_has_the_price_of_its_billed_bytes() -> None:
    spent = (StatementCost("look", "WITH", Cost(1, 2, 0, 3.0, 1 << 38, 1 << 38)), StatementCost("", "", Cost(1)))
    result = with_costs(RunResult("s", "m", "r", "d", SyncStatus.SUCCESS), spent, 6.25)
    assert result.dollars == 1.5625
    costs = result_dict(result)["costs"]
    assert isinstance(costs, dict)
    assert costs["dollars"] == 1.5625
    assert any("about $1.56" in line for line in result_lines(result))
    assert with_costs(result, (StatementCost("", "", Cost(1)),), 6.25).dollars is None
