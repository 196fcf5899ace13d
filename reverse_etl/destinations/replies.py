"""What a destination says about its own replies: what to do with them, and how to explain them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from reverse_etl.destinations.request import Reply

UNREADABLE = "unreadable-reply"
UNTRUSTED = "certificate-not-verified"


class Action(Enum):
    """What to do with a reply."""

    READ = "read"  # a success: the body says which rows failed
    SPLIT = "split"  # refused as a whole: halve the batch until only the row at fault is left
    RETRY = "retry"  # a temporary failure: send the same bytes again
    WAIT = "wait"  # over the rate limit: not applied, send again after a while
    STOP = "stop"  # no request of this run can succeed


@dataclass(frozen=True, slots=True)
class ReplyDecision:
    """What to do with one reply.

    `applied`: the request may have been applied, although the reply does not say so. `code` is kebab-case.
    `pause`: least seconds before the same bytes are sent again; `reason` says why, if the reply itself is not a
    failure. `too_many_rows`: smaller batches may succeed.
    """

    action: Action
    applied: bool = False
    code: str = ""
    pause: float = 0.0
    reason: str = ""
    too_many_rows: bool = False


class ReplyRules(ABC):
    """How the replies of one destination are read and explained.

    `name` is what people call the destination. `address_setting` is the setting that holds its address, and
    `status_page` the address of the page that shows its outages.
    """

    name: str
    address_setting: str
    status_page: str = ""

    @abstractmethod
    def classify(self, reply: Reply) -> ReplyDecision:
        """Return what to do with a reply, from its status and its code."""

    @abstractmethod
    def advise(self, code: str) -> str:
        """Return what people can do about a code that stopped a run, as a sentence."""

    def message(self, reply: Reply) -> str:
        """Return the message of the reply. It may hold values of rows."""
        return reply.text

    def find_refused_rows(self, reply: Reply, rows: int) -> Collection[int]:
        """Return the positions of rows that a refused request of so many rows names; empty: the reply names none."""
        del reply, rows
        return ()

    def explain_refusal(self, reply: Reply, decision: ReplyDecision, index: int) -> str:
        """Return why the row at position `index` was refused. It names fields and types, and never a value."""
        del index
        code = f", code {reply.code}" if decision.code else ""
        return f"{self.name} refused the row with status {reply.status}{code}"


def kebab_case(code: str) -> str:
    """Return the code of a destination in kebab-case: `BadJsonBody` becomes `bad-json-body`.

    Empty for `Success`, which says nothing about an error.
    """
    if code in ("", "Success") or not code.isascii():
        return ""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", code[:80])
    return "-".join(words).lower()


def describe_reply(name: str, reply: Reply) -> str:
    """Describe a failed reply of the destination `name` in a few words."""
    return f"{name} answered with status {reply.status}" if reply.status else f"no answer ({reply.error})"
