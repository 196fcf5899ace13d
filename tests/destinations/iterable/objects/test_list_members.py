"""List members: the object contract, who is not there, which list is meant, and what a definition may say."""

from __future__ import annotations

import json

import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.destinations.bound_object import SyncContext, TypedField
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.lists import Subscribe, Unsubscribe
from reverse_etl.errors import DestinationError
from tests.contracts.iterable.bulk import BulkContract
from tests.destinations.iterable.objects.bulk_replies import ARRAYS, reply
from tests.destinations.iterable.objects.singles import faults_in_project, read, sync_of
from tests.doubles.scripted_server import Answer, refusal

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (("user_id", {"object": "list_members", "list": {"id": 1}, "user_id": "COLUMN"}),)

VIP = 12
MEMBERS = {"object": "list_members", "list": {"name": "VIP"}, "email": "email"}
LISTS = [
    {"id": 12, "name": "VIP", "listType": "Standard", "createdAt": 0},
    {"id": 13, "name": "Friends", "listType": "Standard"},
    {"id": 14, "name": "Friends", "listType": "Standard"},
    {"id": 15, "name": "Everyone", "listType": "Dynamic"},
    {"id": 16, "name": "Untold"},
]
# As the reference has it: a refusal that calls itself a success.
NO_LIST = Answer(400, {"msg": "error.lists.invalidListId(12)", "code": "Success", "params": {"listId": 12}})
NO_LIST_AS_A_CODE = Answer(400, {"error": "BadRequest", "code": "error.lists.invalidListId", "message": "no"})


def member(number, **data):
    identity = f"user{number}@example.com"
    body = {"email": identity, **({"dataFields": data} if data else {})}
    return Change(number, Kind.CHANGED, identity, json.dumps(body).encode())


def customer(number):
    return Change(number, Kind.CHANGED, f"Cust-{number}", json.dumps({"userId": f"Cust-{number}"}).encode())


class MembersContract(BulkContract):
    array = "subscribers"

    def changes(self, count):
        return [member(number) for number in range(count)]

    def sent_rows(self, received):
        return [int(row["email"].removeprefix("user").split("@")[0]) for row in received.json["subscribers"]]

    def good(self, count):
        return reply(count)

    def change_of_bytes(self, ordinal, size):
        bare = member(ordinal, pad="")
        return member(ordinal, pad="x" * (size - len(bare.body)))

    def fate(self, world, server, answer, operation=None, changes=None):
        """What becomes of row 1 of four, the others being accepted."""
        server.script(answer)
        done = world.deliver(operation or self.operation(), changes or self.changes(4))
        assert done.accepted >= {0, 2, 3}
        return "accepted" if 1 in done.accepted else f"{done.outcomes[1].status.value} {done.outcomes[1].code}"

    @pytest.mark.parametrize("answer", [NO_LIST, NO_LIST_AS_A_CODE])
    def test_a_list_that_is_gone_ends_the_run_at_once(self, world, server, answer):
        world.batch_rows, world.concurrency = 4, 1
        answers = [Answer(200, reply(4)), answer]
        server.script(*answers)
        done = world.deliver(self.operation(), self.changes(20))
        assert done.accepted == {0, 1, 2, 3}
        assert set(done.statuses.values()) == {"aborted"}
        assert done.problem.code == "unknown-list"
        assert done.problem.context["list id"] == 12
        assert not any(outcome.maybe_applied for outcome in done.outcomes.values())
        assert len(server.requests) == 2

    @pytest.mark.parametrize("code", ["BadParams", "Success", ""])
    def test_a_refusal_that_speaks_of_what_does_not_exist_says_nothing_of_the_user(self, world, server, code):
        server.script(Answer(400, {"msg": "Campaign 7 does not exist", "code": code, "params": None}))
        done = world.deliver(self.operation(), self.changes(1))
        assert done.statuses == {0: "rejected"}
        assert done.outcomes[0].code != "unknown-user"

    def test_few_rows_are_under_way_at_once(self):
        assert self.operation().window == 2000

    def test_the_frame_fits_the_room_kept_for_it(self):
        widest = self.widest()
        assert len(widest.build([]).body) <= widest.overhead


