"""The channels and message types of a project, which users can refuse or ask for. They never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

# 2020-01-01, in milliseconds.
_CREATED_AT: Final = 1_577_836_800_000


@dataclass(frozen=True)
class Channel:
    """A way to reach users. Iterable has more media than it documents."""

    id: int
    name: str
    type: Literal["Marketing", "Transactional"]
    medium: str

    def to_api(self) -> dict[str, Any]:
        """Return the channel as the API shows it."""
        return {"id": self.id, "name": self.name, "channelType": self.type, "messageMedium": self.medium}


@dataclass(frozen=True)
class MessageType:
    """One kind of message of a channel. If its policy is `OptIn`, only users who asked for it get it.

    `cap` is (days, messages): the number of messages that a user gets in that many days.
    """

    id: int
    name: str
    channel_id: int
    policy: Literal["OptIn", "OptOut"] = "OptOut"
    cap: tuple[int, int] | None = None

    def to_api(self) -> dict[str, Any]:
        """Return the message type as the API shows it."""
        frequency_cap = {"frequencyCap": {"days": self.cap[0], "messages": self.cap[1]}} if self.cap else {}
        return {
            "id": self.id,
            "name": self.name,
            "channelId": self.channel_id,
            "createdAt": _CREATED_AT,
            "updatedAt": _CREATED_AT,
            "subscriptionPolicy": self.policy,
            **frequency_cap,
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
