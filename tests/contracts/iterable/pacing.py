"""How fast any operation may send, and what a 429 means for it: a part of the contract of objects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from reverse_etl.delivery.rate_limiter import LONGEST_WAIT
from tests.doubles.scripted_server import HTML, Answer, refusal


class PacingContract:
    """OperationContract inherits it and has its hooks."""

    @pytest.mark.parametrize(
        ("answer", "least"),
        [
            (refusal(429, "RateLimitExceeded", **{"Retry-After": "7"}), 7),
            (refusal(429, "RateLimitExceeded", {"rateLimitReset": 3.5}), 3.5),
            (refusal(429, "RateLimitExceeded", {"rateLimitReset": 3}, **{"Retry-After": "9"}), 9),
            (refusal(429, "RateLimitExceeded", {"rateLimitReset": 3}, **{"Retry-After": "soon"}), 3),
            (refusal(429, "RateLimitExceeded", **{"Retry-After": "Thu, 01 Jan 1970 00:00:20 GMT"}), 20),
            (refusal(429, "RateLimitExceeded", {}), 1),
            (Answer(429, b"Too Many Requests", {"Content-Type": "text/plain"}), 1),
            (Answer(429, HTML, {"Retry-After": "nan"}), 1),
            (Answer(429, HTML, {"Retry-After": "1" * 400}), 1),
            (refusal(429, "RateLimitExceeded", {"rateLimitReset": [1]}, **{"Retry-After": "-5"}), 0),
            (refusal(429, "RateLimitExceeded", {"rateLimitReset": 0}), 0),
            (refusal(429, "RateLimitExceeded", **{"Retry-After": "86400"}), LONGEST_WAIT),
        ],
    )
    def test_over_the_rate_limit_no_request_goes_earlier_than_asked(self, world, server, answer, least):
        """Not applied, so it counts as no try and changes no state. A wait of more than two minutes is cut to two."""
        world.batch_rows, world.attempts, world.concurrency = self.rows, 1, 1
        server.answer = lambda got: answer if len(server.requests) in (1, 2, 3) else self.take_all(got)
        done = world.deliver(self.operation(), self.changes(6 * self.rows))
        assert done.accepted == set(range(6 * self.rows))
        times = [got.at for got in server.requests[:4]]
        assert all(later - sooner >= least for sooner, later in pairwise(times))
        assert all(later > sooner for sooner, later in pairwise(times))

    def test_a_429_is_no_try(self, world, server):
        world.attempts = 2
        over = refusal(429, "RateLimitExceeded", {})
        answers = [Answer(503), over, over, over]
        server.answer = lambda got: answers.pop() if answers else self.take_all(got)
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert done.accepted == set(range(self.rows))
        assert len(server.requests) == 5

    def test_an_endless_429_ends_the_run_with_nothing_tainted(self, world, server):
        world.concurrency = 1
        server.script(refusal(429, "RateLimitExceeded", {"rateLimitReset": 0}))
        done = world.deliver(self.operation(), self.changes(3 * self.rows))
        assert done.problem.code == "rate-limited"
        assert set(done.statuses.values()) == {"aborted"}
        assert len(server.requests) < 600

    def test_no_window_of_a_second_holds_more_requests_than_the_limit(self, world, server):
        world.batch_rows, world.per_second = self.rows, 5.0
        server.answer = lambda got: Answer(503) if len(server.requests) % 4 == 0 else self.take_all(got)
        world.deliver(self.operation(), self.changes(30 * self.rows))
        assert len(server.requests) > 30
        self.within_rate(server, 5)

    def test_eight_threads_keep_the_rate_and_lose_nothing(self, world, server):
        world.batch_rows, world.per_second, world.concurrency = self.rows, 5.0, 8
        server.answer = self.take_all
        with ThreadPoolExecutor(8) as world.executor:
            done = world.deliver(self.operation(), self.changes(40 * self.rows))
        assert done.accepted == set(range(40 * self.rows))
        self.within_rate(server, 5)

    def test_a_429_halves_the_rate_and_successes_raise_it_again(self, world, server):
        world.batch_rows, world.per_second = self.rows, 2.0
        over = refusal(429, "RateLimitExceeded", {"rateLimitReset": 0})
        server.answer = lambda got: over if len(server.requests) == 5 else self.take_all(got)
        done = world.deliver(self.operation(), self.changes(80 * self.rows))
        assert done.accepted == set(range(80 * self.rows))
        times = [got.at for got in server.requests]
        gaps = [later - sooner for sooner, later in pairwise(times)]
        assert all(gap == pytest.approx(0.5) for gap in gaps[:4])
        assert gaps[4] >= 1
        assert gaps[10] > 0.6
        assert all(gap == pytest.approx(0.5) for gap in gaps[-5:])
        self.within_rate(server, 2)

    def test_429s_of_one_round_trip_halve_the_rate_once(self, world, server):
        world.batch_rows, world.per_second, world.concurrency = self.rows, 8.0, 4
        over = refusal(429, "RateLimitExceeded", {"rateLimitReset": 0})

        def answer(got):
            if len(server.requests) <= 4:
                world.clock.now += 1  # the others are sent before this one is answered
                return over
            return self.take_all(got)

        server.answer = answer
        world.deliver(self.operation(), self.changes(10 * self.rows))
        times = [got.at for got in server.requests[4:]]
        assert [later - sooner for sooner, later in pairwise(times)] == pytest.approx([0.25] * 9, rel=0.1)

    def test_a_limit_per_day_ends_the_run_and_the_rest_is_never_sent(self, world, server):
        world.batch_rows, world.per_second, world.per_day = self.rows, 3.0, 5
        server.answer = self.take_all
        done = world.deliver(self.operation(), self.changes(8 * self.rows))
        assert done.problem.code == "daily-limit"
        assert len(server.requests) == 5
        assert len(done.accepted) == 5 * self.rows
        assert set(done.statuses.values()) == {"aborted"}
        assert not any(outcome.maybe_applied for outcome in done.outcomes.values())

    def test_the_last_request_of_a_day_is_no_fault(self, world, server):
        world.batch_rows, world.per_day = self.rows, 5
        server.answer = self.take_all
        done = world.deliver(self.operation(), self.changes(5 * self.rows))
        assert done.problem is None
        assert len(done.accepted) == 5 * self.rows

    def test_a_429_for_hours_means_the_limit_per_day_where_there_is_one(self, world, server):
        """Another program has used it up: to wait for each request would take days."""
        world.batch_rows, world.concurrency, world.per_day = self.rows, 1, 1000
        over = refusal(429, "RateLimitExceeded", {"rateLimitReset": 87})
        server.answer = lambda got: over if len(server.requests) > 2 else self.take_all(got)
        done = world.deliver(self.operation(), self.changes(8 * self.rows))
        assert done.problem.code == "daily-limit"
        assert len(server.requests) == 3
        assert set(done.statuses.values()) == {"aborted"}

    def within_rate(self, server, most):
        times = sorted(got.at for got in server.requests)
        windows = zip(times, times[most:], strict=False)
        assert all(later - first >= 1 - 1e-6 for first, later in windows)
