"""The channels and message types of a project: what a user can refuse or ask for. They do not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

# 2020-01-01, in milliseconds.
_MADE: Final = 1_577_836_800_000


@dataclass(frozen=True)
class Channel:
    """More media exist than Iterable documents."""

    id: int
    name: str
    type: Literal["Marketing", "Transactional"]
    medium: str

    def as_read(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "channelType": self.type, "messageMedium": self.medium}


@dataclass(frozen=True)
class MessageType:
    """One kind of message of a channel; with `OptIn` a user gets it after asking only.

    `cap` is (days, messages): how many messages a user gets in how many days.
    """

    id: int
    name: str
    channel_id: int
    policy: Literal["OptIn", "OptOut"] = "OptOut"
    cap: tuple[int, int] | None = None

    def as_read(self) -> dict[str, Any]:
        capped = {"frequencyCap": {"days": self.cap[0], "messages": self.cap[1]}} if self.cap else {}
        return {
            "id": self.id,
            "name": self.name,
            "channelId": self.channel_id,
            "createdAt": _MADE,
            "updatedAt": _MADE,
            "subscriptionPolicy": self.policy,
            **capped,
        }


CHANNELS: Final = (
    Channel(101, "Marketing Channel", "Marketing", "Email"),
    Channel(102, "Transactional Channel", "Transactional", "Email"),
    Channel(103, "Push Marketing Channel", "Marketing", "Push"),
    Channel(104, "SMS Marketing Channel", "Marketing", "SMS"),
)
MESSAGE_TYPES: Final = (
    MessageType(201, "Newsletter", 101),
    MessageType(202, "Receipts", 102),
    MessageType(203, "Promotions", 101, cap=(7, 3)),
    MessageType(204, "Product Updates", 101, "OptIn"),
    MessageType(205, "Push Announcements", 103),
    MessageType(206, "Text Offers", 104, "OptIn"),
)
