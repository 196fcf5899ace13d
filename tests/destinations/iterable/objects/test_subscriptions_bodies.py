"""Request bodies of subscriptions as they leave, byte by byte; and rows that do not leave."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.iterable.identity import Identifiers
from reverse_etl.destinations.iterable.objects.subscriptions import REGISTERS, _body
from reverse_etl.destinations.iterable.resources.named_resources import NamedResource
from reverse_etl.destinations.iterable.resources.resource_ids import ReferenceReader
from tests.destinations.iterable.objects.bodies import is_on_file, names_on_file
from tests.destinations.iterable.objects.singles import sync_of

PLAN = pa.RecordBatch.from_pydict(
    {
        "ordinal": [0, 1, 2, 3, 4],
        "kind": ["added", "changed", "invalid", "added", "added"],
        "identity": ["ada@example.com", "bob@example.com", None, "eve@example.com", "dan@example.com"],
        "v1": pa.array([[1, 2], [], None, None, None], pa.list_(pa.int64())),
        "v2": ["Marketing", None, None, None, "Nothing like it"],
        "v3": ['["Offers", 22]', None, None, None, None],
    }
)
NAMES = [
    NamedResource(1, "VIP"),
    NamedResource(2, "Friends"),
    NamedResource(31, "Marketing"),
    NamedResource(21, "Offers"),
    NamedResource(22, "News"),
]
COLUMNS = {"list_ids": "v1", "unsubscribed_channels": "v2", "subscribed_message_types": "v3"}
CASES = {
    "subscriptions_by_email": ("email", {}, COLUMNS),
    "subscriptions_by_user_id": ("user_id", {"email": None, "user_id": "id"}, COLUMNS),
    "subscriptions_of_lists_alone": ("hybrid", {}, {"list_ids": "v1"}),
}


def encoded(case):
    project, change, columns = CASES[case]
    sync = sync_of({"object": "subscriptions", "email": "email", **columns, **change})
    sources = [
        Source(key, column, json=column == "v3", skip_nulls=True, from_key=True) for key, column in columns.items()
    ]
    identifiers = Identifiers.of(sync.entry, ProjectType(project))
    body = partial(_body, identifiers, [ReferenceReader(key, REGISTERS[key], NAMES) for key in columns])
    write = bind(sync, ProjectType(project)).operations.write
    return write, Encoder(sources, RowFormat(body, convert_to_type)).encode(PLAN)


@pytest.mark.parametrize("case", CASES)
def test_the_body_is_the_one_on_file(case):
    write, rows = encoded(case)
    request = write.build(rows.changes)
    assert is_on_file(case, request.body)
    assert (request.endpoint.method, request.path) == ("POST", "/api/users/bulkUpdateSubscriptions")


def test_every_file_has_its_case():
    assert names_on_file("subscriptions") == set(CASES)


def test_rows_that_do_not_leave():
    _, rows = encoded("subscriptions_by_email")
    ends = {outcome.ordinal: (outcome.status.value, outcome.code) for outcome in rows.outcomes}
    assert ends == {3: ("skipped", "nothing-to-send"), 4: ("invalid", "unknown-name")}
    assert rows.invalid == [2]
