"""Purchases and carts from a model to both other sides: items in an array, in JSON under other names, in columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.destinations.iterable.objects.activity.activity_replies import hashed
from tests.stories.edit_stories import EditStories, ObjectStories
from tests.stories.memories import Memory
from tests.stories.object_stories import DailyStories, FaultStories, Hooks, KillStories, RefusalStories
from tests.stories.story import Row, Story

DAY = 86_400
FIRST_OF_2024 = 1_704_067_200
LINES = "STRUCT(id BIGINT, name VARCHAR, price DECIMAL(9, 2), quantity INTEGER, colour VARCHAR)[]"


def line(number: int, version: int) -> dict[str, Any]:
    return {"id": number, "name": f"Tea {version}", "price": f"{number}.50", "quantity": version + 1, "colour": "red"}


def item(one: Mapping[str, Any], **more: object) -> dict[str, Any]:
    """An element of a column as an item of Iterable."""
    taken = {"id": str(one["id"]), "name": one["name"], "price": float(one["price"]), "quantity": one["quantity"]}
    return {**taken, **more}


class PurchaseHooks(Hooks):
    """A purchase of a user of its own, of one or two things."""

    columns: ClassVar[Mapping[str, str]] = {
        "id": "VARCHAR",
        "email": "VARCHAR",
        "lines": LINES,
        "total": "DECIMAL(9, 2)",
        "at": "DATE",
        "campaign": "BIGINT",
        "shop": "VARCHAR",
    }

    def definition(self) -> Mapping[str, object]:
        return {
            "object": "purchases",
            "purchase_id": "id",
            "email": "email",
            "items": "lines",
            "total": "total",
            "created_at": "at",
            "campaign_id": "campaign",
            "fields": {"shop.name": "shop"},
        }

    def row(self, number: int, version: int = 0) -> Row:
        return {
            "id": f"order/{number}",
            "email": f"u{number}@shop.com",
            "lines": [line(one, version) for one in range(1 + number % 2)],
            "total": f"{10 * number + version}.25",
            "at": f"2024-01-{number + 1:02}",
            "campaign": None if version == 1 else 100 + version,
            "shop": None if (number + version) % 3 == 0 else "eu",
        }

    def key(self, row: Row) -> str:
        return str(row["id"])

    def name(self, row: Row) -> str:
        return str(row["email"])

    def id_of(self, row: Row) -> str:
        return self.key(row)

    def user_of(self, row: Row) -> str:
        return str(row["email"])

    def items_of(self, row: Row) -> list[dict[str, Any]]:
        return [item(one) for one in row["lines"]]

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.id_of(row): self._purchase(row) for row in rows}

    def _purchase(self, row: Row) -> dict[str, Any]:
        shop = {} if row["shop"] is None else {"dataFields": {"shop": {"name": row["shop"]}}}
        campaign = {} if row["campaign"] is None else {"campaignId": row["campaign"]}
        return {
            "id": self.id_of(row),
            "user": self.user_of(row),
            "items": self.items_of(row),
            "total": float(row["total"]),
            "createdAt": FIRST_OF_2024 + (int(row["at"][8:10]) - 1) * DAY,
            **campaign,
            **shop,
        }

    def held(self, memory: Memory) -> Mapping[str, object]:
        return memory.purchases()


class TestPurchases(PurchaseHooks, ObjectStories):
    """Items in an array of objects that have Iterable's names."""

    def test_plan_counts_what_is_held_back_and_the_run_the_rest(self, story: Story) -> None:
        whole = self.row(0)["lines"]
        story.build(
            self.row(0),
            {**self.row(1), "lines": None},
            {**self.row(2), "total": None},
            {**self.row(3), "email": None},
            {**self.row(4), "lines": []},
            {**self.row(5), "lines": [*whole, {**whole[0], "price": None}]},
        )
        codes = {"null-items": 1, "null-total": 1, "null-identifier": 1, "unsendable-value": 2}
        assert story.plan()["invalid"] == codes
        assert story.run(code=1).says("5 of 6 rows are held back")
        assert story.counts("accepted", "invalid", "planned") == (1, 5, 6)
        listed = story.project.cli("rejected")
        assert listed.says("`items` is empty", "`items.price` is missing", "`items` is NULL")

    def test_members_of_another_name_resend_every_purchase(self, story: Story) -> None:
        story.run()
        story.project.tag({**self.definition(), "items": {"column": "lines", "dataFields.colour": "colour"}})
        assert story.plan()["changed_fields"] == {"@item_members": 7}
        story.run()
        found = [one["items"] for one in story.memory.purchases().values()]
        assert all(one["dataFields"] == {"colour": "red"} for items in found for one in items)
        self.assert_quiet(story)


