"""What Iterable receives of Snowflake's types, and of arrays whose type does not say what they hold."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import entries
from reverse_etl.run.runnable_sync import resolve_sync
from reverse_etl.warehouses.snowflake.types import column_of
from tests.contracts.sent_values import DESTINATION, SentValuesContract
from tests.contracts.sync_harness import MODEL_SCHEMA, SyncHarness
from tests.warehouses.snowflake.on_snowflake import OnEmulator

ITEMS = [{"id": "T-1", "name": "Tea", "price": 3.5, "quantity": 2}]
BOUGHT = {"object": "purchases", "purchase_id": "id", "email": "email", "items": "v", "total": "total"}
CART = {"object": "carts", "email": "email", "items": "v", "primary_key": "id"}
USER = {"object": "users", "email": "email", "fields": ["v"], "primary_key": "id"}


class TestSending(OnEmulator, SentValuesContract):
    # The emulator has no other types that cannot be sent.
    UNSENDABLE: ClassVar = {"bytes": "TO_BINARY('00ff', 'HEX')"}

    @pytest.mark.parametrize("type_name", ["ARRAY", "VARIANT"])
    @pytest.mark.parametrize(
        ("meta", "place"),
        [(BOUGHT, "items"), (CART, "items"), (USER, "dataFields")],
        ids=lambda given: given.get("object") if isinstance(given, dict) else None,
    )
    def test_array_whose_elements_have_no_type_is_sent(self, warehouse, monkeypatch, meta, place, type_name):
        harness = SyncHarness(warehouse, table="bought")
        warehouse.create_schema(MODEL_SCHEMA)
        literal = warehouse.dialect.literal(json.dumps(ITEMS))
        made = f"SELECT '1' AS id, 'a@x.y' AS email, 7 AS total, CAST(PARSE_JSON({literal}) AS ARRAY) AS v"
        warehouse.execute(f"CREATE TABLE {harness.relation} AS {made}")
        # The emulator calls both VARIANT.
        types = {"ID": "VARCHAR(1)", "EMAIL": "VARCHAR(5)", "TOTAL": "NUMBER(1,0)", "V": type_name}
        told = tuple(column_of(*column) for column in types.items())
        ask = warehouse.columns
        monkeypatch.setattr(warehouse, "columns", lambda name: told if name == harness.relation else ask(name))
        [sync], faults = read_definitions(
            TaggedModel("bought", "model.shop.bought", harness.relation, "b.yml"), meta, lambda _: entries()
        )
        assert not faults
        ready = resolve_sync(sync, DESTINATION, warehouse)
        [batch] = warehouse.batches(
            f"SELECT 0 AS ordinal, 'added' AS kind, {ready.layout.identity} AS identity, NULL AS changed"
            + "".join(f", {value.expression} AS {value.name}" for value in ready.layout.values)
            + f" FROM {harness.relation} m",
            10,
        )
        [change] = ready.encoder.encode(batch).changes
        found = json.loads(change.body)[place]
        assert (found["v"] if place == "dataFields" else found) == ITEMS
