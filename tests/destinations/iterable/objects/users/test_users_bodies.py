"""Request bodies of users as they leave."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from tests.destinations.iterable.objects.body_files import cases_on_file, is_on_file
from tests.destinations.iterable.objects.singles import sync_of

PLAN = pa.RecordBatch.from_pydict(
    {
        "ordinal": [0, 1, 2, 3],
        "kind": ["added", "changed", "invalid", "removed"],
        "identity": ["ada@example.com", "bob@example.com", None, "eve@example.com"],
        "v1": ["Ada \u2028\U0001f600", None, "x", None],
        "v2": ["gold", None, "x", None],
        "v3": pa.array([Decimal("10.00"), Decimal("0.10"), None, None], pa.decimal128(10, 2)),
        "v4": pa.array(
            [dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc), None, None, None],
            pa.timestamp("us", "Europe/Berlin"),
        ),
        "v5": pa.array([["a", "b"], [], None, None], pa.list_(pa.string())),
        "v6": ['{"n": 9007199254740993}', None, None, None],
        "v7": ["C-1", None, None, None],
    }
)
SOURCES = (
    Source("firstName", "v1"),
    Source("plan.tier", "v2"),
    Source("plan.price", "v3"),
    Source("lastSeen", "v4", skip_nulls=True),
    Source("tags", "v5"),
    Source("preferences", "v6", json=True),
)
META = {"object": "users", "on_removed": "clear"}
EMAIL, USER_ID = {"email": "email"}, {"user_id": "id"}
CASES = {
    "users_upsert_by_email": ("email", EMAIL, SOURCES),
    "users_upsert_both_identifiers": (
        "email",
        {**EMAIL, **USER_ID},
        (*SOURCES, Source("userId", "v7", skip_nulls=True)),
    ),
    "users_upsert_by_user_id": ("hybrid", USER_ID, SOURCES[:1]),
    "users_update_by_user_id": ("email", {**USER_ID, "mode": "update"}, SOURCES[:1]),
    "users_placeholders": (
        "email",
        {**USER_ID, "prefer_user_id": True},
        SOURCES[:1],
    ),
    "users_merged_without_new_fields": (
        "email",
        {**EMAIL, "merge_nested_objects": True, "create_new_fields": False},
        SOURCES[1:3],
    ),
    "users_with_new_fields": ("email", {**EMAIL, "create_new_fields": True}, SOURCES[:1]),
    "users_identity_alone": ("email", EMAIL, ()),
}


def request_of(case):
    project, changes, sources = CASES[case]
    bound = bind(sync_of({**META, **changes}), project)
    kept = [field.path for field in bound.fields]
    encoded = Encoder(sources, RowFormat(bound.body, convert_to_type, keeps_on_clear=kept)).encode(PLAN)
    return bound.operations.write.build(encoded.changes)


@pytest.mark.parametrize("case", CASES)
def test_the_body_is_the_one_on_file(case):
    request = request_of(case)
    assert is_on_file(case, request)
    assert (request.endpoint.method, request.path) == ("POST", "/api/users/bulkUpdate")


def test_every_file_has_its_case():
    assert cases_on_file("users") == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_frame_of_a_body_fits_the_room_kept_for_it(case):
    project, changes, _ = CASES[case]
    write = bind(sync_of({**META, **changes}), project).operations.write
    assert len(write.build([]).body) <= write.overhead
