"""What a reply to events says of its rows: six arrays, the deprecated ones, disallowed names, counts."""

from __future__ import annotations

import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.destinations.iterable.objects.events import TrackBulk
from tests.destinations.iterable.objects.activity.activity_replies import event, tracked
from tests.doubles.scripted_server import Answer, refusal

CODES = {"invalid": "invalid-identifier", "notFound": "unknown-user", "forgotten": "forgotten-user"}


def deliver(world, server, answer, changes=None, operation=None):
    server.script(Answer(200, answer))
    return world.deliver(operation or TrackBulk(), changes or [event(n) for n in range(4)])


class TestArrays:
    """Rows that are named by their user."""

    @pytest.mark.parametrize("reason", CODES)
    @pytest.mark.parametrize(("kind", "people"), [("Emails", "{}@x.com"), ("UserIds", "Cust-{}")])
    def test_each_of_the_six_arrays(self, world, server, reason, kind, people):
        rows = [event(n, people.format(n)) for n in range(4)]
        done = deliver(world, server, tracked(4, **{reason + kind: [people.format(2)]}), rows)
        assert done.accepted == {0, 1, 3}
        assert done.outcomes[2].code == CODES[reason]
        assert done.statuses == {2: "skipped" if reason == "notFound" else "rejected"}
        assert not done.outcomes[2].maybe_applied

    @pytest.mark.parametrize(("skip", "status"), [(True, "skipped"), (False, "rejected")])
    def test_an_unknown_user_is_skipped_or_rejected_as_the_definition_says(self, world, server, skip, status):
        done = deliver(world, server, tracked(4, notFoundEmails=["U1@example.com"]), operation=TrackBulk(skip))
        assert done.statuses == {1: status}
        assert done.outcomes[1].code == "unknown-user"
        assert done.outcomes[1].reason == "Iterable has no such user"

    def test_the_deprecated_array_of_addresses_alone_as_in_2022(self, world, server):
        rows = [event(0), event(1, "bad@")]
        done = deliver(world, server, {"successCount": 1, "failCount": 1, "invalidEmails": ["bad@"]}, rows)
        assert done.accepted == {0}
        assert done.outcomes[1].code == "invalid-identifier"

    def test_the_deprecated_array_of_user_ids_alone_names_unknown_ones(self, world, server):
        rows = [event(n, f"Cust-{n}") for n in range(3)]
        done = deliver(world, server, {"successCount": 2, "failCount": 1, "invalidUserIds": ["Cust-1"]}, rows)
        assert done.statuses == {1: "skipped"}

    def test_an_address_among_the_data_is_not_the_users(self, world, server):
        rows = [event(0, email="u1@example.com"), event(1), event(2)]
        done = deliver(world, server, tracked(3, forgottenEmails=["u1@example.com"]), rows)
        assert done.accepted == {0, 2}
        assert done.outcomes[1].code == "forgotten-user"
        assert len(server.requests) == 1

    def test_an_address_and_a_user_id_of_the_same_text_are_two_users(self, world, server):
        odd = Change(1, Kind.ADDED, "e-1", b'{"userId":"u0@example.com","eventName":"Visit","dataFields":{}}')
        done = deliver(world, server, tracked(2, notFoundUserIds=["u0@example.com"]), [event(0), odd])
        assert done.accepted == {0}
        assert done.statuses == {1: "skipped"}

    def test_every_row_failed(self, world, server):
        names = [f"u{n}@example.com" for n in range(4)]
        done = deliver(world, server, tracked(4, notFoundEmails=names))
        assert set(done.statuses.values()) == {"skipped"}
        assert len(server.requests) == 1

    def test_failures_that_no_array_names_are_traced_by_halving(self, world, server):
        def answer(got):
            rows = [row["dataFields"]["n"] for row in got.json["events"]]
            bad = int(5 in rows)
            return Answer(200, {"successCount": len(rows) - bad, "failCount": bad})

        server.answer = answer
        done = world.deliver(TrackBulk(), [event(n) for n in range(8)])
        assert done.accepted == set(range(8)) - {5}
        assert done.outcomes[5].code == "refused"
        assert len(server.requests) == 7

    def test_fields_that_iterable_dropped_fail_the_rows_unless_that_is_allowed(self, world, server):
        answer = {**tracked(2), "filteredOutFields": ["n"]}
        rows = [event(0), event(1)]
        assert {o.code for o in deliver(world, server, answer, rows).outcomes.values()} == {"dropped-fields"}
        allowed = deliver(world, server, answer, rows, TrackBulk(allow_dropped_fields=True))
        assert (allowed.accepted, allowed.dropped_fields) == ({0, 1}, {"n"})


