"""The journeys of a project, by GET /api/journeys: which ones accept users, and the events that start them.

Shapes: Swagger document (GetJourneysResponse, JourneyDetails). Which write starts which journey: support article
15934993720468 ("Journey Setup: The Start Tile"). A journey has one entry source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reverse_etl.destinations.journeys import Journey, JourneyEvent, JourneyList
from reverse_etl.destinations.request import ApiCaller, Endpoint, Reply, Request

# Swagger states no rate; this many requests a second are a safe choice.
JOURNEYS = Endpoint("GET", "/api/journeys", 10)
# The largest page that Swagger allows.
_PAGE = 50
# A project with more journeys than this many pages hold is read in part.
_MOST_PAGES = 100

# How `triggerEventNames` names entry events that are not custom events is not documented. These are the names of the
# same things elsewhere: in exports and system webhooks (`purchase`, `emailSubscribe`, which covers lists, channels and
# message types: support article 208508736), and in the start tile.
_SUBSCRIBED = frozenset({"emailSubscribe"})
_UNSUBSCRIBED = frozenset({"emailUnSubscribe", "emailUnsubscribe"})

PURCHASE = JourneyEvent("purchase", "purchases", names=frozenset({"purchase", "Purchase"}))
CART_UPDATE = JourneyEvent(
    "cart update", "cart updates", names=frozenset({"updateCart", "shoppingCartUpdate", "Shopping cart update"})
)
CART_CLEARED = replace(CART_UPDATE, one="emptied cart", several="emptied carts", rows="removed")
PROFILE_UPDATE = JourneyEvent(
    "user",
    "users",
    names=frozenset({"userProfileUpdate", "profileUpdate", "User profile update"}),
    starts="any",
    doubt="Iterable's API does not say which fields start journeys",
    has_fields=True,
)
PROFILE_CLEARED = replace(PROFILE_UPDATE, one="cleared user", several="cleared users", rows="removed")
NEW_USER = JourneyEvent(
    "new user",
    "new users",
    rows="added",
    names=frozenset({"newUserCreated", "userCreated", "New user created"}),
    doubt="only users that Iterable does not have yet",
)
LIST_ADD = JourneyEvent(
    "list add",
    "list adds",
    names=_SUBSCRIBED | {"subscribeToList", "Subscribe to list"},
    doubt="Iterable's API does not say which list starts it",
)
LIST_REMOVAL = JourneyEvent(
    "list removal",
    "list removals",
    names=_UNSUBSCRIBED | {"unsubscribeFromList", "Unsubscribe from list"},
    doubt="Iterable's API does not say which list starts it",
)
SUBSCRIPTION_UPDATE = JourneyEvent(
    "subscription update",
    "subscription updates",
    names=_SUBSCRIBED
    | _UNSUBSCRIBED
    | {
        "Subscribe to list",
        "Unsubscribe from list",
        "Subscribe to channel",
        "Unsubscribe from channel",
        "Subscribe to message type",
        "Unsubscribe from message type",
    },
    doubt="Iterable's API does not say which list, channel or message type starts it",
)


def custom_event(name: str) -> JourneyEvent:
    """Return the event that rows with this constant event name are. Journeys name custom events."""
    return JourneyEvent(f"event `{name}`", f"events `{name}`", names=frozenset({name}), starts="naming")


def custom_events_by(key: str) -> JourneyEvent:
    """Return the events of rows whose names are in the column that this key of the definition names."""
    return JourneyEvent("event", "events", name_column=f"@{key}", starts="naming")


def read_enabled_journeys(caller: ApiCaller) -> JourneyList:
    """Return the journeys that accept users, in the order of their ids. Raises DestinationError."""
    found: list[Journey] = []
    for page in range(1, _MOST_PAGES + 1):
        # The address of the next page comes from the reply, so only the number of the page is used.
        reply = caller.ask(Request(JOURNEYS, f"{JOURNEYS.path}?page={page}&pageSize={_PAGE}&sort=id"))
        body = reply.body if reply.status == 200 and isinstance(reply.body, dict) else {}
        entries = body.get("journeys")
        if not isinstance(entries, list):
            return JourneyList(unread=_explain(reply))
        found += [journey for entry in entries if isinstance(entry, dict) for journey in _read_journey(entry)]
        if not entries or not _has_more(body, page * _PAGE):
            return JourneyList(tuple(found))
    return JourneyList(tuple(found), f"Iterable has more than {_MOST_PAGES * _PAGE:,} journeys")


def _has_more(body: Mapping[str, object], so_far: int) -> bool:
    total = body.get("totalJourneysCount")
    return bool(body.get("nextPageUrl")) or (type(total) is int and total > so_far)


def _read_journey(entry: Mapping[str, object]) -> list[Journey]:
    """Return the journey; nothing if it accepts no users."""
    if entry.get("enabled") is not True or entry.get("isArchived") is True:
        return []
    names = entry.get("triggerEventNames")
    events = tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
    number = entry.get("id")
    key = str(int(number)) if isinstance(number, float) else str(number)
    return [
        Journey(
            key,
            str(entry.get("name") or key),
            events,
            _read_limit(entry.get("lifetimeLimit")),
            _read_limit(entry.get("simultaneousLimit")),
        )
    ]


def _read_limit(limit: object) -> int | None:
    """Return a limit; None if there is none. What a number below 1 means is not documented: it limits nothing here."""
    return limit if type(limit) is int and limit > 0 else None


def _explain(reply: Reply) -> str:
    code = f", code {reply.code}" if reply.code else ""
    return f"Iterable answered {JOURNEYS.path} with status {reply.status}{code}"
