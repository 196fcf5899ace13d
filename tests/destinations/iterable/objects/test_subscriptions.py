"""Subscriptions: the object contract, the answer with six members, ids and names, and what a definition may say."""

from __future__ import annotations

import json

import pytest

from reverse_etl.change import Change, Kind, Status
from reverse_etl.destinations.bound_object import SyncContext
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.subscriptions import UpdateSubscriptions
from reverse_etl.destinations.operation import Row, UnfitRow
from reverse_etl.errors import DestinationError
from reverse_etl.sync import Field
from tests.contracts.iterable.bulk import BulkContract
from tests.destinations.iterable.objects.singles import faults_in_project, read, sync_of
from tests.doubles.scripted_server import Answer, refusal

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (("user_id", {"object": "subscriptions", "user_id": "COLUMN", "list_ids": {"value": [1]}}),)

CHANNELS, TYPES, OPTED = "unsubscribed_channels", "unsubscribed_message_types", "subscribed_message_types"
SUBSCRIPTIONS = {"object": "subscriptions", "email": "email", CHANNELS: "channels"}
REGISTERS = {
    "/api/lists": {
        "lists": [
            {"id": 12, "name": "VIP", "listType": "Standard"},
            {"id": 13, "name": "VIP", "listType": "Dynamic"},
        ]
    },
    "/api/channels": {
        "channels": [
            {"id": 1, "name": "Marketing"},
            {"id": 2, "name": "News"},
            {"id": 3, "name": "news"},
            {"id": 5, "name": "5th Avenue"},
        ]
    },
    "/api/messageTypes": {"messageTypes": [{"id": 21, "name": "Offers"}, {"id": 22, "name": "Offers"}]},
}


def subscriber(number, channels=(7,)):
    identity = f"user{number}@example.com"
    body = json.dumps({"email": identity, "unsubscribedChannelIds": list(channels)})
    return Change(number, Kind.CHANGED, identity, body.encode())


def six(rows, **failed):
    """A reply in its documented shape, all six members of it."""
    arrays = {"invalidEmails": [], "invalidUserIds": [], "validEmailFailures": [], "validUserIdFailures": []} | failed
    count = sum(map(len, arrays.values()))
    return {"successCount": rows - count, "failCount": count, **arrays}


class TestUpdateSubscriptions(BulkContract):
    array = "updateSubscriptionsRequests"

    def operation(self):
        return UpdateSubscriptions("email")

    def changes(self, count):
        return [subscriber(number) for number in range(count)]

    def sent_rows(self, received):
        rows = received.json["updateSubscriptionsRequests"]
        return [int(row["email"].removeprefix("user").split("@")[0]) for row in rows]

    def good(self, count):
        return six(count)

    def change_of_bytes(self, ordinal, size):
        bare = subscriber(ordinal, [])
        pad = b" " * (size - len(bare.body))
        return Change(ordinal, Kind.CHANGED, bare.identity, bare.body[:-1] + pad + b"}")

    @pytest.mark.parametrize(
        ("key", "array", "status", "code"),
        [
            ("email", "invalidEmails", Status.REJECTED, "invalid-identifier"),
            ("userId", "invalidUserIds", Status.REJECTED, "invalid-identifier"),
            ("email", "validEmailFailures", Status.FAILED, "failed-inside"),
            ("userId", "validUserIdFailures", Status.FAILED, "failed-inside"),
        ],
    )
    @pytest.mark.parametrize("rows", [1, 4])
    def test_each_array_of_the_answer(self, world, server, key, array, status, code, rows):
        """Well-formed identifiers failed inside Iterable: whether they were applied is open, and they go again."""
        changes = [
            Change(n, Kind.CHANGED, f"U{n}@x.com", json.dumps({key: f"U{n}@x.com"}).encode()) for n in range(rows)
        ]
        server.script(Answer(200, six(rows, **{array: ["U0@x.com"]})))
        done = world.deliver(UpdateSubscriptions("email" if key == "email" else "user_id"), changes)
        assert done.accepted == set(range(1, rows))
        assert (done.outcomes[0].status, done.outcomes[0].code) == (status, code)
        assert done.outcomes[0].maybe_applied is (status is Status.FAILED)
        assert len(server.requests) == 1

    def test_a_failure_inside_tells_of_the_feature_where_it_is_needed(self, world, server):
        server.script(Answer(200, six(1, validEmailFailures=["user0@example.com"])))
        reasons = [
            world.deliver(UpdateSubscriptions("email", opts_in=opts_in), self.changes(1)).outcomes[0].reason
            for opts_in in (False, True)
        ]
        assert ["opt-in" in reason for reason in reasons] == [False, True]

    @pytest.mark.parametrize(
        ("code", "found"), [("ForgottenUserError", "forgotten-user"), ("ExternalKeyConflict", "identity-conflict")]
    )
    def test_a_conflict_refuses_its_row_alone(self, world, server, code, found):
        self.refuse(server, {1}, refusal(409, code))
        done = world.deliver(self.operation(), self.changes(4))
        assert done.accepted == {0, 2, 3}
        assert done.outcomes[1].code == found

    @pytest.mark.parametrize("message", ["subscribedMessageTypeIds needs opt-in", "Opt In message types are off"])
    def test_without_the_opt_in_feature_the_run_ends_at_once(self, world, server, message):
        server.script(Answer(400, {"msg": message, "code": "BadParams", "params": None}))
        done = world.deliver(UpdateSubscriptions("email", opts_in=True), self.changes(4))
        assert done.problem.code == "opt-in-not-enabled"
        assert set(done.statuses.values()) == {"aborted"}
        assert len(server.requests) == 1

    @pytest.mark.parametrize(("opts_in", "message"), [(False, "opt-in"), (True, "Either email or userId must be set")])
    def test_other_refusals_are_those_of_a_row(self, world, server, opts_in, message):
        server.script(Answer(400, {"msg": message, "code": "BadParams", "params": None}))
        done = world.deliver(UpdateSubscriptions("email", opts_in=opts_in), self.changes(1))
        assert done.problem is None
        assert done.statuses == {0: "rejected"}

    def test_few_rows_are_under_way_at_once(self):
        assert self.operation().window == 2000

    def test_the_frame_fits_the_room_kept_for_it(self):
        assert len(self.operation().build([]).body) <= self.operation().overhead


