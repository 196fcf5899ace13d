"""Request bodies of users as they leave."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat, Source
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.type_fitting import fit
from reverse_etl.destinations.iterable.objects.users import Users
from reverse_etl.sync import Sync
from tests.iterable.body_files import cases_on_file, is_on_file

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
SYNC = Sync(
    name="people",
    model="people",
    unique_id="model.shop.people",
    relation="people",
    file="people.yml",
    object="users",
    mode="upsert",
    destination="iterable",
    identifiers={"email": "email"},
    on_removed="clear",
)
BOTH = {"email": "email", "user_id": "id"}
CASES = {
    "users_upsert_by_email": ("email", {}, SOURCES),
    "users_upsert_both_identifiers": (
        "email",
        {"identifiers": BOTH},
        (*SOURCES, Source("userId", "v7", skip_nulls=True)),
    ),
    "users_upsert_by_user_id": ("hybrid", {"identifiers": {"user_id": "id"}}, SOURCES[:1]),
    "users_update_by_user_id": ("email", {"identifiers": {"user_id": "id"}, "mode": "update"}, SOURCES[:1]),
    "users_placeholders": (
        "email",
        {"identifiers": {"user_id": "id"}, "options": {"prefer_user_id": True}},
        SOURCES[:1],
    ),
    "users_merged_without_new_fields": (
        "email",
        {"options": {"merge_nested_objects": True, "create_new_fields": False}},
        SOURCES[1:3],
    ),
    "users_with_new_fields": ("email", {"options": {"create_new_fields": True}}, SOURCES[:1]),
    "users_identity_alone": ("email", {}, ()),
}


def request_of(case):
    project, changes, sources = CASES[case]
    sync, project = replace(SYNC, **changes), ProjectType(project)
    kept = [field.path for field in Users().extra_fields(sync, project)]
    encoded = Encoder(sources, RowFormat(Users().body(sync, project), fit, keeps_on_clear=kept)).encode(PLAN)
    return Users().operations(sync, project).write.build(encoded.changes)


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
    write = Users().operations(replace(SYNC, **changes), ProjectType(project)).write
    assert len(write.build([]).body) <= write.overhead
