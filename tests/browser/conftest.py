"""Fixtures: one browser for all tests, and a sandbox with data of every kind."""

from __future__ import annotations

import pytest
import requests

from reverse_etl.sandbox import SandboxOptions, parse_journeys, start_sandbox

from .chromium import Browser, missing

ADA = "ada.berg@shop.com"
JOURNEYS = """
- {name: Win back, starts_with: event, of: Order Placed, lifetime_limit: 1, simultaneous_limit: 1}
- {name: Upgrade, starts_with: profile_update, of: plan, lifetime_limit: 1}
- {name: VIP welcome, starts_with: list_subscribe, of: VIP, enabled: false}
- {name: Hello, starts_with: new_user}
"""


@pytest.fixture(scope="session")
def started():
    if missing():
        yield None
        return
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(started, request):
    if started is None:
        pytest.skip(f"{request.node.name}: {' and '.join(missing())} not found")
    started.resize(1280)
    started.prefer("light")
    started.complaints()
    return started


@pytest.fixture(scope="session")
def shop():
    """The address of a sandbox that has been sent users, a list, a catalog, events and what it refuses."""
    with start_sandbox(SandboxOptions(port=0, journeys=parse_journeys(JOURNEYS))) as sandbox:
        for method, path, body in sent():
            headers = {"Api-Key": "sandbox-browser"}
            requests.request(method, sandbox.url + path, json=body, headers=headers, timeout=10)
        yield sandbox.url


def sent():
    """Requests: method, path, body."""
    ada = {
        "email": ADA,
        "userId": "C-1",
        "dataFields": {"plan": "free", "home": {"city": "Oslo"}, "joined": "2026-01-31"},
    }
    others = [{"email": f"user{number:02}@shop.com", "userId": f"C-{number}"} for number in range(2, 60)]
    yield "POST", "/api/users/bulkUpdate", {"users": [*others, ada, {"email": "nobody"}]}
    yield "POST", "/api/users/update", {"email": ADA, "dataFields": {"plan": "gold", "bio": "long" * 2000}}
    yield "POST", "/api/users/update", {"email": ADA, "dataFields": {"plan": 7}}
    yield "POST", "/api/lists", {"name": "VIP", "description": "The best"}
    yield "POST", "/api/lists/subscribe", {"listId": 302, "subscribers": [{"email": ADA}, *others[:2]]}
    yield "POST", "/api/catalogs/products", None
    types = [{"fieldName": "price", "fieldType": "double"}, {"fieldName": "name", "fieldType": "string"}]
    yield "PUT", "/api/catalogs/products/fieldMappings", {"mappingsUpdates": types}
    items = {f"sku-{number}": {"name": "Tea", "price": 4.5, "origin": {"garden": "Halmari"}} for number in range(55)}
    yield "POST", "/api/catalogs/products/items", {"documents": items, "replaceUploadedFieldsOnly": False}
    order = {"email": ADA, "eventName": "Order Placed", "id": "order-1", "dataFields": {"total": 9.5}}
    yield "POST", "/api/events/trackBulk", {"events": [order, {**order, "email": "nobody@shop.com", "id": "order-2"}]}
    item = {"id": "sku-1", "name": "Tea", "price": 4.5, "quantity": 2}
    yield "POST", "/api/commerce/trackPurchase", {"id": "p-1", "user": {"email": ADA}, "items": [item], "total": 9}
    yield "POST", "/api/users/updateSubscriptions", {"email": ADA, "unsubscribedMessageTypeIds": [201]}
    yield "GET", "/api/nothing", None
    yield "POST", "/sandbox/faults", {"faults": ["html-502"], "seed": 7}
    yield "POST", "/api/users/update", {"email": ADA, "dataFields": {"plan": "lost"}}
    yield "POST", "/sandbox/faults", {"faults": ["429:0.05"], "seed": 7}
