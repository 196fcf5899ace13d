"""What operations must do that may put several rows of one user into a request: the order holds after failures."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from reverse_etl.change import PastFailure
from tests.contracts.iterable.objects import Hooks
from tests.doubles.scripted_server import Answer, refusal

# Who the rows of a plan are about: rows of a user together, as in a plan, or in any order.
TOGETHER = "A" * 12 + "B" * 5 + "C" + "D" * 12
MIXED = "AABACDBBAE" * 3


class SequenceContract(Hooks):
    """Rows of one user in one request, in order, or in successive ones, with any failure in between."""

    def about(self, ordinal, person):
        """A valid row with this number about a user, given as a capital letter."""
        raise NotImplementedError

    def take(self, received):
        """Take the rows of a request, and remember them in the order in which they came."""
        rows = self.sent_rows(received)
        self.taken.append(rows)
        return Answer(200, self.good(len(rows)))

    def deliver(self, world, people, operation=None):
        changes = [self.about(ordinal, person) for ordinal, person in enumerate(people)]
        return world.deliver(operation or self.operation(), changes)

    def in_order(self, people):
        """Of each user, the rows that were taken came in their order."""
        rows = [row for request in self.taken for row in request]
        for person in set(people):
            own = [row for row in rows if people[row] == person]
            assert own == sorted(own)

    @pytest.fixture(autouse=True)
    def _nothing_taken(self, server):
        self.taken: list[list[int]] = []
        server.answer = self.take

    @pytest.mark.parametrize("people", [TOGETHER, MIXED])
    def test_all_rows_of_a_user_go_in_one_request(self, world, server, people):
        assert self.deliver(world, people).accepted == set(range(30))
        assert self.taken == [list(range(30))]

    def test_requests_are_full_however_many_rows_a_user_has(self, world, server):
        """Thirty rows each, and a limit that no number of users fits exactly."""
        world.batch_rows = 100
        people = [chr(65 + n) for n in range(20) for _ in range(30)]
        assert len(self.deliver(world, people).accepted) == 600
        assert [len(rows) for rows in self.taken] == [100] * 6
        self.in_order(people)

    def test_rows_that_do_not_fit_wait_until_the_rows_before_them_have_outcomes(self, world, server):
        world.batch_rows, world.concurrency = 5, 8
        with ThreadPoolExecutor(8) as world.executor:
            assert self.deliver(world, "A" * 23).accepted == set(range(23))
        assert self.taken == [list(range(start, min(start + 5, 23))) for start in range(0, 23, 5)]

    @pytest.mark.parametrize("people", [TOGETHER, MIXED])
    def test_a_refused_row_is_isolated_and_the_others_keep_their_order(self, world, server, people):
        poison = {1, 5, 29}
        bad = refusal(400, "BadJsonBody")
        server.answer = lambda got: bad if poison & set(self.sent_rows(got)) else self.take(got)
        world.concurrency = 8
        with ThreadPoolExecutor(8) as world.executor:
            done = self.deliver(world, people)
        assert done.statuses == dict.fromkeys(poison, "rejected")
        self.in_order(people)

    def test_the_first_half_of_a_user_is_answered_before_the_second_half_is_sent(self, world, server):
        """A refused batch of one user is halved: no request may overtake the one before it."""
        bad = refusal(400, "BadJsonBody")
        server.answer = lambda got: bad if 6 in (rows := self.sent_rows(got)) and len(rows) > 1 else self.take(got)
        world.concurrency = 8
        with ThreadPoolExecutor(8) as world.executor:
            assert self.deliver(world, "A" * 16).accepted == set(range(16))
        self.in_order("A" * 16)

    def test_when_sending_stops_what_would_follow_is_not_sent(self, world, server):
        bad = refusal(400, "BadJsonBody")
        world.allowed = lambda: len(server.requests) < 3
        server.answer = lambda got: bad if len(self.sent_rows(got)) > 2 else self.take(got)
        done = self.deliver(world, "A" * 8)
        assert len(server.requests) == 3
        assert done.accepted == {0, 1}
        assert done.statuses == dict.fromkeys(range(2, 8), "aborted")

    def test_rows_that_failed_before_keep_the_later_rows_of_their_user_back(self, world, server):
        world.past = {1: PastFailure(8), 2: PastFailure(8), 14: PastFailure(2)}
        assert self.deliver(world, TOGETHER).accepted == set(range(30))
        self.in_order(TOGETHER)
        assert len(self.taken) <= 6

    @pytest.mark.parametrize("seed", range(12))
    def test_any_failures_in_any_order(self, world, server, seed):
        chance = random.Random(seed)
        people = "".join(chance.choice("AAAABBCDEFGH") for _ in range(60))
        people = "".join(sorted(people)) if seed % 2 else people
        poison = set(chance.sample(range(60), seed % 4))
        failures = [Answer(503), Answer(lost=True), refusal(429, "RateLimitExceeded", {"rateLimitReset": 2})]
        world.batch_rows, world.concurrency = chance.choice([3, 7, 20, 100]), chance.choice([1, 4, 8])
        world.past = {n: PastFailure(chance.choice([2, 9])) for n in chance.sample(range(60), seed)}

        def answer(got):
            if chance.random() < 0.15:
                return chance.choice(failures)
            return refusal(400, "BadJsonBody") if poison & set(self.sent_rows(got)) else self.take(got)

        server.answer = answer
        with ThreadPoolExecutor(world.concurrency) as world.executor:
            done = self.deliver(world, people)
        assert done.statuses == dict.fromkeys(poison, "rejected")
        self.in_order(people)
