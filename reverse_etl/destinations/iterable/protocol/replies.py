"""Iterable's replies: what they mean, which rows they refuse, and why, without values of rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from reverse_etl.destinations.iterable.protocol.reply_table import classify_reply
from reverse_etl.destinations.replies import UNTRUSTED, ReplyDecision, ReplyRules
from reverse_etl.destinations.request import Reply

_INDEX = re.compile(r"^obj\.\w+\[(\d{1,6})\]")
_MEMBER = re.compile(r"^obj\.(?:\w+\[(\d{1,6})\]\.)?(.+)")
# Messages of Iterable that only name types: `Number value expected`, `error.path.missing`.
_COMPLAINT = re.compile(r"[A-Za-z. ]{1,80}")
_LONGEST_REASON = 500
_HINTS: Mapping[str, str] = {
    "wrong-key": "Check ITERABLE_API_KEY, its data center (ITERABLE_REGION) and that the key is a server-side one.",
    "forbidden-key": "Use a server-side key that may do this; Iterable lists the rights next to each key.",
    "unknown-endpoint": "Check ITERABLE_BASE_URL: the address answers, but not as Iterable's API.",
    "redirected": "Set ITERABLE_BASE_URL to the final address: the key is not sent to the target of a redirect.",
    "unique-fields-limit-exceeded": "Set `create_new_fields: false`, or have Iterable raise the limit.",
    UNTRUSTED: "If a proxy or gateway of yours answers for Iterable, set ITERABLE_CA_BUNDLE to the certificate of its"
    " authority. Otherwise check ITERABLE_BASE_URL.",
}


class IterableReplies(ReplyRules):
    """How Iterable's replies are read and explained."""

    name = "Iterable"
    address_setting = "ITERABLE_BASE_URL"
    status_page = "https://status.iterable.com"

    def classify(self, reply: Reply) -> ReplyDecision:
        return classify_reply(reply)

    def advise(self, code: str) -> str:
        return _HINTS.get(code, "Look the status up in Iterable's list of API response codes.")

    def message(self, reply: Reply) -> str:
        said = reply.body.get("msg") if isinstance(reply.body, dict) else reply.text
        return str(said or "")

    def find_refused_rows(self, reply: Reply, rows: int) -> Collection[int]:
        """Return the rows that a BadJsonBody names by their path: `obj.users[3].preferUserId`."""
        named = {int(match[1]) for key in params_of(reply) if (match := _INDEX.match(key))}
        return {index for index in named if index < rows}

    def explain_refusal(self, reply: Reply, decision: ReplyDecision, index: int) -> str:
        errors = params_of(reply).get("validationErrors")
        clashes = _type_clashes(errors) if isinstance(errors, dict) else []
        reason = "; ".join(clashes) or super().explain_refusal(reply, decision, index)
        return "; ".join([reason, *_complaints(reply, index)])[:_LONGEST_REASON]


def params_of(reply: Reply) -> Mapping[str, object]:
    """Return the `params` of Iterable's envelope: details of an error."""
    found = reply.body.get("params") if isinstance(reply.body, dict) else None
    return found if isinstance(found, dict) else {}


def _type_clashes(errors: Mapping[str, object]) -> list[str]:
    return [
        f"`{name}` is {detail.get('expectedType')} in Iterable and looks like {_types(detail)} here"
        for name, detail in errors.items()
        if isinstance(detail, dict)
    ]


def _complaints(reply: Reply, index: int) -> Iterator[str]:
    """Yield what a BadJsonBody says of members of a row: by texts, or, until 2022, by lists of them."""
    for path, said in params_of(reply).items():
        found = _MEMBER.match(path)
        text = said[0].get("msg") if isinstance(said, list) and said and isinstance(said[0], dict) else said
        if found and int(found[1] or index) == index and isinstance(text, str) and _COMPLAINT.fullmatch(text):
            yield f"`{found[2]}`: {text}"


def _types(detail: Mapping[str, object]) -> str:
    types = detail.get("incomingTypes")
    return " or ".join(str(item) for item in types) if isinstance(types, list) else "another type"
