"""Request bodies of list members as they leave, byte by byte."""

from __future__ import annotations

import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from tests.destinations.iterable.objects.bodies import is_on_file, names_on_file
from tests.destinations.iterable.objects.singles import sync_of

PLAN = pa.RecordBatch.from_pydict(
    {
        "ordinal": [0, 1, 2, 3],
        "kind": ["added", "changed", "invalid", "removed"],
        "identity": ["ada@example.com", "bob@example.com", None, "eve@example.com"],
        "v1": ["gold", None, "x", None],
        "v2": ["berlin", "paris", "x", None],
    }
)
DATA = (Source("plan.tier", "v1"), Source("city", "v2"))
FIELDS = {"plan.tier": "tier", "city": "city"}
CASES = {
    "list_members_added": ("email", {}, ()),
    "list_members_added_by_user_id": ("hybrid", {"email": None, "user_id": "id"}, ()),
    "list_members_added_existing_only": ("hybrid", {"update_existing_users_only": True}, ()),
    "list_members_added_with_fields": ("email", {"fields": FIELDS}, DATA),
    "list_members_added_with_merged_fields": ("email", {"fields": FIELDS, "merge_nested_objects": True}, DATA),
    "list_members_removed": ("email", {"mode": "remove"}, ()),
    "list_members_mirrored": ("email", {"mode": "mirror", "fields": FIELDS}, DATA),
}


def bodies(case):
    """What is sent for rows of the model, and then for removed rows."""
    project, change, sources = CASES[case]
    sync = sync_of({"object": "list_members", "list": {"id": 12}, "email": "email", **change})
    bound = bind(sync, project)
    encoder, operations = Encoder(sources, RowFormat(bound.body, convert_to_type)), bound.operations
    *there, gone = encoder.encode(PLAN).changes
    requests = [operations.write.build(there)]
    return requests + ([operations.remove.build([gone])] if operations.remove else [])


@pytest.mark.parametrize("case", CASES)
def test_the_bodies_are_those_on_file(case):
    requests = bodies(case)
    assert is_on_file(case, *(request.body for request in requests))
    first = "unsubscribe" if case == "list_members_removed" else "subscribe"
    paths = [("POST", f"/api/lists/{name}") for name in (first, "unsubscribe")]
    assert [(request.endpoint.method, request.path) for request in requests] == paths[: len(requests)]


def test_every_file_has_its_case():
    assert names_on_file("list_members") == set(CASES)
