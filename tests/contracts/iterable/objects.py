"""What every object of Iterable must do when its rows are sent, for every kind of reply. Mix-in classes with hooks.

An object's test class inherits the classes that fit its operations and says how its requests and replies look.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from reverse_etl.change import Status
from tests.contracts.iterable.pacing import PacingContract
from tests.doubles.scripted_server import HTML, Answer, refusal

DOUBTFUL = {
    "500": refusal(500, "GenericError"),
    "500 with code Success": refusal(500, "Success"),
    "502 with HTML": Answer(502, HTML),
    "503 without body": Answer(503),
    "408": Answer(408),
    "connection lost": Answer(lost=True),
    "cut within the body": Answer(200, b'{"successCount":1,"failCount":0,"msg":"","code":"Success"}', cut=20),
    "HTML instead of JSON": Answer(200, HTML),
    "truncated JSON": Answer(200, b'{"successCount":1,'),
    "nothing": Answer(200),
    "a list": Answer(200, b"[]"),
    "null": Answer(200, b"null"),
    "too large": Answer(200, b'{"pad":"' + b"x" * 10_000_001 + b'"}'),
}
STOPPING = {
    "401": (refusal(401, "BadApiKey"), "wrong-key", Status.ABORTED),
    "401 with code Success": (refusal(401, "Success"), "wrong-key", Status.ABORTED),
    "401 with text": (Answer(401, b"nope"), "wrong-key", Status.ABORTED),
    "403": (refusal(403, "Forbidden"), "forbidden-key", Status.ABORTED),
    "404 with HTML": (Answer(404, HTML), "unknown-endpoint", Status.ABORTED),
    "field limit": (refusal(400, "UniqueFieldsLimitExceeded"), "unique-fields-limit-exceeded", Status.ABORTED),
    "redirect": (Answer(302, b"", {"Location": "/elsewhere"}), "redirected", Status.FAILED),
    "undocumented 4xx": (Answer(418, b"teapot"), "http-418", Status.FAILED),
    "undocumented 2xx": (Answer(204), "http-204", Status.FAILED),
}


class Hooks:
    """What an object's test class says. `changes` are valid rows, numbered from 0."""

    def operation(self):
        raise NotImplementedError

    def changes(self, count):
        raise NotImplementedError

    def sent_rows(self, received):
        """Ordinals of the rows that a request held."""
        raise NotImplementedError

    def good(self, count):
        """The body of a reply that took so many rows."""
        raise NotImplementedError