class TestSubscribe(MembersContract):
    def operation(self):
        return Subscribe(VIP, "email")

    def widest(self):
        return Subscribe(10**18, "user_id", existing_only=True)

    @pytest.mark.parametrize("reason", ["invalid", "invalidData", "conflict", "forgotten"])
    def test_what_a_reply_refuses(self, world, server, reason):
        answer = Answer(200, reply(4, **{reason + "Emails": ["USER1@example.com"]}))
        assert self.fate(world, server, answer) == f"rejected {ARRAYS[reason]}"

    def test_who_is_unknown_and_was_not_made_is_skipped(self, world, server):
        answer = Answer(200, reply(4, notFoundEmails=["user1@example.com"]))
        assert self.fate(world, server, answer) == "skipped unknown-user"

    @pytest.mark.parametrize(
        "answer",
        [reply(4, notFoundUserIds=["Cust-1"]), {"successCount": 3, "failCount": 1, "invalidUserIds": ["Cust-1"]}],
    )
    def test_a_user_id_may_be_unknown_by_either_array(self, world, server, answer):
        rows = [customer(number) for number in range(4)]
        fate = self.fate(world, server, Answer(200, answer), Subscribe(VIP, "user_id"), rows)
        assert fate == "skipped unknown-user"

    @pytest.mark.parametrize("status", [400, 409])
    def test_a_request_refused_for_a_forgotten_user(self, world, server, status):
        self.refuse(server, {1}, refusal(status, "ForgottenUserError"))
        done = world.deliver(self.operation(), self.changes(4))
        assert done.accepted == {0, 2, 3}
        assert done.outcomes[1].code == "forgotten-user"

    def test_fields_that_were_dropped_fail_the_rows_unless_allowed(self, world, server):
        server.script(Answer(200, reply(4) | {"filteredOutFields": ["plan"]}))
        assert set(world.deliver(self.operation(), self.changes(4)).statuses.values()) == {"failed"}
        allowed = Subscribe(VIP, "email", allow_dropped_fields=True)
        assert world.deliver(allowed, self.changes(4)).accepted == {0, 1, 2, 3}

    @pytest.mark.parametrize("switch", [False, True])
    def test_existing_users_only_is_said_where_it_is_meant(self, switch):
        body = json.loads(Subscribe(VIP, "email", existing_only=switch).build(self.changes(1)).body)
        assert body.get("updateExistingUsersOnly") is (True if switch else None)


class TestUnsubscribe(MembersContract):
    forgotten_is_done = True

    def operation(self):
        return Unsubscribe(VIP, "email")

    def widest(self):
        return Unsubscribe(10**18, "user_id")

    def test_nobody_leaves_a_channel(self, world, server):
        """Sources differ on what holds where this is not said."""
        server.answer = self.take_all
        world.deliver(self.operation(), self.changes(2))
        assert [got.json["channelUnsubscribe"] for got in server.requests] == [False]

    @pytest.mark.parametrize("reason", ["notFound", "forgotten"])
    def test_who_is_unknown_or_forgotten_is_off_the_list(self, world, server, reason):
        answer = Answer(200, reply(4, **{reason + "Emails": ["user1@example.com"]}))
        assert self.fate(world, server, answer) == "accepted"

    def test_a_user_id_that_only_the_older_array_names_is_unknown(self, world, server):
        answer = Answer(200, {"successCount": 3, "failCount": 1, "invalidUserIds": ["Cust-1"]})
        rows = [customer(number) for number in range(4)]
        assert self.fate(world, server, answer, Unsubscribe(VIP, "user_id"), rows) == "accepted"

    @pytest.mark.parametrize("reason", ["invalid", "invalidData", "conflict"])
    def test_what_else_a_reply_refuses(self, world, server, reason):
        answer = Answer(200, reply(4, **{reason + "Emails": ["user1@example.com"]}))
        assert self.fate(world, server, answer) == f"rejected {ARRAYS[reason]}"

    @pytest.mark.parametrize("code", ["ForgottenUserError", "UnknownEmailError"])
    def test_a_request_refused_for_who_is_not_there(self, world, server, code):
        self.refuse(server, {1}, refusal(400, code))
        assert world.deliver(self.operation(), self.changes(4)).accepted == {0, 1, 2, 3}


