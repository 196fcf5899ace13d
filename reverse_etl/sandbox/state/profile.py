"""One user of the sandbox: fields, preferences, history, and how Iterable shows the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from reverse_etl.sandbox.rules.dates import format_time

HISTORY_LENGTH: Final = 20
CART_FIELD: Final = "shoppingCartItems"

FieldChanges = dict[str, tuple[Any, Any]]
"""Field name to its values (before, after)."""


@dataclass(frozen=True)
class Change:
    """One write: its time (seconds since 1970), what it was, and the fields it changed."""

    time: float
    what: str
    fields: FieldChanges


@dataclass(slots=True)
class Preferences:
    """Ids of the channels and message types that a user has refused or asked for."""

    unsubscribed_channels: list[int] = field(default_factory=list)
    unsubscribed_message_types: list[int] = field(default_factory=list)
    subscribed_message_types: list[int] = field(default_factory=list)

    def to_api(self) -> dict[str, list[int]]:
        """Return the profile fields that show the preferences."""
        return {
            "subscribedMessageTypeIds": self.subscribed_message_types,
            "unsubscribedChannelIds": self.unsubscribed_channels,
            "unsubscribedMessageTypeIds": self.unsubscribed_message_types,
        }


@dataclass(slots=True, eq=False)
class Profile:
    """A user. `data` holds the fields that were written, without the fields that Iterable adds.

    `preferences` is None until a request first changes the user's lists, channels or message types.
    """

    id: int
    email: str | None
    user_id: str | None
    data: dict[str, Any]
    created: float
    updated: float
    history: list[Change] = field(default_factory=list)
    preferences: Preferences | None = None

    def ensure_preferences(self) -> Preferences:
        """Return the preferences. Create them if there are none."""
        self.preferences = self.preferences or Preferences()
        return self.preferences

    def add_change(self, change: Change) -> None:
        """Add a change to the history, which holds the last HISTORY_LENGTH."""
        self.history.append(change)
        del self.history[:-HISTORY_LENGTH]

    def get_identifiers(self) -> dict[str, Any]:
        """Return `email` and `userId`, without the one that is not set."""
        both = {"email": self.email, "userId": self.user_id}
        return {name: value for name, value in both.items() if value is not None}

    def list_cart_items(self) -> list[dict[str, Any]]:
        """Return the items in the shopping cart, without values that are not items."""
        items = self.data.get(CART_FIELD)
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    def to_api(self, list_field: str, list_ids: Sequence[int]) -> dict[str, Any]:
        """Return the user as a GET shows it. `list_field` is the name of the field that holds the list ids."""
        managed = {
            **self.get_identifiers(),
            **({list_field: list_ids, **self.preferences.to_api()} if self.preferences else {}),
            "profileUpdatedAt": format_time(self.updated),
            "itblInternal": {
                "documentCreatedAt": format_time(self.created),
                "documentUpdatedAt": format_time(self.updated),
                **({"emailDomain": self.email.rpartition("@")[2]} if self.email else {}),
            },
        }
        defaults = {"signupDate": format_time(self.created), "signupSource": "API"}
        return {**self.get_identifiers(), "dataFields": {**defaults, **self.data, **managed}}

    def to_sandbox_json(self) -> dict[str, Any]:
        """Return the user as it was written, without the fields that Iterable adds."""
        return {"email": self.email, "userId": self.user_id, "dataFields": self.data}

    def to_document(self) -> dict[str, Any]:
        """Return the user as the journal stores it."""
        return {
            "email": self.email,
            "userId": self.user_id,
            "data": self.data,
            "created": self.created,
            "updated": self.updated,
            "history": [[change.time, change.what, change.fields] for change in self.history],
            "preferences": asdict(self.preferences) if self.preferences else None,
        }


def parse_profile(number: int, document: dict[str, Any]) -> Profile:
    """Return the user of a journal document."""
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
        # Data folders of the first version have no preferences.
        Preferences(**stored) if (stored := document.get("preferences")) else None,
    )
