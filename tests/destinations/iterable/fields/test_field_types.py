"""Field types asked of the project, and what a clash says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reverse_etl.delivery.rate_limiter import LONGEST_WAIT, RateLimiter
from reverse_etl.destinations.bound_object import SyncContext, TypedField, typed_constant
from reverse_etl.destinations.inspection import NewField
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.fields.field_types import (
    ACCEPTED_TYPES,
    TYPES_UNKNOWN,
    TypeClash,
    clash_error,
    find_clashes,
    find_new_fields,
    read_user_types,
)
from reverse_etl.errors import DestinationError
from reverse_etl.warehouses.columns import ColumnKind
from tests.destinations.iterable.objects.singles import sync_of
from tests.doubles.scripted_server import HTML, Answer, refusal

FIELDS = {"firstName": "string", "plan": "object", "plan.since": "date", "age": "long"}


@pytest.fixture
def limiter(clock):
    return RateLimiter(3, clock.monotonic)


@pytest.fixture
def ask(world, server, limiter):
    def ask(*answers, attempts=3):
        server.script(*answers)
        client = world.client()
        try:
            return read_user_types(world.caller(client, attempts, lambda _: limiter))
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


def test_a_429_to_a_question_slows_the_next_ones(ask, server, limiter):
    ask(refusal(429, "RateLimitExceeded", {"rateLimitReset": 2}), Answer(200, {"fields": FIELDS}))
    assert server.requests[1].at - server.requests[0].at >= 2
    assert limiter.per_second < 2


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


@pytest.mark.parametrize("kind", ACCEPTED_TYPES)
@pytest.mark.parametrize("theirs", ["string", "keyword", "date", "long", "double", "boolean", "object", "nested"])
def test_each_kind_against_each_type(kind, theirs):
    found = find_clashes([TypedField("f", kind, "SQL")], {"f": theirs})
    assert found == ([] if theirs in ACCEPTED_TYPES[kind] else [TypeClash("f", "SQL", theirs)])


def test_kinds_are_those_of_the_warehouse():
    assert set(ACCEPTED_TYPES) <= {kind.value for kind in ColumnKind}


def test_new_fields_and_kinds_that_can_be_anything_do_not_clash():
    assert find_clashes([TypedField("new", "text", "TEXT"), TypedField("age", "json", "JSON")], FIELDS) == []


def test_a_dotted_field_needs_an_object_around_it():
    found = find_clashes(
        [TypedField("age.years", "integer", "INT"), TypedField("age.months", "integer", "INT")], FIELDS
    )
    assert found == [TypeClash("age", "an object", "long")]
    assert find_clashes([TypedField("plan.since", "date", "DATE")], FIELDS) == []


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


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        (TypedField("f", "text", "VARCHAR"), "string"),
        (TypedField("f", "uuid", "UUID"), "string"),
        (TypedField("f", "time", "TIME"), "string"),
        (TypedField("f", "integer", "BIGINT"), "long"),
        (TypedField("f", "decimal", "DECIMAL(9,2)"), "double"),
        (TypedField("f", "float", "DOUBLE"), "double"),
        (TypedField("f", "boolean", "BOOLEAN"), "boolean"),
        (TypedField("f", "date", "DATE"), "date"),
        (TypedField("f", "timestamp", "TIMESTAMP"), "date"),
        (TypedField("f", "text", "VARCHAR[]", array=True), "array of string"),
        (TypedField("f", "object", "STRUCT(a INTEGER)[]", array=True), "array of object"),
        (TypedField("f", "object", "STRUCT(a INTEGER)"), "object"),
        (TypedField("store_geo_location", "object", "STRUCT(lat DOUBLE, lon DOUBLE)"), "geo_location"),
        (TypedField("store_geo_location", "json", "JSON"), "geo_location"),
        (TypedField("store_geo_location", "text", "VARCHAR"), "string"),
        (TypedField("f", "json", "JSON"), ""),
        (TypedField("f", "json", "JSON[]", array=True), ""),
        (typed_constant("f", "a"), "string"),
        (typed_constant("f", True), "boolean"),
        (typed_constant("f", 1), "long"),
        (typed_constant("f", 1.5), "double"),
        (typed_constant("f", {"a": 1}), "object"),
        (typed_constant("f", [1, 2]), "array of long"),
        (typed_constant("f", []), ""),
        (typed_constant("f", None), ""),
    ],
)
def test_the_type_that_a_new_field_gets(typed, given):
    assert find_new_fields([typed], ()) == (NewField(typed.field, given),)


def test_new_fields_come_with_the_objects_around_them():
    typed = [TypedField("plan.tier", "text", "VARCHAR"), TypedField("plan.price.net", "decimal", "DECIMAL(9,2)")]
    found = [(item.field, item.type) for item in find_new_fields(typed, FIELDS)]
    assert found == [("plan.tier", "string"), ("plan.price", "object"), ("plan.price.net", "double")]


def inspected(world, server, answer, *typed, **options):
    server.script(answer)
    client = world.client()
    sync = sync_of({"object": "users", "email": "e", **options})
    try:
        return bind(sync, "email").inspect(SyncContext(sync, typed), world.caller(client, 1))
    finally:
        client.close()


def test_an_inspection_tells_new_fields_and_the_types_of_the_others(world, server):
    typed = (
        TypedField("age", "integer", "INT"),
        TypedField("city", "text", "VARCHAR"),
        TypedField("userId", "text", "VARCHAR"),
    )
    found = inspected(world, server, Answer(200, {"fields": FIELDS}), *typed)
    assert found.new_fields == (NewField("city", "string"),)
    assert found.types == {"age": "long", "userId": "string"}
    assert list(found.warnings) == []


def test_an_inspection_without_types_tells_what_each_field_would_be(world, server):
    found = inspected(world, server, Answer(404, HTML), TypedField("age", "integer", "INT"))
    assert found.new_fields == (NewField("age", "long"),)
    assert found.warnings == (TYPES_UNKNOWN,)


@pytest.mark.parametrize(("create", "warned"), [(False, True), (True, False), (None, False)])
def test_fields_that_iterable_would_drop_are_told(world, server, create, warned):
    typed = TypedField("city", "text", "VARCHAR")
    found = inspected(world, server, Answer(200, {"fields": FIELDS}), typed, create_new_fields=create)
    assert any("`city`" in warning for warning in found.warnings) is warned


def test_a_constant_can_clash_as_well():
    assert find_clashes([typed_constant("age", "old")], FIELDS) == [TypeClash("age", "a constant", "long")]


@pytest.mark.parametrize(
    ("field", "kind", "array", "clashes"),
    [
        ("phoneNumber", "integer", False, True),
        ("phoneNumber", "text", False, False),
        ("phoneNumber", "text", True, True),
        ("phoneNumber.home", "text", False, True),
        ("signupDate", "text", False, True),
        ("signupDate", "timestamp", False, False),
        ("timeZone", "decimal", False, True),
        ("locale", "json", False, True),
        ("locale", "boolean", False, True),
        ("shoeSize", "integer", False, False),
    ],
)
def test_a_field_that_iterable_knows_gets_no_other_type(world, limiter, server, field, kind, array, clashes):
    """Before its first value: nothing was sent, and the project does not have the field."""
    server.script(Answer(200, {"fields": {}}))
    sync = sync_of({"object": "users", "email": "email"})
    context = SyncContext(sync, [TypedField(field, kind, kind.upper(), array)])
    asker = world.caller(world.client(), 1, lambda _: limiter)
    if clashes:
        with pytest.raises(DestinationError) as caught:
            bind(sync, "email").connect(context, asker)
        assert caught.value.code == "field-type-clash"
        assert field.split(".")[0] in caught.value.message
    else:
        bind(sync, "email").connect(context, asker)


def test_what_a_project_has_counts_more_than_what_iterable_knows(world, limiter, server):
    """The field got its type long ago, and takes no other."""
    server.script(Answer(200, {"fields": {"phoneNumber": "long"}}))
    sync = sync_of({"object": "users", "email": "email"})
    context = SyncContext(sync, [TypedField("phoneNumber", "integer", "BIGINT")])
    bind(sync, "email").connect(context, world.caller(world.client(), 1, lambda _: limiter))
    assert [request.path for request in server.requests] == ["/api/users/getFields"]
