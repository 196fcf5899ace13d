"""Refusals: what a reply to a request as a whole says of its rows, and how it may be shown; knows no endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import orjson

from reverse_etl.change import Change, Outcome, Response, Status
from reverse_etl.destinations.iterable.protocol.reply_table import Verdict
from reverse_etl.destinations.request import Reply

_INDEX = re.compile(r"^obj\.\w+\[(\d{1,6})\]")
# What Iterable says was wrong, where it speaks of types alone: `Number value expected`, `error.path.missing`.
_MEMBER = re.compile(r"^obj\.(?:\w+\[(\d{1,6})\]\.)?(.+)")
_COMPLAINT = re.compile(r"[A-Za-z. ]{1,80}")
_LONGEST_MESSAGE = 300
_ADDRESS = re.compile(r"[^\s@\"'<>(),:;]+@[^\s@\"'<>(),:;]+")
_HIDDEN = "…"
_SHORTEST_SECRET = 3  # letters: a shorter value is part of many words


def response_of(reply: Reply, changes: Sequence[Change] = ()) -> Response:
    """Return what came back, as it may be shown. Iterable quotes values, so those of the rows are hidden."""
    said = reply.body.get("msg") if isinstance(reply.body, dict) else reply.text
    message = " ".join(str(said or reply.error).split())
    return Response(reply.status, reply.code[:100], _without(changes, message)[:_LONGEST_MESSAGE], reply.request_id)


def _without(changes: Sequence[Change], message: str) -> str:
    if not message:
        return ""
    values = {text for change in changes for text in _texts(orjson.loads(change.body or b"null"))}
    values |= {change.identity for change in changes}
    for text in sorted(
        (one for one in values if len(one) >= _SHORTEST_SECRET and one in message), key=len, reverse=True
    ):
        message = message.replace(text, _HIDDEN)
    return _ADDRESS.sub(_HIDDEN, message)


def _texts(value: object) -> Iterator[str]:
    """Every text and number inside a value of JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif not isinstance(value, bool) and value is not None:
        yield str(value)


def named_rows(reply: Reply, rows: int) -> set[int]:
    """Rows that a BadJsonBody names by their path: `obj.users[3].preferUserId`."""
    found = {int(match[1]) for key in reply.params if (match := _INDEX.match(key))}
    return {index for index in found if index < rows}


def rejected_row(change: Change, verdict: Verdict, reply: Reply, index: int = 0) -> Outcome:
    """The reason names fields and types only: Iterable's own text quotes the value. `index`: its place in the batch."""
    errors = reply.params.get("validationErrors")
    reason = f"Iterable refused the row with status {reply.status}" + (f", code {reply.code}" if verdict.code else "")
    if isinstance(errors, dict):
        clashes = [
            f"`{name}` is {detail.get('expectedType')} in Iterable and looks like {_types(detail)} here"
            for name, detail in errors.items()
            if isinstance(detail, dict)
        ]
        reason = "; ".join(clashes) or reason
    reason += "".join(f"; {complaint}" for complaint in _complaints(reply, index))
    return Outcome(change.ordinal, Status.REJECTED, verdict.code or f"http-{reply.status}", reason[:500])


def _complaints(reply: Reply, index: int) -> Iterator[str]:
    """What a BadJsonBody says of members of a row: by texts, or as it did until 2022 by lists of them."""
    for path, said in reply.params.items():
        found = _MEMBER.match(path)
        text = said[0].get("msg") if isinstance(said, list) and said and isinstance(said[0], dict) else said
        if found and int(found[1] or index) == index and isinstance(text, str) and _COMPLAINT.fullmatch(text):
            yield f"`{found[2]}`: {text}"


def _types(detail: Mapping[str, object]) -> str:
    types = detail.get("incomingTypes")
    return " or ".join(str(item) for item in types) if isinstance(types, list) else "another type"
