from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.sandbox.rules.rate_limits import RATE_LIMITS, RateLimits


def test_a_burst_is_a_second_of_requests_and_the_refusal_says_when_to_come_back(project_of):
    api = project_of(rate_limit=True)
    statuses = [api.bulk({"email": "ann@shop.com"}).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    reply = api.bulk({"email": "ann@shop.com"})
    assert reply.json()["code"] == "RateLimitExceeded"
    assert reply.json()["params"] == {"rateLimitLimit": 5, "rateLimitRemaining": 0, "rateLimitReset": 1}
    assert "Retry-After" not in reply.headers


def test_tokens_come_back_with_time_one_by_one(project_of):
    api = project_of(rate_limit=True)
    for _ in range(5):
        api.bulk({"email": "ann@shop.com"})
    api.clock.now += 0.41
    assert [api.bulk({"email": "ann@shop.com"}).status_code for _ in range(3)] == [200, 200, 429]


def test_endpoints_do_not_share_a_bucket(project_of):
    api = project_of(rate_limit=True)
    assert [api.get("/api/users/getFields").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert api.bulk({"email": "ann@shop.com"}).status_code == 200


def test_forgetting_is_limited_by_the_day_as_well(project_of):
    api = project_of(rate_limit=True)
    for _ in range(1000):
        assert api.project.rate_limits.take_token("POST /api/users/forget", "", api.clock.now) is None
        api.clock.now += 0.4
    reply = api.post("/api/users/forget", {"email": "ann@shop.com"})
    while reply.status_code == 200:
        reply = api.post("/api/users/forget", {"email": "ann@shop.com"})
        api.clock.now += 0.4
    assert reply.json()["params"]["rateLimitLimit"] == 1000
    assert reply.json()["params"]["rateLimitReset"] > 3


def test_a_retry_after_header_can_be_switched_on(project_of):
    api = project_of(rate_limit=True, retry_after=True)
    replies = [api.get("/api/users/getFields") for _ in range(4)]
    assert replies[-1].headers["Retry-After"] == "1"


def test_without_limits_nothing_is_held_back(api):
    assert {api.get("/api/users/getFields").status_code for _ in range(10)} == {200}


def test_merges_are_counted_per_key():
    limits = RateLimits()
    endpoint = "POST /api/users/merge"
    assert [limits.take_token(endpoint, "sandbox-a", 0) for _ in range(51)][-1] is not None
    assert limits.take_token(endpoint, "sandbox-b", 0) is None


@given(st.lists(st.floats(-1, 3), max_size=60), st.sampled_from(sorted(RATE_LIMITS)))
def test_no_span_lets_more_through_than_a_burst_and_the_rate(steps, endpoint):
    limits, now, passed = RateLimits(), 100.0, 0
    for step in steps:
        now += step
        passed += limits.take_token(endpoint, "", now) is None
    capacity, seconds = RATE_LIMITS[endpoint][0]
    climbed = sum(step for step in steps if step > 0)
    assert passed <= capacity + climbed * capacity / seconds + 1e-6


@pytest.mark.parametrize("endpoint", sorted(RATE_LIMITS))
def test_waiting_as_long_as_told_is_enough(endpoint):
    limits = RateLimits()
    told = None
    while told is None:
        told = limits.take_token(endpoint, "", 0.0)
    assert limits.take_token(endpoint, "", float(told.reset)) is None