@pytest.fixture
def ask(world, server):
    client = world.client()
    server.answer = lambda got: Answer(200, REGISTERS[got.path])

    def ask(act, meta, project="email"):
        sync = sync_of({**SUBSCRIPTIONS, **meta})
        return getattr(bind(sync, project), act)(SyncContext(sync), world.caller(client, 3))

    yield ask
    client.close()


class TestValues:
    """What a row says, as the ids that are sent."""

    def sent(self, ask, key, value):
        body = ask("connect", {key: "column"}).body
        found = body(Row("a@x.com", key_values={key: value}))
        assert found.pop("email") == "a@x.com"
        [ids] = found.values()
        return ids

    @pytest.mark.parametrize(
        ("value", "ids"),
        [
            ([3, 1], [3, 1]),
            ([], []),
            ("[]", []),
            (5, [5]),
            (5.0, [5]),
            ("5", [5]),
            (" 5 ", [5]),
            (["5", 5, "Marketing", 1], [5, 1]),
            ('["Marketing", 3]', [1, 3]),
            ("Marketing", [1]),
            ("MARKETING", [1]),
            (["News", "news"], [2, 3]),
        ],
    )
    def test_ids_and_names_in_every_form(self, ask, value, ids):
        assert self.sent(ask, CHANNELS, value) == ids

    @pytest.mark.parametrize(
        ("key", "value", "code", "words"),
        [
            (CHANNELS, "Marketting", "unknown-name", "did you mean `Marketing`"),
            (CHANNELS, ["Marketing", "jo@example.com"], "unknown-name", "a channel that Iterable does not have"),
            (CHANNELS, "NEWS", "ambiguous-name", "(2, 3)"),
            (TYPES, "Offers", "ambiguous-name", "several message types have (21, 22)"),
            (CHANNELS, [None], "neither-id-nor-name", CHANNELS),
            (CHANNELS, True, "neither-id-nor-name", CHANNELS),
            (CHANNELS, 1.5, "neither-id-nor-name", CHANNELS),
            (CHANNELS, [[1]], "neither-id-nor-name", CHANNELS),
            (CHANNELS, {"id": 1}, "neither-id-nor-name", CHANNELS),
            (CHANNELS, "", "neither-id-nor-name", CHANNELS),
            (CHANNELS, [1, 999], "unknown-id", "that no channel of Iterable has"),
            ("list_ids", 13, "unknown-id", "list"),
            (CHANNELS, -1, "neither-id-nor-name", CHANNELS),
            (CHANNELS, "[1, 2", "unknown-name", CHANNELS),
        ],
    )
    def test_what_cannot_be_told_holds_its_row_back(self, ask, key, value, code, words):
        with pytest.raises(UnfitRow) as caught:
            self.sent(ask, key, value)
        assert (caught.value.code, caught.value.status) == (code, Status.INVALID)
        assert words in caught.value.reason

    def test_a_reason_holds_no_value_of_the_row(self, ask):
        with pytest.raises(UnfitRow) as caught:
            self.sent(ask, CHANNELS, "jo@example.com")
        assert "jo@" not in caught.value.reason

    def test_lists_are_those_that_can_be_subscribed_to(self, ask):
        assert self.sent(ask, "list_ids", "VIP") == [12]

    @pytest.mark.parametrize("own", [{}, {CHANNELS: None}])
    def test_a_row_that_says_nothing_is_skipped(self, ask, own):
        body = ask("connect", {}).body
        with pytest.raises(UnfitRow) as caught:
            body(Row("a@x.com", key_values=own))
        assert (caught.value.code, caught.value.status) == ("nothing-to-send", Status.SKIPPED)


