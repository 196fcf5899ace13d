"""Journeys: section 19. The server only lists them; what starts them is not its matter."""

from __future__ import annotations

from tests.reference_iterable.replies import Reply, bad_params
from tests.reference_iterable.request import Call


def list_journeys(call: Call) -> Reply:
    """Return one page, by id. Without `state=Archived`, archived journeys are left out."""
    page, size = call.get_number("page", 1), call.get_number("pageSize", 10)
    if page < 1 or not 1 <= size <= 50:
        raise bad_params("page must be positive, pageSize from 1 to 50")
    wanted = call.values.get("state") == "Archived"
    chosen = [one for one in call.memory.journeys if one.get("isArchived", False) is wanted]
    shown = chosen[(page - 1) * size : page * size]
    urls = {"nextPageUrl": f"/api/journeys?page={page + 1}&pageSize={size}"} if page * size < len(chosen) else {}
    return Reply(200, {"journeys": shown, "totalJourneysCount": len(chosen), **urls})
