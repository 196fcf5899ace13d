"""`baseline --trust` for each object: the rows of the model count as accepted, and the next run sends nothing."""

from __future__ import annotations

import pytest
import requests

from tests.reference_iterable import ReferenceServer
from tests.stories.baseline.test_command import run, trust
from tests.stories.project import Project

COLUMNS = {"id": "VARCHAR", "email": "VARCHAR", "other": "VARCHAR", "price": "DOUBLE", "lists": "VARCHAR[]"}
ROWS = [
    {"id": f"id-{n}", "email": f"u{n}@shop.com", "other": f"o{n}@shop.com", "price": n + 0.5, "lists": ["VIP"]}
    for n in range(3)
]
ITEMS = {"items": {"id": "id", "name": "other", "price": "price", "quantity": {"value": 1}}}
LIST = {"object": "list_members", "list": {"name": "VIP"}, "email": "email"}
OBJECTS = {
    "users": {"object": "users", "email": "email", "fields": ["price"]},
    "events": {"object": "events", "event_id": "id", "event_name": {"value": "Seen"}, "email": "email", "fields": []},
    "purchases": {"object": "purchases", "purchase_id": "id", "email": "email", "total": "price", **ITEMS},
    "carts": {"object": "carts", "email": "email", **ITEMS},
    "list_members": LIST,
    "list_members-mirror": {**LIST, "mode": "mirror"},
    "list_members-remove": {**LIST, "mode": "remove"},
    "catalog_items": {"object": "catalog_items", "catalog": "Goods", "item_id": "id", "fields": ["price"]},
    "subscriptions": {"object": "subscriptions", "email": "email", "list_ids": "lists"},
    "user_deletions": {"object": "user_deletions", "mode": "forget", "email": "email", "allow_destructive": True},
    "user_merges": {"object": "user_merges", "source": "email", "destination": "other"},
    "email_changes": {"object": "email_changes", "current_email": "email", "new_email": "other"},
}


@pytest.mark.parametrize("name", OBJECTS)
def test_the_next_run_sends_nothing(shop: Project, iterable: ReferenceServer, name: str) -> None:
    shop.tag(OBJECTS[name])
    shop.fill(COLUMNS, ROWS)
    for path, body in (("lists", {"name": "VIP"}), ("catalogs/Goods", {})):
        url = f"{iterable.url}/api/{path}"
        requests.post(url, json=body, headers={"Api-Key": "sandbox-story"}, timeout=10).raise_for_status()
    asked = iterable.number
    counts = trust(shop)["counts"]
    assert (counts["adopted"], counts["accepted"]) == (3, 0)
    run(shop)
    assert shop.counts("planned", "unchanged") == (0, 3)
    assert iterable.number == asked