class OperationContract(PacingContract, Hooks):
    """What holds for single and bulk operations alike: the meaning of statuses, retries, stopping."""

    rows = 1

    def take_all(self, received):
        return Answer(200, self.good(len(self.sent_rows(received))))

    def test_build_is_pure(self):
        changes = self.changes(self.rows)
        first = self.operation().build(changes)
        assert self.operation().build(list(changes)) == first
        assert changes == self.changes(self.rows)

    def test_nothing_to_send_sends_nothing(self, world, server):
        assert not world.deliver(self.operation(), []).accepted
        assert server.requests == []

    @pytest.mark.parametrize("status", [200, 201, 202])
    def test_every_row_of_a_good_reply_is_accepted(self, world, server, status):
        server.answer = lambda got: replace(self.take_all(got), status=status)
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert done.accepted == set(range(self.rows))
        assert done.problem is None

    def test_unknown_fields_of_a_reply_are_ignored(self, world, server):
        server.answer = lambda got: Answer(200, {**self.good(len(self.sent_rows(got))), "new": {"in": ["2031"]}})
        assert world.deliver(self.operation(), self.changes(self.rows)).accepted == set(range(self.rows))

    @pytest.mark.parametrize("case", STOPPING)
    def test_a_reply_that_no_request_can_mend_stops_the_run(self, world, server, case):
        """One request is enough. Its rows are unknown if Iterable may have accepted them; others were never sent."""
        answer, code, status = STOPPING[case]
        world.concurrency, world.batch_rows = 1, self.rows
        server.script(answer)
        done = world.deliver(self.operation(), self.changes(5 * self.rows))
        assert len(server.requests) == 1
        assert done.problem.code == code
        assert {done.outcomes[n].status for n in range(self.rows)} == {status}
        assert {done.outcomes[n].status for n in range(self.rows, 5 * self.rows)} == {Status.ABORTED}
        assert all(outcome.maybe_applied == (outcome.status is Status.FAILED) for outcome in done.outcomes.values())

    @pytest.mark.parametrize("case", DOUBTFUL)
    def test_after_a_doubtful_reply_the_same_bytes_are_sent_again(self, world, server, case):
        answers = [DOUBTFUL[case], DOUBTFUL[case]]
        server.answer = lambda got: answers.pop() if answers else self.take_all(got)
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert done.accepted == set(range(self.rows))
        assert len(server.requests) == 3
        assert len({(got.method, got.path, got.body) for got in server.requests}) == 1
        assert done.counts.retries == 2

    @pytest.mark.parametrize("case", DOUBTFUL)
    def test_rows_whose_fate_is_never_told_are_failed_and_tainted(self, world, server, case):
        server.script(DOUBTFUL[case])
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert set(done.statuses.values()) == {"failed"}
        assert all(outcome.maybe_applied for outcome in done.outcomes.values())
        assert len(server.requests) == world.attempts

    @pytest.mark.parametrize("applied", [True, False])
    def test_a_timeout_leaves_open_what_happened(self, world, server, applied):
        world.timeout, world.attempts = 0.5, 1
        taken = []
        server.answer = lambda got: (taken.extend(self.sent_rows(got)) if applied else None) or Answer(hangs=True)
        done = world.deliver(self.operation(), self.changes(self.rows))
        server.wait_for(1)
        assert bool(taken) is applied
        assert set(done.statuses.values()) == {"failed"}
        assert all(outcome.maybe_applied for outcome in done.outcomes.values())

    def test_where_no_connection_comes_about_nothing_was_sent(self, world, server):
        server.close()
        done = world.deliver(self.operation(), self.changes(3 * self.rows))
        assert set(done.statuses.values()) == {"aborted"}
        assert not any(outcome.maybe_applied for outcome in done.outcomes.values())
        assert done.problem.code == "destination-unavailable"
        assert "Reset" not in done.problem.message

    def test_a_refusal_after_a_doubtful_reply_stays_tainted(self, world, server):
        """The first attempt may have landed, so the sync snapshot must not believe the old value is still there."""
        answers = [refusal(500, "GenericError")]
        server.answer = lambda _: answers.pop() if answers else refusal(400, "BadJsonBody")
        done = world.deliver(self.operation(), self.changes(1))
        assert done.statuses == {0: "rejected"}
        assert done.outcomes[0].maybe_applied

    def test_a_refusal_that_comes_first_is_not_tainted(self, world, server):
        server.script(refusal(400, "BadJsonBody"))
        done = world.deliver(self.operation(), self.changes(1))
        assert done.statuses == {0: "rejected"}
        assert not done.outcomes[0].maybe_applied
        assert done.outcomes[0].code == "bad-json-body"

    @pytest.mark.parametrize("status", [400, 409, 422])
    def test_a_refusal_without_a_documented_code_may_have_been_applied_in_part(self, world, server, status):
        server.script(refusal(status, "Success"))
        done = world.deliver(self.operation(), self.changes(1))
        assert done.outcomes[0].status is Status.REJECTED
        assert done.outcomes[0].code == f"http-{status}"
        assert done.outcomes[0].maybe_applied

    def test_a_destination_that_is_down_is_soon_left_alone(self, world, server):
        world.batch_rows = self.rows
        server.script(refusal(503, "GenericError"))
        done = world.deliver(self.operation(), self.changes(100 * self.rows))
        assert done.problem.code == "destination-unavailable"
        assert len(server.requests) <= 30
        assert sum(outcome.maybe_applied for outcome in done.outcomes.values()) <= world.concurrency * self.rows

    def test_a_destination_that_answers_nonsense_is_soon_left_alone(self, world, server):
        world.batch_rows = self.rows
        server.script(Answer(200, HTML))
        done = world.deliver(self.operation(), self.changes(100 * self.rows))
        assert done.problem.code == "destination-unavailable"
        assert len(server.requests) <= 30

    def test_going_down_half_way_costs_few_requests(self, world, server):
        world.batch_rows = self.rows
        server.answer = lambda got: self.take_all(got) if len(server.requests) <= 50 else Answer(503)
        done = world.deliver(self.operation(), self.changes(100 * self.rows))
        assert len(done.accepted) == 50 * self.rows
        assert len(server.requests) <= 1.2 * 100
        assert done.problem.code == "destination-unavailable"

    def test_failures_now_and_then_lose_nothing(self, world, server):
        world.batch_rows = self.rows
        server.answer = lambda got: Answer(503) if len(server.requests) % 3 == 0 else self.take_all(got)
        done = world.deliver(self.operation(), self.changes(60 * self.rows))
        assert done.accepted == set(range(60 * self.rows))

    def test_retries_are_paid_for_by_successes(self, world, server):
        """Every batch would get through in the end, at five requests each: that is no way to treat a sick server."""
        world.batch_rows, world.concurrency = self.rows, 1
        server.answer = lambda got: self.take_all(got) if len(server.requests) % 5 == 0 else Answer(503)
        done = world.deliver(self.operation(), self.changes(100 * self.rows))
        assert done.counts.retries <= 20 + len(done.accepted) / self.rows
        assert done.counts.requests <= 200

    def test_threads_without_a_limit_lose_nothing(self, world, server):
        world.batch_rows, world.concurrency = self.rows, 8
        server.answer = lambda got: Answer(lost=True) if len(server.requests) % 7 == 0 else self.take_all(got)
        with ThreadPoolExecutor(8) as world.executor:
            done = world.deliver(self.operation(), self.changes(50 * self.rows))
        assert done.accepted == set(range(50 * self.rows))

    def test_once_sending_is_not_allowed_nothing_more_goes(self, world, server):
        world.batch_rows, world.concurrency = self.rows, 1
        world.allowed = lambda: len(server.requests) < 3
        server.answer = self.take_all
        done = world.deliver(self.operation(), self.changes(10 * self.rows))
        assert len(server.requests) == 3
        assert len(done.accepted) == 3 * self.rows
        assert set(done.statuses.values()) == {"aborted"}

    def test_stopping_while_a_doubtful_batch_waits_leaves_it_failed(self, world, server):
        world.batch_rows = self.rows
        world.allowed = lambda: not server.requests
        server.script(Answer(503))
        done = world.deliver(self.operation(), self.changes(2 * self.rows))
        assert {done.outcomes[n].status for n in range(self.rows)} == {Status.FAILED}
        assert {done.outcomes[n].status for n in range(self.rows, 2 * self.rows)} == {Status.ABORTED}
