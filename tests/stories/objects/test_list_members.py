"""List members in each mode and kind of project, from a model to both other sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from reverse_etl.snapshot.snapshot_reader import SnapshotStatus
from reverse_etl.snapshot.snapshot_store import SnapshotStore
from tests.stories.edit_stories import DailyStories, EditStories, ObjectStories
from tests.stories.memories import Memory
from tests.stories.object_stories import FIRST, FaultStories, Hooks
from tests.stories.sides import Side
from tests.stories.story import Row, Story

LIST = "VIP"


def make_list(side: Side, name: str = LIST) -> int:
    return int(side.call("POST", "/api/lists", {"name": name})["listId"])


class MemberHooks:
    """A member identified by e-mail, with a field of the profile."""

    columns: ClassVar[Mapping[str, str]] = {"email": "VARCHAR", "tier": "VARCHAR"}
    mode = "add"

    def definition(self) -> Mapping[str, object]:
        return {
            "object": "list_members",
            "mode": self.mode,
            "list": {"name": LIST},
            "email": "email",
            "fields": {"vip.tier": "tier"},
        }

    def row(self, number: int, version: int = 0) -> Row:
        return {"email": f"u{number}@shop.com", "tier": f"Tier {number}.{version}"}

    def key(self, row: Row) -> str:
        return str(row["email"])

    def prepare(self, side: Side) -> None:
        make_list(side)

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): row["tier"] for row in rows}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {name: memory.users()[name]["vip"]["tier"] for name in memory.members(LIST)}


class TestAddedMembers(MemberHooks, ObjectStories):
    """Members who stay when their row leaves."""


class TestMirroredMembers(MemberHooks, ObjectStories):
    """Members who are taken off the list when their row leaves."""

    mode, deletes = "mirror", True

    def test_users_stay_when_they_are_taken_off(self, story: Story) -> None:
        story.run()
        story.build(*map(self.row, range(1, 7)))
        story.run()
        assert self.key(self.row(0)) in story.memory.users()
        assert all(
            "unsubscribedChannelIds" not in held or not held["unsubscribedChannelIds"] for held in channels(story)
        )

    def test_a_user_who_was_deleted_meanwhile_is_as_good_as_taken_off(self, story: Story) -> None:
        story.run()
        story.side.call("DELETE", f"/api/users/{self.key(self.row(0))}")
        story.build(*map(self.row, range(1, 7)))
        story.run()
        assert story.counts("removed", "accepted", "planned") == (1, 1, 1)
        self.assert_agrees(story)
        self.assert_quiet(story)

    def test_who_was_taken_off_by_another_hand_is_put_back_by_a_full_refresh(self, story: Story) -> None:
        story.run()
        number = next(one["id"] for one in story.side.call("GET", "/api/lists")["lists"] if one["name"] == LIST)
        leaver = {"email": self.key(self.row(0))}
        body = {"listId": number, "subscribers": [leaver], "channelUnsubscribe": False}
        story.side.call("POST", "/api/lists/unsubscribe", body)
        self.assert_quiet(story)
        assert len(self.held(story.memory)) == 6
        story.run("--full-refresh")
        self.assert_agrees(story)


def channels(story: Story) -> list[dict[str, list[int]]]:
    return list(story.memory.subscriptions().values())


class ByUserId(MemberHooks):
    """Members called by user id."""

    columns: ClassVar[Mapping[str, str]] = {"id": "VARCHAR", "tier": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        return {**super().definition(), "email": None, "user_id": "id"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"id": f"Id-{number}", "tier": f"Tier {number}.{version}"}

    def key(self, row: Row) -> str:
        return str(row["id"])


class TestMembersByUserId(ByUserId, DailyStories, EditStories):
    """A project that knows users only by user id."""

    project_type, mode, deletes = "user_id", "mirror", True


class TestMembersOfAHybridProject(ByUserId, DailyStories):
    """A project that knows users by either; no user is created."""

    project_type, mode, deletes = "hybrid", "mirror", True

    def definition(self) -> Mapping[str, object]:
        return {**super().definition(), "update_existing_users_only": True}

    def prepare(self, side: Side) -> None:
        super().prepare(side)
        for number in range(10):
            side.call("POST", "/api/users/update", {"userId": self.key(self.row(number)), "dataFields": {}})

    def test_an_unknown_user_is_skipped_and_not_made(self, story: Story) -> None:
        story.build(self.row(1), self.row(10))
        story.run()
        assert story.counts("accepted", "skipped", "planned") == (1, 1, 2)
        assert self.key(self.row(10)) not in story.memory.users()


class TestRemovedMembers(FaultStories):
    """Rows are taken off a list that others fill."""

    columns: ClassVar[Mapping[str, str]] = {"email": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        return {"object": "list_members", "mode": "remove", "list": {"name": LIST}, "email": "email"}

    def row(self, number: int, version: int = 0) -> Row:
        return {"email": f"u{number}@shop.com"}

    def key(self, row: Row) -> str:
        return str(row["email"])

    def prepare(self, side: Side) -> None:
        everybody = [self.row(number) for number in range(10)]
        side.call("POST", "/api/lists/subscribe", {"listId": make_list(side), "subscribers": everybody})

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.key(row): "off" for row in rows}

    def held(self, memory: Memory) -> Mapping[str, object]:
        return {name: "off" for name in memory.users() if name not in memory.members(LIST)}

    def test_rows_are_taken_off_once(self, story: Story) -> None:
        story.run()
        assert story.counts("added", "accepted", "planned") == (7, 7, 7)
        self.assert_agrees(story)
        self.assert_quiet(story)
        story.build(*map(self.row, range(8)))
        assert story.requests_of(story.run) == 1
        assert story.counts("added", "unchanged", "accepted") == (1, 7, 1)
        self.assert_agrees(story)

    def test_rows_of_nobody_are_done(self, story: Story) -> None:
        story.build({"email": "nobody@shop.com"}, self.row(0))
        story.run()
        assert story.counts("accepted", "planned") == (2, 2)
        assert "nobody@shop.com" not in story.memory.users()
        self.assert_quiet(story)

    def test_a_refused_row_is_quarantined(self, story: Story) -> None:
        story.side.refuse(self.key(self.row(3)))
        story.run()
        assert story.counts("accepted", "rejected", "planned") == (6, 1, 7)
        self.assert_quiet(story)
        story.side.refuse()
        story.project.cli("requeue")
        story.run()
        self.assert_agrees(story)

    @pytest.mark.kills
    def test_a_run_that_was_killed_is_taken_up(self, story: Story) -> None:
        story.kill_at(1, "after")
        story.run()
        self.assert_agrees(story)
        self.assert_quiet(story)


class TestTheList(Hooks):
    """Which list the rows go to, and what stops them from going to another."""

    columns: ClassVar[Mapping[str, str]] = {"email": "VARCHAR"}

    def definition(self) -> Mapping[str, object]:
        return self.entry(list={"name": "New"}, create_list=True)

    def entry(self, **change: object) -> dict[str, object]:
        return {"object": "list_members", "mode": "mirror", "email": "email", **change}

    def row(self, number: int, version: int = 0) -> Row:
        return {"email": f"u{number}@shop.com"}

    def lists(self, story: Story) -> dict[str, int]:
        return {one["name"]: one["id"] for one in story.side.call("GET", "/api/lists")["lists"]}

    def rows(self, story: Story) -> set[str]:
        return {str(row["email"]) for row in story.rows}

    def test_a_list_is_made_by_the_first_run_and_by_nothing_else(self, story: Story) -> None:
        story.plan()
        assert story.project.cli("validate", "--online").says("ok", "no list `New` yet")
        assert "New" not in self.lists(story)
        story.run()
        assert story.memory.members("New") == self.rows(story)
        story.build(*map(self.row, range(5)))
        before = self.lists(story)
        story.run()
        assert self.lists(story) == before
        assert story.memory.members("New") == self.rows(story)

    @pytest.mark.kills
    def test_a_run_that_was_killed_after_it_made_the_list(self, story: Story) -> None:
        story.kill_at(2, "before")
        assert "New" in self.lists(story)
        before = self.lists(story)
        story.run()
        assert self.lists(story) == before
        assert story.memory.members("New") == self.rows(story)

    def test_a_list_whose_making_is_not_acknowledged_is_found_by_the_next_run(self, story: Story) -> None:
        lost = [1]
        story.side.hooks.drop_reply = lambda now: now in lost and lost.remove(now) is None
        assert story.run(code=1).says("list-not-made", "Run again")
        made = self.lists(story)
        story.run()
        assert self.lists(story) == made
        assert story.memory.members("New") == self.rows(story)

    def test_a_missing_list_is_told_before_anything_is_sent(self, story: Story) -> None:
        make_list(story.side, "VIPs")
        story.project.tag(self.entry(list={"name": LIST}))
        for command in (("run",), ("validate", "--online")):
            ended = story.project.cli(*command)
            assert ended.code == 1
            assert ended.says("error[unknown-list]", "did you mean `VIPs`", "create_list: true")
        assert story.side.number == 0

    def stops(self, story: Story, *words: str) -> None:
        before = story.side.number
        ended = story.run("--allow", "removed", code=1)
        assert ended.says("error[guard-destination]", "accepted elsewhere in the project", *words)
        assert story.side.number == before

    def test_another_list_is_not_taken_for_this_one(self, story: Story) -> None:
        story.run()
        make_list(story.side, "Other")
        story.build(self.row(0))
        story.project.tag(self.entry(list={"name": "Other"}))
        assert story.plan()["problems"][0]["code"] == "guard-destination"
        self.stops(story, "list differs", "list before: New", "list now: Other", "another `name`", "only renamed")
        assert story.memory.members("Other") == set()

    def test_who_was_put_on_a_list_is_not_taken_for_taken_off(self, story: Story) -> None:
        story.run()
        story.project.tag(self.entry(list={"name": "New"}, mode="remove"))
        assert story.plan()["problems"][0]["code"] == "guard-destination"
        story.build(*map(self.row, range(8)))
        before = story.side.number
        ended = story.run(code=1)
        assert ended.says("for something else: action differs", "action now: unsubscribe", "another `name`")
        assert not ended.says("only renamed")
        assert story.side.number == before
        story.project.tag(self.entry(list={"name": "New"}, mode="remove", name="off"))
        story.run()
        assert story.memory.members("New") == set()

    def test_a_list_that_was_made_again_under_its_name_is_another(self, story: Story) -> None:
        story.run()
        first = self.lists(story)["New"]
        story.side.call("DELETE", f"/api/lists/{first}")
        second = make_list(story.side, "New")
        story.build(*map(self.row, range(5)))
        self.stops(story, "list id differs", f"list id before: {first}", f"list id now: {second}", "another `name`")
        story.project.tag(self.entry(list={"name": "New"}, name="anew"))
        story.run()
        assert story.memory.members("New") == self.rows(story)

    def test_a_list_may_be_renamed_or_said_by_its_id(self, story: Story) -> None:
        """The list is the same, by its id."""
        story.run()
        number = self.lists(story)["New"]
        story.build(*map(self.row, range(8)))
        story.project.tag(self.entry(list={"id": number}))
        story.run()
        assert story.counts("accepted", "planned") == (1, 1)
        story.build(*map(self.row, range(9)))
        story.project.tag(self.entry(list={"name": "New"}))
        story.run()
        assert story.memory.members("New") == self.rows(story)

    def test_accepting_the_destination_keeps_the_list(self, story: Story) -> None:
        story.run()
        story.project.environment["ITERABLE_PROJECT"] = "renamed"
        story.build(self.row(0))
        assert story.run(code=1).says("guard-destination", "by another destination: project differs")
        assert story.project.cli("destination", "accept", "--to", "renamed").code == 0
        story.run("--allow", "removed")
        assert story.memory.members("New") == self.rows(story)
        story.side.call("DELETE", f"/api/lists/{self.lists(story)['New']}")
        make_list(story.side, "New")
        story.build(self.row(1))
        self.stops(story, "list id differs")

    def test_a_list_that_is_deleted_during_the_run_ends_it(self, story: Story) -> None:
        story.project.environment["REVERSE_ETL_BATCH_ROWS"] = "1"
        number = make_list(story.side, LIST)
        story.project.tag(self.entry(list={"id": number}))

        def delete(request: int) -> None:
            if request == 3:
                story.side.call("DELETE", f"/api/lists/{number}")

        story.side.hooks.before = delete
        assert story.run(code=1).says("error[unknown-list]", "any more")
        accepted, aborted, planned = story.counts("accepted", "aborted", "planned")
        assert (accepted < 7, accepted + aborted, planned) == (True, 7, 7)

    def test_rows_that_come_while_the_run_begins_go_to_the_list_too(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing was to be sent at the first look, so nothing had been asked of Iterable. The plan compares again."""
        monkeypatch.setattr(SnapshotStatus, "keeps_rows_of", lambda *_: False)
        story.run()
        story.build(*map(self.row, FIRST), {"email": "nobody"})
        story.run()
        assert story.counts("invalid", "planned") == (1, 1)
        plan = SnapshotStore.write_plan

        def meanwhile(store: SnapshotStore, *arguments: Any) -> dict[str, int]:
            store._warehouse.execute("INSERT INTO people VALUES ('late@shop.com')")
            return plan(store, *arguments)

        monkeypatch.setattr(SnapshotStore, "write_plan", meanwhile)
        story.run()
        assert story.counts("accepted", "invalid", "planned") == (1, 1, 2)
        assert "late@shop.com" in story.memory.members("New")

    def test_a_mirror_that_would_empty_a_list_stops_under_its_mode(self, story: Story) -> None:
        story.build(*map(self.row, range(300)))
        story.run()
        story.build(*map(self.row, range(150)))
        assert story.run(code=1).says("error[guard-removed]", "150 of 300", "`mode: mirror`")
        assert len(story.memory.members("New")) == 300
        story.run("--allow", "removed")
        assert story.memory.members("New") == self.rows(story)
