"""Request bodies of events as they leave, byte by byte; and rows that cannot leave."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from tests.destinations.iterable.objects.activity.activity_replies import hashed
from tests.destinations.iterable.objects.body_files import cases_on_file, is_on_file
from tests.destinations.iterable.objects.singles import sync_of

NOON = dt.datetime(2026, 1, 2, 12, 0, 0, 600_000, tzinfo=dt.timezone.utc)
PLAN = {
    "ordinal": [0, 1, 2],
    "kind": ["added", "changed", "added"],
    "identity": ["0f8fad5b-d9cb-469f-a165-70867728950e", "A_1", "B-2"],
    "email": ["ada@example.com", None, "bob@example.com"],
    "user_id": ["C-1", "C-2", None],
    "name": ["Order Placed", "Order Shipped", "Order Placed"],
    "at": pa.array([NOON] * 2 + [None], pa.timestamp("us", "Europe/Berlin")),
    "day": [dt.date(2026, 1, 2), dt.date(1969, 12, 31), None],
    "number": [1767323045, 1767323045678, None],
    "campaign": [77, None, 78],
    "text": ["x", None, "z"],
}
DATA = (Source("note", "text"), Source("order.total", "number"))
PEOPLE = (Source("email", "email", from_key=True), Source("user_id", "user_id", from_key=True))
NAME = Source("event_name", "name", from_key=True)
META = {
    "object": "events",
    "name": "orders",
    "event_id": "id",
    "event_name": "event_name",
    "email": "email",
    "user_id": "user_id",
}
SYNC = sync_of(META)
CASES: dict[str, tuple[dict[str, Any], tuple[Source, ...]]] = {
    "events_by_id": ({}, (*DATA, *PEOPLE, NAME)),
    "events_by_primary_key": ({"event_id": None, "primary_key": ["shop", "id"]}, (*PEOPLE, NAME)),
    "events_with_both_keys": ({"primary_key": ["id"]}, (*PEOPLE, NAME)),
    "events_at_a_time": ({}, (*PEOPLE, NAME, Source("created_at", "at", from_key=True, skip_nulls=True))),
    "events_on_a_day": ({}, (*PEOPLE, NAME, Source("created_at", "day", from_key=True, skip_nulls=True))),
    "events_at_a_number": ({}, (*PEOPLE, NAME, Source("created_at", "number", from_key=True, skip_nulls=True))),
    "events_credited": (
        {},
        (
            *PEOPLE,
            NAME,
            Source("campaign_id", "campaign", from_key=True),
            Source("template_id", "campaign", from_key=True),
        ),
    ),
    "events_without_new_fields": ({"create_new_fields": False}, (*DATA, *PEOPLE, NAME)),
    "events_with_new_fields": ({"create_new_fields": True}, (*PEOPLE, NAME)),
}


def encoded(sync, sources, plan=None):
    form = RowFormat(bind(sync, ProjectType.HYBRID).body, convert_to_type, bind(sync, ProjectType.HYBRID).user)
    return Encoder(sources, form).encode(pa.RecordBatch.from_pydict(plan or PLAN))


def one(**columns):
    """A plan of one row, with these columns."""
    row = {"ordinal": 0, "kind": "added", "identity": "e-1", "email": "ada@example.com", "user_id": None}
    return {name: [value] for name, value in {**row, "name": "Visit", **columns}.items()}


def odd(key, value):
    """The row in which a key of the definition takes this value."""
    sources = [source for source in (*PEOPLE, NAME) if source.path != key]
    return encoded(SYNC, (*sources, Source(key, "odd", from_key=True)), one(odd=value))


def request_of(case):
    changes, sources = CASES[case]
    sync = sync_of({**META, **changes})
    found = encoded(sync, sources)
    assert found.outcomes == []
    return bind(sync, ProjectType.HYBRID).operations.write.build(found.changes)


@pytest.mark.parametrize("case", CASES)
def test_the_body_is_the_one_on_file(case):
    request = request_of(case)
    assert is_on_file(case, request)
    assert (request.endpoint.method, request.path) == ("POST", "/api/events/trackBulk")


def test_every_file_has_its_case():
    assert cases_on_file("events") == set(CASES)


def test_the_frame_of_a_body_fits_the_room_kept_for_it():
    write = bind(SYNC, ProjectType.EMAIL).operations.write
    assert len(write.build([]).body) <= write.overhead


def id_of(identity, **changes):
    [change] = encoded(sync_of({**META, **changes}), (*PEOPLE, NAME), one(identity=identity)).changes
    return orjson.loads(change.body)["id"]


@pytest.mark.parametrize("identity", ["1", "e-1", "A" * 512, "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_an_id_that_iterable_takes_goes_out_as_it_is(identity):
    assert id_of(identity) == identity


@pytest.mark.parametrize("identity", ["a_1", "a 1", "A" * 513, "é", "", "a-1\n", '["a","b"]'])
def test_any_other_id_becomes_a_hash_that_stays_the_same(identity):
    """Permanently: an event that was sent under one hash would be doubled under another."""
    assert id_of(identity) == hashed("orders", identity)


def test_hashes_tell_syncs_and_rows_apart():
    """A primary key is the model's own, so it is never used as an id of the whole project."""
    keyed = {"event_id": None, "primary_key": ["id"]}
    found = [id_of("1", **keyed), id_of("2", **keyed), id_of("1", name="visits", **keyed), id_of("1_", **keyed)]
    assert len(set(found)) == len(found)
    assert all(len(one) == 64 for one in found)


