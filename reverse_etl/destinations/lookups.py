"""Questions: what may be asked of Iterable about a row before it is sent, and what an answer means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum

from reverse_etl.change import Change, Outcome
from reverse_etl.destinations.base import Endpoint, Reply, Request


class Send(Enum):
    """The answer of a lookup that lets a row be sent."""

    SEND = "send"


# What a lookup found: the row may be sent, it ends here, or there is one more question. None: the reply says nothing.
Answer = Send | Outcome | Request | None


class Lookup(ABC):
    """Questions asked of each row before it is sent, such as whether Iterable has this user.

    `settles`: asked again, it tells whether a row that was refused had been taken by an attempt without an answer.
    """

    endpoint: Endpoint
    settles: bool = False

    @abstractmethod
    def build(self, change: Change) -> Request:
        """The first question for one row."""

    @abstractmethod
    def read(self, change: Change, request: Request, reply: Reply) -> Answer:
        """What the reply to a question says of the row."""
