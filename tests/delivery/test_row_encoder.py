"""Batches of a plan into changes: which rows can be sent, and what their JSON is."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest

from reverse_etl.change import Kind, Status
from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type

SOURCES = (
    Source("name", "v1"),
    Source("plan.tier", "v2"),
    Source("plan.since", "v3"),
    Source("extra", "v4", json=True),
)


def body(row):
    return {"email": row.identity, "dataFields": row.data}


FORM = RowFormat(body, convert_to_type)


def batch(kinds, **columns):
    count = len(kinds)
    names = {"ordinal": list(range(10, 10 + count)), "kind": kinds, "identity": [f"u{n}@x.com" for n in range(count)]}
    return pa.RecordBatch.from_pydict(names | columns)


def one(sources, value, kind="changed", **options):
    encoded = Encoder(sources, RowFormat(body, convert_to_type, **options)).encode(batch([kind], v1=value))
    return json.loads(encoded.changes[0].body)["dataFields"]


def test_dots_make_nested_objects():
    encoded = Encoder(SOURCES, FORM).encode(
        batch(["added", "changed"], v1=["A", None], v2=["gold", None], v3=[1, None], v4=['{"k": 1}', None])
    )
    assert [(c.ordinal, c.kind, c.identity) for c in encoded.changes] == [
        (10, Kind.ADDED, "u0@x.com"),
        (11, Kind.CHANGED, "u1@x.com"),
    ]
    assert json.loads(encoded.changes[0].body) == {
        "email": "u0@x.com",
        "dataFields": {"name": "A", "plan": {"tier": "gold", "since": 1}, "extra": {"k": 1}},
    }
    assert json.loads(encoded.changes[1].body)["dataFields"] == {
        "name": None,
        "plan": {"tier": None, "since": None},
        "extra": None,
    }


def test_rows_the_plan_held_back_are_passed_on_and_not_sent():
    encoded = Encoder(SOURCES[:1], FORM).encode(batch(["invalid", "added", "invalid"], v1=["a", "b", "c"]))
    assert encoded.invalid == [10, 12]
    assert [change.ordinal for change in encoded.changes] == [11]


def test_a_value_that_cannot_be_sent_makes_its_row_invalid_and_no_other():
    values = pa.array([1, 2**64 - 1, 3], pa.uint64())
    encoded = Encoder((Source("n", "v1"),), FORM).encode(batch(["added"] * 3, v1=values))
    assert [change.ordinal for change in encoded.changes] == [10, 12]
    [outcome] = encoded.outcomes
    assert (outcome.ordinal, outcome.status, outcome.code) == (11, Status.INVALID, "unsendable-value")
    assert outcome.reason.startswith("field `n`: the whole number")
    assert "18446744073709551615" not in outcome.reason


@pytest.mark.parametrize("text", ['"\\ud800"', '{"a":' * 300 + "1" + "}" * 300], ids=["lone surrogate", "too deep"])
def test_json_that_cannot_be_written_again_makes_its_row_invalid(text):
    encoded = Encoder((Source("j", "v1", json=True),), FORM).encode(batch(["added"] * 2, v1=[text, "1"]))
    assert [change.ordinal for change in encoded.changes] == [11]
    assert [outcome.ordinal for outcome in encoded.outcomes] == [10]


def test_a_removed_row_is_cleared_whatever_its_values():
    encoder = Encoder(
        (Source("n", "v1"), Source("p.q", "v2"), Source("userId", "v3")),
        RowFormat(body, convert_to_type, keeps_on_clear=["userId"]),
    )
    values = {"v1": pa.array([2**64 - 1], pa.uint64()), "v2": ["x"], "v3": ["C-1"]}
    encoded = encoder.encode(batch(["removed"], **values))
    assert json.loads(encoded.changes[0].body)["dataFields"] == {"n": None, "p": {"q": None}}
    assert encoded.changes[0].kind is Kind.REMOVED


def test_skipped_nulls_leave_the_field_out_and_objects_that_are_empty_then():
    sources = (Source("a", "v1", skip_nulls=True), Source("o.b", "v2", skip_nulls=True), Source("c", "v3"))
    columns = {"v1": ["x", None], "v2": [None, "y"], "v3": [None, 1]}
    encoded = Encoder(sources, FORM).encode(batch(["changed"] * 2, **columns))
    found = [json.loads(change.body)["dataFields"] for change in encoded.changes]
    assert found == [{"a": "x", "c": None}, {"o": {"b": "y"}, "c": 1}]


def test_a_null_of_not_a_number_is_skipped_as_well():
    assert one((Source("a", "v1", skip_nulls=True),), [float("nan")]) == {}


def test_no_fields_at_all():
    encoded = Encoder((), FORM).encode(batch(["added", "removed"]))
    assert [json.loads(change.body)["dataFields"] for change in encoded.changes] == [{}, {}]


def test_an_empty_batch():
    encoded = Encoder(SOURCES[:1], FORM).encode(batch([], v1=pa.array([], pa.string())))
    assert (encoded.changes, encoded.outcomes, encoded.invalid) == ([], [], [])


@pytest.mark.parametrize(
    "text", ['tab\t quote" back\\slash', "\x00\x01\x1f\x7f", "\u2028\u2029", "\U0001f600\u202e", "Ω"]
)
def test_texts_survive(text):
    assert one((Source("t", "v1"),), [text]) == {"t": text}


@pytest.mark.parametrize(
    ("values", "json_text"),
    [
        (pa.array([Decimal("10.00")]), b'"t":10.0'),
        (pa.array([-0.0]), b'"t":-0.0'),
        (pa.array([2**63 - 1]), b'"t":9223372036854775807'),
        (pa.array([float("inf")]), b'"t":null'),
    ],
)
def test_numbers_are_written_so_that_iterable_sees_their_type(values, json_text):
    encoded = Encoder((Source("t", "v1"),), FORM).encode(batch(["added"], v1=values))
    assert json_text in encoded.changes[0].body