def test_a_fraction_of_a_second_is_dropped_and_not_rounded():
    changes, sources = CASES["events_at_a_time"]
    first = orjson.loads(encoded(sync_of({**META, **changes}), sources).changes[0].body)
    assert first["createdAt"] == int(NOON.timestamp()) == 1_767_355_200


# Iterable would read their seconds as milliseconds.
FAR_AWAY = [dt.date(9999, 12, 31), dt.datetime(5200, 1, 1, tzinfo=dt.timezone.utc)]
# Seconds of the years 5138 and 9999, or milliseconds of the seventies.
DOUBTFUL = [100_000_000_000, 253_402_300_799.0]
NO_TIMES = ["soon", "2026-01-02T03:04:05Z", "2026-13-01", "1767323045", True, 1.5, 10**16, 10**14]
BAD = {
    "created_at": [*NO_TIMES, *FAR_AWAY, *DOUBTFUL],
    "campaign_id": ["x", 1.5, True, "1.0", 1e19],
    "template_id": ["x"],
    "event_name": [True, 1.5],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in BAD for value in BAD[key]])
def test_a_value_that_does_not_fit_holds_its_row_back(key, value):
    """The reason names the key and not the value."""
    found = odd(key, value)
    [outcome] = found.outcomes
    assert found.changes == []
    assert outcome.code == "unsendable-value"
    assert outcome.reason.startswith(f"`{key}` is not a")
    assert str(value) not in outcome.reason


@pytest.mark.parametrize(
    ("key", "value", "name", "sent"),
    [
        ("campaign_id", "77", "campaignId", 77),
        ("campaign_id", 77.0, "campaignId", 77),
        ("event_name", 5, "eventName", "5"),
        ("event_name", " Order ", "eventName", " Order "),
        ("created_at", 99_999_999_999, "createdAt", 99_999_999_999),
        ("created_at", 253_402_300_800, "createdAt", 253_402_300),
        ("created_at", 1_700_000_000_123.0, "createdAt", 1_700_000_000),
        ("created_at", -100_000_000_001, "createdAt", -100_000_001),
        ("created_at", 1.7e9, "createdAt", 1_700_000_000),
        ("created_at", dt.date(1, 1, 1), "createdAt", -62_135_596_800),
        ("created_at", dt.datetime(5138, 11, 16, 9, 46, 39, tzinfo=dt.timezone.utc), "createdAt", 99_999_999_999),
    ],
)
def test_a_value_of_another_type_that_loses_nothing_is_taken(key, value, name, sent):
    [change] = odd(key, value).changes
    assert orjson.loads(change.body)[name] == sent


@pytest.mark.parametrize(
    ("value", "json"), [(float("nan"), False), (float("inf"), False), ("null", True), (None, False)]
)
def test_a_time_that_is_none_holds_its_row_back_as_null_does(value, json):
    sources = [*PEOPLE, NAME, Source("created_at", "odd", from_key=True, json=json)]
    found = encoded(SYNC, sources, one(odd=value))
    assert [outcome.code for outcome in found.outcomes] == ["null-created-at"]
    assert found.changes == []


def test_a_time_that_may_be_missing_is_left_out():
    sources = [*PEOPLE, NAME, Source("created_at", "odd", from_key=True, skip_nulls=True)]
    [change] = encoded(SYNC, sources, one(odd=None)).changes
    assert "createdAt" not in orjson.loads(change.body)


def test_who_a_row_is_about_decides_whose_turn_it_is():
    found = encoded(SYNC, (*PEOPLE, NAME))
    assert [change.user for change in found.changes] == ["userId C-1", "userId C-2", "email bob@example.com"]


def test_a_user_id_project_knows_nobody_by_email():
    extra = {p.value: [field.path for field in bind(SYNC, p).fields] for p in ProjectType}
    assert extra == {
        "email": ["event_name", "email", "user_id"],
        "hybrid": ["event_name", "email", "user_id"],
        "user_id": ["event_name", "user_id"],
    }
    labels = {p.value: {label for one in bind(SYNC, p).requirements for label in one.fields} for p in ProjectType}
    assert "@email" not in labels["user_id"]
    assert "@email" in labels["hybrid"]
