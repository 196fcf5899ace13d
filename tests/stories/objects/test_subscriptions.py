"""Subscriptions in every kind of project, from a model to both other sides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.stories.edit_stories import DailyStories, ObjectStories
from tests.stories.memories import Memory
from tests.stories.object_stories import Hooks
from tests.stories.sides import Side
from tests.stories.story import Row, Story

LISTS = ("Spring", "Autumn")
CHANNELS, TYPES = "unsubscribedChannelIds", "unsubscribedMessageTypeIds"


class SubscriberHooks(Hooks):
    """A user's lists by name, channels by id, and message types as JSON of either."""

    columns: ClassVar[Mapping[str, str]] = {
        "email": "VARCHAR",
        "lists": "VARCHAR[]",
        "channels": "INTEGER[]",
        "types": "JSON",
    }

    def definition(self) -> Mapping[str, object]:
        return {
            "object": "subscriptions",
            "email": "email",
            "list_ids": "lists",
            "unsubscribed_channels": "channels",
            "unsubscribed_message_types": "types",
        }

    def prepare(self, side: Side) -> None:
        """Lists are made here; channels and message types are there, on each side under ids and names of its own."""
        for name in LISTS:
            side.call("POST", "/api/lists", {"name": name})
        self.channels = side.call("GET", "/api/channels")["channels"][:2]
        self.types = side.call("GET", "/api/messageTypes")["messageTypes"][:2]

    def row(self, number: int, version: int = 0) -> Row:
        one = (number + version) % 2
        types = [self.types[0]["name"], str(self.types[1]["id"])]
        return {
            "email": f"u{number}@shop.com",
            "lists": [LISTS[one]] if number % 3 else list(LISTS),
            "channels": [channel["id"] for channel in self.channels][one:],
            "types": json.dumps(types[: (number + version) % 3]),
        }

    def key(self, row: Row) -> str:
        return str(row["email"])

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): self.meant(row) for row in rows}

    def meant(self, row: Row) -> dict[str, Any]:
        ids = [one["id"] for one in self.types]
        return {"lists": set(row["lists"]), CHANNELS: row["channels"], TYPES: ids[: len(json.loads(row["types"]))]}

    def held(self, memory: Memory) -> Mapping[str, object]:
        members = {name: memory.members(name) for name in LISTS}
        return {
            name: {
                "lists": {one for one in LISTS if name in members[one]},
                **{array: found.get(array, []) for array in (CHANNELS, TYPES)},
            }
            for name, found in memory.subscriptions().items()
        }


class TestSubscriptions(SubscriberHooks, ObjectStories):
    """Users by e-mail."""

    def test_a_null_leaves_what_was_sent_and_an_empty_array_clears_it(self, story: Story) -> None:
        full = self.row(0)
        story.build(full)
        story.run()
        story.build({**full, "lists": None, "channels": [], "types": None})
        story.run()
        assert self.held(story.memory) == {self.key(full): {**self.meant(full), CHANNELS: []}}
        story.build({**full, "channels": []})
        self.assert_quiet(story)

    def test_a_changed_user_carries_only_the_arrays_that_changed(self, story: Story) -> None:
        story.run()
        story.build(*({**row, "channels": []} if row == self.row(1) else row for row in story.rows))
        before = len(story.side.bodies)
        story.run()
        [body] = story.side.bodies[before:]
        assert body["updateSubscriptionsRequests"] == [{"email": "u1@shop.com", CHANNELS: []}]
        self.assert_agrees(story)

    def test_a_row_that_says_nothing_is_skipped(self, story: Story) -> None:
        story.build({"email": "nobody@shop.com"}, self.row(1))
        story.run()
        assert story.counts("accepted", "skipped", "planned") == (1, 1, 2)
        assert "nobody@shop.com" not in story.memory.users()
        assert story.side.advice() == []
        self.assert_quiet(story)

    def test_what_cannot_be_named_holds_its_row_back_until_it_is_mended(self, story: Story) -> None:
        story.build({**self.row(1), "lists": ["Sprimg"]}, {**self.row(2), "channels": [999_999]}, self.row(3))
        assert story.run(code=1).says("2 of 3 rows are held back")
        assert story.counts("accepted", "invalid", "planned") == (1, 2, 3)
        told = story.project.cli("rejected")
        assert told.says("unknown-name", "did you mean `Spring`", "unknown-id")
        assert not told.says("Sprimg")
        story.build(*map(self.row, (1, 2, 3)))
        story.run()
        self.assert_agrees(story)

    def test_constants_go_with_every_row_and_are_looked_at_first(self, story: Story) -> None:
        constant = {"object": "subscriptions", "email": "email", "list_ids": {"value": [LISTS[1]]}}
        story.project.tag({**constant, "unsubscribed_channels": {"value": ["Nothing like it"]}})
        for command in (("run",), ("validate", "--online")):
            ended = story.project.cli(*command)
            assert ended.code == 1
            assert ended.says("error[unknown-name]", "`unsubscribed_channels`")
        assert story.side.number == 0
        story.project.tag(constant)
        story.run()
        assert story.memory.members(LISTS[1]) == {self.key(row) for row in story.rows}

    def test_without_opt_in_message_types_no_row_is_taken_for_accepted(self, story: Story) -> None:
        """The sandbox refuses row by row. The reference server refuses the whole request."""
        story.project.tag({"object": "subscriptions", "email": "email", "subscribed_message_types": "types"})
        ended = story.run(code=1)
        assert ended.says("opt-in")
        accepted, planned = story.counts("accepted", "planned")
        nothing = [row for row in story.rows if row["types"] == "[]"]
        assert accepted <= len(nothing) < planned


class TestOptInMessageTypes(SubscriberHooks, DailyStories):
    """Message types that users ask for, in a project that has such."""

    opt_in = True

    def definition(self) -> Mapping[str, object]:
        return {"object": "subscriptions", "email": "email", "list_ids": "lists", "subscribed_message_types": "types"}

    def meant(self, row: Row) -> dict[str, Any]:
        return {**super().meant(row), CHANNELS: []}

    def held(self, memory: Memory) -> Mapping[str, object]:
        found = memory.subscriptions()
        return {
            name: {**shown, TYPES: found[name].get("subscribedMessageTypeIds", [])}  # type: ignore[dict-item]
            for name, shown in super().held(memory).items()
        }


class ByUserId(SubscriberHooks, DailyStories):
    """Users by user id, whose lists may be known by another name."""

    columns: ClassVar[Mapping[str, str]] = {"id": "VARCHAR", **SubscriberHooks.columns}

    def definition(self) -> Mapping[str, object]:
        return {**super().definition(), "email": None, "user_id": "id"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"id": f"Id-{number}", **super().row(number, version)}

    def key(self, row: Row) -> str:
        return str(row["id"])


class TestSubscriptionsByUserId(ByUserId):
    """A project that knows users only by user id."""

    project_type = "user_id"


class TestSubscriptionsOfAHybridProject(ByUserId):
    """A project that knows users by either."""

    project_type = "hybrid"
