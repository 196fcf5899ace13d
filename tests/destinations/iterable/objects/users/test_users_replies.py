"""What a bulk reply says of its rows: the ten arrays, the deprecated ones, wrong counts, names that fit no row."""

from __future__ import annotations

import pytest

from reverse_etl.change import Change, Kind, Status
from reverse_etl.destinations.iterable.objects.users import BulkUpdate
from tests.destinations.iterable.objects.bulk_replies import ARRAYS, customer, reply, user
from tests.doubles.scripted_server import Answer, refusal


class TestWhatARepliesNames:
    """Every way in which a reply of 200 can speak of failed rows."""

    def deliver(self, world, server, answer, operation=None, changes=None):
        server.script(Answer(200, answer))
        return world.deliver(operation or BulkUpdate("email"), changes or [user(n) for n in range(4)])

    @pytest.mark.parametrize("reason", ARRAYS)
    def test_each_array_of_addresses(self, world, server, reason):
        done = self.deliver(world, server, reply(4, **{reason + "Emails": ["user2@example.com"]}))
        assert done.accepted == {0, 1, 3}
        assert done.statuses == {2: "rejected"}
        assert done.outcomes[2].code == ARRAYS[reason]
        assert not done.outcomes[2].maybe_applied

    @pytest.mark.parametrize("reason", ARRAYS)
    def test_each_array_of_user_ids(self, world, server, reason):
        answer = reply(4, **{reason + "UserIds": ["Cust-2"]})
        done = self.deliver(world, server, answer, BulkUpdate("user_id"), [customer(n) for n in range(4)])
        assert done.accepted == {0, 1, 3}
        assert done.outcomes[2].code == ARRAYS[reason]

    @pytest.mark.parametrize("reason", ARRAYS)
    def test_every_row_failed(self, world, server, reason):
        names = [f"user{n}@example.com" for n in range(4)]
        done = self.deliver(world, server, reply(4, **{reason + "Emails": names}))
        assert not done.accepted
        assert set(done.statuses.values()) == {"rejected"}
        assert len(server.requests) == 1

    def test_arrays_of_several_kinds_at_once(self, world, server):
        answer = reply(4, invalidEmails=["user0@example.com"], forgottenEmails=["user3@example.com"])
        done = self.deliver(world, server, answer)
        assert {n: o.code for n, o in done.outcomes.items()} == {0: "invalid-identifier", 3: "forgotten-user"}

    def test_the_deprecated_arrays_alone_as_in_2021(self, world, server):
        answer = {"successCount": 3, "failCount": 1, "invalidEmails": ["user1@example.com"]}
        done = self.deliver(world, server, answer)
        assert done.accepted == {0, 2, 3}
        assert done.outcomes[1].code == "invalid-identifier"

    def test_a_reply_without_arrays_is_enough_when_nothing_failed(self, world, server):
        assert self.deliver(world, server, {"successCount": 4, "failCount": 0}).accepted == {0, 1, 2, 3}

    def test_addresses_are_matched_whatever_their_case(self, world, server):
        done = self.deliver(world, server, reply(4, invalidEmails=["USER1@Example.COM"]))
        assert done.statuses == {1: "rejected"}

    def test_user_ids_are_matched_exactly(self, world, server):
        """Another case is another user: the reply names no user of this batch, so the batch is split."""
        rows = [customer(n) for n in range(2)]

        def answer(got):
            sent = [row["userId"] for row in got.json["users"]]
            return Answer(200, reply(len(sent), invalidUserIds=["cust-1"] if "Cust-1" in sent else []))

        server.answer = answer
        done = world.deliver(BulkUpdate("user_id"), rows)
        assert done.accepted == {0}
        assert done.statuses == {1: "rejected"}
        assert len(server.requests) == 3

    def test_a_name_among_the_data_points_to_its_row(self, world, server):
        rows = [user(n, userId=f"Cust-{n}") for n in range(4)]
        done = self.deliver(world, server, reply(4, conflictUserIds=["Cust-1"]), changes=rows)
        assert done.accepted == {0, 2, 3}
        assert done.outcomes[1].code == "identity-conflict"

    def test_a_name_that_two_rows_hold_blames_neither_unheard(self, world, server):
        """The first row takes over the second one's address: Iterable names that address, and means the first row."""
        rows = [customer(0, email="b@example.com"), customer(1), customer(2, email="B@example.com")]

        def answer(got):
            ids = [row["userId"] for row in got.json["users"]]
            return Answer(200, reply(len(ids), conflictEmails=["b@example.com"] if "Cust-2" in ids else []))

        server.answer = answer
        done = world.deliver(BulkUpdate("user_id"), rows)
        assert done.accepted == {0, 1}
        assert done.outcomes[2].code == "identity-conflict"

    def test_an_address_and_a_user_id_of_the_same_text_are_not_mixed_up(self, world, server):
        """Row 1 is known by a user id that looks like the address which row 0 wanted."""
        odd = Change(1, Kind.CHANGED, "b@example.com", b'{"userId":"b@example.com","dataFields":{"n":1}}')
        rows = [customer(0, email="b@example.com"), odd]
        done = self.deliver(world, server, reply(2, conflictEmails=["b@example.com"]), BulkUpdate("user_id"), rows)
        assert done.accepted == {1}
        assert done.outcomes[0].code == "identity-conflict"

    def test_conflict_values_that_are_not_in_the_batch_are_traced_by_halving(self, world, server):
        def answer(got):
            sent = [row["email"] for row in got.json["users"]]
            return Answer(200, reply(len(sent), conflictEmails=["else@x.com"] if "user5@example.com" in sent else []))

        server.answer = answer
        done = world.deliver(BulkUpdate("email"), [user(n) for n in range(8)])
        assert done.accepted == set(range(8)) - {5}
        assert done.outcomes[5].code == "identity-conflict"
        assert done.outcomes[5].maybe_applied
        assert len(server.requests) == 7

    def test_conflicts_that_most_rows_share_stop_the_run(self, world, server):
        def answer(got):
            sent = len(got.json["users"])
            strange = [f"else{n}@x.com" for n in range(sent)]
            return Answer(200, reply(sent, conflictEmails=strange))

        server.answer = answer
        done = world.deliver(BulkUpdate("email"), [user(n) for n in range(3000)])
        assert done.problem.code == "refused-again-and-again"
        assert not done.accepted
        assert len(server.requests) <= 300

    def test_a_failure_without_a_name_is_traced_by_halving(self, world, server):
        def answer(got):
            sent = [row["email"] for row in got.json["users"]]
            bad = "user2@example.com" in sent
            return Answer(200, {"successCount": len(sent) - bad, "failCount": int(bad)})

        server.answer = answer
        done = world.deliver(BulkUpdate("email"), [user(n) for n in range(4)])
        assert done.accepted == {0, 1, 3}
        assert done.outcomes[2].code == "refused"
        assert done.outcomes[2].maybe_applied

    @pytest.mark.parametrize(
        "answer",
        [
            {"successCount": 3, "failCount": 0},
            {"successCount": 4, "failCount": 1},
            {"successCount": -1, "failCount": 5},
            {"successCount": True, "failCount": 0},
            {"successCount": "4", "failCount": 0},
            {"successCount": 4.0, "failCount": 0},
            {"failCount": 0},
            {"successCount": 4},
            reply(4) | {"failedUpdates": {"invalidEmails": ["user1@example.com"]}},
            reply(4, invalidEmails=["user1@example.com"]) | {"failCount": 2},
            reply(4, invalidEmails=["user1@example.com", "user1@example.com"]),
            reply(4, invalidEmails=["stranger@example.com"]),
            reply(4, invalidEmails=["user1@example.com", "stranger@example.com"]) | {"successCount": 3, "failCount": 1},
        ],
    )
    def test_replies_that_contradict_themselves_accept_nothing(self, world, server, answer):
        done = self.deliver(world, server, answer)
        assert not done.accepted
        assert set(done.statuses.values()) == {"failed"}
        assert all(outcome.maybe_applied for outcome in done.outcomes.values())

    @pytest.mark.parametrize(
        "arrays", [None, [], "x", {"invalidEmails": "user1@example.com"}, {"invalidEmails": [1, None]}]
    )
    def test_arrays_of_a_wrong_shape_are_no_failures(self, world, server, arrays):
        answer = {"successCount": 4, "failCount": 0, "failedUpdates": arrays, "filteredOutFields": 7}
        assert self.deliver(world, server, answer).accepted == {0, 1, 2, 3}

    @pytest.mark.parametrize("counted", [True, False])
    def test_rows_that_needed_nothing_are_no_failures(self, world, server, counted):
        answer = reply(4) | {"noOpEmails": ["user1@example.com"], "successCount": 4 if counted else 3}
        assert self.deliver(world, server, answer).accepted == {0, 1, 2, 3}

    def test_dropped_fields_fail_the_batch_that_lost_them(self, world, server):
        answer = reply(4, invalidEmails=["user0@example.com"]) | {"filteredOutFields": ["plan", "tier.name"]}
        done = self.deliver(world, server, answer)
        assert done.statuses == {0: "rejected", 1: "failed", 2: "failed", 3: "failed"}
        assert done.outcomes[1].code == "dropped-fields"
        assert done.outcomes[1].maybe_applied
        assert not done.outcomes[0].maybe_applied
        assert "`plan`, `tier.name`" in done.outcomes[1].reason
        assert done.dropped_fields == {"plan", "tier.name"}

    def test_dropped_fields_can_be_allowed(self, world, server):
        answer = reply(4) | {"filteredOutFields": ["plan"]}
        done = self.deliver(world, server, answer, BulkUpdate("email", allow_dropped_fields=True))
        assert done.accepted == {0, 1, 2, 3}
        assert done.dropped_fields == {"plan"}

    def test_a_type_clash_tells_field_and_types_and_not_the_value(self, world, server):
        detail = {"incomingTypes": ["string", "keyword"], "expectedType": "date", "offendingValue": "SECRET"}
        server.script(refusal(400, "RequestFieldsTypesMismatched", {"validationErrors": {"born": detail}}))
        done = world.deliver(BulkUpdate("email"), [user(0)])
        assert done.outcomes[0].reason == "`born` is date in Iterable and looks like string or keyword here"

    def test_the_request_id_is_kept_with_what_was_refused(self, world, server):
        server.script(Answer(200, reply(1, invalidEmails=["user0@example.com"]), {"Iterable-Request-Id": "r-1"}))
        assert world.deliver(BulkUpdate("email"), [user(0)]).outcomes[0].response.request_id == "r-1"