ROWS = [member(number) for number in range(4)]


@pytest.mark.parametrize("kind", [Subscribe, Unsubscribe])
class TestFreshLists:
    """A list that this run made may be unknown to Iterable for a short while."""

    def test_it_is_waited_for(self, world, server, clock, kind):
        server.script(NO_LIST, NO_LIST, Answer(200, reply(4)))
        began = clock.now
        done = world.deliver(kind(VIP, "email", just_created=True), ROWS)
        assert done.accepted == {0, 1, 2, 3}
        assert [got.body for got in server.requests] == [server.requests[0].body] * 3
        assert clock.now - began >= 10

    def test_not_for_ever(self, world, server, clock, kind):
        server.script(NO_LIST)
        began = clock.now
        done = world.deliver(kind(VIP, "email", just_created=True), ROWS)
        assert set(done.statuses.values()) == {"aborted"}
        assert done.problem.code == "unknown-list"
        assert len(server.requests) == world.attempts
        assert 20 <= clock.now - began < 120

    def test_another_refusal_is_no_reason_to_wait(self, world, server, kind):
        server.script(refusal(400, "BadJsonBody"))
        done = world.deliver(kind(VIP, "email", just_created=True), ROWS[:1])
        assert done.statuses == {0: "rejected"}
        assert len(server.requests) == 1


def both(connected):
    return connected.operations.write, connected.operations.remove


