"""What every bulk operation of Iterable must do in addition to the object contract: batches, attribution, isolation."""

from __future__ import annotations

import math

import pytest

from reverse_etl.change import Status
from tests.contracts.iterable.objects import OperationContract
from tests.doubles.scripted_server import HTML, Answer, refusal


class BulkContract(OperationContract):
    """What holds for operations of many rows a request: batches, attribution of failures, isolation by halving.

    `forgotten_is_done`: a user who was forgotten is as good as a row that was taken. `array` is what the request calls
    its rows.
    """

    rows = 4
    array = "users"
    forgotten_is_done = False

    def change_of_bytes(self, ordinal, size):
        """A change whose JSON is exactly so many bytes."""
        raise NotImplementedError

    def refuse(self, server, poison, answer):
        """Let a request be refused as a whole while it holds one of these rows."""
        server.answer = lambda got: answer if poison & set(self.sent_rows(got)) else self.take_all(got)

    def test_batches_respect_the_row_limit(self, world, server):
        server.answer = self.take_all
        limit = self.operation().max_rows
        assert world.deliver(self.operation(), self.changes(2 * limit + 1)).accepted == set(range(2 * limit + 1))
        assert [len(self.sent_rows(got)) for got in server.requests] == [limit, limit, 1]

    def test_batches_respect_a_smaller_limit_of_ours(self, world, server):
        world.batch_rows = 3
        server.answer = self.take_all
        world.deliver(self.operation(), self.changes(7))
        assert [len(self.sent_rows(got)) for got in server.requests] == [3, 3, 1]

    def test_bodies_stay_below_the_byte_limit(self, world, server):
        server.answer = self.take_all
        limit = self.operation().max_bytes
        size = min(limit // 4, self.operation().max_row_bytes - 1)
        count = 2 * limit // size
        changes = [self.change_of_bytes(n, size) for n in range(count)]
        assert len(world.deliver(self.operation(), changes).accepted) == count
        assert all(limit // 2 < len(got.body) < limit for got in server.requests[:2])

    def test_a_row_over_the_limit_is_invalid_and_the_others_go(self, world, server):
        server.answer = self.take_all
        limit = min(self.operation().max_bytes, self.operation().max_row_bytes)
        changes = [self.changes(1)[0], self.change_of_bytes(1, limit), self.change_of_bytes(2, limit - 200)]
        done = world.deliver(self.operation(), changes)
        assert done.accepted == {0, 2}
        assert done.statuses == {1: "invalid"}
        assert done.outcomes[1].code == "row-too-large"

    @pytest.mark.parametrize(
        "answer",
        [
            refusal(400, "BadJsonBody"),
            refusal(400, "RequestFieldsTypesMismatched"),
            refusal(400, "InvalidEmailAddressError"),
            refusal(400, "Success"),
            Answer(400, HTML),
            refusal(409, "ForgottenUserError"),
            Answer(413, HTML),
        ],
        ids=lambda answer: str(answer.status) + (answer.body["code"] if isinstance(answer.body, dict) else ""),
    )
    def test_a_bad_row_is_isolated_by_halving(self, world, server, answer):
        self.refuse(server, {37}, answer)
        done = world.deliver(self.operation(), self.changes(256))
        refused = set() if self.forgotten_is_done and answer.status == 409 else {37}
        assert done.accepted == set(range(256)) - refused
        assert done.statuses == dict.fromkeys(refused, "rejected")
        assert len(server.requests) <= 1 + 2 * math.log2(256)

    def test_rows_that_a_path_names_are_taken_out_at_once(self, world, server):
        def answer(got):
            rows = self.sent_rows(got)
            places = [rows.index(bad) for bad in (3, 90) if bad in rows]
            paths = {f"obj.{self.array}[{place}].x": "Boolean value expected" for place in places}
            return refusal(400, "BadJsonBody", paths) if paths else self.take_all(got)

        server.answer = answer
        done = world.deliver(self.operation(), self.changes(100))
        assert done.statuses == {3: "rejected", 90: "rejected"}
        assert len(done.accepted) == 98
        assert len(server.requests) == 2

    @pytest.mark.parametrize("index", ["100", "-1", "9" * 5000, "x", ""])
    def test_a_path_that_names_no_row_is_no_help_but_no_harm(self, world, server, index):
        self.refuse(server, {5}, refusal(400, "BadJsonBody", {f"obj.{self.array}[{index}].x": "?"}))
        done = world.deliver(self.operation(), self.changes(8))
        assert done.statuses == {5: "rejected"}

    def test_poison_costs_are_bounded(self, world, server):
        """A fault that every row shares would cost two requests a row."""
        self.refuse(server, set(range(10_000)), refusal(400, "RequestFieldsTypesMismatched"))
        done = world.deliver(self.operation(), self.changes(5000))
        assert done.problem.code == "refused-again-and-again"
        assert done.problem.context["code"] == "request-fields-types-mismatched"
        assert len(server.requests) <= 300
        assert Status.ABORTED in {outcome.status for outcome in done.outcomes.values()}

    def test_a_smaller_batch_limit_than_documented_is_learnt(self, world, server):
        def answer(got):
            rows = len(self.sent_rows(got))
            return self.take_all(got) if rows <= 50 else refusal(400, "BatchTooLarge")

        server.answer = answer
        done = world.deliver(self.operation(), self.changes(5000))
        assert len(done.accepted) == 5000
        assert len(server.requests) <= 300

    def test_counts_that_do_not_add_up_are_no_success(self, world, server):
        server.script(Answer(200, self.good(self.rows - 1)))
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert set(done.statuses.values()) == {"failed"}

    def test_halves_of_a_doubtful_batch_stay_tainted(self, world, server):
        def answer(got):
            if len(server.requests) == 1:
                return Answer(lost=True)
            return refusal(400, "BadJsonBody") if 2 in self.sent_rows(got) else self.take_all(got)

        server.answer = answer
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert done.outcomes[2].maybe_applied
        assert done.accepted == {0, 1, 3}
