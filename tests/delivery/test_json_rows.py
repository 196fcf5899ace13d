"""Rows whose JSON is made column by column have the same bodies as rows that are encoded one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.delivery.json_rows import find_frame
from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable.fields.column_json import convert_to_json
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.sync import IdentityRule

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
CASTS = ("", "", "", "string", "long", "double", "boolean", "date", "object")
ROWS = 20


@st.composite
def batches(draw):
    """Return sources and a batch for them, with every kind of row."""
    names = st.sampled_from(["a", "b", "p.x", "p.y", "p.q.z", 'q"', "é"])
    paths = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    sources, columns = [], {}
    for number, path in enumerate(paths):
        kind, values, as_json = draw(st.sampled_from(COLUMNS))
        values = draw(st.lists(st.one_of(st.none(), values), min_size=ROWS, max_size=ROWS))
        columns[f"v{number}"] = pa.array(values, kind)
        skips, cast = draw(st.booleans()), draw(st.sampled_from(CASTS))
        sources.append(Source(path, f"v{number}", as_json, skips, cast=cast))
    kinds = draw(
        st.lists(st.sampled_from(["added", "changed", "resent", "removed", "invalid"]), min_size=ROWS, max_size=ROWS)
    )
    kinds = draw(st.sampled_from([kinds, ["added"] * ROWS, ["changed"] * ROWS]))
    some = ",".join(str(number) for number in range(len(paths)) if number % 2 == 0) + ","
    changed = draw(st.lists(st.sampled_from([None, "*,0,", "0,", some]), min_size=ROWS, max_size=ROWS))
    changed = draw(st.sampled_from([changed, [some] * ROWS, [None] * ROWS]))
    identities = [f"→ {n}" if n % 7 == 0 and draw(st.booleans()) else f'u"{n}é' for n in range(ROWS)]
    heads = {
        "ordinal": list(range(ROWS)),
        "kind": kinds,
        "identity": identities,
        "changed": pa.array(changed, pa.string()),
    }
    return sources, pa.RecordBatch.from_pydict(heads | columns)


def body(row):
    return {"email" if not row.key else row.key: row.identity, "dataFields": row.data, "preferUserId": True}


FORMS = [
    RowFormat(body, convert_to_type, merge_depth=depth, rule=rule)
    for depth in (None, 1, 2)
    for rule in (IdentityRule("email", ("e",)), IdentityRule("email", ("e",), otherwise=IdentityRule("→", ("u",))))
]


@given(batches(), st.sampled_from(FORMS))
def test_bodies_are_those_of_rows_encoded_one_by_one(drawn, form):
    sources, batch = drawn
    assert both_ways(sources, form, batch)


def both_ways(sources, form, batch):
    """Encode rows column by column. They must be the rows that are encoded one by one."""
    fast = Encoder(sources, replace(form, encode_json=convert_to_json)).encode(batch)
    listed = replace(fast, changes=list(fast.changes))
    assert listed == Encoder(sources, form).encode(batch)
    return listed


@pytest.mark.parametrize("start", [0, 3])
def test_a_slice_of_a_batch_is_encoded_from_its_own_rows(start):
    texts = ['"quoted"'] * 3 + [f"plain {n}" for n in range(30)]
    whole = pa.RecordBatch.from_pydict(
        {
            "ordinal": list(range(33)),
            "kind": ["added"] * 33,
            "identity": [f"u{n}" for n in range(33)],
            "v": pa.array(texts),
        }
    )
    source, form = [Source("v", "v")], RowFormat(body, convert_to_type)
    batch = whole.slice(start, 20)
    fast = both_ways(source, form, batch)
    assert [change.ordinal for change in fast.changes] == list(range(start, start + 20))


def test_texts_that_are_not_utf_8_are_found():
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    column = pa.concat_arrays([broken, pa.array(["fine"] * 20)])
    batch = pa.RecordBatch.from_pydict(
        {
            "ordinal": list(range(21)),
            "kind": ["added"] * 21,
            "identity": [f"u{n}" for n in range(21)],
            "v": column,
        }
    )
    form = RowFormat(body, convert_to_type, encode_json=convert_to_json)
    encoded = Encoder([Source("v", "v")], form).encode(batch)
    assert [outcome.ordinal for outcome in encoded.outcomes] == [0]
    assert len(encoded.changes) == 20


def test_a_body_that_does_not_hold_identity_and_data_once_has_no_frame():
    assert find_frame(body, "email", partial=False) is not None
    assert find_frame(lambda row: {"dataFields": row.data}, "email", partial=False) is None
    assert find_frame(lambda row: {"a": row.identity, "b": row.identity, "c": row.data}, "", partial=False) is None
    assert find_frame(lambda row: {"c": row.data, "a": row.identity}, "", partial=False) is None
