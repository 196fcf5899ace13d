"""Events from a model to both other sides: known by an id or by a primary key, of many users or of few."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from tests.destinations.iterable.objects.activity.activity_replies import hashed
from tests.reference_iterable.replies import BAD_GATEWAY, too_many_requests
from tests.stories.edit_stories import DailyStories, EditStories, FaultStories, KillStories, ObjectStories
from tests.stories.object_stories import Hooks
from tests.stories.sides import Memory, Side
from tests.stories.story import Row, Story

DAY = 86_400
FIRST_OF_2024 = 1_704_067_200
LONG_AGO = "TIMESTAMP '2000-01-01 00:00:00'"


class EventHooks(Hooks):
    """An event of a user of its own, with a name that may change, a nested field, and a null in every third row."""

    columns: ClassVar[Mapping[str, str]] = {
        "id": "VARCHAR",
        "email": "VARCHAR",
        "what": "VARCHAR",
        "at": "TIMESTAMP",
        "campaign": "BIGINT",
        "amount": "DECIMAL(9, 2)",
        "note": "VARCHAR",
    }

    def definition(self) -> Mapping[str, object]:
        return {
            "object": "events",
            "event_name": "what",
            "event_id": "id",
            "email": "email",
            "created_at": "at",
            "campaign_id": "campaign",
            "fields": {"order.amount": "amount", "note": "note", "source": {"value": "shop"}},
        }

    def prepare(self, side: Side) -> None:
        for number in range(12):
            side.call("POST", "/api/users/update", {"email": f"u{number}@shop.com"})

    def row(self, number: int, version: int = 0) -> Row:
        return {
            "id": f"event-{number}",
            "email": f"u{number}@shop.com",
            "what": "Order Shipped" if version == 1 else "Order Placed",
            "at": f"2024-01-{number + 1:02} 00:00:{version:02}",
            "campaign": 100 + version,
            "amount": f"{number}.50",
            "note": None if (number + version) % 3 == 0 else f"note {version}",
        }

    def key(self, row: Row) -> str:
        return str(row["id"])

    def name(self, row: Row) -> str:
        return str(row["email"])

    def id_of(self, row: Row) -> str:
        return self.key(row)

    def user_of(self, row: Row) -> str:
        return str(row["email"])

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        return {self.id_of(row): self._event(row) for row in rows}

    def _event(self, row: Row) -> dict[str, Any]:
        note = {} if row["note"] is None else {"note": row["note"]}
        day, second = int(row["at"][8:10]), int(row["at"][17:19])
        return {
            "user": self.user_of(row),
            "eventName": row["what"],
            "createdAt": FIRST_OF_2024 + (day - 1) * DAY + second,
            "campaignId": row["campaign"],
            "dataFields": {"order": {"amount": float(row["amount"])}, "source": "shop", **note},
        }

    def held(self, memory: Memory) -> Mapping[str, object]:
        return memory.events()


class TestEvents(EventHooks, ObjectStories):
    """Events with ids that Iterable takes."""

    def test_plan_tells_what_changes_and_what_is_held_back(self, story: Story) -> None:
        story.run()
        odd = [
            {**self.row(3), "email": None},
            {**self.row(4), "email": "nobody"},
            {**self.row(5), "what": " "},
            {**self.row(6), "at": None},
            {**self.row(7), "id": None},
        ]
        story.build(self.row(0), self.row(1, 1), self.row(2), *odd)
        plan = story.plan()
        assert plan["changed_fields"] == {"@event_name": 1, "@created_at": 1, "@campaign_id": 1, "note": 1}
        codes = ("null-identifier", "bad-email", "null-event-name", "null-created-at")
        assert plan["invalid"] == {code: 2 if code == "null-identifier" else 1 for code in codes}
        assert story.run(code=1).says("5 of 8 rows are held back")
        assert story.counts("accepted", "invalid", "removed") == (1, 5, 0)

    def test_a_constant_name_that_changes_renames_every_event(self, story: Story) -> None:
        story.run()
        story.project.tag({**self.definition(), "event_name": {"value": "Order"}})
        assert story.plan()["changed_fields"] == {"@event_name": 7}
        story.run()
        assert {event["eventName"] for event in story.memory.events().values()} == {"Order"}  # type: ignore[index]
        assert len(story.memory.events()) == 7


class ByPrimaryKey(EventHooks):
    """Two users, so that each request takes two rows; rows are known by two columns of the model."""

    project_type = "hybrid"
    columns: ClassVar[Mapping[str, str]] = {
        "shop": "VARCHAR",
        "number": "BIGINT",
        "user_id": "VARCHAR",
        **EventHooks.columns,
    }

    def definition(self) -> Mapping[str, object]:
        keys = {"event_id": None, "primary_key": ["shop", "number"], "user_id": "user_id"}
        return {**super().definition(), **keys}

    def prepare(self, side: Side) -> None:
        side.call("POST", "/api/users/update", {"email": "even@shop.com"})
        side.call("POST", "/api/users/update", {"userId": "Odd"})

    def row(self, number: int, version: int = 0) -> Row:
        odd = number % 2 == 1
        people = {"email": "nobody@shop.com" if odd else "even@shop.com", "user_id": "Odd" if odd else None}
        return {**super().row(number, version), **people, "shop": "eu", "number": number}

    def key(self, row: Row) -> str:
        return json.dumps([row["shop"], str(row["number"])], separators=(",", ":"))

    def id_of(self, row: Row) -> str:
        return hashed("people", self.key(row))

    def user_of(self, row: Row) -> str:
        return str(row["user_id"] or row["email"])


class TestEventsOfFewUsers(ByPrimaryKey, DailyStories, FaultStories, KillStories):
    """The user id if there is one, else the e-mail."""


class TestEventsInOrder(EventHooks):
    """Thirty events each of three users, in any order in the model: many in a request, in the order of their time."""

    environment: ClassVar[Mapping[str, str]] = {"REVERSE_ETL_BATCH_ROWS": "40"}

    def row(self, number: int, version: int = 0) -> Row:
        """Two events of a user each have one time. Their ids decide then."""
        person, at = f"u{number % 3}@shop.com", f"2024-01-01 00:00:{number * 7 % 90 // 6:02}"
        return {**super().row(0, version), "id": f"event-{number:02}", "email": person, "at": at}

    @pytest.fixture
    def many(self, story: Story) -> Story:
        story.build(*(self.row(number * 37 % 90) for number in range(90)))
        return story

    def assert_arrived_in_order(self, story: Story) -> None:
        """Both servers hold events in the order in which they came."""
        events = story.memory.events()
        for person in {event["user"] for event in events.values()}:
            came = [(event["createdAt"], key) for key, event in events.items() if event["user"] == person]
            assert came == sorted(came)
            assert len(came) == 30
        self.assert_agrees(story)

    def test_requests_are_full_and_each_user_keeps_the_order(self, many: Story) -> None:
        assert many.requests_of(many.run) == 3
        self.assert_arrived_in_order(many)

    def test_windows_and_faults_keep_the_order(self, many: Story) -> None:
        many.project.environment["REVERSE_ETL_WINDOW"] = "25"
        said = [BAD_GATEWAY, too_many_requests(0.05)]
        many.side.hooks.answer = lambda number: said.pop() if said and number % 2 else None
        many.run()
        self.assert_arrived_in_order(many)

    def test_one_event_of_each_user_in_a_request_if_the_order_is_strict(self, many: Story) -> None:
        many.project.tag({**self.definition(), "event_order": "strict", "first_run": "send"})
        assert many.requests_of(many.run) >= 30
        self.assert_arrived_in_order(many)

    def test_an_unknown_user_takes_all_its_events_and_no_others(self, many: Story) -> None:
        rows = [self.row(number) for number in range(30)]
        many.build(*rows, *({**self.row(number), "email": "nobody@shop.com"} for number in range(40, 50)))
        assert many.requests_of(many.run) == 1
        assert many.counts("accepted", "skipped") == (30, 10)


class TestEventsWithOddIds(EventHooks, DailyStories, EditStories):
    """Ids that Iterable would not take go out as hashes."""

    def row(self, number: int, version: int = 0) -> Row:
        return {**super().row(number, version), "id": f"event_{number}"}

    def id_of(self, row: Row) -> str:
        return hashed("people", row["id"])


class TestEventsByUserId(EventHooks, DailyStories):
    """A project that knows users only by user id: an additional address is not sent."""

    project_type = "user_id"
    columns: ClassVar[Mapping[str, str]] = {"user_id": "BIGINT", **EventHooks.columns}

    def definition(self) -> Mapping[str, object]:
        return {**super().definition(), "user_id": "user_id"}

    def prepare(self, side: Side) -> None:
        for number in range(12):
            side.call("POST", "/api/users/update", {"userId": str(number)})

    def row(self, number: int, version: int = 0) -> Row:
        return {**super().row(number, version), "user_id": number}

    def user_of(self, row: Row) -> str:
        return str(row["user_id"])


class TestEventsOfUnknownUsers(EventHooks):
    """An event creates no user. A skipped event arrives once its user exists."""

    @pytest.fixture
    def skipped(self, story: Story) -> Story:
        """Rows of one known user and one unknown one."""
        story.build(self.row(1), self.row(20))
        assert story.run().says("warn", "1 skipped")
        assert story.counts("accepted", "skipped", "planned") == (1, 1, 2)
        self.holds(story, 1)
        self.assert_quiet(story)
        assert story.counts("quarantined") == (1,)
        story.side.call("POST", "/api/users/update", {"email": "u20@shop.com"})
        return story

    def holds(self, story: Story, *numbers: int) -> None:
        assert set(story.memory.events()) == {f"event-{number}" for number in numbers}

    def test_when_its_row_changes(self, skipped: Story) -> None:
        skipped.build(self.row(1), self.row(20, 1))
        skipped.run()
        self.assert_agrees(skipped)
        self.assert_quiet(skipped)

    def test_on_request(self, skipped: Story) -> None:
        assert skipped.project.cli("requeue").says("1 refusal")
        skipped.run()
        self.assert_agrees(skipped)

    def test_after_a_while(self, skipped: Story) -> None:
        """First after ten minutes, since the user may just have been made; then after `recheck_after`."""
        waits = "SELECT epoch(retry_at - seen_at) FROM reverse_etl.sync_rejections ORDER BY fence DESC"
        assert skipped.project.sql(waits)[0] == (600,)
        skipped.project.sql(f"UPDATE reverse_etl.sync_rejections SET retry_at = {LONG_AGO}")
        skipped.run()
        self.assert_agrees(skipped)
        self.assert_quiet(skipped)

    def test_refused_for_good_where_the_definition_says_so(self, story: Story) -> None:
        story.project.tag({**self.definition(), "unknown_users": "reject", "first_run": "send"})
        story.build(self.row(1), self.row(20))
        assert story.run().says("warn", "1 rejected")
        self.holds(story, 1)
        assert story.project.sql("SELECT retry_at FROM reverse_etl.sync_rejections") == [(None,)]
        self.assert_quiet(story)