class TestWhichList:
    """Asked before the first row; made only by a run, and only where the definition allows it."""

    @pytest.fixture
    def ask(self, world, server):
        client = world.client()
        server.answer = lambda got: Answer(200, {"listId": 99} if got.method == "POST" else {"lists": LISTS})

        def ask(act, meta):
            sync = sync_of({**MEMBERS, **meta})
            return getattr(bind(sync, "email"), act)(SyncContext(sync), world.caller(client, 3))

        yield ask
        client.close()

    def connect(self, ask, **meta):
        return ask("connect", meta)

    def refused(self, ask, **meta):
        for act in ("connect", "inspect"):
            with pytest.raises(DestinationError) as caught:
                ask(act, meta)
        return caught.value

    @pytest.mark.parametrize(
        ("said", "found"),
        [({"name": "VIP"}, 12), ({"id": 14}, 14), ({"name": "Untold"}, 16)],
    )
    def test_a_list_is_found_by_name_or_id(self, ask, server, said, found):
        connected = self.connect(ask, list=said, mode="mirror")
        assert connected.resource_ids == {"list_id": str(found)}
        assert [(one.list_id, one.just_created) for one in both(connected)] == [(found, False)] * 2
        assert [(got.method, got.path) for got in server.requests] == [("GET", "/api/lists")]

    def test_a_name_that_is_not_there_tells_the_nearest_and_all(self, ask):
        error = self.refused(ask, list={"name": "vipp"})
        assert error.code == "unknown-list"
        assert "did you mean `VIP`" in error.message
        assert "VIP (12), Friends (13), Friends (14)" in error.context["lists"]
        assert "create_list: true" in error.hint

    def test_another_letter_case_is_another_list(self, ask):
        assert self.refused(ask, list={"name": "vip"}).code == "unknown-list"

    def test_an_id_that_is_not_there(self, ask):
        error = self.refused(ask, list={"id": 77})
        assert error.code == "unknown-list"
        assert "77" in error.message
        assert "create_list" not in error.hint

    def test_a_name_of_several_lists_is_settled_by_an_id(self, ask):
        error = self.refused(ask, list={"name": "Friends"}, create_list=True)
        assert error.code == "ambiguous-list"
        assert error.context["lists"] == "Friends (13), Friends (14)"

    @pytest.mark.parametrize("said", [{"name": "Everyone"}, {"id": 15}])
    def test_a_list_that_is_not_static_is_refused(self, ask, said):
        error = self.refused(ask, list=said)
        assert error.code == "list-not-static"
        assert "Dynamic" in error.message
        assert "Everyone" not in error.context["static lists"]

    def test_many_lists_are_not_all_shown(self, ask, server):
        server.script(Answer(200, {"lists": [{"id": n, "name": f"L{n}"} for n in range(1, 1001)]}))
        assert self.refused(ask).context["lists"].endswith("L50 (50) and 950 more")

    def test_a_missing_list_is_made_once_the_run_begins(self, ask, server):
        [note] = ask("inspect", {"list": {"name": "New"}, "create_list": True}).notes
        assert "`New`" in note
        assert {got.method for got in server.requests} == {"GET"}
        connected = self.connect(ask, list={"name": "New"}, create_list=True, mode="mirror")
        assert [(one.list_id, one.just_created) for one in both(connected)] == [(99, True)] * 2
        assert connected.resource_ids == {"list_id": "99"}
        assert server.requests[-1].json == {"name": "New"}

    def test_a_list_that_is_there_is_not_made_again(self, ask, server):
        assert self.connect(ask, create_list=True).operations.write.list_id == VIP
        assert {got.method for got in server.requests} == {"GET"}

    @pytest.mark.parametrize(
        ("answer", "posts", "words"),
        [
            (Answer(lost=True), 1, "did not say"),
            (refusal(500, "GenericError"), 1, "did not say"),
            (Answer(200, {"listId": "99"}), 1, "did not say"),
            (Answer(200, b"<html>"), 1, "did not say"),
            (refusal(400, "BadParams"), 1, "did not create"),
        ],
    )
    def test_a_list_is_never_made_twice(self, ask, server, answer, posts, words):
        """Names are not unique, so a second request could make a second list."""
        server.answer = lambda got: answer if got.method == "POST" else Answer(200, {"lists": LISTS})
        with pytest.raises(DestinationError) as caught:
            self.connect(ask, list={"name": "New"}, create_list=True)
        assert caught.value.code == "list-not-made"
        assert words in caught.value.message
        assert [got.method for got in server.requests].count("POST") == posts

    def test_what_was_certainly_not_made_is_asked_for_again(self, ask, server):
        said = [refusal(429, "RateLimitExceeded"), Answer(200, {"listId": 99})]
        server.answer = lambda got: said.pop(0) if got.method == "POST" else Answer(200, {"lists": LISTS})
        assert self.connect(ask, list={"name": "New"}, create_list=True).operations.write.list_id == 99

    @pytest.mark.parametrize("answer", [Answer(200, []), Answer(200, {"lists": None}), Answer(503), Answer(418)])
    def test_lists_that_are_not_told_end_the_run(self, ask, server, answer):
        server.script(answer)
        assert self.refused(ask).code == "names-not-told"

    def test_entries_of_another_shape_are_passed_over(self, ask, server):
        odd = [7, {}, {"id": "12", "name": "VIP"}, {"id": True, "name": "VIP"}, {"id": 12, "name": None}]
        server.script(Answer(200, {"lists": [*odd, *LISTS]}))
        assert self.connect(ask).operations.write.list_id == VIP

    def test_fields_are_checked_before_a_list_is_made(self, ask, server, world):
        server.answer = lambda got: Answer(200, {"fields": {"plan": "date"}, "lists": LISTS})
        meta = {"list": {"name": "New"}, "create_list": True, "fields": {"plan": "plan"}}
        typed = (TypedField("plan", "integer", "BIGINT"),)
        client = world.client()
        sync = sync_of({**MEMBERS, **meta})
        with pytest.raises(DestinationError) as caught:
            bind(sync, "email").connect(SyncContext(sync, typed), world.caller(client, 1))
        client.close()
        assert caught.value.code == "field-type-clash"
        assert {got.path for got in server.requests} == {"/api/users/getFields"}


