"""Catalog items in every mode, from a model to both other sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.stories.edit_stories import ObjectStories
from tests.stories.memories import Memory
from tests.stories.object_stories import Hooks
from tests.stories.sides import Side
from tests.stories.story import Row, Story

CATALOG = "Shop-Products"


class ItemHooks(Hooks):
    """An item with a price, a nested field, and nulls in every third row."""

    columns: ClassVar[Mapping[str, str]] = {
        "sku": "VARCHAR",
        "name": "VARCHAR",
        "price": "DECIMAL(9, 2)",
        "width": "DOUBLE",
        "stock": "BIGINT",
        "added": "DATE",
    }
    mode = "upsert"

    def definition(self) -> Mapping[str, object]:
        fields = {"name": "name", "price": "price", "dims.width": "width", "stock": "stock", "added": "added"}
        return {
            "object": "catalog_items",
            "mode": self.mode,
            "catalog": CATALOG,
            "item_id": "sku",
            "create_catalog": True,
            "fields": fields,
        }

    def row(self, number: int, version: int = 0) -> Row:
        bare = (number + version) % 3 == 0
        return {
            "sku": f"SKU-{number}",
            "name": None if bare else f"Shoe {number}.{version}",
            "price": 10 * number + version + 0.25,
            "width": None if bare else number + 0.5,
            "stock": 100 * number + version,
            "added": f"2024-01-{number + 1:02}",
        }

    def key(self, row: Row) -> str:
        return str(row["sku"])

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): self.document(row) for row in rows}

    def document(self, row: Row) -> dict[str, Any]:
        found = {name: row[name] for name in ("name", "price", "stock", "added") if row[name] is not None}
        return found if row["width"] is None else {**found, "dims": {"width": row["width"]}}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return memory.items(CATALOG)

    def types(self, memory: Memory) -> dict[str, str]:
        """Types of the fields, without members of objects: not every side returns them."""
        return {name: kind for name, kind in memory.field_types(CATALOG).items() if "." not in name}


class TestUpsertedItems(ItemHooks, ObjectStories):
    """Items that are replaced whole, in a catalog that the first run makes."""

    def test_the_catalog_is_made_with_types_before_the_first_item(self, story: Story) -> None:
        story.run()
        types = {"name": "string", "price": "double", "dims": "object", "stock": "long", "added": "date"}
        assert self.types(story.memory) == types
        self.assert_agrees(story)

    def test_a_new_field_is_typed_before_the_first_item_has_it(self, story: Story) -> None:
        story.run()
        story.project.tag({**self.definition(), "fields": ["name", "price", "stock", "added", "width"]})
        story.run()
        assert self.types(story.memory)["width"] == "double"
        assert story.side.advice() == []

    def test_an_unknown_catalog_stops_the_run_before_it_sends(self, story: Story) -> None:
        story.run()
        story.project.tag({**self.definition(), "create_catalog": False, "catalog": "Shop-Product", "name": "other"})
        ended = story.run(code=1)
        assert ended.says("error[unknown-catalog]", f"did you mean `{CATALOG}`?")

    def test_a_catalog_that_is_called_otherwise_in_letter_case_only_is_the_same(self, story: Story) -> None:
        story.run()
        story.project.tag({**self.definition(), "catalog": CATALOG.upper()})
        self.assert_quiet(story)

    def test_another_catalog_is_another_destination(self, story: Story) -> None:
        story.run()
        story.build(*(self.row(number, 1) for number in range(7)))
        story.project.tag({**self.definition(), "catalog": "Elsewhere"})
        assert story.run(code=1).says("guard-destination")
        assert story.memory.items("Elsewhere") == {}

    def test_an_item_id_that_iterable_does_not_take_holds_its_row_back(self, story: Story) -> None:
        story.build(self.row(0), {**self.row(1), "sku": "SKU 1"}, {**self.row(2), "sku": "x" * 256})
        assert story.run(code=1).says("2 of 3 rows are held back")
        assert story.counts("accepted", "invalid") == (1, 2)
        assert story.project.cli("rejected").says("bad-item-id")
        assert set(self.held(story.memory)) == {"SKU-0"}

    def test_a_document_over_thirty_kilobytes_holds_its_row_back(self, story: Story) -> None:
        story.build(self.row(1), {**self.row(2), "name": "x" * 30_000})
        story.run()
        assert story.counts("accepted", "invalid") == (1, 1)
        assert story.project.cli("rejected").says("row-too-large")

    def test_values_are_fitted_to_types_that_others_have_set(self, story: Story) -> None:
        kinds = {"name": "string", "price": "string", "stock": "double", "added": "date"}
        updates = [{"fieldName": name, "fieldType": kind} for name, kind in kinds.items()]
        story.side.call("POST", f"/api/catalogs/{CATALOG}")
        story.side.call("PUT", f"/api/catalogs/{CATALOG}/fieldMappings", {"mappingsUpdates": updates})
        story.run()
        held = dict(self.held(story.memory))["SKU-1"]
        assert isinstance(held, dict)
        assert (held["price"], held["stock"]) == ("10.25", 100.0)
        assert story.side.advice() == []

    def test_a_column_that_can_never_fit_stops_the_run(self, story: Story) -> None:
        story.side.call("POST", f"/api/catalogs/{CATALOG}")
        update = {"fieldName": "added", "fieldType": "long"}
        story.side.call("PUT", f"/api/catalogs/{CATALOG}/fieldMappings", {"mappingsUpdates": [update]})
        assert story.run(code=1).says("error[field-type-clash]", "`added`")
        assert self.held(story.memory) == {}


class TestUpdatedItems(ItemHooks, ObjectStories):
    """Items that another hand has filled: only the mapped fields are replaced."""

    mode = "update"

    def prepare(self, side: Side) -> None:
        side.call("POST", f"/api/catalogs/{CATALOG}")
        documents = {f"SKU-{number}": {"origin": "shop"} for number in range(20)}
        body = {"documents": documents, "replaceUploadedFieldsOnly": False}
        side.call("POST", f"/api/catalogs/{CATALOG}/items", body)

    def document(self, row: Row) -> dict[str, Any]:
        return {**super().document(row), "origin": "shop"}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {id_: item for id_, item in memory.items(CATALOG).items() if set(item) != {"origin"}}

    def test_a_changed_item_carries_only_its_changed_fields(self, story: Story) -> None:
        story.run()
        edits: dict[int, dict[str, Any]] = {1: {"stock": 7}, 2: {"width": 9.5, "name": None}}
        story.build(*({**row, **edits.get(number, {})} for number, row in enumerate(story.rows)))
        before = len(story.side.bodies)
        story.run()
        [body] = story.side.bodies[before:]
        documents = {"SKU-1": {"stock": 7}, "SKU-2": {"name": None, "dims": {"width": 9.5}}}
        assert body == {"documents": documents, "replaceUploadedFieldsOnly": True}


class TestMirroredItems(ItemHooks, ObjectStories):
    """Items that are deleted once their row has left the model."""

    mode, deletes = "mirror", True
