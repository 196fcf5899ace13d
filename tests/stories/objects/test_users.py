"""Users in every kind of project and mode, from a model to both other sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.stories.edit_stories import EditStories, ObjectStories
from tests.stories.memories import Memory
from tests.stories.object_stories import DailyStories, KillStories, RefusalStories
from tests.stories.sides import Side
from tests.stories.story import Row, Story


class UserHooks:
    """A user called by e-mail, with a nested field, a date, and a null in every third row."""

    columns: ClassVar[Mapping[str, str]] = {
        "email": "VARCHAR",
        "name": "VARCHAR",
        "tier": "VARCHAR",
        "joined": "DATE",
        "visits": "BIGINT",
    }
    mode: str = "upsert"
    on_removed: str | None = "ignore"

    def definition(self) -> Mapping[str, object]:
        fields = {"firstName": "name", "plan.tier": "tier", "joined": "joined", "visits": "visits"}
        return {
            "object": "users",
            "mode": self.mode,
            "email": "email",
            "fields": fields,
            "on_removed": self.on_removed,
        }

    def row(self, number: int, version: int = 0) -> Row:
        return {
            "email": f"u{number}@shop.com",
            "name": f"Name {number}.{version}",
            "tier": None if (number + version) % 3 == 0 else "pro",
            "joined": f"2024-01-{number + 1:02}",
            "visits": 100 * number + version,
        }

    def key(self, row: Row) -> str:
        return str(row["email"])

    def identifiers(self, row: Row) -> dict[str, Any]:
        return {"email": row["email"]}

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): {**self.identifiers(row), **self.fields(row)} for row in rows}

    def fields(self, row: Row) -> dict[str, Any]:
        fields = {"firstName": row["name"], "joined": f"{row['joined']} 00:00:00 +00:00", "visits": row["visits"]}
        return fields if row["tier"] is None else {**fields, "plan": {"tier": row["tier"]}}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return memory.users()


class TestUpsertedUsers(UserHooks, ObjectStories):
    """Users by e-mail."""


class TestDeletedUsers(UserHooks, ObjectStories):
    """Users that are deleted when their row leaves."""

    on_removed, deletes = "delete", True


class TestMirroredUsers(UserHooks, DailyStories, KillStories):
    """The same, said by the mode."""

    mode, on_removed, deletes = "mirror", None, True


class ByUserId(UserHooks):
    """Users identified by user id, with an address."""

    columns: ClassVar[Mapping[str, str]] = {"id": "VARCHAR", **UserHooks.columns}

    def definition(self) -> Mapping[str, object]:
        return {**super().definition(), "user_id": "id"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"id": f"Id-{number}", **super().row(number, version)}

    def key(self, row: Row) -> str:
        return str(row["id"])

    def identifiers(self, row: Row) -> dict[str, Any]:
        return {"email": row["email"], "userId": row["id"]}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {str(user["userId"]): user for user in memory.users().values()}


class TestUsersByUserId(ByUserId, DailyStories, RefusalStories, EditStories):
    """A project that knows users only by user id."""

    project_type = "user_id"

    def test_a_malformed_address_costs_its_row_alone(self, story: Story) -> None:
        """Whether the other side names the address or the user id is left open by the reference."""
        bad = {**self.row(3), "email": "no-address"}
        story.build(*(self.row(number) if number != 3 else bad for number in range(7)))
        story.run()
        assert self.held(story.memory) == self.expected([one for one in story.rows if one != bad])
        [held] = self.refused(story)
        assert held[0] == "Id-3"


class TestUsersOfAHybridProject(ByUserId, DailyStories, RefusalStories, EditStories):
    """A project that knows users by either."""

    project_type = "hybrid"

    def test_an_address_of_somebody_else_costs_its_row_alone(self, story: Story) -> None:
        """The other side names the address, which may belong to another row."""
        story.run()
        story.build(*(self.row(number, 1) for number in range(6)), {**self.row(6, 1), "email": "u0@shop.com"})
        story.run()
        assert story.counts("accepted", "rejected", "planned") == (6, 1, 7)
        assert self.held(story.memory) == self.expected([*story.rows[:6], self.row(6)])
        assert [key for key, _ in self.refused(story)] == ["Id-6"]


class TestUpdatedUsers(UserHooks, ObjectStories):
    """Users that another program created in Iterable; unknown ones are skipped."""

    mode = "update"

    def prepare(self, side: Side) -> None:
        for number in range(20):
            side.call("POST", "/api/users/update", {"email": f"u{number}@shop.com", "dataFields": {"origin": "shop"}})

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {name: {**user, "origin": "shop"} for name, user in super().expected(rows).items()}  # type: ignore[dict-item]

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {name: user for name, user in memory.users().items() if set(user) - {"email", "origin"}}

    def test_an_unknown_user_is_skipped(self, story: Story) -> None:
        story.build(self.row(1), self.row(30))
        story.run()
        assert story.counts("accepted", "skipped", "planned") == (1, 1, 2)
        assert "u30@shop.com" not in story.memory.users()
