"""Values into the types that Iterable has: each warehouse type against each of them, and what does not fit."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable.fields.column_values import convert_column
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.operation import Unsendable

ODD = "odd"
UTC = dt.timezone.utc
MOMENT = pa.array([dt.datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)], pa.timestamp("us", "UTC"))
HERE = {"lat": 52.5, "lon": 13}


def decimals(text, scale):
    return pa.array([Decimal(text)], pa.decimal128(20, scale))


@pytest.mark.parametrize(
    ("cast", "column", "expected"),
    [
        ("double", pa.array([5]), 5.0),
        ("double", decimals("10.10", 2), 10.1),
        ("double", decimals("10", 0), 10.0),
        ("double", pa.array([2.5]), 2.5),
        ("double", pa.array([True]), ODD),
        ("double", pa.array(["2.5"]), ODD),
        ("long", pa.array([5]), 5),
        ("long", pa.array([2.0]), 2),
        ("long", decimals("7.00", 2), 7),
        ("long", pa.array([2.5]), ODD),
        ("long", pa.array([1e19]), ODD),
        ("long", pa.array([-9.3e18]), ODD),
        ("long", pa.array([True]), ODD),
        ("long", pa.array(["5"]), ODD),
        ("string", pa.array(["a"]), "a"),
        ("string", pa.array([5]), "5"),
        ("string", pa.array([2.0]), "2.0"),
        ("string", pa.array([True]), "true"),
        ("string", decimals("10.10", 2), "10.10"),
        ("string", decimals("123456789012345678.90", 2), "123456789012345678.90"),
        ("keyword", pa.array([5]), "5"),
        ("string", pa.array([dt.date(2026, 1, 2)]), "2026-01-02"),
        ("string", MOMENT, "2026-01-02 03:04:05 +00:00"),
        ("string", pa.array([{"a": 1}]), ODD),
        ("boolean", pa.array([False]), False),
        ("boolean", pa.array([1]), ODD),
        ("boolean", pa.array(["true"]), ODD),
        ("date", pa.array([dt.date(2026, 1, 2)]), "2026-01-02"),
        ("date", MOMENT, "2026-01-02 03:04:05 +00:00"),
        ("date", pa.array(["2026-01-02T03:04:05.678Z"]), "2026-01-02T03:04:05.678Z"),
        ("date", pa.array(["2026-01-02 03:04:05.678"]), ODD),
        ("date", pa.array(["2026-02-30"]), ODD),
        ("date", pa.array(["soon"]), ODD),
        ("date", pa.array([1_700_000_000]), ODD),
        ("object", pa.array([{"a": 1}]), {"a": 1}),
        ("object", pa.array(["a"]), ODD),
        ("geo_location", pa.array([HERE]), {"lat": 52.5, "lon": 13.0}),
        ("geo_location", pa.array([json.dumps(HERE)]), {"lat": 52.5, "lon": 13.0}),
        (
            "geo_location",
            pa.array([{"lat": None, "lon": None}], pa.struct({"lat": pa.float64(), "lon": pa.float64()})),
            None,
        ),
        ("geo_location", pa.array([{"lat": 52.5, "lon": None}]), ODD),
        ("geo_location", pa.array([{"lat": 90.1, "lon": 0.0}]), ODD),
        ("geo_location", pa.array([{"lat": 0.0, "lon": -180.5}]), ODD),
        ("geo_location", pa.array([{"lat": 1.0, "lng": 2.0}]), ODD),
        ("geo_location", pa.array([{"lat": 1.0, "lon": 2.0, "alt": 3.0}]), ODD),
        ("geo_location", pa.array(["52.5,13"]), ODD),
        ("geo_location", pa.array(["{"]), ODD),
        ("geo_location", pa.array(['{"lat": 1e999, "lon": 0}']), ODD),
        ("geo_location", pa.array(['{"lat": NaN, "lon": 0}']), ODD),
        ("geo_location", pa.array(['{"lat": true, "lon": 0}']), ODD),
        ("geo_location", pa.array([5]), ODD),
        ("something new", pa.array([5]), 5),
    ],
)
def test_a_value_fits_or_is_odd(cast, column, expected):
    [found] = convert_to_type(column, cast)
    if expected is ODD:
        assert isinstance(found, Unsendable)
        assert f"`{cast}`" in found.reason
    else:
        assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("cast", ["string", "long", "double", "boolean", "date", "object", "geo_location"])
def test_nulls_stay_nulls_and_what_was_odd_stays_odd(cast):
    assert convert_to_type(pa.array([None, None], pa.string()), cast) == [None, None]
    [found] = convert_to_type(pa.array([2**63], pa.uint64()), cast)
    assert "64 bits" in found.reason


def test_elements_of_arrays_are_fitted_one_by_one():
    assert convert_to_type(pa.array([[1, 2], [], None, [None]]), "string") == [["1", "2"], [], None, [None]]
    [odd] = convert_to_type(pa.array([[1.0, 2.5]]), "long")
    assert isinstance(odd, Unsendable)


def test_json_is_fitted_by_what_it_says():
    column = pa.array(["1", '"1"', "[1]", '{"a":1}', None])
    found = convert_to_type(column, "string", as_json=True)
    assert [*found[:3], found[4]] == ["1", "1", ["1"], None]
    assert isinstance(found[3], Unsendable)


def test_a_value_that_does_not_fit_holds_its_row_back_without_being_told():
    plan = pa.RecordBatch.from_pydict(
        {"ordinal": [0, 1], "kind": ["added", "added"], "identity": ["a", "b"], "v1": ["2026-01-02", "secret"]}
    )
    found = Encoder([Source("born", "v1", cast="date")], RowFormat(lambda row: row.data, convert_to_type)).encode(plan)
    assert [change.ordinal for change in found.changes] == [0]
    [outcome] = found.outcomes
    assert (outcome.ordinal, outcome.code) == (1, "unsendable-value")
    assert "`born`" in outcome.reason
    assert "`date`" in outcome.reason
    assert "secret" not in outcome.reason


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**63), 2**63 - 1)), max_size=5))
def test_what_fits_a_number_type_keeps_its_value(values):
    numbers = [float(value) if value is not None else None for value in values]
    column = pa.array(numbers, pa.float64())
    for cast in ("double", "long", "string"):
        for before, after in zip(convert_column(column), convert_to_type(column, cast), strict=True):
            if not isinstance(after, Unsendable):
                assert after is None if before is None else math.isclose(float(after), before, rel_tol=0)


@pytest.mark.parametrize(
    ("cast", "expected"),
    [
        ("string", ["5", "5.00", "12345678901234567890", "a", "true", None]),
        ("double", [5.0, 5.0, ODD, ODD, ODD, None]),
    ],
)
def test_numbers_of_json_keep_their_digits_as_texts(cast, expected):
    texts = pa.array(["5", "5.00", "12345678901234567890", '"a"', "true", None])
    assert [ODD if isinstance(v, Unsendable) else v for v in convert_to_type(texts, cast, as_json=True)] == expected
