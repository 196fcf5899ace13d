"""The table of methods and paths with their endpoints and rate limits (4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from tests.reference_iterable.endpoints import (
    catalog_items,
    catalogs,
    commerce,
    events,
    exports,
    forgotten_users,
    journeys,
    lists,
    subscriptions,
    user_merges,
    users,
)
from tests.reference_iterable.replies import Reply
from tests.reference_iterable.request import Call

Limit = tuple[int, float]
SECOND, MINUTE, DAY = 1.0, 60.0, 86_400.0


@dataclass(frozen=True)
class Route:
    """`{name}` in a path is one segment. `limits`: (calls, seconds). `most_bytes`: largest body.

    A path outside of the API needs no key.
    """

    method: str
    path: str
    answer: Callable[[Call], Reply]
    limits: tuple[Limit, ...] = ()
    most_bytes: int | None = None

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the decoded values of the path. None if the route does not match. `path` is still encoded."""
        wanted, given = self.path.split("/"), path.split("/")
        if method != self.method or len(wanted) != len(given):
            return None
        values = {}
        for name, part in zip(wanted, given, strict=True):
            if name.startswith("{") and part:
                values[name[1:-1]] = unquote(part, errors="strict")
            elif name != part:
                return None
        return values


_FOUR_MB = 4_000_000
_READ = ((100, SECOND),)
_EXPORT = ((1, SECOND),)
_FORGET = ((3, SECOND), (1000, DAY))
_CATALOG, _ITEMS, _ITEM = (
    "/api/catalogs/{catalog}",
    "/api/catalogs/{catalog}/items",
    "/api/catalogs/{catalog}/items/{item}",
)

# Paths with fixed words come before paths with a placeholder there.
ROUTES = (
    Route("POST", "/api/users/update", users.update_user, ((500, SECOND),)),
    Route("POST", "/api/users/bulkUpdate", users.bulk_update_users, ((5, SECOND),), _FOUR_MB),
    Route("POST", "/api/users/updateEmail", users.update_email),
    Route("POST", "/api/users/merge", user_merges.merge_users, ((50, SECOND),)),
    Route("POST", "/api/users/forget", forgotten_users.forget_user, _FORGET),
    Route("POST", "/api/users/unforget", forgotten_users.unforget_user, _FORGET),
    Route("GET", "/api/users/forgotten", forgotten_users.list_forgotten_emails, ((3, SECOND),)),
    Route("GET", "/api/users/forgottenUserIds", forgotten_users.list_forgotten_user_ids, ((3, SECOND),)),
    Route("GET", "/api/users/getFields", users.get_fields, ((3, SECOND),)),
    Route("POST", "/api/users/updateSubscriptions", subscriptions.update_subscriptions),
    Route("POST", "/api/users/bulkUpdateSubscriptions", subscriptions.bulk_update_subscriptions),
    Route("GET", "/api/users/getByEmail", users.get_by_email, _READ),
    Route("GET", "/api/users/byUserId", users.get_by_user_id, _READ),
    Route("GET", "/api/users/byUserId/{userId}", users.get_by_user_id, _READ),
    Route("DELETE", "/api/users/byUserId/{userId}", users.delete_by_user_id, _READ),
    Route("GET", "/api/users/{email}", users.get_by_email, _READ),
    Route("DELETE", "/api/users/{email}", users.delete_by_email, _READ),
    Route("POST", "/api/events/track", events.track_event, ((2000, SECOND),)),
    Route("POST", "/api/events/trackBulk", events.bulk_track_events, ((10, SECOND),), _FOUR_MB),
    Route("GET", "/api/events/byUserId/{userId}", events.get_by_user_id, _READ),
    Route("GET", "/api/events/{email}", events.get_by_email, _READ),
    Route("POST", "/api/commerce/trackPurchase", commerce.track_purchase),
    Route("POST", "/api/commerce/updateCart", commerce.update_cart),
    Route("GET", "/api/catalogs", catalogs.list_catalogs, _READ),
    Route("POST", _CATALOG, catalogs.create_catalog),
    Route("DELETE", _CATALOG, catalogs.delete_catalog),
    Route("GET", f"{_CATALOG}/fieldMappings", catalogs.get_field_types),
    Route("PUT", f"{_CATALOG}/fieldMappings", catalogs.set_field_types),
    Route("GET", _ITEMS, catalog_items.list_items, _READ),
    Route("POST", _ITEMS, catalog_items.bulk_update_items, _READ),
    Route("DELETE", _ITEMS, catalog_items.bulk_delete_items),
    Route("GET", _ITEM, catalog_items.get_item),
    Route("PUT", _ITEM, catalog_items.replace_item, ((1000, SECOND),)),
    Route("PATCH", _ITEM, catalog_items.update_item),
    Route("DELETE", _ITEM, catalog_items.delete_item),
    Route("GET", "/api/lists", lists.list_lists, _READ),
    Route("POST", "/api/lists", lists.create_list),
    Route("POST", "/api/lists/subscribe", lists.subscribe_users),
    Route("POST", "/api/lists/unsubscribe", lists.unsubscribe_users),
    Route("GET", "/api/lists/getUsers", lists.get_users, ((5, MINUTE),)),
    Route("GET", "/api/lists/previewUsers", lists.preview_users, ((5, MINUTE),)),
    Route("GET", "/api/lists/{listId}/size", lists.get_size, ((5, MINUTE),)),
    Route("DELETE", "/api/lists/{listId}", lists.delete_list),
    Route("POST", "/api/export/start", exports.start_export, _EXPORT),
    Route("GET", "/api/export/jobs", exports.list_jobs),
    Route("GET", "/api/export/{jobId}/files", exports.list_files, _EXPORT),
    Route("DELETE", "/api/export/{jobId}", exports.cancel_export, _EXPORT),
    Route("GET", "/download/{jobId}/{file}", exports.download_file),
    Route("GET", "/api/channels", subscriptions.list_channels, _READ),
    Route("GET", "/api/journeys", journeys.list_journeys),
    Route("GET", "/api/messageTypes", subscriptions.list_message_types, _READ),
)
# A bulk endpoint and its single twin go through different queues: of one user's data, either may land last (5.5).
TWINS = (
    ("POST /api/users/update", "POST /api/users/bulkUpdate"),
    ("POST /api/events/track", "POST /api/events/trackBulk"),
    ("POST /api/users/updateSubscriptions", "POST /api/users/bulkUpdateSubscriptions"),
    (f"PUT {_ITEM}", f"POST {_ITEMS}"),
    (f"PATCH {_ITEM}", f"POST {_ITEMS}"),
)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a request and the values in its path."""
    found = ((route, route.match(method, path)) for route in ROUTES)
    return next(((route, values) for route, values in found if values is not None), None)
