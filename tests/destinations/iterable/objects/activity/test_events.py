"""Events against a server that gives every reply of Iterable: the object contract, and what only events have."""

from __future__ import annotations

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import bind, entries
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.events import TrackBulk
from reverse_etl.sync import IdentityRule
from tests.contracts.iterable.bulk import BulkContract
from tests.contracts.iterable.sequences import SequenceContract
from tests.contracts.iterable.turns import TurnsContract
from tests.destinations.iterable.objects.activity.activity_replies import event, tracked
from tests.destinations.iterable.objects.singles import codes_in

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (
    ("email", {"object": "events", "event_name": {"value": "x"}, "event_id": "COLUMN", "email": "other", "fields": []}),
    (
        "hybrid",
        {"object": "events", "event_name": {"value": "x"}, "event_id": "other", "user_id": "COLUMN", "fields": []},
    ),
    ("email", {"object": "events", "event_name": {"value": "x"}, "event_id": "other", "email": "COLUMN", "fields": []}),
)


class TrackHooks:
    array = "events"

    def operation(self):
        return TrackBulk()

    def changes(self, count):
        return [event(number) for number in range(count)]

    def sent_rows(self, received):
        return [row["dataFields"]["n"] for row in received.json["events"]]

    def good(self, count):
        return tracked(count)

    def change_of_bytes(self, ordinal, size):
        bare = event(ordinal, pad="")
        return event(ordinal, pad="x" * (size - len(bare.body)))

    def about(self, ordinal, person):
        row = event(ordinal, f"{person or ordinal}@example.com")
        return row if person else row._replace(user="")


class TestTrackBulk(TrackHooks, BulkContract):
    pass


class TestSequences(TrackHooks, SequenceContract):
    pass


class TestTurns(TrackHooks, TurnsContract):
    """`event_order: strict`."""

    def operation(self):
        return TrackBulk(several_of_user=False)


MODEL = TaggedModel("visits", "model.shop.visits", '"shop"."main"."visits"', "models/visits.yml")
GOOD = {"object": "events", "event_name": "name", "event_id": "id", "email": "email"}


def read(**changes):
    entry = {key: value for key, value in {**GOOD, **changes}.items() if value != "left out"}
    syncs, broken = read_definitions(MODEL, entry, lambda _: entries())
    return syncs, [fault for one in broken for fault in one.faults]


class TestDefinitions:
    """What a definition of events may say, and what its rows then need."""

    def test_the_shortest_definition(self):
        [sync], faults = read(email="left out", user_id="id", event_id="left out", primary_key=["shop", "number"])
        assert faults == []
        assert (sync.mode, sync.on_removed, sync.fields) == ("upsert", "ignore", None)
        assert bind(sync, ProjectType.EMAIL).identity == IdentityRule("primary_key", ("shop", "number"))
        entry = sync.entry
        assert (entry.unknown_users, entry.prefer, entry.create_new_fields) == ("skip", None, None)
        assert not entry.allow_dropped_fields

    def test_an_event_id_identifies_and_a_primary_key_beside_it_is_the_models_own(self):
        [sync], _ = read(primary_key="number")
        assert bind(sync, ProjectType.EMAIL).identity == IdentityRule("event_id", ("id",))
        assert sync.primary_key == ("number",)

    def test_what_keys_take_from_a_row(self):
        [sync], faults = read(
            event_name={"value": "Visit"},
            user_id="uid",
            created_at={"column": "at", "nulls": "skip"},
            campaign_id="campaign",
            template_id={"value": 7},
        )
        assert faults == []
        assert {field.label: (field.column, field.constant, field.nulls) for field in sync.key_fields} == {
            "@event_name": (None, "Visit", "send"),
            "@created_at": ("at", None, "skip"),
            "@campaign_id": ("campaign", None, "send"),
            "@template_id": (None, 7, "send"),
            "@email": ("email", None, "send"),
            "@user_id": ("uid", None, "send"),
        }

    @pytest.mark.parametrize(
        ("changes", "code", "key", "words"),
        [
            ({"event_name": "left out"}, "missing-key", "event_name", []),
            ({"event_name": None}, "missing-key", "event_name", ["{value: …}"]),
            ({"event_name": {"value": " "}}, "missing-key", "event_name", []),
            ({"event_name": {"value": None}}, "missing-key", "event_name", []),
            ({"event_name": {"name": "x"}}, "wrong-value", "event_name", ["{value: …}"]),
            ({"event_id": "left out"}, "missing-identifier", "event_id", ["primary_key"]),
            ({"email": "left out"}, "missing-identifier", "", ["email, user_id"]),
            ({"mode": "update"}, "unknown-mode", "mode", ["upsert"]),
            ({"unknown_users": "ignore"}, "unknown-users-choice", "unknown_users", ["skip, reject"]),
            ({"event_order": "any"}, "unknown-event-order", "event_order", ["batched, strict"]),
            ({"on_removed": "delete"}, "unknown-key", "on_removed", []),
            ({"created_on": "x"}, "unknown-key", "created_on", ["did you mean `created_at`"]),
        ],
    )
    def test_a_fault_names_its_place_and_what_is_right(self, changes, code, key, words):
        syncs, faults = read(**changes)
        assert syncs == []
        [fault] = [item for item in faults if item.code == code]
        assert fault.context["key"] == "meta.reverse_etl" + (f".{key}" if key else "")
        assert all(word in f"{fault.message} {fault.context}" for word in words)

    @pytest.mark.parametrize(
        ("project", "changes", "codes"),
        [
            ("email", {}, []),
            ("hybrid", {"user_id": "uid"}, []),
            ("user_id", {}, ["wrong-identifier"]),
            ("user_id", {"user_id": "uid"}, []),
            ("email", {"fields": {"createdAt": "at", "itblInternal.x": "x"}}, ["managed-field"] * 2),
            ("email", {"fields": {"email": "friend", "signupSource": "x"}}, []),
        ],
    )
    def test_what_cannot_work_in_a_project_is_refused(self, project, changes, codes):
        [sync], _ = read(**changes)
        assert codes_in(sync, ProjectType(project)) == codes

    def test_what_every_row_needs(self):
        [timed], _ = read(created_at="at")
        [skipping], _ = read(created_at={"column": "at", "nulls": "skip"}, user_id="uid")
        codes = [[one.code for one in bind(sync, ProjectType.EMAIL).requirements] for sync in (timed, skipping)]
        assert codes == [
            ["null-identifier", "bad-email", "null-created-at", "null-event-name"],
            ["null-identifier", "bad-email", "bad-user-id", "null-event-name"],
        ]

    def test_how_they_are_sent(self):
        [sync], _ = read(unknown_users="reject", allow_dropped_fields=True)
        found = bind(sync, ProjectType.EMAIL).operations
        assert found.write == TrackBulk(skip=False, allow_dropped_fields=True)
        assert (found.remove, found.lookup) == (None, None)
        assert (found.write.window, found.write.endpoint.per_second) == (2000, 10)
        [strict], _ = read(event_order="strict")
        assert bind(strict, ProjectType.EMAIL).operations.write == TrackBulk(several_of_user=False)