class TestUpdateOnly:
    """`mode: update` where Iterable itself refuses what it does not know: the row is skipped."""

    UPDATE = BulkUpdate("user_id", updates_only=True)

    def deliver(self, world, server, answer):
        server.script(Answer(200, answer))
        return world.deliver(self.UPDATE, [customer(n) for n in range(3)])

    def test_unknown_users_are_skipped(self, world, server):
        answer = reply(3, notFoundUserIds=["Cust-1"]) | {"invalidUserIds": ["Cust-1"]}
        done = self.deliver(world, server, answer)
        assert done.accepted == {0, 2}
        assert done.outcomes[1].status is Status.SKIPPED
        assert done.outcomes[1].code == "unknown-user"

    def test_unknown_users_named_by_the_deprecated_array_alone_are_skipped(self, world, server):
        done = self.deliver(world, server, {"successCount": 2, "failCount": 1, "invalidUserIds": ["Cust-1"]})
        assert done.statuses == {1: "skipped"}

    @pytest.mark.parametrize("reason", ["invalid", "invalidData", "conflict", "forgotten"])
    def test_other_failures_stay_refusals(self, world, server, reason):
        done = self.deliver(world, server, reply(3, **{reason + "UserIds": ["Cust-1"]}))
        assert done.statuses == {1: "rejected"}
        assert done.outcomes[1].code == ARRAYS[reason]

    def test_a_bad_address_among_the_data_is_a_refusal(self, world, server):
        rows = [customer(0, email="nope")]
        server.script(Answer(200, {"successCount": 0, "failCount": 1, "invalidEmails": ["nope"]}))
        assert world.deliver(self.UPDATE, rows).statuses == {0: "rejected"}
