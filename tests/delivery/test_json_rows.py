"""Rows whose JSON is made column by column have the same bodies as rows that are encoded one by one."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.column_body import ColumnBody
from reverse_etl.destinations.iterable.fields.column_json import convert_to_json
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.sync import IdentityRule
from tests.delivery.drawn_columns import columns

CASTS = ("", "", "", "string", "long", "double", "boolean", "date", "object")
ROWS = 20


@st.composite
def batches(draw):
    """Return sources and a batch for them, with every kind of row."""
    names = st.sampled_from(["a", "b", "p.x", "p.y", "p.q.z", 'q"', "é"])
    paths = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    sources, values = [], {}
    for number, path in enumerate(paths):
        values[f"v{number}"], as_json = draw(columns(ROWS))
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
    return sources, pa.RecordBatch.from_pydict(heads | values)


def body(row):
    return {"email" if not row.key else row.key: row.identity, "dataFields": row.data, "preferUserId": True}


def by_column(rows):
    return {"email" if not rows.key else rows.key: rows.identity, "dataFields": rows.build_data(), "preferUserId": True}


BY_COLUMN = {"encode_json": convert_to_json, "by_column": ColumnBody(by_column)}
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
    """Encode rows column by column. Rows that are encoded one by one are the same."""
    fast = Encoder(sources, replace(form, **BY_COLUMN)).encode(batch)
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
    form = RowFormat(body, convert_to_type, **BY_COLUMN)
    encoded = Encoder([Source("v", "v")], form).encode(batch)
    assert [outcome.ordinal for outcome in encoded.outcomes] == [0]
    assert len(encoded.changes) == 20


def test_a_body_that_declines_leaves_its_rows_to_be_encoded_one_by_one():
    batch = pa.RecordBatch.from_pydict(
        {"ordinal": list(range(20)), "kind": ["added"] * 20, "identity": [f"u{n}" for n in range(20)], "v": [1] * 20}
    )
    form, source = RowFormat(body, convert_to_type), [Source("v", "v")]
    declined = replace(form, encode_json=convert_to_json, by_column=ColumnBody(lambda _rows: None))
    assert Encoder(source, declined).encode(batch) == Encoder(source, form).encode(batch)
