"""What an Arrow column becomes, type by type; and that nothing ever becomes something else without a word."""

from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from decimal import Decimal

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.destinations.iterable.fields.column_values import convert_column
from reverse_etl.destinations.operation import Unsendable

TOO_LARGE = "the whole number does not fit 64 bits; cast the column to text in the model"
NO_YEAR = "the time is outside the years 1 to 9999"
NO_DATE = "the date is outside the years 1 to 9999"
NO_JSON = "the text is not valid JSON"
STRUCT = pa.struct([("at", pa.timestamp("ns", "UTC")), ("n", pa.list_(pa.uint64()))])


def told(values):
    """Values, with the reason in place of one that cannot be sent."""
    return [f"!{value.reason}" if isinstance(value, Unsendable) else value for value in values]


def exact(left, right):
    """Equal with types and signs: 1 is not 1.0, 0.0 is not -0.0."""
    return repr(left) == repr(right)


CASES = {
    "booleans": (pa.bool_(), [True, False, None], [True, False, None]),
    "small integers": (pa.int8(), [-128, 127, None], [-128, 127, None]),
    "large integers": (pa.int64(), [2**63 - 1, -(2**63), 2**53 + 1], [2**63 - 1, -(2**63), 2**53 + 1]),
    "uint32": (pa.uint32(), [2**32 - 1], [2**32 - 1]),
    "uint64": (pa.uint64(), [2**63 - 1, 2**63, None], [2**63 - 1, f"!{TOO_LARGE}", None]),
    "doubles": (pa.float64(), [0.1, 1e300, 10.0, None], [0.1, 1e300, 10.0, None]),
    "minus zero": (pa.float64(), [-0.0, 0.0], [-0.0, 0.0]),
    "not numbers": (pa.float64(), [math.nan, math.inf, -math.inf, 1.5], [None, None, None, 1.5]),
    "floats": (
        pa.float32(),
        [0.5, math.nan, 0.1, 16777216.0, 3.4e38, -1e-45, math.inf, None, 100.0, -0.0],
        [0.5, None, 0.1, 16777216.0, 3.4e38, -1e-45, None, None, 100.0, -0.0],
    ),
    "half floats": (pa.float16(), [1.5, None, math.inf], [1.5, None, None]),
    "decimals stay fractions": (pa.decimal128(10, 2), [Decimal("10.00"), Decimal("-0.10"), None], [10.0, -0.1, None]),
    "decimals round to the nearest double": (
        pa.decimal128(38, 20),
        [Decimal("0.10000000000000000555"), Decimal("123456789012345.67890123456789012345")],
        [0.1, 123456789012345.67890123456789012345],
    ),
    "whole decimals that no double holds": (
        pa.decimal128(38, 9),
        [Decimal(2**53 + 1), Decimal(-(2**53) - 1), Decimal(2**53 - 1), Decimal(10**20)],
        [2**53 + 1, -(2**53) - 1, float(2**53 - 1), 1e20],
    ),
    "decimals of all digits": (pa.decimal256(76, 38), [Decimal("9" * 38 + "." + "9" * 38)], [1e38]),
    "wide decimals": (pa.decimal256(60, 30), [Decimal("1.25")], [1.25]),
    "whole decimals": (
        pa.decimal128(38, 0),
        [Decimal(2**63 - 1), Decimal(-(2**63)), Decimal(7), None],
        [2**63 - 1, -(2**63), 7, None],
    ),
    "whole decimals beyond 64 bits": (
        pa.decimal128(38, 0),
        [Decimal(2**63), Decimal(-(2**63) - 1), Decimal(10**37), Decimal(1), None],
        [f"!{TOO_LARGE}"] * 3 + [1, None],
    ),
    "texts": (
        pa.string(),
        ["a", "", None, "é\U0001f600", "\u2028\x00\x1f\x7f"],
        ["a", "", None, "é\U0001f600", "\u2028\x00\x1f\x7f"],
    ),
    "large texts": (pa.large_string(), ["a", None], ["a", None]),
    "texts as views": (pa.string_view(), ["a", None], ["a", None]),
    "enums": (pa.dictionary(pa.int8(), pa.string()), ["new", None, "new"], ["new", None, "new"]),
    "naive timestamps are UTC": (
        pa.timestamp("us"),
        [dt.datetime(2026, 1, 2, 3, 4, 5, 678901, dt.timezone.utc)],
        ["2026-01-02 03:04:05 +00:00"],
    ),
    "zoned timestamps become UTC": (
        pa.timestamp("us", "America/New_York"),
        [dt.datetime(2026, 7, 1, tzinfo=dt.timezone(dt.timedelta(hours=-4)))],
        ["2026-07-01 04:00:00 +00:00"],
    ),
    "nanoseconds": (
        pa.timestamp("ns"),
        [0, 1_999_999_999, None],
        ["1970-01-01 00:00:00 +00:00", "1970-01-01 00:00:01 +00:00", None],
    ),
    "before 1970 fractions go down": (
        pa.timestamp("ns", "UTC"),
        [-1, -1_000_000_000, -1_000_000_001],
        ["1969-12-31 23:59:59 +00:00", "1969-12-31 23:59:59 +00:00", "1969-12-31 23:59:58 +00:00"],
    ),
    "milliseconds": (pa.timestamp("ms"), [1500], ["1970-01-01 00:00:01 +00:00"]),
    "seconds": (
        pa.timestamp("s"),
        [-62_135_596_800, 253_402_300_799],
        ["0001-01-01 00:00:00 +00:00", "9999-12-31 23:59:59 +00:00"],
    ),
    "infinite timestamps": (
        pa.timestamp("us"),
        [2**63 - 1, -(2**63) + 1, 0, None],
        [f"!{NO_YEAR}"] * 2 + ["1970-01-01 00:00:00 +00:00", None],
    ),
    "timestamps out of range": (
        pa.timestamp("s"),
        [-62_135_596_801, 253_402_300_800, 2**63 - 1, -(2**63)],
        [f"!{NO_YEAR}"] * 4,
    ),
    "dates": (
        pa.date32(),
        [dt.date(2026, 2, 28), dt.date(1, 1, 1), dt.date(9999, 12, 31), None],
        ["2026-02-28", "0001-01-01", "9999-12-31", None],
    ),
    "dates before 1970": (pa.date32(), [-1], ["1969-12-31"]),
    "infinite dates": (pa.date32(), [2**31 - 1, -(2**31) + 1, 0], [f"!{NO_DATE}"] * 2 + ["1970-01-01"]),
    "dates in milliseconds": (pa.date64(), [dt.date(2026, 2, 28)], ["2026-02-28"]),
    "times": (pa.time64("us"), [dt.time(1, 2, 3, 4), None], ["01:02:03.000004", None]),
    "times in seconds": (pa.time32("s"), [dt.time(1, 2, 3)], ["01:02:03"]),
    "a time of 24:00": (
        pa.time64("us"),
        [86_400_000_000, 0],
        ["!the time of day is not below 24:00", "00:00:00.000000"],
    ),
    "nothing but null": (pa.null(), [None, None], [None, None]),
    "binary": (
        pa.binary(),
        [b"x", None],
        ["!values of type binary cannot be sent; cast the column in the model", None],
    ),
    "durations": (
        pa.duration("us"),
        [1, None],
        ["!values of type duration[us] cannot be sent; cast the column in the model", None],
    ),
    "arrays": (pa.list_(pa.int32()), [[1, None], None, []], [[1, None], None, []]),
    "arrays of a fixed size": (pa.list_(pa.int32(), 2), [[1, 2], None, [3, 4]], [[1, 2], None, [3, 4]]),
    "arrays of arrays of dates": (
        pa.list_(pa.list_(pa.date32())),
        [[[dt.date(2026, 1, 1)], None], []],
        [[["2026-01-01"], None], []],
    ),
    "arrays with a value that cannot be sent": (pa.list_(pa.uint64()), [[1], [1, 2**63]], [[1], f"!{TOO_LARGE}"]),
    "structs with times and arrays inside": (
        STRUCT,
        [{"at": 0, "n": [1]}, None, {"at": None, "n": None}],
        [{"at": "1970-01-01 00:00:00 +00:00", "n": [1]}, None, {"at": None, "n": None}],
    ),
    "structs with a value that cannot be sent": (STRUCT, [{"at": 0, "n": [2**64 - 1]}], [f"!{TOO_LARGE}"]),
    "structs without members": (pa.struct([]), [{}, None], [{}, None]),
    "maps": (
        pa.map_(pa.string(), pa.timestamp("us")),
        [[("a", 0), ("b", None)], None, []],
        [{"a": "1970-01-01 00:00:00 +00:00", "b": None}, None, {}],
    ),
    "maps with keys that are no texts": (pa.map_(pa.int32(), pa.bool_()), [[(1, True)]], [{"1": True}]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_type(case):
    kind, given_values, expected = CASES[case]
    column = pa.array(given_values, kind)
    assert exact(told(convert_column(column)), expected)


@pytest.mark.parametrize("case", CASES)
def test_each_type_as_a_part_of_a_longer_column(case):
    kind, given_values, expected = CASES[case]
    column = pa.array([*given_values, *given_values, *given_values], kind)
    assert exact(told(convert_column(column.slice(len(given_values), len(given_values)))), expected)


@pytest.mark.parametrize("case", CASES)
def test_each_type_inside_an_array(case):
    kind, given_values, expected = CASES[case]
    column = pa.array([[value] for value in given_values], pa.list_(kind))
    unwrapped = [value[0] if isinstance(value, list) else value for value in told(convert_column(column))]
    assert exact(unwrapped, expected)


def test_uuids():
    value = uuid.UUID("12345678-1234-5678-1234-567812345678")
    stored = pa.array([value.bytes, None], pa.binary(16))
    assert convert_column(pa.ExtensionArray.from_storage(pa.uuid(), stored)) == [str(value), None]


def test_a_column_of_the_type_json_needs_no_hint():
    stored = pa.array(['{"a": [1]}', None, "{"], pa.string())
    assert told(convert_column(pa.ExtensionArray.from_storage(pa.json_(), stored))) == [{"a": [1]}, None, f"!{NO_JSON}"]


def test_text_that_is_not_utf8_is_one_invalid_row():
    offsets = pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0")
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xff")])
    assert told(convert_column(column)) == ["a", "!the text is not UTF-8"]
    assert told(convert_column(column, as_json=True)) == [f"!{NO_JSON}", "!the text is not UTF-8"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        ("null", None),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), f"!{TOO_LARGE}"),
        ('{"deep": [-9223372036854775809]}', f"!{TOO_LARGE}"),
        ("1" * 5000, f"!{TOO_LARGE}"),
        ("1e400", None),
        ("1.0", 1.0),
        ("-9007199254740993.00", -9007199254740993),
        ("9007199254740993.5", 9007199254740994.0),
        ("NaN", None),
        ("[-Infinity]", [None]),
        ("[1,undefined,2]", [1, None, 2]),
        (
            '{"a":[undefined,"undefined, NaN",{"b\\"undefined":undefined}]}',
            {"a": [None, "undefined, NaN", {'b"undefined': None}]},
        ),
        ("[undefinedly]", f"!{NO_JSON}"),
        ("{undefined:1}", f"!{NO_JSON}"),
        ("", f"!{NO_JSON}"),
        ("{'a': 1}", f"!{NO_JSON}"),
        ("[" * 100_000, f"!{NO_JSON}"),
        ('"2026-01-01T00:00:00Z"', "2026-01-01T00:00:00Z"),
    ],
)
def test_json_text(text, expected):
    assert exact(told(convert_column(pa.array([text]), as_json=True)), [expected])


