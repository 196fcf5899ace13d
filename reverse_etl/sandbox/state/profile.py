"""One user of the sandbox, what happened to it, and how Iterable shows it. Knows no other user and no rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from reverse_etl.sandbox.rules.dates import written

HISTORY_LENGTH: Final = 20
CART: Final = "shoppingCartItems"


@dataclass(frozen=True)
class Change:
    """One write: when (seconds since 1970), what it was, and for every field it altered the values before and after."""

    time: float
    what: str
    fields: dict[str, tuple[Any, Any]]


@dataclass(slots=True)
class Preferences:
    """Ids of the channels and message types that a user has refused, or has asked for."""

    unsubscribed_channels: list[int] = field(default_factory=list)
    unsubscribed_message_types: list[int] = field(default_factory=list)
    subscribed_message_types: list[int] = field(default_factory=list)

    def as_read(self) -> dict[str, list[int]]:
        return {
            "subscribedMessageTypeIds": self.subscribed_message_types,
            "unsubscribedChannelIds": self.unsubscribed_channels,
            "unsubscribedMessageTypeIds": self.unsubscribed_message_types,
        }


@dataclass(slots=True, eq=False)
class Profile:
    """A user; `data` holds what was written, without the fields that Iterable adds on reading.

    `preferences` are None until the user is first put on a list or taken off one, or says what may be sent.
    """

    id: int
    email: str | None
    user_id: str | None
    data: dict[str, Any]
    created: float
    updated: float
    history: list[Change] = field(default_factory=list)
    preferences: Preferences | None = None

    def prefer(self) -> Preferences:
        """The preferences, made when there are none yet."""
        self.preferences = self.preferences or Preferences()
        return self.preferences

    def remember(self, change: Change) -> None:
        self.history.append(change)
        del self.history[:-HISTORY_LENGTH]

    def identifiers(self) -> dict[str, Any]:
        """`email` and `userId`, each left out when unset."""
        both = {"email": self.email, "userId": self.user_id}
        return {name: value for name, value in both.items() if value is not None}

    def cart(self) -> list[dict[str, Any]]:
        """The items in the shopping cart; other things that were written there are left out."""
        items = self.data.get(CART)
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    def as_read(self, list_field: str, list_ids: Sequence[int]) -> dict[str, Any]:
        """The user as `GET` answers it, with the fields that Iterable manages; `list_field` names that of the lists."""
        managed = {
            **self.identifiers(),
            **({list_field: list_ids, **self.preferences.as_read()} if self.preferences else {}),
            "profileUpdatedAt": written(self.updated),
            "itblInternal": {
                "documentCreatedAt": written(self.created),
                "documentUpdatedAt": written(self.updated),
                **({"emailDomain": self.email.rpartition("@")[2]} if self.email else {}),
            },
        }
        defaults = {"signupDate": written(self.created), "signupSource": "API"}
        return {**self.identifiers(), "dataFields": {**defaults, **self.data, **managed}}

    def as_written(self) -> dict[str, Any]:
        """The user as it was written: nothing that Iterable adds."""
        return {"email": self.email, "userId": self.user_id, "dataFields": self.data}

    def document(self) -> dict[str, Any]:
        """Everything, for the journal."""
        return {
            "email": self.email,
            "userId": self.user_id,
            "data": self.data,
            "created": self.created,
            "updated": self.updated,
            "history": [[change.time, change.what, change.fields] for change in self.history],
            "preferences": asdict(self.preferences) if self.preferences else None,
        }


def from_document(number: int, document: dict[str, Any]) -> Profile:
    history = [
        Change(time, what, {name: (before, after) for name, (before, after) in fields.items()})
        for time, what, fields in document["history"]
    ]
    return Profile(
        number,
        document["email"],
        document["userId"],
        document["data"],
        document["created"],
        document["updated"],
        history,
        # Folders of the first version have none.
        Preferences(**kept) if (kept := document.get("preferences")) else None,
    )