class TestPurchasesOfFewUsers(PurchaseHooks, DailyStories, FaultStories, KillStories):
    """Two users, known by user id, and purchases known by a primary key; items in JSON, under other names."""

    project_type = "hybrid"
    columns: ClassVar[Mapping[str, str]] = {**PurchaseHooks.columns, "lines": "JSON", "user_id": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        items = {
            "column": "lines",
            "id": "sku",
            "name": "title",
            "quantity": "count",
            "dataFields.look.colour": "colour",
        }
        keys = {"purchase_id": None, "primary_key": "id", "email": None, "user_id": "user_id"}
        return {**super().definition(), **keys, "items": items}

    def row(self, number: int, version: int = 0) -> Row:
        names = {"id": "sku", "name": "title", "quantity": "count"}
        lines = super().row(number, version)["lines"]
        renamed = [{names.get(name, name): value for name, value in one.items()} for one in lines]
        return {**super().row(number, version), "lines": json.dumps(renamed), "user_id": f"U{number % 2}"}

    def id_of(self, row: Row) -> str:
        return hashed("people", row["id"])

    def user_of(self, row: Row) -> str:
        return str(row["user_id"])

    def items_of(self, row: Row) -> list[dict[str, Any]]:
        names = {"sku": "id", "title": "name", "count": "quantity"}
        lines = [{names.get(name, name): value for name, value in one.items()} for one in json.loads(row["lines"])]
        look = {"look": {"colour": "red"}}
        return [item(one, sku=str(one["id"]), dataFields=look) for one in lines]


class CartHooks(Hooks):
    """A cart of one or two things; every version but the first has fewer."""

    columns: ClassVar[Mapping[str, str]] = {
        "email": "VARCHAR",
        "ids": "BIGINT[]",
        "names": "VARCHAR[]",
        "price": "DOUBLE",
    }
    on_removed = "ignore"

    def definition(self) -> Mapping[str, object]:
        items = {
            "id": "ids",
            "name": "names",
            "price": "price",
            "quantity": {"value": 1},
            "categories": {"value": ["a"]},
        }
        return {"object": "carts", "email": "email", "items": items, "on_removed": self.on_removed}

    def row(self, number: int, version: int = 0) -> Row:
        ids = [] if version == 2 else list(range(1 + number % 3))
        return {
            "email": f"u{number}@shop.com",
            "ids": ids,
            "names": [f"Tea {one}.{version}" for one in ids],
            "price": number + 0.5,
        }

    def key(self, row: Row) -> str:
        return str(row["email"])

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): self.items_of(row) for row in rows}

    def items_of(self, row: Row) -> list[dict[str, Any]]:
        pairs = zip(row["ids"], row["names"], strict=True)
        same = {"price": row["price"], "quantity": 1, "categories": ["a"]}
        return [{"id": str(one), "name": name, **same} for one, name in pairs]

    def held(self, memory: Memory) -> Mapping[str, object]:
        return memory.carts()


class TestCarts(CartHooks, ObjectStories):
    """Items in columns of the row; an empty array is an empty cart."""

    def test_an_array_that_is_null_says_nothing_of_the_cart(self, story: Story) -> None:
        story.run()
        story.build(*map(self.row, range(6)), {**self.row(6), "ids": None})
        assert story.plan()["invalid"] == {"null-items": 1}
        story.run()
        assert story.memory.carts()["u6@shop.com"] != []

    def test_arrays_of_different_lengths_hold_their_row_back(self, story: Story) -> None:
        story.build(self.row(1), {**self.row(2), "names": ["Tea"]})
        story.run()
        assert story.counts("accepted", "invalid") == (1, 1)
        assert story.project.cli("rejected").says("`items.name` has more or fewer elements than `items.id`")


class TestCartsThatAreEmptied(CartHooks, DailyStories, RefusalStories, EditStories):
    """What leaves the model leaves an empty cart."""

    on_removed, deletes = "clear", True

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {name: items for name, items in memory.carts().items() if items}

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {name: items for name, items in super().expected(rows).items() if items}


class TestCartsByUserId(CartHooks, DailyStories, KillStories):
    """Users of an e-mail project that are known only by user id get a placeholder address."""

    columns: ClassVar[Mapping[str, str]] = {**CartHooks.columns, "id": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        return {**super().definition(), "email": None, "user_id": "id", "prefer_user_id": True}

    def row(self, number: int, version: int = 0) -> Row:
        return {**super().row(number, version), "id": f"U{number}"}

    def key(self, row: Row) -> str:
        return str(row["id"])

    def held(self, memory: Memory) -> Mapping[str, object]:
        names = {name: str(user["userId"]) for name, user in memory.users().items()}
        return {names[name]: items for name, items in memory.carts().items()}
