"""Field types asked of the project, and what a clash says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reverse_etl.errors import DestinationError
from reverse_etl.iterable.asking import Questions
from reverse_etl.iterable.base import Typed
from reverse_etl.iterable.fieldtypes import ACCEPTED, TypeClash, clash_error, clashes, user_types
from reverse_etl.iterable.pacing import LONGEST_WAIT, Pacer
from reverse_etl.warehouses.base import ColumnKind
from tests.iterable.server import HTML, Answer, refusal

FIELDS = {"firstName": "string", "plan": "object", "plan.since": "date", "age": "long"}


@pytest.fixture
def pacer(clock):
    return Pacer(3, clock.monotonic)


@pytest.fixture
def ask(world, server, pacer):
    def ask(*answers, attempts=3):
        server.script(*answers)
        client = world.client()
        try:
            return user_types(Questions(client, world.time, attempts, lambda _: pacer))
        finally:
            client.close()

    return ask


def test_the_types_of_the_project(ask, server):
    assert ask(Answer(200, {"fields": FIELDS, "more": 1})) == FIELDS
    assert [(got.method, got.path) for got in server.requests] == [("GET", "/api/users/getFields")]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, HTML),
        refusal(404, "NotFound"),
        Answer(200, HTML),
        Answer(200, {"fields": []}),
        Answer(200, {}),
        Answer(302),
    ],
)
def test_a_server_that_does_not_tell_is_no_error(ask, server, answer):
    assert ask(answer) is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("first", [Answer(503), Answer(lost=True), refusal(429, "RateLimitExceeded")])
def test_passing_failures_are_tried_again(ask, server, first):
    assert ask(first, Answer(200, {"fields": FIELDS})) == FIELDS
    assert len(server.requests) == 2


def test_questions_keep_the_rate_of_their_endpoint(ask, server):
    for _ in range(5):
        ask(Answer(200, {"fields": FIELDS}))
    times = [got.at for got in server.requests]
    assert all(later - sooner >= 0.999 / 3 for sooner, later in pairwise(times))


def test_a_429_to_a_question_slows_the_next_ones(ask, server, pacer):
    ask(refusal(429, "RateLimitExceeded", {"rateLimitReset": 2}), Answer(200, {"fields": FIELDS}))
    assert server.requests[1].at - server.requests[0].at >= 2
    assert pacer.per_second < 2


def test_failures_that_do_not_pass_are_no_error(ask, server):
    assert ask(Answer(500)) is None
    assert len(server.requests) == 3


def test_a_wait_is_kept_and_bounded(ask, server, clock):
    ask(refusal(429, "RateLimitExceeded", **{"Retry-After": "9"}), attempts=2)
    assert server.requests[1].at - server.requests[0].at >= 9
    began = clock.now
    ask(refusal(429, "RateLimitExceeded", **{"Retry-After": "999999"}), attempts=2)
    assert clock.now - began < LONGEST_WAIT + 10


@pytest.mark.parametrize("answer", [refusal(401, "BadApiKey"), refusal(403, "Forbidden"), Answer(401, HTML)])
def test_a_wrong_key_is_an_error(ask, server, answer):
    with pytest.raises(DestinationError) as caught:
        ask(answer)
    assert caught.value.code == "wrong-key"
    assert "ITERABLE_API_KEY" in caught.value.hint
    assert len(server.requests) == 1


def test_no_connection_is_an_error(ask, server):
    server.close()
    with pytest.raises(DestinationError) as caught:
        ask(Answer(200))
    assert caught.value.code == "destination-unavailable"


@pytest.mark.parametrize("kind", ACCEPTED)
@pytest.mark.parametrize("theirs", ["string", "keyword", "date", "long", "double", "boolean", "object", "nested"])
def test_each_kind_against_each_type(kind, theirs):
    found = clashes([Typed("f", kind, "SQL")], {"f": theirs})
    assert found == ([] if theirs in ACCEPTED[kind] else [TypeClash("f", "SQL", theirs)])


def test_kinds_are_those_of_the_warehouse():
    assert set(ACCEPTED) <= {kind.value for kind in ColumnKind}


def test_new_fields_and_kinds_that_can_be_anything_do_not_clash():
    assert clashes([Typed("new", "text", "TEXT"), Typed("age", "json", "JSON")], FIELDS) == []


def test_a_dotted_field_needs_an_object_around_it():
    found = clashes([Typed("age.years", "integer", "INT"), Typed("age.months", "integer", "INT")], FIELDS)
    assert found == [TypeClash("age", "an object", "long")]
    assert clashes([Typed("plan.since", "date", "DATE")], FIELDS) == []


def test_the_message_names_field_both_types_and_the_fix():
    error = clash_error("people", [TypeClash("plan.since", "INTEGER", "date"), TypeClash("age", "TEXT", "long")])
    assert error.code == "field-type-clash"
    assert "`people`" in error.message
    assert "`plan.since`" in error.message
    assert "date" in error.message
    assert "INTEGER" in error.message
    assert "1 more" in error.message
    assert error.context == {
        "plan.since": "date in Iterable, INTEGER in the model",
        "age": "long in Iterable, TEXT in the model",
    }
    assert "cast the column to a date" in error.hint


@pytest.mark.parametrize("theirs", ["string", "date", "long", "double", "boolean", "object", "geo_location"])
def test_every_fix_is_a_sentence(theirs):
    assert clash_error("s", [TypeClash("f", "TEXT", theirs)]).hint.startswith("In the model ")
