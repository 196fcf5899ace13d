"""Tests of events, commerce, lists and subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.reference_iterable.conftest import Api

A, B, C = "a@shop.com", "b@shop.com", "c@shop.com"
EVENT = {
    "email": A,
    "eventName": "Order",
    "id": "e1",
    "createdAt": 1_704_067_200,
    "dataFields": {"total": 1.5, "no": None},
}
ITEM = {"id": "i1", "name": "Tea", "price": 2.5, "quantity": 1}


@pytest.fixture
def known(api: Api) -> Api:
    """A project that has two users."""
    api.bulk({"email": A}, {"email": B})
    return api


def test_the_same_event_id_again_replaces_the_event(known: Api) -> None:
    known.post("/api/events/trackBulk", {"events": [EVENT]})
    again = {**EVENT, "dataFields": {"total": 2.5, "no": None}, "campaignId": 2}
    result = known.post("/api/events/trackBulk", {"events": [again]}).json()
    assert (result["successCount"], result["failCount"], result["disallowedEventNames"]) == (1, 0, [])
    assert "id" not in result
    assert list(known.server.events) == ["e1"]
    event = known.server.events["e1"]
    assert (event.user.name, event.name, event.created_at) == (A, "Order", 1_704_067_200)
    assert (event.data, event.campaign_id) == ({"total": 2.5}, 2)


def test_events_of_users_that_there_are_not_make_none(known: Api) -> None:
    known.server.forgotten_emails.add("f@shop.com")
    events = [
        {**EVENT, "email": email, "id": f"e{n}"} for n, email in enumerate([A, "x@shop.com", "bad@", "f@shop.com"])
    ]
    events.append({"userId": "nobody", "eventName": "Order", "id": "e9"})
    result = known.post("/api/events/trackBulk", {"events": events}).json()
    assert (result["successCount"], result["failCount"]) == (1, 4)
    assert result["failedUpdates"] == {
        "invalidEmails": ["bad@"],
        "invalidUserIds": [],
        "notFoundEmails": ["x@shop.com"],
        "notFoundUserIds": ["nobody"],
        "forgottenEmails": ["f@shop.com"],
        "forgottenUserIds": [],
    }
    assert list(known.server.events) == ["e0"]
    assert list(known.server.users) == [A, B]


def test_a_single_event_tells_its_id(known: Api) -> None:
    assert known.post("/api/events/track", EVENT).json() == {
        "msg": "Event with id: e1 tracked.",
        "code": "Success",
        "params": {"id": "e1"},
    }
    made = known.post("/api/events/track", {"email": A, "eventName": "Order"}).json()["params"]["id"]
    assert list(known.server.events) == ["e1", made]
    known.assert_refused(known.post("/api/events/track", {**EVENT, "email": "x@shop.com"}), 400, "UnknownEmailError")
    assert {one["id"] for one in known.get("/api/events/a%40shop.com?limit=200").json()["events"]} == {"e1", made}
    assert len(known.get("/api/events/a%40shop.com?limit=1").json()["events"]) == 1
    known.assert_refused(known.get("/api/events/a%40shop.com?limit=201"), 400, "BadParams")


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({**EVENT, "eventName": None}, "BadJsonBody"),
        ({**EVENT, "createdAt": "2024-01-01"}, "BadJsonBody"),
        ({"eventName": "Order"}, "BadParams"),
        ({**EVENT, "id": "x" * 513}, "BadParams"),
        ({**EVENT, "dataFields": {"total": "much"}}, "RequestFieldsTypesMismatched"),
    ],
)
def test_one_bad_event_refuses_all(known: Api, event: Any, code: str) -> None:
    known.post("/api/events/track", {**EVENT, "id": "e0"})
    known.assert_refused(known.post("/api/events/trackBulk", {"events": [{**EVENT, "id": "e2"}, event]}), 400, code)
    assert list(known.server.events) == ["e0"]


def test_fields_are_typed_for_each_event_name(known: Api) -> None:
    known.post("/api/events/track", EVENT)
    other = {**EVENT, "eventName": "Other", "id": "e2", "dataFields": {"total": "much"}}
    assert known.post("/api/events/trackBulk", {"events": [other]}).json()["createdFields"] == ["total"]
    dropped = {**EVENT, "createNewFields": False, "dataFields": {"new": 1, "total": 3.5}}
    assert known.post("/api/events/trackBulk", {"events": [dropped]}).json()["filteredOutFields"] == ["new"]
    assert known.server.events["e1"].data == {"total": 3.5}


def test_names_that_are_not_let_in(project_of: Callable[..., Api]) -> None:
    api = project_of(disallowed_events={"Order"})
    api.bulk({"email": A})
    answer = api.post("/api/events/track", EVENT)
    assert (answer.status_code, answer.json()["msg"]) == (200, "Order is disallowed from tracking.")
    result = api.post("/api/events/trackBulk", {"events": [EVENT, {**EVENT, "eventName": "Other"}]}).json()
    assert (result["successCount"], result["failCount"], result["disallowedEventNames"]) == (1, 1, ["Order"])


def test_no_events_are_taken_with_zeros(api: Api) -> None:
    result = api.post("/api/events/trackBulk", {"events": []}).json()
    assert (result["successCount"], result["failCount"]) == (0, 0)


def test_a_purchase_clears_the_cart_and_a_cart_replaces_it(api: Api) -> None:
    user = {"email": A, "dataFields": {"n": 1}}
    for items in ([ITEM], [{**ITEM, "id": "i2"}]):
        assert api.post("/api/commerce/updateCart", {"user": user, "items": items}).status_code == 200
    assert api.server.carts == {A: [{**ITEM, "id": "i2"}]}
    assert [event.name for event in api.server.events.values()] == ["updateCart", "updateCart"]
    for total in (2.5, 5):
        body = {"user": user, "items": [ITEM], "total": total, "id": "p1"}
        assert api.post("/api/commerce/trackPurchase", body).json()["params"] == {"id": "p1"}
    assert api.server.carts == {}
    assert api.server.purchases["p1"]["total"] == 5
    assert api.server.users == {A: {"n": 1}}
    assert api.server.observations == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"items": [ITEM], "total": 1}, 400, "BadJsonBody"),
        ({"user": {"email": A}, "items": [{**ITEM, "price": "2.5"}], "total": 1}, 400, "BadJsonBody"),
        ({"user": {"email": A}, "items": [{**ITEM, "quantity": 1.5}], "total": 1}, 400, "BadJsonBody"),
        ({"user": {"email": A}, "items": [{"id": "i1"}], "total": 1}, 400, "BadJsonBody"),
        ({"user": {"email": A}, "items": [ITEM]}, 400, "BadJsonBody"),
        ({"user": {}, "items": [ITEM], "total": 1}, 400, "BadParams"),
        ({"user": {"email": "bad@"}, "items": [ITEM], "total": 1}, 400, "InvalidEmailAddressError"),
        ({"user": {"email": "f@shop.com"}, "items": [ITEM], "total": 1}, 409, "ForgottenUserError"),
    ],
)
def test_what_is_no_purchase(api: Api, body: Any, status: int, code: str) -> None:
    api.server.forgotten_emails.add("f@shop.com")
    api.assert_refused(api.post("/api/commerce/trackPurchase", {"id": "p1", **body}), status, code)
    assert api.server.purchases == {}


def test_lists_are_made_filled_emptied_and_deleted(api: Api) -> None:
    number = api.post("/api/lists", {"name": "VIP", "description": "the best"}).json()["listId"]
    [shown] = api.get("/api/lists").json()["lists"]
    assert (shown["id"], shown["name"], shown["listType"], shown["description"]) == (
        number,
        "VIP",
        "Standard",
        "the best",
    )
    rows = [{"email": A, "dataFields": {"n": 1}}, {"email": B}, {"email": "bad@"}]
    result = api.post("/api/lists/subscribe", {"listId": number, "subscribers": rows}).json()
    assert (result["successCount"], result["failCount"], result["failedUpdates"]["invalidEmails"]) == (2, 1, ["bad@"])
    assert api.server.users == {A: {"n": 1}, B: {}}
    assert api.get(f"/api/lists/getUsers?listId={number}").text == f"{A}\n{B}\n"
    assert api.get(f"/api/lists/previewUsers?listId={number}&size=1").text == f"{A}\n"
    assert api.get(f"/api/lists/{number}/size").text == "2"
    assert api.get("/api/users/a%40shop.com").json()["user"]["dataFields"]["emailListIds"] == [number]
    gone = {
        "listId": number,
        "subscribers": [{"email": A}, {"email": A.upper()}, {"email": C}],
        "channelUnsubscribe": False,
    }
    result = api.post("/api/lists/unsubscribe", gone).json()
    assert (result["successCount"], result["failedUpdates"]["notFoundEmails"]) == (2, [C])
    assert [user.name for user in api.server.lists[number].members] == [B]
    told = api.call("DELETE", f"/api/lists/{number}").json()["msg"]
    assert told == f"List {number} in Project 9079 was successfully deleted."
    api.assert_refused(api.call("DELETE", f"/api/lists/{number}"), 400, "BadParams")


@pytest.mark.parametrize("path", ["subscribe", "unsubscribe"])
def test_an_unknown_list_is_refused_with_the_code_success(api: Api, path: str) -> None:
    body = {"listId": 999, "subscribers": [{"email": A}]}
    answer = api.post(f"/api/lists/{path}", body)
    assert answer.status_code == 400
    assert answer.json() == {
        "msg": "error.lists.invalidListId(999)",
        "code": "Success",
        "params": {"projectId": 9079, "listId": 999},
    }
    assert api.server.users == {}


def test_only_static_lists_take_members(api: Api) -> None:
    number = api.server.add_list("Everyone", kind="Dynamic").id
    api.assert_refused(
        api.post("/api/lists/subscribe", {"listId": number, "subscribers": [{"email": A}]}), 400, "BadParams"
    )


@pytest.mark.parametrize(("kind", "made"), [("email", True), ("user_id", False), ("hybrid", False)])
def test_existing_users_only_is_heeded_except_in_email_projects(
    project_of: Callable[..., Api], kind: str, made: bool
) -> None:
    api = project_of(kind)
    number = api.server.add_list("VIP").id
    row = {"email": A} if kind == "email" else {"userId": "1"}
    body = {"listId": number, "subscribers": [row], "updateExistingUsersOnly": True}
    assert api.post("/api/lists/subscribe", body).json()["failCount"] == (0 if made else 1)
    assert bool(api.server.users) is made


@pytest.mark.parametrize(
    ("said", "noted", "off"),
    [({}, True, False), ({"channelUnsubscribe": True}, True, True), ({"channelUnsubscribe": False}, False, False)],
)
def test_leaving_a_list_should_leave_the_channels_alone(known: Api, said: Any, noted: bool, off: bool) -> None:
    number = known.server.add_list("VIP").id
    known.post("/api/lists/unsubscribe", {"listId": number, "subscribers": [{"email": A}], **said})
    assert ("lists: channelUnsubscribe is not false" in known.server.observations) is noted
    assert ("unsubscribedChannelIds" in known.server.subscriptions[A]) is off


def test_subscriptions_replace_what_was_there_and_leave_what_is_not_named(api: Api) -> None:
    api.server.settings.opt_in = True
    number = api.server.add_list("VIP").id
    first = {"email": A, "emailListIds": [number], "unsubscribedChannelIds": [101, 102], "subscribedMessageTypeIds": []}
    second = {"email": A, "unsubscribedChannelIds": [102], "emailListIds": None}
    api.post("/api/users/updateSubscriptions", first)
    result = api.post("/api/users/bulkUpdateSubscriptions", {"updateSubscriptionsRequests": [second]}).json()
    assert result == {
        "successCount": 1,
        "failCount": 0,
        "invalidEmails": [],
        "invalidUserIds": [],
        "validEmailFailures": [],
        "validUserIdFailures": [],
    }
    held = {"emailListIds": [number], "unsubscribedChannelIds": [102], "subscribedMessageTypeIds": []}
    assert api.server.subscriptions == {A: held}


def test_subscriptions_that_fail(api: Api) -> None:
    api.server.settings.opt_in = True
    off = {"subscribedMessageTypeIds": [204], "unsubscribedChannelIds": [101]}
    rows = [{"email": "bad@", **off}, {"email": A, **off}, {"email": B, **off, "validateChannelAlignment": False}]
    rows[0] = {"email": "bad@", "unsubscribedChannelIds": [101]}
    result = api.post("/api/users/bulkUpdateSubscriptions", {"updateSubscriptionsRequests": rows}).json()
    assert (result["successCount"], result["invalidEmails"], result["validEmailFailures"]) == (1, ["bad@"], [A])
    api.assert_refused(api.post("/api/users/updateSubscriptions", rows[1]), 400, "BadParams")
    api.server.settings.opt_in = False
    api.assert_refused(api.post("/api/users/updateSubscriptions", rows[2]), 400, "BadParams")
    api.server.forgotten_emails.add(C)
    forgotten = {"updateSubscriptionsRequests": [{"email": C, "unsubscribedChannelIds": []}]}
    api.assert_refused(api.post("/api/users/bulkUpdateSubscriptions", forgotten), 409, "ForgottenUserError")


def test_channels_and_message_types_have_names(api: Api) -> None:
    channels = api.get("/api/channels").json()["channels"]
    types = api.get("/api/messageTypes").json()["messageTypes"]
    assert [one["name"] for one in channels] == ["Marketing Channel", "Transactional Channel", "Push Marketing Channel"]
    assert {one["channelId"] for one in types} == {one["id"] for one in channels}
    assert {"id", "name", "channelType", "messageMedium"} <= set(channels[0])
    assert {"id", "name", "channelId", "createdAt", "updatedAt", "subscriptionPolicy"} <= set(types[0])
