"""The table of methods and paths. A `*` is one segment, decoded after the split, so it may hold any character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from reverse_etl.sandbox.endpoints import (
    commerce,
    event_reads,
    export_jobs,
    exports,
    readbacks,
    subscription_groups,
    subscriptions,
)
from reverse_etl.sandbox.endpoints import event_writes as tracking
from reverse_etl.sandbox.endpoints import user_deletions as removals
from reverse_etl.sandbox.endpoints import user_moves as moves
from reverse_etl.sandbox.endpoints import user_reads as reads
from reverse_etl.sandbox.endpoints import user_updates as updates
from reverse_etl.sandbox.endpoints.catalogs import catalog_admin, catalog_reads, catalog_writes
from reverse_etl.sandbox.endpoints.lists import list_admin, list_changes, list_reads
from reverse_etl.sandbox.pages import catalog_pages, event_pages, list_pages, pages, request_pages

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Endpoint


@dataclass(frozen=True)
class Route:
    """`limited_as` names the endpoint's row in the rate limits; routes of the API need a key, the others none."""

    endpoint: Endpoint
    limited_as: str
    arguments: tuple[str, ...] = ()

    @property
    def of_api(self) -> bool:
        return " /api/" in self.limited_as

    @property
    def reads(self) -> bool:
        """Whether it tells what users, lists and the like are, and changes none of them: exports among them."""
        return self.limited_as.startswith("GET /api/") or "/export" in self.limited_as


_TABLE: Final[dict[str, tuple[Endpoint, str]]] = {
    "POST /api/users/update": (updates.update, ""),
    "POST /api/users/bulkUpdate": (updates.bulk_update, ""),
    "POST /api/users/updateEmail": (moves.update_email, ""),
    "POST /api/users/merge": (moves.merge, ""),
    "POST /api/users/forget": (removals.forget, ""),
    "POST /api/users/unforget": (removals.unforget, ""),
    "GET /api/users/forgotten": (removals.forgotten_emails, ""),
    "GET /api/users/forgottenUserIds": (removals.forgotten_user_ids, ""),
    "GET /api/users/getFields": (reads.field_types, ""),
    "GET /api/users/getSentMessages": (reads.sent_messages, ""),
    "GET /api/users/getByEmail": (reads.user_by_email_query, "GET /api/users"),
    "GET /api/users/byUserId": (reads.user_by_id_query, "GET /api/users"),
    "GET /api/users/byUserId/*": (reads.user_by_id, "GET /api/users"),
    "GET /api/users/*": (reads.user_by_email, "GET /api/users"),
    "DELETE /api/users/byUserId/*": (removals.delete_by_user_id, "DELETE /api/users"),
    "DELETE /api/users/*": (removals.delete_by_email, "DELETE /api/users"),
    "POST /api/users/updateSubscriptions": (subscriptions.update, ""),
    "POST /api/users/bulkUpdateSubscriptions": (subscriptions.bulk_update, ""),
    "PUT /api/subscriptions/*/*": (subscription_groups.many, ""),
    "PATCH /api/subscriptions/*/*/user/*": (subscription_groups.subscribe_by_email, ""),
    "PATCH /api/subscriptions/*/*/byUserId/*": (subscription_groups.subscribe_by_user_id, ""),
    "DELETE /api/subscriptions/*/*/user/*": (subscription_groups.unsubscribe_by_email, ""),
    "DELETE /api/subscriptions/*/*/byUserId/*": (subscription_groups.unsubscribe_by_user_id, ""),
    "POST /api/events/track": (tracking.track, ""),
    "POST /api/events/trackBulk": (tracking.track_bulk, ""),
    "GET /api/events/byUserId/*": (event_reads.by_user_id, "GET /api/events"),
    "GET /api/events/*": (event_reads.by_email, "GET /api/events"),
    "POST /api/commerce/trackPurchase": (commerce.track_purchase, ""),
    "POST /api/commerce/updateCart": (commerce.update_cart, ""),
    "GET /api/channels": (reads.channels, ""),
    "GET /api/messageTypes": (reads.message_types, ""),
    "GET /api/lists": (list_admin.lists, ""),
    "POST /api/lists": (list_admin.create, ""),
    "DELETE /api/lists/*": (list_admin.delete, ""),
    "POST /api/lists/subscribe": (list_changes.subscribe, ""),
    "POST /api/lists/unsubscribe": (list_changes.unsubscribe, ""),
    "GET /api/lists/getUsers": (list_reads.all_users, ""),
    "GET /api/lists/previewUsers": (list_reads.some_users, ""),
    "GET /api/lists/*/size": (list_reads.size, ""),
    "GET /api/catalogs": (catalog_admin.catalogs, ""),
    "POST /api/catalogs/*": (catalog_admin.create, ""),
    "DELETE /api/catalogs/*": (catalog_admin.delete, ""),
    "GET /api/catalogs/*/fieldMappings": (catalog_admin.field_types, ""),
    "PUT /api/catalogs/*/fieldMappings": (catalog_admin.set_field_types, ""),
    "GET /api/catalogs/*/items": (catalog_reads.items, ""),
    "POST /api/catalogs/*/items": (catalog_writes.upload, ""),
    "DELETE /api/catalogs/*/items": (catalog_writes.bulk_delete, ""),
    "GET /api/catalogs/*/items/*": (catalog_reads.item, ""),
    "PUT /api/catalogs/*/items/*": (catalog_writes.replace_item, ""),
    "PATCH /api/catalogs/*/items/*": (catalog_writes.update_item, ""),
    "DELETE /api/catalogs/*/items/*": (catalog_writes.delete_item, ""),
    "GET /api/export/data.json": (exports.data_json, ""),
    "GET /api/export/data.csv": (exports.data_csv, ""),
    "GET /api/export/userEvents": (exports.user_events, ""),
    "POST /api/export/start": (export_jobs.start, ""),
    "GET /api/export/jobs": (export_jobs.jobs, ""),
    "GET /api/export/*/files": (export_jobs.files, ""),
    "DELETE /api/export/*": (export_jobs.cancel, ""),
    "GET /exports/*/*": (export_jobs.download, ""),
    "GET /sandbox/users": (readbacks.users, ""),
    "GET /sandbox/lists": (readbacks.lists, ""),
    "GET /sandbox/catalogs": (readbacks.catalogs, ""),
    "GET /sandbox/events": (event_reads.custom_events, ""),
    "GET /sandbox/purchases": (event_reads.purchases, ""),
    "GET /sandbox/subscriptions": (readbacks.subscriptions, ""),
    "GET /sandbox/requests": (readbacks.requests, ""),
    "POST /sandbox/reset": (readbacks.reset, ""),
    "GET /sandbox/faults": (readbacks.faults, ""),
    "POST /sandbox/faults": (readbacks.set_faults, ""),
    "GET /": (pages.overview, ""),
    "POST /reset": (readbacks.reset_and_return, ""),
    "GET /users": (pages.users, ""),
    "GET /users/*": (pages.user, ""),
    "GET /events": (event_pages.events, ""),
    "GET /lists": (list_pages.lists, ""),
    "GET /lists/*": (list_pages.one_list, ""),
    "GET /catalogs": (catalog_pages.catalogs, ""),
    "GET /catalogs/*": (catalog_pages.one_catalog, ""),
    "GET /fields": (pages.fields, ""),
    "GET /requests": (request_pages.requests, ""),
    "GET /requests/*": (request_pages.request, ""),
    "GET /limits": (pages.limits, ""),
}


