"""Bodies that are made of columns are the same as bodies of rows that are encoded one by one: of each object."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.column_json import convert_to_json
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.iterable.identity import Identifiers
from reverse_etl.destinations.iterable.objects.subscriptions import REGISTERS, _body, _by_column
from reverse_etl.destinations.iterable.resources.named_resources import NamedResource
from reverse_etl.destinations.iterable.resources.resource_ids import ReferenceReader
from tests.delivery.drawn_columns import columns
from tests.destinations.iterable.objects.singles import sync_of

ROWS, ODD_ROW = 20, 5
USER = {"email": "email", "user_id": "user_id"}
EVENT = {"object": "events", "event_name": "name", "created_at": "at", "campaign_id": "campaign", **USER}
ORDER = {"object": "purchases", "total": "total", "items": "items", **USER}
CATALOG = {"object": "catalog_items", "catalog": "c", "item_id": "id"}
LIST = {"object": "list_members", "list": {"id": 1}, "email": "email"}
SUBSCRIBED = {"object": "subscriptions", "list_ids": "lists", "unsubscribed_channels": "channels"}
CASES = {
    "users": {"object": "users", **USER},
    "users, flags": {
        "object": "users",
        "user_id": "user_id",
        "prefer_user_id": True,
        "merge_nested_objects": True,
        "mode": "update",
    },
    "events": {**EVENT, "event_id": "id"},
    "events, hashed ids": {**EVENT, "primary_key": ["id"], "event_name": {"value": "Visit"}, "create_new_fields": True},
    "events, times that may be missing": {**EVENT, "event_id": "id", "created_at": {"column": "at", "nulls": "skip"}},
    "catalog items": CATALOG,
    "catalog items, update": {**CATALOG, "mode": "update"},
    "list members": LIST,
    "list members, fields": {**LIST, "user_id": "user_id", "fields": {"a": "a"}, "merge_nested_objects": True},
    "subscriptions": {**SUBSCRIBED, "email": "email"},
    "subscriptions, both": {**SUBSCRIBED, **USER, "subscribed_message_types": {"value": [21, "News"]}},
    "purchases": {**ORDER, "purchase_id": "id"},
    "purchases, hashed ids": {**ORDER, "primary_key": ["id"], "prefer_user_id": True, "template_id": "campaign"},
    "purchases, members": {**ORDER, "purchase_id": "id", "items": {"column": "items", "sku": {"value": "s"}}},
    "carts": {"object": "carts", "items": "items", **USER},
    "carts, flags": {"object": "carts", "items": "items", "user_id": "user_id", "prefer_user_id": True},
}
NAMES = [NamedResource(1, "VIP"), NamedResource(21, "Offers"), NamedResource(22, "News"), NamedResource(31, "Ads")]
ITEM = {"id": "p", "name": "Shoe", "price": 1.5, "quantity": 2}
NOON = dt.datetime(2026, 1, 2, 12, 0, 0, 600_000, tzinfo=dt.timezone.utc)
# Values of each key in columns of several types: two usual ones first.
USUAL = {
    "email": [pa.array(["ada@x.com", "bob@x.com", "é@x.com", 'q"@x.com', " ", "", None])],
    "user_id": [pa.array(["C-1", "7", None, "\\", "\n", "\u2003"])],
    "event_name": [pa.array(["Visit", "Order", "1", "", " ", "\n", '"', "→", None]), pa.array([7, 8, None])],
    "created_at": [
        pa.array(
            [NOON, NOON + dt.timedelta(days=1), None, dt.datetime(9999, 1, 1, tzinfo=dt.timezone.utc)],
            pa.timestamp("us", "UTC"),
        ),
        pa.array([dt.date(2026, 1, 2), dt.date(1, 1, 1), dt.date(6000, 1, 1)]),
        pa.array([1767323045, 0, 1767323045678, -1, 10**11, 10**10, None]),
        pa.array(["2026-01-02 12:00:00 +00:00", "2026-01-02", "2026-02-30 12:00:00 +00:00", "x"]),
        pa.array(["2026-01-02 12:00:00 +00:00"] * 2 + ["0000-01-02 12:00:00 +00:00", "2026-01-02 12:00:60 +00:00"]),
    ],
    "campaign_id": [pa.array([77, 78, 0, None]), pa.array([7.0, 8.0, 7.5, None]), pa.array(["12", "+3", "x", ""])],
    "total": [
        pa.array([1.5, 2.0, 1e22, -0.0]),
        pa.array([Decimal("1.50"), Decimal("2.00")]),
        pa.array([5, 6, None]),
        pa.array(["1.50", "2", "x"]),
    ],
    "items": [
        pa.array([[ITEM], [ITEM, ITEM], [], None, [{**ITEM, "price": None}]]),
        pa.array(['[{"id": 1, "name": "n", "price": 2, "quantity": 1}]', "[]", '[{"id": 1}]', "7", None]),
    ],
    "list_ids": [pa.array([[1], [1, 1], [], None, [99]]), pa.array(["VIP", '["VIP", 1]', "Nothing"])],
    "unsubscribed_channels": [pa.array([31, 31, None]), pa.array(["Ads", "31", None, ""])],
}
USUAL["template_id"] = USUAL["campaign_id"]
# Keys whose columns hold JSON, if they hold texts.
JSON = ("items",)
IDENTITIES = [f"id-{n}" for n in range(ROWS)], ["A_1", "é", 'q"', "x" * 512, "x" * 513, '"' * 300, "", *"0123456789abc"]


def bound_of(case, project):
    """Return an object as a run has it: subscriptions know the names of what Iterable has."""
    sync = sync_of({"name": "s", **CASES[case]})
    bound = bind(sync, project)
    if sync.object != "subscriptions":
        return sync, bound
    readers = [ReferenceReader(field.path, REGISTERS[field.path], NAMES) for field in sync.entry.key_fields()]
    identifiers = Identifiers.of(sync.entry, project)

    def body(row):
        return _body(identifiers, readers, row)

    return sync, replace(bound, body=body, by_column=_by_column(project, readers))


def form_of(sync, bound):
    kept = [field.path for field in bound.fields if not field.from_key]
    depth = bound.merge_depth if sync.sends_changed_fields else None
    return RowFormat(bound.body, convert_to_type, bound.user, kept, bound.identity, depth)


def source_of(field, column, *, as_json=False):
    return Source(field.path, column, as_json or field.column is None, field.nulls == "skip", field.from_key)


def constant(field):
    return pa.array([json.dumps(field.constant)] * ROWS)


def usual(column, odd=None):
    """Return a column of the two usual values, and of one that is not in one row."""
    numbers = [number % 2 for number in range(ROWS)]
    if odd is not None:
        numbers[ODD_ROW] = odd
    return column.take(pa.array(numbers))


@st.composite
def drawn_keys(draw, path):
    column = draw(st.sampled_from(USUAL[path]))
    return usual(column, draw(st.sampled_from([None, *range(2, len(column))])))


@st.composite
def plans(draw, bound):
    """Return sources and a batch: with usual values of keys and unusual ones, and data of all types."""
    sources, values = [], {}
    for field in bound.fields:
        if field.column is None:
            column, as_json = constant(field), True
        elif draw(st.integers(0, 5)) and field.path in USUAL:
            column = draw(drawn_keys(field.path))
            as_json = field.path in JSON and column.type == pa.string()
        else:
            column, as_json = draw(columns(ROWS))
        values[f"k{len(sources)}"] = column
        sources.append(source_of(field, f"k{len(sources)}", as_json=as_json))
    for path in draw(st.lists(st.sampled_from(["a", "b", "p.x", "p.q.y"]), max_size=3, unique=True)):
        values[f"v{path}"], as_json = draw(columns(ROWS))
        sources.append(Source(path, f"v{path}", as_json, draw(st.booleans())))
    kinds = draw(st.sampled_from([["added"], ["changed"], ["added", "added", "resent", "removed", "invalid"]]))
    numbers = [f"{number}," for number in range(len(sources))]
    some = draw(st.sampled_from([None, "".join(numbers[:1]), "".join(numbers)]))
    heads = {
        "ordinal": list(range(ROWS)),
        "kind": [kinds[number % len(kinds)] for number in range(ROWS)],
        "identity": draw(identities(bound.identity)),
        "changed": pa.array([some] * ROWS, pa.string()),
    }
    return sources, pa.RecordBatch.from_pydict(heads | values)


@st.composite
def identities(draw, rule):
    found = [draw(st.sampled_from(IDENTITIES))[number] for number in range(ROWS)]
    other = rule.otherwise
    return found if other is None or draw(st.booleans()) else [f"{other.mark}{found[0]}", *found[1:]]


def assert_both_agree(sync, bound, sources, batch):
    form = form_of(sync, bound)
    by_column = replace(form, encode_json=convert_to_json, by_column=bound.by_column)
    encoded = Encoder(sources, by_column).encode(batch)
    assert replace(encoded, changes=list(encoded.changes)) == Encoder(sources, form).encode(batch)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_bodies_are_those_of_rows_encoded_one_by_one(case, data):
    sync, bound = bound_of(case, data.draw(st.sampled_from(ProjectType)))
    sources, batch = data.draw(plans(bound))
    assert_both_agree(sync, bound, sources, batch)


def usual_plan(bound, **others):
    """Return sources and a batch of usual values, with other columns for some keys."""
    first = {field.path: usual(USUAL[field.path][0]) for field in bound.fields if field.column is not None}
    made = {field.path: constant(field) for field in bound.fields if field.column is None} | first | others
    heads = {"ordinal": list(range(ROWS)), "kind": ["added"] * ROWS, "identity": IDENTITIES[0], "note": ["x"] * ROWS}
    sources = [
        source_of(field, field.path, as_json=field.path in JSON and made[field.path].type == pa.string())
        for field in bound.fields
    ]
    batch = pa.RecordBatch.from_pydict({**heads, "changed": pa.array([None] * ROWS, pa.string()), **made})
    return [*sources, Source("note", "note")], batch


@pytest.mark.parametrize("case", CASES)
def test_usual_rows_are_made_of_columns_alone(case):
    sync, bound = bound_of(case, ProjectType.HYBRID)
    sources, plan = usual_plan(bound)

    def refuse(_row):
        raise AssertionError("a row was encoded by itself")

    form = replace(form_of(sync, bound), body=refuse, encode_json=convert_to_json, by_column=bound.by_column)
    encoded = Encoder(sources, form).encode(plan)
    assert [change.ordinal for change in encoded.changes] == list(range(ROWS))


@pytest.mark.parametrize("case", CASES)
def test_one_value_that_is_not_usual_changes_no_body(case):
    sync, bound = bound_of(case, ProjectType.HYBRID)
    for field in bound.fields:
        for column in USUAL[field.path] if field.column is not None else ():
            for odd in (None, *range(2, len(column))):
                sources, plan = usual_plan(bound, **{field.path: usual(column, odd)})
                assert_both_agree(sync, bound, sources, plan)


@pytest.mark.parametrize("case", ["events", "events, hashed ids", "purchases", "purchases, hashed ids"])
def test_each_row_has_the_id_that_it_would_have_alone(case):
    sync, bound = bound_of(case, ProjectType.HYBRID)
    sources, plan = usual_plan(bound)
    plan = plan.set_column(2, "identity", pa.array(IDENTITIES[1]))
    assert_both_agree(sync, bound, sources, plan)


@pytest.mark.parametrize(
    "odd", [{"a": None}, {"a.b": 1}, {"a": {}}, [{"a.b": 1}], "null", '{".":', {"a": 1.5, "b": ""}, {}]
)
@pytest.mark.parametrize("path", ["x", "x.y"])
@pytest.mark.parametrize("case", ["catalog items", "catalog items, update"])
def test_nested_values_of_an_item_are_pruned(case, path, odd):
    sync, bound = bound_of(case, ProjectType.HYBRID)
    texts = [json.dumps({"a": number}) for number in range(ROWS)]
    texts[ODD_ROW] = json.dumps(odd)
    _, plan = usual_plan(bound)
    plan = plan.append_column("x", pa.array(texts))
    sources = [Source(path, "x", json=True), Source("note", "note")]
    assert_both_agree(sync, bound, sources, plan)
