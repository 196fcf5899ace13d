"""Asking whether users exist: every way in which Iterable says no, and none that only looks like it."""

from __future__ import annotations

import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.delivery.row_lookups import RowLookups
from reverse_etl.destinations.iterable.resources.user_lookup import UserExists
from tests.doubles.scripted_server import HTML, Answer, refusal


@pytest.fixture
def look(world, server):
    def look(answer, identities=("a@x.com",), key="email"):
        if callable(answer):
            server.answer = answer
        else:
            server.script(answer)
        client = world.client()
        lookups = RowLookups(UserExists(key), world.line(client), world.limiter())
        changes = [Change(number, Kind.CHANGED, identity, b"{}") for number, identity in enumerate(identities)]
        outcomes = [outcome for outcome in lookups.run(changes) if outcome is not None]
        client.close()
        assert sorted([c.ordinal for c in lookups.to_send] + [o.ordinal for o in outcomes]) == list(range(len(changes)))
        return lookups, outcomes

    return look


def test_a_user_who_is_there_is_found(look, server):
    lookups, outcomes = look(Answer(200, {"user": {"email": "a+b/c@x.com", "dataFields": {}}}), ["a+b/c@x.com"])
    assert [change.identity for change in lookups.to_send] == ["a+b/c@x.com"]
    assert outcomes == []
    assert server.requests[0].path == "/api/users/getByEmail?email=a%2Bb%2Fc%40x.com"


def test_a_user_id_is_asked_for_by_parameter(look, server):
    look(Answer(200, {"user": {"userId": "../x"}}), ["../x"], key="user_id")
    assert server.requests[0].path == "/api/users/byUserId?userId=..%2Fx"


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("email", Answer(200, {})),
        ("email", Answer(200, {"users": [], "new": {"in": ["2031"]}})),
        ("email", refusal(400, "UnknownEmailError")),
        ("user_id", Answer(200, {})),
        ("user_id", Answer(200, {"user": {}})),
        ("user_id", Answer(200, {"user": None})),
        ("user_id", refusal(400, "UnknownUserIdError")),
        ("user_id", refusal(400, "error.users.noUserWithIdExists")),
        ("user_id", refusal(404, "error.users.noUserWithIdExists")),
        ("user_id", refusal(500, "error.users.noUserWithIdExists")),
        ("user_id", Answer(400, b"No user with that id exists!", {"Content-Type": "text/plain"})),
    ],
)
def test_every_way_of_saying_that_there_is_none(look, server, key, answer):
    lookups, [outcome] = look(answer, key=key)
    assert lookups.to_send == []
    assert (outcome.status.value, outcome.code) == ("skipped", "unknown-user")
    assert len(server.requests) == 1


@pytest.mark.parametrize("key", ["email", "user_id"])
@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, HTML),
        Answer(200),
        Answer(200, b"[]"),
        Answer(200, {"code": "Success"}),
        Answer(200, {"msg": "", "params": None}),
        Answer(503),
        Answer(lost=True),
    ],
)
def test_replies_that_say_neither_are_asked_again_and_never_skip(look, server, world, key, answer):
    lookups, [outcome] = look(answer, key=key)
    assert (outcome.status.value, lookups.to_send) == ("aborted", [])
    assert not outcome.maybe_applied
    assert len(server.requests) == world.attempts


@pytest.mark.parametrize("answer", [Answer(400, HTML), refusal(400, "InvalidUserIdError"), refusal(400, "BadParams")])
def test_a_refused_question_is_a_refused_row(look, answer):
    _, [outcome] = look(answer, key="user_id")
    assert outcome.status.value == "rejected"
    assert not outcome.maybe_applied


def test_a_wrong_key_stops(look, server, world):
    world.concurrency = 1
    lookups, outcomes = look(refusal(401, "BadApiKey"), [f"{n}@x.com" for n in range(9)])
    assert lookups.problem.code == "wrong-key"
    assert {outcome.status.value for outcome in outcomes} == {"aborted"}
    assert len(server.requests) == 1


def test_what_was_found_comes_in_the_order_of_the_plan(look):
    def answer(got):
        number = int(got.path.split("=")[1].split("%40")[0])
        if number % 5 == 1 and number not in failed:
            failed.add(number)
            return Answer(503)
        return Answer(200, {"user": {"n": number}} if number % 2 else {})

    failed = set()
    lookups, outcomes = look(answer, [f"{n}@x.com" for n in range(30)])
    assert [change.ordinal for change in lookups.to_send] == list(range(1, 30, 2))
    assert len(outcomes) == 15
