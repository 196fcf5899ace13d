"""Events, purchases, carts and subscriptions on the pages."""

from __future__ import annotations

import pytest

from .tables import rows

ANN, BOB = "ann@shop.com", "bob@shop.com"
ATTACK = "<script>alert(1)</script>"
ITEM = {"id": "shirt", "name": ATTACK, "price": 9.5, "quantity": 2}


@pytest.fixture
def busy_project(project_of):
    """A project with Ann, who has a few events, and Bob, who has many."""
    api = project_of(opt_in_message_types=True)
    api.bulk({"email": ANN, "userId": "u-1"}, {"email": BOB})
    api.track(email=ANN, eventName=f"order {ATTACK}", id="order-1", createdAt=5, dataFields={"total": 7})
    api.post("/api/commerce/trackPurchase", {"user": {"email": ANN}, "items": [ITEM], "total": 19, "id": "buy-1"})
    api.post("/api/commerce/updateCart", {"user": {"email": ANN}, "items": [ITEM], "createdAt": 6})
    row = {"email": ANN, "unsubscribedChannelIds": [103], "unsubscribedMessageTypeIds": [201]}
    api.post("/api/users/updateSubscriptions", {**row, "subscribedMessageTypeIds": [204]})
    api.track_bulk(*({"email": BOB, "eventName": "view", "id": f"view-{number:02}"} for number in range(60)))
    return api


def ids(api, **query):
    return [row[3] for row in rows(api.get("/events", params=query).text)[1:]]


def test_events_are_listed_latest_first_in_pages(busy_project):
    assert ids(busy_project) == [f"view-{number:02}" for number in range(59, 9, -1)]
    second = busy_project.get("/events?page=2").text
    shown = rows(second)
    assert [row[3] for row in shown[1:11]] == [f"view-{number:02}" for number in range(9, -1, -1)]
    assert shown[-1] == ["1970-01-01 00:00:05", f"order {ATTACK}", ANN, "order-1", '{"total":7}']
    assert [row[1] for row in shown[-3:-1]] == ["purchase", "updateCart"]
    assert (ATTACK in second, "page=1" in second, "page=3" in second) == (False, True, False)


@pytest.mark.parametrize("q", ["ORDER", "u-1", "Ann@", "order-1"])
def test_events_are_searched_by_name_id_and_user(busy_project, q):
    assert "order-1" in ids(busy_project, q=q)
    assert "view-01" not in ids(busy_project, q=q)


def test_without_events_the_page_says_so(api):
    assert "No events yet" in api.get("/events").text
    assert "No event matches" in api.get("/events?q=zzz").text


def test_events_that_wait_are_told(project_of):
    api = project_of(bulk_event_delay=10)
    api.update(email=ANN)
    api.track_bulk({"email": ANN, "eventName": "order"})
    assert "1 event accepted but not applied yet" in api.get("/events").text
    api.clock.now += 10
    assert "not applied yet" not in api.get("/events").text


def test_a_user_has_events_cart_and_subscriptions(busy_project):
    ann, bob = busy_project.project.users
    page = busy_project.get(f"/users/{ann}").text
    shown = rows(page)
    assert ["shirt", ATTACK, "9.5", "2"] in shown
    assert ["Unsubscribed channels", "Push Marketing Channel (103)"] in shown
    assert ["Unsubscribed message types", "Newsletter (201)"] in shown
    assert ["Subscribed message types", "Product Updates (204)"] in shown
    assert [row[1] for row in shown if row[1:2] in (["purchase"], ["updateCart"], [f"order {ATTACK}"])] == [
        "purchase",
        "updateCart",
        f"order {ATTACK}",
    ]
    assert (ATTACK in page, "All events of this user" in page) == (False, False)
    page = busy_project.get(f"/users/{bob}").text
    assert ("view-59" in page, "view-40" in page, "view-39" in page) == (True, True, False)
    assert '<a href="/events?q=bob%40shop.com">All events of this user</a>' in page
    assert not {"Cart", "Subscriptions"} & {row[0] for row in rows(page)}


def test_a_cart_of_another_shape_does_no_harm(api):
    api.update(email=ANN, dataFields={"shoppingCartItems": [{"sku": "x"}]})
    (number,) = api.project.users
    assert ["", "", "", ""] in rows(api.get(f"/users/{number}").text)


def test_types_of_event_fields_are_shown_by_event(busy_project):
    shown = rows(busy_project.get("/fields").text)
    assert [f"order {ATTACK}", "total long"] in shown
    assert "3 of at most 8,000, event names included" in busy_project.get("/fields").text
