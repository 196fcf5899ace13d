"""New addresses, merges and deletions of users, from a model to both other sides. Most of their rows act once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest

from tests.stories.edit_stories import DailyStories, EditStories, FaultStories, Hooks, KillStories, ObjectStories
from tests.stories.memories import Memory
from tests.stories.sides import Side
from tests.stories.story import Row, Story


class ActsOnce(FaultStories):
    """A row that was accepted is done with; there are no versions of it."""

    test_first = DailyStories.test_the_first_run_sends_every_row_and_the_next_one_none
    test_back = DailyStories.test_a_row_that_leaves_the_model_and_comes_back
    test_killed = KillStories.test_a_run_that_was_killed_is_taken_up

    def test_only_what_was_added_is_sent(self, story: Story) -> None:
        story.run()
        story.build(*map(self.row, range(9)))
        story.run()
        assert story.counts("added", "unchanged", "accepted") == (2, 7, 2)
        self.assert_agrees(story)
        self.assert_quiet(story)


def made(side: Side, **user: str) -> None:
    side.call("POST", "/api/users/update", {**user, "dataFields": {"origin": "shop"}})


class NewAddress(Hooks):
    """Users by user id, whose address follows the model."""

    columns: ClassVar[Mapping[str, str]] = {"id": "VARCHAR", "mail": "VARCHAR"}
    project_type = "hybrid"

    def definition(self) -> Mapping[str, object]:
        return {"object": "email_changes", "user_id": "id", "new_email": "mail"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"id": f"Id-{number}", "mail": f"New{number}.{version}@shop.com"}

    def key(self, row: Row) -> str:
        return str(row["id"])

    def prepare(self, side: Side) -> None:
        for number in range(20):
            made(side, userId=f"Id-{number}")

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {row["id"]: row["mail"].lower() for row in rows}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {str(user["userId"]): user["email"] for user in memory.users().values() if "email" in user}


class TestNewAddressesByUserIdOfAHybridProject(NewAddress, ObjectStories):
    """As a field of the profile, in bulk."""

    def test_a_user_that_iterable_lacks_is_skipped_and_not_made(self, story: Story) -> None:
        story.build(self.row(1), self.row(30))
        story.run()
        assert story.counts("accepted", "skipped", "planned") == (1, 1, 2)
        assert set(self.held(story.memory)) == {"Id-1"}


class TestNewAddressesByUserIdOfAUserIdProject(NewAddress, DailyStories):
    """The same if only user ids identify."""

    project_type = "user_id"


class TestNewAddressesByUserIdOfAnEmailProject(NewAddress, DailyStories, FaultStories, KillStories):
    """By the endpoint for it, one a request."""

    project_type = "email"

    def prepare(self, side: Side) -> None:
        for number in range(20):
            made(side, email=f"old{number}@shop.com", userId=f"Id-{number}")

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {id_: mail for id_, mail in super().held(memory).items() if not str(mail).startswith("old")}


class TestNewAddressesByAddress(ActsOnce, EditStories):
    """From the current address to the next."""

    columns: ClassVar[Mapping[str, str]] = {"old": "VARCHAR", "mail": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        return {"object": "email_changes", "current_email": "old", "new_email": "mail"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"old": f"Old{number}@shop.com", "mail": f"New{number}@shop.com"}

    def key(self, row: Row) -> str:
        return str(row["old"]).lower()

    def prepare(self, side: Side) -> None:
        for number in range(10):
            made(side, email=f"old{number}@shop.com", userId=f"Id-{number}")

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): row["mail"].lower() for row in rows}

    def held(self, memory: Memory) -> Mapping[str, object]:
        users = memory.users()
        moved = {f"old{user['userId'][3:]}@shop.com": name for name, user in users.items() if name.startswith("new")}
        assert not set(moved) & set(users), "somebody has the old address too"
        return moved

    def test_an_address_that_another_user_has_is_rejected(self, story: Story) -> None:
        made(story.side, email="new3@shop.com")
        story.run()
        assert story.counts("accepted", "rejected", "planned") == (6, 1, 7)


class Merged(ActsOnce):
    """Pairs of users that become one."""

    columns: ClassVar[Mapping[str, str]] = {"old": "VARCHAR", "stays": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        return {"object": "user_merges", "source": "old", "destination": "stays"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"old": f"old{number}@shop.com", "stays": f"stays{number}@shop.com"}

    def key(self, row: Row) -> str:
        return str(row["old"])

    def prepare(self, side: Side) -> None:
        for number in range(10):
            for name in ("old", "stays"):
                made(side, email=f"{name}{number}@shop.com")

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): row["stays"] for row in rows}

    def held(self, memory: Memory) -> Mapping[str, object]:
        users = memory.users()
        pairs = {f"old{number}@shop.com": f"stays{number}@shop.com" for number in range(10)}
        assert set(pairs.values()) <= set(users)
        return {old: stays for old, stays in pairs.items() if old not in users}


class TestMergedUsers(Merged, EditStories):
    """By e-mail."""


class TestMergedUsersByUserId(Merged):
    """By user id, in a project that knows both."""

    project_type = "hybrid"

    def definition(self) -> Mapping[str, object]:
        return {"object": "user_merges", "source": {"user_id": "old"}, "destination": {"user_id": "stays"}}

    def row(self, number: int, version: int = 0) -> Row:
        return {"old": f"old-{number}", "stays": f"stays-{number}"}

    def prepare(self, side: Side) -> None:
        for number in range(10):
            for name in ("old", "stays"):
                made(side, userId=f"{name}-{number}")

    def held(self, memory: Memory) -> Mapping[str, object]:
        users = {user["userId"] for user in memory.users().values()}
        return {f"old-{n}": f"stays-{n}" for n in range(10) if f"old-{n}" not in users and f"stays-{n}" in users}


class Deleted(ActsOnce):
    """Users who go."""

    columns: ClassVar[Mapping[str, str]] = {"email": "VARCHAR"}
    mode = "delete"

    def definition(self) -> Mapping[str, object]:
        return {"object": "user_deletions", "mode": self.mode, "email": "email", "allow_destructive": True}

    def row(self, number: int, version: int = 0) -> Row:
        return {"email": f"u{number}@shop.com"}

    def key(self, row: Row) -> str:
        return str(row["email"])

    def prepare(self, side: Side) -> None:
        for number in range(10):
            made(side, email=f"u{number}@shop.com")

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): "gone" for row in rows}

    def held(self, memory: Memory) -> Mapping[str, object]:
        users = memory.users()
        return {f"u{n}@shop.com": "gone" for n in range(10) if f"u{n}@shop.com" not in users}


def forgotten(side: Side) -> set[str]:
    return set(side.call("GET", "/api/users/forgotten")["hashedEmails"])


def hashed(row: Row) -> str:
    return sha256(row["email"].encode()).hexdigest()


class TestDeletedUsers(Deleted, EditStories):
    """They may come back."""

    def test_a_user_that_iterable_lacks_is_skipped_until_it_is_there(self, story: Story) -> None:
        story.build(self.row(1), self.row(11))
        assert story.run().says("warn")
        assert story.counts("accepted", "skipped", "planned") == (1, 1, 2)
        assert story.project.cli("rejected").says("skipped", "unknown-user", "nothing to delete")
        made(story.side, email="u11@shop.com")
        story.project.cli("requeue")
        story.run()
        assert story.counts("accepted", "planned") == (1, 1)
        assert "u11@shop.com" not in story.memory.users()
        self.assert_quiet(story)

    def test_who_was_deleted_is_not_taken_for_forgotten(self, story: Story) -> None:
        story.run()
        story.project.tag({**self.definition(), "mode": "forget"})
        story.build(*story.rows, self.row(8))
        assert story.run(code=1).says("guard-destination", "action before: delete", "action now: forget")
        assert forgotten(story.side) == set()


class TestDeletedUsersByNumbers(Deleted):
    """Their ids come as floats, and go out as digits; any other number identifies no user."""

    columns: ClassVar[Mapping[str, str]] = {"id": "DOUBLE"}
    project_type = "user_id"

    def definition(self) -> Mapping[str, object]:
        return {"object": "user_deletions", "mode": "delete", "user_id": "id", "allow_destructive": True}

    def row(self, number: int, version: int = 0) -> Row:
        return {"id": 100.0 + number}

    def key(self, row: Row) -> str:
        return f"{row['id']:.0f}"

    def prepare(self, side: Side) -> None:
        for number in range(10):
            made(side, userId=str(100 + number))

    def held(self, memory: Memory) -> Mapping[str, object]:
        users = {user["userId"] for user in memory.users().values()}
        return {str(100 + n): "gone" for n in range(10) if str(100 + n) not in users}

    def test_a_fraction_is_held_back(self, story: Story) -> None:
        story.build(self.row(1), {"id": 101.5})
        story.run()
        assert story.counts("accepted", "invalid") == (1, 1)
        assert story.project.cli("rejected").says("unfit-identifier", "`id` (DOUBLE)", 'AS "id"')


class TestForgottenUsers(Deleted):
    """They may not."""

    mode = "forget"

    def test_iterable_takes_nothing_of_them_any_more(self, story: Story) -> None:
        story.run()
        assert forgotten(story.side) == {hashed(row) for row in story.rows}


class TestUnforgottenUsers(Deleted):
    """Now they may again."""

    mode = "unforget"

    @pytest.fixture
    def story(self, side: Side, tmp_path: Path) -> Story:
        self.side = side
        return super().begin(side, tmp_path / "shop")

    def begin(self, side: Side, folder: Path) -> Story:
        self.side = side
        return super().begin(side, folder)

    def prepare(self, side: Side) -> None:
        for number in range(10):
            side.call("POST", "/api/users/forget", self.row(number))

    def held(self, memory: Memory) -> Mapping[str, object]:
        still = forgotten(self.side)
        return {self.key(self.row(n)): "gone" for n in range(10) if hashed(self.row(n)) not in still}
