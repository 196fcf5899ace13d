"""Rows that carry only their changed fields: which fields go, what goes together, and what is counted."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.operation import NOTHING_TO_SEND, UnfitRow

SOURCES = (
    Source("name", "v0"),
    Source("plan.tier", "v1"),
    Source("plan.price.amount", "v2", cast="long"),
    Source("plan.price.unit", "v3"),
    Source("seen", "v4", skip_nulls=True),
    Source("lists", "v5", from_key=True),
)
VALUES = {"v0": "Ana", "v1": "gold", "v2": 3, "v3": "EUR", "v4": None, "v5": [1]}
WHOLE = {"name": "Ana", "plan": {"tier": "gold", "price": {"amount": 3, "unit": "EUR"}}}


def body(row):
    return {**row.data, **row.key_values}


def encode(changed, *, depth=1, body=body, values=VALUES, kinds=None):
    count = len(changed)
    plan = {
        "ordinal": list(range(count)),
        "kind": kinds or ["changed"] * count,
        "identity": [f"u{n}" for n in range(count)],
        "changed": changed,
        **{name: [value] * count for name, value in values.items()},
    }
    form = RowFormat(body, convert_to_type, merge_depth=depth)
    return Encoder(SOURCES, form).encode(pa.RecordBatch.from_pydict(plan))


def sent(changed, **options):
    encoded = encode([changed], **options)
    return json.loads(encoded.changes[0].body)


@pytest.mark.parametrize(
    ("changed", "depth", "fields"),
    [
        ("0,", 1, {"name": "Ana"}),
        ("1,", 1, {"plan": WHOLE["plan"]}),
        ("0,3,", 1, WHOLE),
        ("1,", 2, {"plan": {"tier": "gold"}}),
        ("2,", 2, {"plan": {"price": {"amount": 3, "unit": "EUR"}}}),
        ("5,", 1, {"lists": [1]}),
        ("*,0,", 1, {**WHOLE, "lists": [1]}),
        ("*,", 2, {**WHOLE, "lists": [1]}),
    ],
)
def test_only_the_fields_go_that_the_destination_replaces_with_a_changed_one(changed, depth, fields):
    assert sent(changed, depth=depth) == fields


def test_rows_of_one_batch_keep_their_order_whatever_they_carry():
    encoded = encode(["0,", "*,", "1,", "0,", None, "*,0,"], kinds=[*["changed"] * 4, "removed", "invalid"])
    assert [change.ordinal for change in encoded.changes] == [0, 1, 2, 3, 4]
    assert encoded.invalid == [5]
    assert [len(json.loads(change.body)) for change in encoded.changes] == [1, 3, 1, 1, 3]
    assert [(change.fields_sent, change.fields_spared) for change in encoded.changes] == [
        (1, 5),
        (5, 0),
        (3, 3),
        (1, 5),
        (0, 0),
    ]


def test_a_row_without_a_field_to_send_needs_no_request():
    json_null = {**VALUES, "v4": None}
    assert encode(["", "4,"], values=json_null).unneeded == [0, 1]

    def nothing(row):
        raise UnfitRow(NOTHING_TO_SEND, "nothing")

    encoded = encode(["0,", "*,0,"], body=nothing)
    assert (encoded.unneeded, [outcome.ordinal for outcome in encoded.outcomes]) == ([0], [1])


def test_a_value_that_cannot_be_sent_matters_only_if_it_goes():
    encoded = encode(["0,", "1,", "*,"], values={**VALUES, "v2": 1.5})
    assert [change.ordinal for change in encoded.changes] == [0]
    assert {outcome.code for outcome in encoded.outcomes} == {"unsendable-value"}


def test_without_a_merge_depth_every_row_goes_whole():
    form = RowFormat(body, convert_to_type)
    plan = {"ordinal": [0], "kind": ["changed"], "identity": ["u"], **{name: [value] for name, value in VALUES.items()}}
    [change] = Encoder(SOURCES, form).encode(pa.RecordBatch.from_pydict(plan)).changes
    assert json.loads(change.body) == {**WHOLE, "lists": [1]}
