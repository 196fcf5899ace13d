"""Columns of all types of Arrow, and their values, for tests that draw them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st

TEXTS = st.one_of(
    st.text(max_size=5), st.sampled_from(['"', "\\", "a\nb", "\x7f", "é", "😀", "\u2028", "", "null", "a,b"])
)
JSON = st.sampled_from(
    ["1", "1.5", '"x"', "null", "true", '{"a": [1, null]}', "[]", "{}", "nope", "123456789012345678901", '"\\ud800"']
)
# All that nanoseconds reach.
YEARS = (datetime(1700, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001  the column has the zone
# A type of Arrow, its values, and whether the column holds JSON.
COLUMNS = (
    (pa.string(), TEXTS, False),
    (pa.large_string(), TEXTS, False),
    (pa.dictionary(pa.int8(), pa.string()), TEXTS, False),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1), False),
    (pa.int8(), st.integers(-128, 127), False),
    (pa.uint64(), st.integers(0, 2**64 - 1), False),
    (pa.bool_(), st.booleans(), False),
    (pa.float64(), st.one_of(st.floats(), st.sampled_from([1e16, 1e22, 5e-324, -0.0, 1.0])), False),
    (pa.float32(), st.floats(width=32), False),
    (pa.decimal128(12, 2), st.integers(-(10**12) + 1, 10**12 - 1).map(lambda n: Decimal(n).scaleb(-2)), False),
    (pa.decimal128(38, 3), st.integers(-(10**30), 10**30).map(lambda n: Decimal(n).scaleb(-3)), False),
    (pa.decimal128(38, 0), st.integers(-(10**37), 10**37).map(Decimal), False),
    (pa.timestamp("us"), st.datetimes(), False),
    (pa.timestamp("ns", "UTC"), st.datetimes(*YEARS), False),
    (pa.timestamp("s"), st.integers(-(2**50), 2**50), False),
    (pa.date32(), st.dates(), False),
    (pa.time64("us"), st.times(), False),
    (pa.list_(pa.string()), st.lists(TEXTS, max_size=2), False),
    (
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
        st.fixed_dictionaries({"a": st.integers(0, 9), "b": TEXTS}),
        False,
    ),
    (
        pa.list_(pa.list_(pa.int64())),
        st.lists(st.one_of(st.none(), st.lists(st.integers(0, 9), max_size=2)), max_size=2),
        False,
    ),
    (pa.large_list(pa.float64()), st.lists(st.floats(), max_size=2), False),
    (
        pa.struct([("a", pa.list_(pa.date32())), ("b", pa.struct([("c", pa.uint64())]))]),
        st.fixed_dictionaries(
            {"a": st.lists(st.dates(), max_size=2), "b": st.none() | st.just({"c": 2**64 - 1}) | st.just({})}
        ),
        False,
    ),
    (pa.binary(), st.binary(max_size=3), False),
    (pa.null(), st.none(), False),
    (pa.string(), JSON, True),
    (pa.string(), st.sampled_from(["1", "22", "-3"]), True),
)


@st.composite
def columns(draw, rows):
    """Return a column of any type, and whether it holds JSON."""
    kind, values, as_json = draw(st.sampled_from(COLUMNS))
    return pa.array(draw(st.lists(st.one_of(st.none(), values), min_size=rows, max_size=rows)), kind), as_json