class TestSeveralRowsOfAUser:
    """A reply names users, not rows: the counts say whether all rows of a named user failed."""

    ROWS = tuple(event(n, "many@x.com" if n in (1, 2, 4) else None) for n in range(6))

    @pytest.mark.parametrize("reason", CODES)
    def test_all_rows_of_a_named_user_share_its_outcome(self, world, server, reason):
        answer = {**tracked(6, **{reason + "Emails": ["Many@X.com"]}), "successCount": 3, "failCount": 3}
        done = deliver(world, server, answer, self.ROWS)
        assert done.accepted == {0, 3, 5}
        assert {n: outcome.code for n, outcome in done.outcomes.items()} == dict.fromkeys((1, 2, 4), CODES[reason])
        assert len(server.requests) == 1

    def test_a_user_that_is_named_once_for_each_row(self, world, server):
        done = deliver(world, server, tracked(6, notFoundEmails=["many@x.com"] * 3), self.ROWS)
        assert done.statuses == dict.fromkeys((1, 2, 4), "skipped")
        assert len(server.requests) == 1

    @pytest.mark.parametrize("bad", [{2}, {1, 4}])
    def test_fewer_failures_than_rows_of_the_user_are_traced_by_halving(self, world, server, bad):
        """Whether Iterable counts rows or users: only a request with one row says for sure what became of it."""

        def answer(got):
            rows = {row["dataFields"]["n"] for row in got.json["events"]}
            failed = len(rows & bad)
            names = ["many@x.com"] if failed else []
            arrays = tracked(len(rows), notFoundEmails=names)
            return Answer(200, {**arrays, "successCount": len(rows) - failed, "failCount": failed})

        server.answer = answer
        done = world.deliver(TrackBulk(), self.ROWS)
        assert done.accepted == set(range(6)) - bad
        assert done.statuses == dict.fromkeys(bad, "skipped")

    def test_a_server_that_counts_users_loses_no_row(self, world, server):
        def answer(got):
            people = [row["email"] for row in got.json["events"]]
            names = ["many@x.com"] if "many@x.com" in people else []
            succeeded = len(people) - people.count("many@x.com")
            arrays = tracked(len(people), notFoundEmails=names)
            return Answer(200, {**arrays, "successCount": succeeded, "failCount": len(names)})

        server.answer = answer
        done = world.deliver(TrackBulk(), self.ROWS)
        assert done.accepted == {0, 3, 5}
        assert done.statuses == dict.fromkeys((1, 2, 4), "skipped")

    def test_counts_that_are_all_of_users_need_one_request(self, world, server):
        answer = {**tracked(6, notFoundEmails=["many@x.com"]), "successCount": 3, "failCount": 1}
        done = deliver(world, server, answer, self.ROWS)
        assert done.accepted == {0, 3, 5}
        assert done.statuses == dict.fromkeys((1, 2, 4), "skipped")
        assert len(server.requests) == 1

    def test_a_count_that_could_mean_a_disallowed_name_or_a_row_of_the_user_is_traced(self, world, server):
        rows = [event(0), event(1, "many@x.com"), event(2, "many@x.com"), event(3, name="Secret")]

        def answer(got):
            sent = [row["dataFields"]["n"] for row in got.json["events"]]
            failed = [n for n in sent if n in (2, 3)]
            names = {"notFoundEmails": ["many@x.com"]} if 2 in sent else {}
            body = tracked(len(sent), ["Secret"] if 3 in sent else [], **names)
            return Answer(200, {**body, "successCount": len(sent) - len(failed), "failCount": len(failed)})

        server.answer = answer
        done = world.deliver(TrackBulk(), rows)
        assert done.accepted == {0, 1}
        assert done.statuses == {2: "skipped", 3: "rejected"}


