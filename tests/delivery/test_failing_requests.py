"""Replies of failure that come again and again: what is a check of the body, what is halved, what is held back."""

from __future__ import annotations

import pytest

from reverse_etl.change import Change, Kind, PastFailure, Response
from reverse_etl.delivery.response_record import record_response
from reverse_etl.destinations.iterable.objects.purchases import TrackPurchase
from reverse_etl.destinations.iterable.objects.subscriptions import UpdateSubscriptions
from reverse_etl.destinations.iterable.objects.users import BulkUpdate
from reverse_etl.destinations.iterable.protocol.replies import IterableReplies
from reverse_etl.destinations.iterable.protocol.reply_table import classify_reply
from reverse_etl.destinations.replies import Action
from reverse_etl.destinations.request import Reply
from tests.destinations.iterable.objects.bulk_replies import reply, user
from tests.destinations.iterable.objects.singles import SUCCESS, change
from tests.doubles.scripted_server import HTML, Answer, refusal

BROKEN = Answer(500, {"msg": "boom for Jo@example.com", "code": "GenericError"}, {"Iterable-Request-Id": "r-9"})


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("code", ["BadJsonBody", "InvalidEmailAddressError", "RequestFieldsTypesMismatched"])
def test_a_check_of_the_body_is_one_whatever_the_status(status, code):
    verdict = classify_reply(Reply(status, {"code": code}))
    assert (verdict.action, verdict.applied) == (Action.SPLIT, True)
    assert classify_reply(Reply(status, {"code": "GenericError"})).action is Action.RETRY
    assert classify_reply(Reply(status, {"code": "UniqueFieldsLimitExceeded"})).action is Action.STOP


def test_the_row_that_fails_a_check_with_a_5xx_is_found_in_the_same_run(world, server):
    def answer(got):
        sent = [row["email"] for row in got.json["users"]]
        return refusal(500, "BadJsonBody") if "user5@example.com" in sent else Answer(200, reply(len(sent)))

    server.answer = answer
    done = world.deliver(BulkUpdate("email"), [user(n) for n in range(8)])
    assert done.accepted == set(range(8)) - {5}
    assert (done.outcomes[5].status.value, done.outcomes[5].code) == ("rejected", "bad-json-body")
    assert done.outcomes[5].maybe_applied  # nothing documents that it was not applied


def test_rows_that_failed_before_go_last_and_in_halves(world, server):
    server.answer = lambda got: Answer(200, reply(len(got.json["users"])))
    world.concurrency = 1
    world.past = {n: PastFailure(6) for n in range(2, 8)} | {8: PastFailure(1, 1), 9: PastFailure(1, 2)}
    done = world.deliver(BulkUpdate("email"), [user(n) for n in range(12)])
    assert done.accepted == set(range(12))
    sizes = [[row["email"] for row in got.json["users"]] for got in server.requests]
    assert [len(rows) for rows in sizes] == [4, 3, 3, 1, 1]
    assert sizes[0] == [f"user{n}@example.com" for n in (0, 1, 10, 11)]


@pytest.mark.parametrize(
    ("alone", "fate"), [(0, "failed no-answer"), (1, "failed no-answer"), (2, "rejected generic-error")]
)
def test_a_row_that_fails_alone_in_three_runs_is_held_back(world, server, alone, fate):
    server.script(BROKEN)
    world.past = {0: PastFailure(1, alone)}
    [outcome] = world.deliver(TrackPurchase(), [purchase(0)]).outcomes.values()
    assert f"{outcome.status.value} {outcome.code}" == fate
    assert outcome.maybe_applied
    assert (outcome.rows, outcome.alone) == (1, True)
    assert outcome.recheck == fate.startswith("rejected")
    assert outcome.response == Response(500, "GenericError", "boom for …", "r-9")


@pytest.mark.parametrize("answer", [Answer(lost=True), Answer(200, b"{")])
def test_without_a_reply_of_failure_a_row_stays_unknown_however_often(world, server, answer):
    server.script(answer)
    world.past = {0: PastFailure(1, 7)}
    assert world.deliver(TrackPurchase(), [purchase(0)]).statuses == {0: "failed"}


