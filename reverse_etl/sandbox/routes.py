"""The table of methods and paths. A `*` is one last segment, decoded after the split, so it may hold any character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from reverse_etl.sandbox import moves, pages, readbacks, reads, removals, updates

if TYPE_CHECKING:
    from reverse_etl.sandbox.call import Endpoint


@dataclass(frozen=True)
class Route:
    """`limited_as` names the endpoint's row in the rate limits; routes of the API need a key, the others none."""

    endpoint: Endpoint
    limited_as: str
    argument: str = ""

    @property
    def of_api(self) -> bool:
        return " /api/" in self.limited_as


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
    "GET /api/users/getByEmail": (reads.user_by_email_query, "GET /api/users"),
    "GET /api/users/byUserId": (reads.user_by_id_query, "GET /api/users"),
    "GET /api/users/byUserId/*": (reads.user_by_id, "GET /api/users"),
    "GET /api/users/*": (reads.user_by_email, "GET /api/users"),
    "DELETE /api/users/byUserId/*": (removals.delete_by_user_id, "DELETE /api/users"),
    "DELETE /api/users/*": (removals.delete_by_email, "DELETE /api/users"),
    "GET /api/channels": (reads.channels, ""),
    "GET /api/messageTypes": (reads.message_types, ""),
    "GET /api/lists": (reads.lists, ""),
    "GET /sandbox/users": (readbacks.users, ""),
    "GET /sandbox/requests": (readbacks.requests, ""),
    "POST /sandbox/reset": (readbacks.reset, ""),
    "GET /": (pages.users, ""),
    "GET /users/*": (pages.user, ""),
    "GET /fields": (pages.fields, ""),
    "GET /requests": (pages.requests, ""),
    "GET /limits": (pages.limits, ""),
}


def find(method: str, raw_path: str) -> Route | None:
    """The route of a path that is still percent-encoded; None when there is no such action."""
    exact = f"{method} {raw_path}"
    if exact in _TABLE:
        endpoint, limited_as = _TABLE[exact]
        return Route(endpoint, limited_as or exact)
    parent, _, last = raw_path.rpartition("/")
    pattern = f"{method} {parent}/*"
    if not last or pattern not in _TABLE:
        return None
    endpoint, limited_as = _TABLE[pattern]
    return Route(endpoint, limited_as or pattern, unquote(last))
