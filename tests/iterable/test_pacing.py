"""Rates, waits and budgets, with a clock that only the test moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.iterable.pacing import LONGEST_WAIT, Budget, Pacer, backoff, throttle


@given(st.floats(0.5, 500), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_window_holds_more_than_the_rate(per_second, pauses):
    now, taken = 0.0, []
    pacer = Pacer(per_second, lambda: now)
    for pause in pauses:
        while pacer.take():
            taken.append(now)
        assert pacer.wait() > 0
        now += pause
    gap = 1 / per_second
    assert all(later - sooner >= gap * 0.999 for sooner, later in pairwise(taken))


def test_a_pause_holds_everything_and_a_shorter_one_does_not_end_it():
    now = 100.0
    pacer = Pacer(5, lambda: now)
    pacer.pause(10)
    pacer.pause(2)
    assert pacer.wait() == 10
    assert not pacer.take()
    now += 10
    assert pacer.take()


def test_no_limit_is_no_wait():
    pacer = Pacer(0, lambda: 0.0)
    assert all(pacer.take() for _ in range(100))


def test_of_many_threads_only_one_gets_a_turn():
    for _ in range(20):
        pacer = Pacer(1, lambda: 0.0)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _, take=pacer.take: take(), range(64))) == 1


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
