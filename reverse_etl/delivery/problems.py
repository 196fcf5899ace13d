"""Problems that end a run because the destination accepts no more requests: the reason, and what to do."""

from __future__ import annotations

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.destinations.replies import UNREADABLE, ReplyDecision, ReplyRules
from reverse_etl.destinations.request import Endpoint, Reply


def throttled_problem(name: str, seconds: float) -> Problem:
    """Return the problem that the destination `name` only answered 429 for some seconds."""
    return Problem(
        "rate-limited",
        f"{name} answered 429 and nothing else for {seconds:.0f} s",
        "Lower REVERSE_ETL_REQUESTS_PER_SECOND, or find out which other program uses this project's limit.",
        {"seconds": round(seconds)},
    )


def daily_limit_problem(name: str, endpoint: Endpoint, per_day: int | None) -> Problem:
    """Return the problem that the daily limit of an endpoint is used up."""
    called = f"{endpoint.method} {endpoint.path}"
    return Problem(
        "daily-limit",
        f"{name} accepts {plural(per_day or 0, 'request')} of {called} in 24 hours, and none is left",
        "Run again in 24 hours to send the remaining rows.",
        {"endpoint": called, "requests in 24 hours": per_day},
    )


def stop_problem(replies: ReplyRules, decision: ReplyDecision, reply: Reply) -> Problem:
    """Return the problem that a reply says that no request of this run can succeed."""
    hint = replies.advise(decision.code)
    if reply.untrusted:
        return Problem(decision.code, untrusted_message(replies.name), hint, {"last": reply.error})
    message = f"{replies.name} refused the run with status {reply.status}"
    return Problem(decision.code, message, hint, _facts(reply))


def unavailable_problem(replies: ReplyRules, decision: ReplyDecision, reply: Reply, attempts: int) -> Problem:
    """Return the problem that every attempt failed: the destination was not reached, or gave no usable answer."""
    if not reply.status:
        return Problem(
            "destination-unavailable",
            unreached_message(replies.name, reply, attempts),
            f"Check the network and {replies.address_setting}, then run again: rows that were not acknowledged are"
            " sent again.",
            {"last": reply.error},
        )
    answer = f"status {reply.status}" + (f", code {reply.code}" if reply.code else "")
    answer += ", but no readable reply" if decision.code == UNREADABLE else ""
    page = f" If all do, see {replies.status_page}." if replies.status_page else ""
    return Problem(
        "destination-unavailable",
        f"{replies.name} answers, but every request fails; the last one, in try {attempts}, with {answer}",
        "Run again: rows without a known outcome are sent again, in smaller requests. If only some rows fail, the"
        f" next runs find them.{page}",
        _facts(reply),
    )


def untrusted_message(name: str) -> str:
    """Return the sentence that the server does not prove to be the destination."""
    return f"the server's certificate does not prove that it is {name}, so nothing was sent to it"


def unreached_message(name: str, reply: Reply, attempts: int) -> str:
    """Return the sentence that no attempt reached the destination."""
    return f"{name} could not be reached in {plural(attempts, 'try', 'tries')} ({reply.error})"


def _facts(reply: Reply) -> dict[str, object]:
    return {"status": reply.status, "code": reply.code or "none", "request": reply.request_id or "unnamed"}
