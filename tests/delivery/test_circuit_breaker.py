"""A destination that refuses everything ends a run, and one that refuses some rows does not."""

from __future__ import annotations

from reverse_etl.change import FORGOTTEN_USER, Outcome, Status
from reverse_etl.delivery.circuit_breaker import CircuitBreaker
from reverse_etl.destinations.iterable.objects.users import BulkUpdate
from tests.destinations.iterable.objects.bulk_replies import reply, user
from tests.doubles.scripted_server import Answer


def outcomes(rows: int, status: Status = Status.REJECTED, code: str = "bad") -> list[Outcome]:
    return [Outcome(number, status, code, "because") for number in range(rows)]


def test_a_run_of_refusals_ends_a_run_with_the_reason() -> None:
    breaker = CircuitBreaker()
    for _ in range(4):
        breaker.note(0, outcomes(400))
        assert breaker.find_problem("It") is None
    breaker.note(0, outcomes(1, Status.FAILED))
    problem = breaker.find_problem("It")
    assert problem is not None
    assert (problem.code, problem.context["reason"]) == ("refused-again-and-again", "because")
    assert "none of the last 1,601 rows" in problem.message


def test_an_accepted_row_begins_the_count_again() -> None:
    breaker = CircuitBreaker()
    for number in range(20):
        breaker.note(number % 4 == 3, outcomes(500))
        assert breaker.find_problem("It") is None


def test_skipped_rows_and_forgotten_users_say_nothing() -> None:
    breaker = CircuitBreaker()
    for _ in range(20):
        breaker.note(0, outcomes(500, Status.SKIPPED) + outcomes(500, code=FORGOTTEN_USER))
    assert breaker.find_problem("It") is None


def test_nothing_more_is_sent_once_every_row_is_refused(world, server) -> None:
    def answer(got):
        emails = [row["email"] for row in got.json["users"]]
        return Answer(200, reply(len(emails), invalidDataEmails=emails))

    server.answer = answer
    world.batch_rows, world.concurrency = 250, 1
    done = world.deliver(BulkUpdate("email"), [user(n) for n in range(3_000)])
    assert done.problem.code == "refused-again-and-again"
    assert len(server.requests) == 5
    statuses = [one.status for one in done.outcomes.values()]
    assert (statuses.count(Status.REJECTED), statuses.count(Status.ABORTED)) == (1_250, 1_750)