class TestPreparing:
    def asked(self, server):
        return sorted(got.path for got in server.requests)

    def test_each_register_is_asked_for_once_and_only_where_it_is_needed(self, ask, server):
        ask("connect", {CHANNELS: None, TYPES: "a", OPTED: "b"})
        assert self.asked(server) == ["/api/messageTypes"]
        ask("inspect", {"list_ids": "a"})
        assert self.asked(server) == ["/api/channels", "/api/lists", "/api/messageTypes"]
        assert {got.method for got in server.requests} == {"GET"}

    @pytest.mark.parametrize("act", ["connect", "inspect"])
    def test_constants_are_looked_at_first(self, ask, act):
        with pytest.raises(DestinationError) as caught:
            ask(act, {CHANNELS: {"value": ["Marketting"]}})
        assert caught.value.code == "unknown-name"
        assert "did you mean `Marketing`" in caught.value.message
        assert "Marketing (1), News (2)" in caught.value.context["in Iterable"]

    def test_a_constant_is_sent_with_every_row(self, ask):
        connected = ask("connect", {CHANNELS: {"value": ["Marketing", 3]}})
        assert connected.body(Row("a@x.com", key_values={CHANNELS: ["Marketing", 3]})) == {
            "email": "a@x.com",
            "unsubscribedChannelIds": [1, 3],
        }

    def test_names_that_are_not_told_end_the_run(self, ask, server):
        server.script(Answer(418))
        with pytest.raises(DestinationError) as caught:
            ask("connect", {})
        assert caught.value.code == "names-not-told"

    @pytest.mark.parametrize(
        ("project", "members"),
        [
            ("email", {"emailListIds"}),
            ("user_id", {"emailListIds", "userListIds"}),
            ("hybrid", {"emailListIds", "userListIds"}),
        ],
    )
    def test_lists_go_by_every_name_that_the_project_may_know(self, ask, project, members):
        meta = {"email": None, "user_id": "id", CHANNELS: None, "list_ids": "lists"}
        body = ask("connect", meta, project).body(Row("U1", key_values={"list_ids": [12]}))
        assert body == {"userId": "U1", **{member: [12] for member in members}}


class TestDefinitions:
    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({}, []),
            ({CHANNELS: None}, ["missing-key"]),
            ({CHANNELS: {"value": [1, "News"]}}, []),
            ({CHANNELS: {"value": 1}}, []),
            ({CHANNELS: {"value": []}}, []),
            ({CHANNELS: {"value": None}}, ["wrong-value"]),
            ({CHANNELS: {"value": {"a": 1}}}, ["wrong-value"]),
            ({CHANNELS: {"value": [True]}, TYPES: {"value": ""}}, ["wrong-value", "wrong-value"]),
            ({CHANNELS: [1, 2]}, ["wrong-value"]),
            ({CHANNELS: 5}, ["wrong-value"]),
            ({"email": None}, ["missing-identifier"]),
            ({"user_id": "id"}, []),
            ({"mode": "mirror"}, ["unknown-mode"]),
            ({"fields": ["a"]}, ["unknown-key"]),
            ({"on_removed": "clear"}, ["unknown-key"]),
        ],
    )
    def test_what_is_wrong_whatever_the_project(self, change, codes):
        assert read({**SUBSCRIPTIONS, **change})[1] == codes

    @pytest.mark.parametrize(
        ("project", "change", "codes"),
        [
            ("email", {}, []),
            ("hybrid", {}, []),
            ("user_id", {}, ["wrong-identifier"]),
            ("user_id", {"email": None, "user_id": "id"}, []),
        ],
    )
    def test_what_cannot_work_in_a_project(self, project, change, codes):
        assert faults_in_project({**SUBSCRIPTIONS, **change}, project) == codes

    def test_a_null_leaves_what_iterable_has(self):
        [field] = sync_of(SUBSCRIPTIONS).key_fields
        assert field == Field(CHANNELS, "channels", nulls="skip", from_key=True)

    def test_opt_in_is_needed_only_where_it_is_meant(self):
        def opts_in(**change):
            return bind(sync_of({**SUBSCRIPTIONS, **change}), ProjectType.EMAIL).operations.write.opts_in

        assert (opts_in(), opts_in(subscribed_message_types="a")) == (False, True)