def find(method: str, raw_path: str) -> Route | None:
    """The route of a path that is still percent-encoded; None when there is no such action."""
    segments = raw_path.split("/")
    for pattern in _PATTERNS.get((method, len(segments)), ()):
        arguments = _arguments(pattern, segments)
        if arguments is not None:
            action = f"{method} {'/'.join(pattern)}"
            endpoint, limited_as = _TABLE[action]
            return Route(endpoint, limited_as or action, arguments)
    return None


def _arguments(pattern: tuple[str, ...], segments: list[str]) -> tuple[str, ...] | None:
    """What stands where the pattern has a `*`, decoded; None when the path is not of this pattern."""
    pairs = list(zip(pattern, segments, strict=True))
    if not all(segment if piece == "*" else piece == segment for piece, segment in pairs):
        return None
    return tuple(unquote(segment) for piece, segment in pairs if piece == "*")


def _patterns() -> dict[tuple[str, int], list[tuple[str, ...]]]:
    """Method and number of segments to patterns, those that name a segment before those that take any."""
    found: dict[tuple[str, int], list[tuple[str, ...]]] = {}
    for action in _TABLE:
        method, _, path = action.partition(" ")
        pattern = tuple(path.split("/"))
        found.setdefault((method, len(pattern)), []).append(pattern)
    for patterns in found.values():
        patterns.sort(key=lambda pattern: [piece == "*" for piece in pattern])
    return found


_PATTERNS: Final = _patterns()