class TestDisallowedNames:
    """Rows that are named by their event. Whether Iterable counts them as failed is not documented."""

    ROWS = (event(0), event(1, name="Secret"), event(2), event(3, name="Secret"))
    NAMES = ("Secret", "Never sent")

    def answer(self, failed, succeeded, **failures):
        return {**tracked(4, self.NAMES, **failures), "failCount": failed, "successCount": succeeded}

    @pytest.mark.parametrize(("failed", "succeeded"), [(2, 2), (0, 4), (0, 2)])
    def test_they_are_rejected_by_the_name_however_they_are_counted(self, world, server, failed, succeeded):
        done = deliver(world, server, self.answer(failed, succeeded), self.ROWS)
        assert done.accepted == {0, 2}
        assert {outcome.code for outcome in done.outcomes.values()} == {"disallowed-event"}
        assert done.outcomes[1].reason == "the project does not accept events named `Secret`"
        assert len(server.requests) == 1

    @pytest.mark.parametrize(("failed", "succeeded"), [(3, 1), (1, 3), (1, 1)])
    def test_beside_users_that_are_unknown(self, world, server, failed, succeeded):
        done = deliver(world, server, self.answer(failed, succeeded, notFoundEmails=["u0@example.com"]), self.ROWS)
        assert done.accepted == {2}
        assert {n: o.code for n, o in done.outcomes.items()} == {
            0: "unknown-user",
            1: "disallowed-event",
            3: "disallowed-event",
        }

    def test_a_forgotten_user_is_more_than_a_name_that_is_not_let_in(self, world, server):
        done = deliver(world, server, self.answer(2, 2, forgottenEmails=["u1@example.com"]), self.ROWS)
        assert done.outcomes[1].code == "forgotten-user"
        assert done.outcomes[3].code == "disallowed-event"

    @pytest.mark.parametrize("failed", [0, 1])
    def test_a_row_that_is_alone(self, world, server, failed):
        answer = {**tracked(1, self.NAMES), "failCount": failed, "successCount": 1 - failed}
        done = deliver(world, server, answer, [event(0, name="Secret")])
        assert done.outcomes[0].code == "disallowed-event"

    @pytest.mark.parametrize(("failed", "succeeded"), [(3, 1), (2, 1), (2, 3), (1, 3), (0, 3)])
    def test_counts_that_do_not_add_up_are_traced_by_halving(self, world, server, failed, succeeded):
        def answer(got):
            rows = got.json["events"]
            barred = sum(row["eventName"] == "Secret" for row in rows)
            honest = tracked(len(rows), ["Secret"] if barred else [], barred)
            return Answer(200, self.answer(failed, succeeded) if len(rows) == 4 else honest)

        server.answer = answer
        done = world.deliver(TrackBulk(), self.ROWS)
        assert done.accepted == {0, 2}
        assert {outcome.code for outcome in done.outcomes.values()} == {"disallowed-event"}
        assert len(server.requests) > 1

    def test_names_of_no_row_are_no_failures(self, world, server):
        assert deliver(world, server, tracked(4, ["Never sent"])).accepted == {0, 1, 2, 3}


class TestWholeRequests:
    """400s that refuse every row for the sake of one."""

    @pytest.mark.parametrize("status", [400, 409])
    def test_a_forgotten_user_is_terminal(self, world, server, status):
        """Both statuses are documented."""

        def answer(got):
            rows = [row["dataFields"]["n"] for row in got.json["events"]]
            return refusal(status, "ForgottenUserError") if 2 in rows else Answer(200, tracked(len(rows)))

        server.answer = answer
        done = world.deliver(TrackBulk(), [event(n) for n in range(4)])
        assert done.accepted == {0, 1, 3}
        assert done.outcomes[2].code == "forgotten-user"

    @pytest.mark.parametrize("code", ["UnknownEmailError", "UnknownUserIdError"])
    @pytest.mark.parametrize(("skip", "status"), [(True, "skipped"), (False, "rejected")])
    def test_an_unknown_user_may_be_told_by_an_error(self, world, server, code, skip, status):
        server.script(refusal(400, code))
        done = world.deliver(TrackBulk(skip), [event(0)])
        assert (done.statuses, done.outcomes[0].code) == ({0: status}, "unknown-user")

    def test_a_clash_of_types_tells_field_and_types_and_not_the_value(self, world, server):
        """Names of fields may carry the event's."""
        detail = {"incomingTypes": ["string", "keyword"], "expectedType": "long", "offendingValue": "SECRET"}
        server.script(refusal(400, "RequestFieldsTypesMismatched", {"validationErrors": {"Visit:::n": detail}}))
        done = world.deliver(TrackBulk(), [event(0)])
        assert done.outcomes[0].reason == "`Visit:::n` is long in Iterable and looks like string or keyword here"

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ("Number value expected", "; `createdAt`: Number value expected"),
            ([{"msg": "error.path.missing", "args": []}], "; `createdAt`: error.path.missing"),
            ("SECRET <b@x.com>", ""),
            ([], ""),
            ([{"msg": 5}], ""),
        ],
    )
    def test_a_path_names_the_row_and_what_was_expected_there(self, world, server, said, told):
        def answer(got):
            rows = [row["dataFields"]["n"] for row in got.json["events"]]
            others = {"obj.events[99].id": "String value expected", "": "?"}
            path = {f"obj.events[{rows.index(1)}].createdAt": said} if 1 in rows else {}
            return refusal(400, "BadJsonBody", {**path, **others}) if path else Answer(200, tracked(3))

        server.answer = answer
        done = world.deliver(TrackBulk(), [event(n) for n in range(4)])
        assert done.accepted == {0, 2, 3}
        assert len(server.requests) == 2
        assert done.outcomes[1].reason == f"Iterable refused the row with status 400, code BadJsonBody{told}"
