"""The table of methods and paths. A `*` stands for one path segment, which can hold any character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from reverse_etl.sandbox.endpoints import journeys, sandbox_data
from reverse_etl.sandbox.endpoints.catalogs import catalog_admin, catalog_reads, catalog_writes
from reverse_etl.sandbox.endpoints.events import commerce, event_reads, event_writes
from reverse_etl.sandbox.endpoints.exports import direct_exports, job_endpoints
from reverse_etl.sandbox.endpoints.lists import list_admin, list_changes, list_reads
from reverse_etl.sandbox.endpoints.subscriptions import channel_reads, subscription_groups, subscription_updates
from reverse_etl.sandbox.endpoints.users import identity_changes, user_deletions, user_reads, user_updates
from reverse_etl.sandbox.pages import (
    catalog_pages,
    event_pages,
    journey_pages,
    list_pages,
    request_pages,
    system_pages,
    user_pages,
)

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Endpoint


@dataclass(frozen=True)
class Route:
    """`rate_limit_key` is the endpoint's name in the rate limits. Only routes of the API need a key."""

    endpoint: Endpoint
    rate_limit_key: str
    arguments: tuple[str, ...] = ()

    @property
    def is_api(self) -> bool:
        """Return whether Iterable has this endpoint."""
        return " /api/" in self.rate_limit_key

    @property
    def is_delayed_read(self) -> bool:
        """Return whether it only reads data, such as users or lists. Exports are included."""
        return self.rate_limit_key.startswith("GET /api/") or "/export" in self.rate_limit_key


_TABLE: Final[dict[str, tuple[Endpoint, str]]] = {
    "POST /api/users/update": (user_updates.update_user, ""),
    "POST /api/users/bulkUpdate": (user_updates.bulk_update_users, ""),
    "POST /api/users/updateEmail": (identity_changes.update_email, ""),
    "POST /api/users/merge": (identity_changes.merge_users, ""),
    "POST /api/users/forget": (user_deletions.forget_user, ""),
    "POST /api/users/unforget": (user_deletions.unforget_user, ""),
    "GET /api/users/forgotten": (user_deletions.list_forgotten_emails, ""),
    "GET /api/users/forgottenUserIds": (user_deletions.list_forgotten_user_ids, ""),
    "GET /api/users/getFields": (user_reads.get_field_types, ""),
    "GET /api/users/getSentMessages": (user_reads.list_sent_messages, ""),
    "GET /api/users/getByEmail": (user_reads.get_by_email_query, "GET /api/users"),
    "GET /api/users/byUserId": (user_reads.get_by_user_id_query, "GET /api/users"),
    "GET /api/users/byUserId/*": (user_reads.get_by_user_id, "GET /api/users"),
    "GET /api/users/*": (user_reads.get_by_email, "GET /api/users"),
    "DELETE /api/users/byUserId/*": (user_deletions.delete_by_user_id, "DELETE /api/users"),
    "DELETE /api/users/*": (user_deletions.delete_by_email, "DELETE /api/users"),
    "POST /api/users/updateSubscriptions": (subscription_updates.update_subscriptions, ""),
    "POST /api/users/bulkUpdateSubscriptions": (subscription_updates.bulk_update_subscriptions, ""),
    "PUT /api/subscriptions/*/*": (subscription_groups.change_many_users, ""),
    "PATCH /api/subscriptions/*/*/user/*": (subscription_groups.subscribe_by_email, ""),
    "PATCH /api/subscriptions/*/*/byUserId/*": (subscription_groups.subscribe_by_user_id, ""),
    "DELETE /api/subscriptions/*/*/user/*": (subscription_groups.unsubscribe_by_email, ""),
    "DELETE /api/subscriptions/*/*/byUserId/*": (subscription_groups.unsubscribe_by_user_id, ""),
    "POST /api/events/track": (event_writes.track_event, ""),
    "POST /api/events/trackBulk": (event_writes.bulk_track_events, ""),
    "GET /api/events/byUserId/*": (event_reads.get_by_user_id, "GET /api/events"),
    "GET /api/events/*": (event_reads.get_by_email, "GET /api/events"),
    "POST /api/commerce/trackPurchase": (commerce.track_purchase, ""),
    "POST /api/commerce/updateCart": (commerce.update_cart, ""),
    "GET /api/channels": (channel_reads.list_channels, ""),
    "GET /api/messageTypes": (channel_reads.list_message_types, ""),
    "GET /api/journeys": (journeys.list_journeys, ""),
    "GET /api/lists": (list_admin.list_lists, ""),
    "POST /api/lists": (list_admin.create_list, ""),
    "DELETE /api/lists/*": (list_admin.delete_list, ""),
    "POST /api/lists/subscribe": (list_changes.subscribe_users, ""),
    "POST /api/lists/unsubscribe": (list_changes.unsubscribe_users, ""),
    "GET /api/lists/getUsers": (list_reads.get_users, ""),
    "GET /api/lists/previewUsers": (list_reads.preview_users, ""),
    "GET /api/lists/*/size": (list_reads.get_size, ""),
    "GET /api/catalogs": (catalog_admin.list_catalogs, ""),
    "POST /api/catalogs/*": (catalog_admin.create_catalog, ""),
    "DELETE /api/catalogs/*": (catalog_admin.delete_catalog, ""),
    "GET /api/catalogs/*/fieldMappings": (catalog_admin.get_field_types, ""),
    "PUT /api/catalogs/*/fieldMappings": (catalog_admin.set_field_types, ""),
    "GET /api/catalogs/*/items": (catalog_reads.list_items, ""),
    "POST /api/catalogs/*/items": (catalog_writes.upload_items, ""),
    "DELETE /api/catalogs/*/items": (catalog_writes.bulk_delete_items, ""),
    "GET /api/catalogs/*/items/*": (catalog_reads.get_item, ""),
    "PUT /api/catalogs/*/items/*": (catalog_writes.replace_item, ""),
    "PATCH /api/catalogs/*/items/*": (catalog_writes.update_item, ""),
    "DELETE /api/catalogs/*/items/*": (catalog_writes.delete_item, ""),
    "GET /api/export/data.json": (direct_exports.export_json, ""),
    "GET /api/export/data.csv": (direct_exports.export_csv, ""),
    "GET /api/export/userEvents": (direct_exports.export_user_events, ""),
    "POST /api/export/start": (job_endpoints.start_job, ""),
    "GET /api/export/jobs": (job_endpoints.list_jobs, ""),
    "GET /api/export/*/files": (job_endpoints.list_files, ""),
    "DELETE /api/export/*": (job_endpoints.cancel_job, ""),
    "GET /exports/*/*": (job_endpoints.download_file, ""),
    "GET /sandbox/users": (sandbox_data.list_users, ""),
    "GET /sandbox/lists": (sandbox_data.list_lists, ""),
    "GET /sandbox/catalogs": (sandbox_data.list_catalogs, ""),
    "GET /sandbox/events": (event_reads.list_custom_events, ""),
    "GET /sandbox/purchases": (event_reads.list_purchases, ""),
    "GET /sandbox/subscriptions": (sandbox_data.list_subscriptions, ""),
    "GET /sandbox/journeys": (journeys.list_entries, ""),
    "GET /sandbox/requests": (sandbox_data.list_requests, ""),
    "POST /sandbox/reset": (sandbox_data.reset_project, ""),
    "GET /sandbox/faults": (sandbox_data.get_faults, ""),
    "POST /sandbox/faults": (sandbox_data.set_faults, ""),
    "GET /": (user_pages.show_overview, ""),
    "POST /reset": (sandbox_data.reset_and_redirect, ""),
    "GET /users": (user_pages.show_users, ""),
    "GET /users/*": (user_pages.show_user, ""),
    "GET /events": (event_pages.show_events, ""),
    "GET /lists": (list_pages.show_lists, ""),
    "GET /lists/*": (list_pages.show_list, ""),
    "GET /journeys": (journey_pages.show_journeys, ""),
    "GET /catalogs": (catalog_pages.show_catalogs, ""),
    "GET /catalogs/*": (catalog_pages.show_catalog, ""),
    "GET /fields": (system_pages.show_fields, ""),
    "GET /requests": (request_pages.show_requests, ""),
    "GET /requests/*": (request_pages.show_request, ""),
    "GET /limits": (system_pages.show_limits, ""),
}


