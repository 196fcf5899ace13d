"""Request bodies of catalog items as they leave: documents of each mode, fitted values, deletes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from tests.destinations.iterable.objects.body_files import cases_on_file, is_on_file
from tests.destinations.iterable.objects.singles import sync_of

META = {"object": "catalog_items", "catalog": "products", "item_id": "sku"}
PROJECT = ProjectType.HYBRID
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
PLAN = pa.RecordBatch.from_pydict(
    {
        "ordinal": [0, 1, 2],
        "kind": ["added", "changed", "removed"],
        "identity": ["SKU-1", "SKU-2", "SKU-3"],
        "v1": ["Shoe \u2028\U0001f45f", None, None],
        "v2": pa.array([Decimal("10.00"), Decimal("0.10"), None], pa.decimal128(10, 2)),
        "v3": pa.array([MOMENT, None, None], pa.timestamp("us", "UTC")),
        "v4": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
        "v5": pa.array([1.5, None, None]),
        "v6": pa.array([{"lat": 52.5, "lon": 13.0}, {"lat": None, "lon": None}, None]),
        "v7": [7, 8, None],
    }
)
SOURCES = (
    Source("name", "v1"),
    Source("price", "v2"),
    Source("added", "v3"),
    Source("tags", "v4"),
    Source("dims.width", "v5"),
    Source("shop_geo_location", "v6", cast="geo_location"),
    Source("code", "v7", cast="string"),
)
CASES = {
    "catalog_items_upsert": ("upsert", "POST", SOURCES),
    "catalog_items_update": ("update", "POST", SOURCES),
    "catalog_items_without_fields": ("upsert", "POST", ()),
    "catalog_items_delete": ("mirror", "DELETE", SOURCES),
}


def operation_of(case):
    mode, method, _ = CASES[case]
    found = bind(sync_of({**META, "mode": mode}), PROJECT).operations
    return found.remove if method == "DELETE" else found.write


@pytest.mark.parametrize("case", CASES)
def test_the_body_is_the_one_on_file(case):
    mode, method, sources = CASES[case]
    body = bind(sync_of({**META, "mode": mode}), PROJECT).body
    encoded = Encoder(sources, RowFormat(body, convert_to_type)).encode(PLAN)
    assert not encoded.outcomes
    sent = [change for change in encoded.changes if (change.kind.value == "removed") == (method == "DELETE")]
    request = operation_of(case).build(sent)
    assert is_on_file(case, request)
    assert (request.endpoint.method, request.path) == (method, "/api/catalogs/products/items")


def test_every_file_has_its_case():
    assert cases_on_file("catalog_items") == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_frame_of_a_body_fits_the_room_kept_for_it(case):
    operation = operation_of(case)
    assert len(operation.build([]).body) + 259 * operation.max_rows <= operation.overhead