@pytest.mark.parametrize(
    "texts",
    [
        ["5", "-7", None, "0", "999999999999999999"],
        ["5", "9223372036854775807", "9223372036854775808"],
        ["5.0", "-0.25", None, "0.1000000000000000055511151231257827", "12345678901234567890.5"],
        ["9007199254740993.00", "-0.5"],
        ["5", "5.5"],
        ["-0", "5"],
        ["5", "true"],
        ["5", "05"],
        ["5.0", "1e5"],
        [None, None],
        [],
    ],
)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_numbers_of_json_are_the_same_by_columns_and_one_by_one(texts, kind):
    alone = [convert_column(pa.array([text, "{}"], kind), as_json=True)[0] for text in texts]
    assert exact(told(convert_column(pa.array(texts, kind), as_json=True)), told(alone))


SCALARS = st.one_of(
    st.tuples(st.just(pa.int64()), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(pa.uint64()), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(pa.decimal128(38, 0)), st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal)),
    st.tuples(st.just(pa.decimal128(20, 4)), st.decimals(-(10**15), 10**15, places=4)),
    st.tuples(st.just(pa.float64()), st.floats()),
    st.tuples(st.just(pa.string()), st.text()),
    st.tuples(st.just(pa.bool_()), st.booleans()),
)


def wanted(kind, value):
    """What JSON must give back for a value, or the reason why it cannot be sent."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, Decimal) and kind.scale > 0:
        return float(value)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return int(value) if -(2**63) <= value < 2**63 else f"!{TOO_LARGE}"
    return value


@settings(max_examples=200, deadline=None)
@given(SCALARS, st.booleans())
def test_json_gives_back_the_value_or_the_row_is_invalid(typed, nested):
    kind, value = typed
    column = pa.array([{"x": [value, None]}], pa.struct([("x", pa.list_(kind))])) if nested else pa.array([value], kind)
    [found] = told(convert_column(column))
    expected = wanted(kind, value)
    if nested and not (isinstance(found, str) and found.startswith("!")):
        expected = {"x": [expected, None]}
    assert exact(json.loads(orjson.dumps(found)), expected)


@settings(max_examples=200, deadline=None)
@given(st.datetimes(), st.sampled_from(["s", "ms", "us"]))
def test_every_moment_of_the_calendar(moment, unit):
    [text] = convert_column(pa.array([moment.replace(microsecond=0)], pa.timestamp(unit)))
    assert dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").replace(tzinfo=None) == moment.replace(microsecond=0)


@settings(max_examples=200, deadline=None)
@given(st.dates())
def test_every_day_of_the_calendar(day):
    assert convert_column(pa.array([day])) == [day.isoformat()]