def find_route(method: str, raw_path: str) -> Route | None:
    """Return the route of a path that is still percent-encoded. None if there is no such route."""
    segments = raw_path.split("/")
    for pattern in _PATTERNS.get((method, len(segments)), ()):
        arguments = _match_pattern(pattern, segments)
        if arguments is not None:
            action = f"{method} {'/'.join(pattern)}"
            endpoint, rate_limit_key = _TABLE[action]
            return Route(endpoint, rate_limit_key or action, arguments)
    return None


def is_for_programs(path: str) -> bool:
    """Return whether only programs use a path. They get Iterable's replies, people get pages."""
    return path.startswith(("/api/", "/sandbox/", "/exports/"))


def _match_pattern(pattern: tuple[str, ...], segments: list[str]) -> tuple[str, ...] | None:
    """Return the decoded segments at each `*`. None if the path does not match."""
    pairs = list(zip(pattern, segments, strict=True))
    if not all(segment if piece == "*" else piece == segment for piece, segment in pairs):
        return None
    return tuple(unquote(segment) for piece, segment in pairs if piece == "*")


def _group_patterns() -> dict[tuple[str, int], list[tuple[str, ...]]]:
    """Return (method, number of segments) to patterns. Patterns with fixed segments come before those with a `*`."""
    groups: dict[tuple[str, int], list[tuple[str, ...]]] = {}
    for action in _TABLE:
        method, _, path = action.partition(" ")
        pattern = tuple(path.split("/"))
        groups.setdefault((method, len(pattern)), []).append(pattern)
    for patterns in groups.values():
        patterns.sort(key=lambda pattern: [piece == "*" for piece in pattern])
    return groups


_PATTERNS: Final = _group_patterns()
