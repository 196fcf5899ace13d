"""Rates, waits and budgets, with a clock that only the test moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.delivery.rate_limiter import (
    LONGEST_WAIT,
    Budget,
    RateLimiter,
    RateLimiters,
    backoff,
    rate_wait,
    throttle,
)
from reverse_etl.destinations.request import Endpoint


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now

    def permit(self, limiter):
        """The next permit, with the wait it takes."""
        self.now += limiter.wait() + 1e-9
        return limiter.take()


def answered(limiter, clock, seconds):
    """Let requests go as fast as they may, for so long, and have them all answered."""
    until = clock.now + seconds
    while clock.now < until:
        assert clock.permit(limiter)
        limiter.answered()


@given(st.floats(0.5, 500), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_window_holds_more_than_the_rate(per_second, pauses):
    clock, taken = Clock(0.0), []
    limiter = RateLimiter(per_second, clock)
    for pause in pauses:
        while limiter.take():
            taken.append(clock.now)
        assert limiter.wait() > 0
        clock.now += pause
    gap = 1 / per_second
    assert all(later - sooner >= gap * 0.999 for sooner, later in pairwise(taken))


@given(st.floats(0.05, 500), st.lists(st.sampled_from(["answer", "answers", "429", "old 429", "idle"]), max_size=80))
def test_whatever_comes_back_the_rate_stays_between_floor_and_ceiling(per_second, events):
    clock, taken, permit = Clock(), [], 1
    limiter = RateLimiter(per_second, clock)
    for event in events:
        if event == "answers":
            for _ in range(100):
                limiter.answered()
        elif event == "answer":
            limiter.answered()
        elif event == "idle":
            clock.now += 60
        else:
            limiter.throttled(permit if event == "429" else 1, 0)
        permit = clock.permit(limiter)
        taken.append(clock.now)
        assert permit
        assert per_second / 16 * 0.999 <= limiter.per_second <= per_second
    assert all(later - sooner >= 0.999 / per_second for sooner, later in pairwise(taken))


def test_a_429_halves_the_rate_and_answers_raise_it_again_to_the_ceiling():
    clock = Clock()
    limiter = RateLimiter(8, clock)
    limiter.throttled(clock.permit(limiter), 0)
    assert limiter.per_second == 4
    rates = []
    for _ in range(4):
        answered(limiter, clock, 10)
        rates.append(limiter.per_second)
    steps = [later - sooner for sooner, later in pairwise([4, *rates[:3]])]
    assert max(steps) - min(steps) < 0.1, "it grows by the same amount in the same time"
    assert rates[-1] == 8


@pytest.mark.parametrize("per_second", [5 / 60, 5, 100, 2000])
def test_the_rate_is_back_after_half_a_minute_of_answers_whatever_the_endpoint(per_second):
    clock = Clock()
    limiter = RateLimiter(per_second, clock)
    limiter.throttled(clock.permit(limiter), 0)
    answered(limiter, clock, 20)
    assert limiter.per_second < per_second
    answered(limiter, clock, 15)
    assert limiter.per_second == per_second


def test_several_429s_of_one_round_trip_halve_the_rate_once():
    clock = Clock()
    limiter = RateLimiter(8, clock)
    first, second, third = (clock.permit(limiter) for _ in range(3))
    limiter.throttled(second, 0)
    limiter.throttled(first, 0)
    limiter.throttled(third, 0)
    assert limiter.per_second == 4
    limiter.throttled(clock.permit(limiter), 0)
    assert limiter.per_second == 2


def test_it_never_stops_for_good():
    clock = Clock()
    limiter = RateLimiter(16, clock)
    for _ in range(50):
        limiter.throttled(clock.permit(limiter), 0)
    assert limiter.per_second == 1
    assert limiter.wait() <= 1


def test_a_pause_holds_everything_and_a_shorter_one_does_not_end_it():
    clock = Clock(100.0)
    limiter = RateLimiter(5, clock)
    limiter.throttled(1, 10)
    limiter.throttled(1, 2)
    assert limiter.wait() == 10
    assert not limiter.take()
    clock.now += 10
    assert limiter.take()


def test_a_wait_for_the_rate_limit_is_told_as_long_as_it_is():
    clock = Clock()
    limiter = RateLimiter(1.0, clock)
    assert rate_wait(limiter, "Iterable", 3.0).seconds == 3.0
    for _ in range(5):
        limiter.throttled(clock.permit(limiter), 1.0)
    assert limiter.per_second == 1 / 16
    assert rate_wait(limiter, "Iterable", 1.0).seconds == pytest.approx(16.0)


def test_no_limit_is_no_wait():
    limiter = RateLimiter(0, Clock())
    assert all(limiter.take() for _ in range(100))
    limiter.throttled(100, 0)
    limiter.answered()
    assert limiter.take()


def test_of_many_threads_only_one_gets_a_turn():
    for _ in range(20):
        limiter = RateLimiter(1, lambda: 0.0)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _, take=limiter.take: take(), range(64))) == 1


def test_a_day_has_so_many_permits():
    clock = Clock()
    limiter = RateLimiter(3, clock, per_day=5)
    assert [clock.permit(limiter) for _ in range(7)] == [1, 2, 3, 4, 5, 0, 0]
    assert limiter.spent


FORGET = Endpoint("POST", "/api/users/forget", 3, per_day=1)


def test_syncs_of_one_project_share_the_pacer_of_an_endpoint():
    limiters = RateLimiters(Clock())
    assert limiters.of("host", "shop", FORGET).take()
    again = limiters.of("host", "shop", replace(FORGET))
    assert again.spent


@pytest.mark.parametrize(
    "other", [{"method": "DELETE"}, {"path": "/api/users/unforget"}, {"host": "eu"}, {"project": ""}]
)
def test_another_method_path_host_or_project_has_a_pacer_of_its_own(other):
    limiters = RateLimiters(Clock())
    where = {"host": "host", "project": "shop"}
    limiters.of(**where, endpoint=FORGET).take()
    changed = {name: value for name, value in other.items() if name in where}
    endpoint = replace(FORGET, **{name: value for name, value in other.items() if name not in where})
    assert limiters.of(**(where | changed), endpoint=endpoint).take()


def test_the_ceiling_is_that_of_whoever_sends_now():
    """A setting counts for the endpoint that rows are written by, which may be another sync's for removals."""
    limiters = RateLimiters(Clock())
    limiter = limiters.of("host", "shop", FORGET)
    limiter.throttled(limiter.take(), 0)
    assert limiters.of("host", "shop", replace(FORGET, per_second=1)).per_second == 0.5
    assert limiters.of("host", "shop", FORGET).per_second == 1.5


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_backoff_has_full_jitter_and_a_bound(attempt, chance):
    assert 0 <= backoff(attempt, chance) <= min(30, 2 ** (attempt - 1))


@given(st.integers(1, 100), st.one_of(st.none(), st.floats(0, 1e9)), st.floats(0, 1, exclude_max=True))
def test_a_throttled_request_waits_as_asked_and_not_for_ever(times, asked, chance):
    seconds = throttle(times, asked, chance)
    assert seconds >= (1 if asked is None else min(asked, LONGEST_WAIT))
    assert seconds <= LONGEST_WAIT + 31


def test_a_budget_is_spent_and_earned_up_to_its_capacity():
    budget = Budget(2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(9):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]