class TestDefinitions:
    @pytest.mark.parametrize(
        ("change", "codes"),
        [
            ({}, []),
            ({"list": {"id": 123}}, []),
            ({"list": None}, ["wrong-value"]),
            ({"list": "VIP"}, ["wrong-value"]),
            ({"list": 123}, ["wrong-value"]),
            ({"list": {"id": "123"}}, ["wrong-value"]),
            ({"list": {"id": 0}}, ["wrong-value"]),
            ({"list": {"id": True}}, ["wrong-value"]),
            ({"list": {"name": ""}}, ["wrong-value"]),
            ({"list": {"name": 2024}}, ["wrong-value"]),
            ({"list": {"id": 1, "name": "VIP"}}, ["wrong-value"]),
            ({"list": {"names": "VIP"}}, ["wrong-value"]),
            ({"list": ["VIP"]}, ["wrong-value"]),
            ({"mode": "upsert"}, ["unknown-mode"]),
            ({"on_removed": "clear"}, ["unknown-key"]),
            ({"email": None}, ["missing-identifier"]),
            ({"user_id": "id"}, []),
            ({"create_list": True}, []),
            ({"create_list": True, "list": {"id": 123}}, ["contradictory-keys"]),
            ({"mode": "remove"}, []),
            ({"mode": "remove", "create_list": True}, ["contradictory-keys"]),
            ({"mode": "remove", "fields": ["plan"]}, ["contradictory-keys"]),
            ({"mode": "remove", "update_existing_users_only": True}, ["contradictory-keys"]),
            ({"mode": "mirror", "fields": {"plan": "plan"}}, []),
        ],
    )
    def test_what_is_wrong_whatever_the_project(self, change, codes):
        assert read({**MEMBERS, **change})[1] == codes

    def test_a_list_that_is_missing_is_told(self):
        assert read({"object": "list_members", "email": "email"})[1] == ["missing-key"]

    @pytest.mark.parametrize(
        ("project", "change", "codes"),
        [
            ("email", {}, []),
            ("email", {"email": None, "user_id": "id"}, []),
            ("user_id", {}, ["wrong-identifier"]),
            ("user_id", {"email": None, "user_id": "id"}, []),
            ("hybrid", {}, []),
            ("hybrid", {"update_existing_users_only": True}, []),
            ("email", {"update_existing_users_only": True}, ["wrong-project-type"]),
            ("email", {"fields": {"emailListIds": "a", "email": "b"}}, ["managed-field", "managed-field"]),
        ],
    )
    def test_what_cannot_work_in_a_project(self, project, change, codes):
        assert faults_in_project({**MEMBERS, **change}, project) == codes

    @pytest.mark.parametrize(
        ("mode", "write", "remove", "on_removed"),
        [
            ("add", Subscribe, type(None), "ignore"),
            ("remove", Unsubscribe, type(None), "ignore"),
            ("mirror", Subscribe, Unsubscribe, "remove"),
        ],
    )
    def test_what_a_mode_does(self, mode, write, remove, on_removed):
        sync = sync_of({**MEMBERS, "mode": mode})
        found = bind(sync, ProjectType.EMAIL).operations
        assert (type(found.write), type(found.remove), sync.on_removed) == (write, remove, on_removed)

    @pytest.mark.parametrize(("said", "scope"), [({"name": "VIP"}, {"list": "VIP"}), ({"id": 123}, {"list_id": "123"})])
    @pytest.mark.parametrize(
        ("mode", "action"), [("add", "subscribe"), ("mirror", "subscribe"), ("remove", "unsubscribe")]
    )
    def test_the_snapshot_is_about_one_list_and_what_is_done_to_it(self, said, scope, mode, action):
        assert sync_of({**MEMBERS, "list": said, "mode": mode}).scope == {**scope, "action": action}

    def test_nothing_but_membership_is_sent_unless_fields_are_named(self):
        assert sync_of(MEMBERS).fields == ()
        assert [field.path for field in sync_of({**MEMBERS, "fields": ["plan"]}).fields] == ["plan"]