@pytest.mark.parametrize(("alone", "fate"), [(0, "failed"), (2, "rejected")])
def test_a_row_that_a_reply_names_as_failed_in_three_runs_is_held_back(world, server, alone, fate):
    """Iterable took the request, and failed on one row of it by itself."""
    server.script(Answer(200, {"successCount": 1, "failCount": 1, "validEmailFailures": ["user0@example.com"]}))
    world.past = {0: PastFailure(1, alone), 1: PastFailure(1, alone)}
    world.batch_rows = 2
    rows = [change(n, email=f"user{n}@example.com", emailListIds=[1]) for n in range(2)]
    world.past = {0: PastFailure(4, alone), 1: PastFailure(4, alone)}
    done = world.deliver(UpdateSubscriptions("email"), rows)
    assert done.accepted == {1}
    assert (done.outcomes[0].status.value, done.outcomes[0].code) == (fate, "failed-inside")


def test_a_batch_is_never_held_back(world, server):
    server.script(BROKEN)
    world.past = {n: PastFailure(4, 7) for n in range(4)}
    assert set(world.deliver(BulkUpdate("email"), [user(n) for n in range(4)]).statuses.values()) == {"failed"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (BROKEN, ["answers", "500", "GenericError"]),
        (Answer(503, HTML, {"Content-Type": "text/html"}), ["answers", "503"]),
        (Answer(200, b"{"), ["answers", "200", "no readable reply"]),
        (Answer(lost=True), ["could not be reached", "ConnectionError"]),
    ],
)
def test_what_answers_can_be_reached(world, server, answer, words):
    server.script(answer)
    done = world.deliver(TrackPurchase(), [purchase(n) for n in range(5)])
    assert done.problem.code == "destination-unavailable"
    assert all(word in done.problem.message for word in words)
    assert ("network" in done.problem.hint) == answer.lost
    assert ("reached" in done.problem.message) == answer.lost


def test_every_row_that_was_not_accepted_has_what_iterable_answered(world, server):
    server.script(refusal(400, "BadParams", **{"Iterable-Request-Id": "r-1"}))
    assert world.deliver(BulkUpdate("email"), [user(0)]).outcomes[0].response == Response(400, "BadParams", "no", "r-1")
    server.script(refusal(401, "BadApiKey", **{"Iterable-Request-Id": "r-2"}))
    done = world.deliver(BulkUpdate("email"), [user(n) for n in range(3)])
    assert {outcome.response for outcome in done.outcomes.values()} == {Response(401, "BadApiKey", "no", "r-2")}
    server.script(Answer(200, reply(1, invalidEmails=["user0@example.com"]), {"Iterable-Request-Id": "r-3"}))
    assert world.deliver(BulkUpdate("email"), [user(0)]).outcomes[0].response == Response(200, "", "", "r-3")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Value 'Jo Smith' of 4711 is wrong", "Value '…' of … is wrong"),
        ("No user JO@shop.com, nor else@other.org", "No user …, nor …"),
        ("two\nlines\tand\x07 more", "two lines and\x07 more"),
        ("the id is on", "the id is on"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_a_message_holds_no_values_of_the_row(said, shown):
    row = change(0, email="jo@shop.com", dataFields={"name": "Jo Smith", "n": 4711, "deep": [{"a": "on"}], "b": True})
    assert record_response(IterableReplies(), Reply(400, {"msg": said, "code": "C"}), [row]).message == shown


def test_a_message_about_one_row_of_a_batch_hides_all_of_them():
    rows = [Change(n, Kind.ADDED, f"id-{n}", b'{"name":"Name %d"}' % n) for n in range(3)]
    assert record_response(IterableReplies(), Reply(500, {"msg": "id-2 or Name 1"}), rows).message == "… or …"


def test_what_did_not_come_is_said():
    assert str(record_response(IterableReplies(), Reply(0, error="ReadTimeout"))) == 'no response, "ReadTimeout"'
    assert str(Response(500, "GenericError", "boom", "r-9")) == 'status 500, GenericError, "boom", request r-9'


def purchase(number):
    return change(number, user={"email": "jo@example.com"}, id=f"p{number}", items=[], total=1)


def test_a_purchase_that_goes_well_is_accepted_whatever_its_past(world, server):
    server.script(Answer(200, SUCCESS))
    world.past = {0: PastFailure(1, 9)}
    assert world.deliver(TrackPurchase(), [purchase(0)]).accepted == {0}
