"""Scripts of requests to every endpoint whose replies are documented clearly. `$list` is the list a script creates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

A, B, C, F = "a@shop.com", "b@shop.com", "c@shop.com", "f@shop.com"
Request = tuple[str, str, Any]
TEAS, LISTS = "/api/catalogs/Teas", "/api/lists"
THING = {"id": "i1", "name": "Tea", "price": 2.5, "quantity": 2}


def post(path: str, body: object = None) -> Request:
    return "POST", path, body


def get(*paths: str) -> list[Request]:
    return [("GET", path, None) for path in paths]


def delete(path: str, body: object = None) -> Request:
    return "DELETE", path, body


def users(*rows: Mapping[str, object], **more: object) -> Request:
    return post("/api/users/bulkUpdate", {"users": list(rows), **more})


def data(email: str, **fields: object) -> dict[str, object]:
    return {"email": email, "dataFields": fields}


def update(**row: object) -> Request:
    return post("/api/users/update", row)


def forget(email: str) -> Request:
    return post("/api/users/forget", {"email": email})


def move(old: str, new: str) -> Request:
    return post("/api/users/updateEmail", {"currentEmail": old, "newEmail": new})


def event(id_: str, email: str = A, **more: object) -> dict[str, object]:
    return {"eventName": "Seen", "email": email, "id": id_, "createdAt": 1_704_067_200, **more}


def events(*rows: Mapping[str, object]) -> Request:
    return post("/api/events/trackBulk", {"events": list(rows)})


def cart(user: Mapping[str, object], *items: Mapping[str, object]) -> Request:
    return post("/api/commerce/updateCart", {"user": user, "items": list(items)})


def purchase(id_: str, email: str = A, **more: object) -> Request:
    body = {"user": {"email": email}, "items": [THING], "total": 5, "id": id_, "createdAt": 1_704_067_200, **more}
    return post("/api/commerce/trackPurchase", {name: value for name, value in body.items() if value is not None})


def subscribe(*rows: Mapping[str, object], to: object = "$list", **more: object) -> Request:
    return post(f"{LISTS}/subscribe", {"listId": to, "subscribers": list(rows), **more})


def unsubscribe(*emails: str, of: object = "$list") -> Request:
    rows = [{"email": email} for email in emails]
    return post(f"{LISTS}/unsubscribe", {"listId": of, "subscribers": rows, "channelUnsubscribe": False})


def subscriptions(*rows: Mapping[str, object]) -> Request:
    return post("/api/users/bulkUpdateSubscriptions", {"updateSubscriptionsRequests": list(rows)})


def subscription(**row: object) -> Request:
    return post("/api/users/updateSubscriptions", row)


def documents(items: Mapping[str, object], *, merges: bool = False) -> Request:
    return post(f"{TEAS}/items", {"documents": items, "replaceUploadedFieldsOnly": merges})


def typed(name: str, kind: str) -> Request:
    return "PUT", f"{TEAS}/fieldMappings", {"mappingsUpdates": [{"fieldName": name, "fieldType": kind}]}


STARTED = [users(data(A, n=1, at="2024-01-01", plan={"tier": "pro", "since": 2}), {"email": B})]
OF_EMAIL_PROJECTS: dict[str, list[Request]] = {
    "values": [
        *STARTED,
        users(data(A, n=None, plan={"tier": "free"}), data("B@Shop.com", list=[1, 2], ok=True, part=1.5)),
        users({**data(A, plan={"since": 3, "tier": None}), "mergeNestedObjects": True}),
        users(data(A, at="2024-05-06T07:08:09.123+02:00", list=[], part=2)),
    ],
    "clashes": [
        *STARTED,
        users(data(B, fresh=1), data(A, n="x")),
        users(data(A, n=1.5)),
        users(data(A, at="soon")),
        users(data(A, plan=1)),
        users(data(A, plan={"since": "x"})),
    ],
    "failures": [
        forget(F),
        users({"email": "bad@"}, {"userId": "nobody"}, {"userId": "x" * 53}, {"email": F}, {"email": A}),
        users(data(A, note="x" * 32_001), {"email": B}),
        users(),
        users({"email": A, "preferUserId": "yes"}),
        post("/api/users/bulkUpdate", {"users": "all"}),
        post("/api/users/bulkUpdate", {}),
    ],
    "dropped fields": [*STARTED, users(data(A, n=2, other=1, plan={"more": 1}), createNewFields=False)],
    "single users": [
        forget(F),
        update(email=A, dataFields={"n": 1}),
        update(email="000"),
        update(email=""),
        update(userId="nobody"),
        update(email=F),
        update(),
    ],
    "reads": [
        users({**data(A, n=1), "userId": "1"}),
        *get("/api/users/a%40shop.com", "/api/users/getByEmail?email=a%40shop.com", "/api/users/byUserId/1"),
        *get("/api/users/byUserId?userId=1", "/api/users/b%40shop.com", "/api/users/bad", "/api/users/byUserId/2"),
    ],
    "deletions": [
        *STARTED,
        delete("/api/users/a%40shop.com"),
        delete("/api/users/nobody%40shop.com"),
        delete("/api/users/byUserId/2"),
    ],
    "addresses": [
        *STARTED,
        *(move(old, new) for old, new in (("x@shop.com", C), (A, B), ("no", C), (A, "no"), (A, "C@shop.com"))),
        post("/api/users/updateEmail", {"currentEmail": B}),
    ],
    "merges": [
        users(data(A, n=1, tags=["x"], only=1), data(B, n=2, tags=["y"])),
        post("/api/users/merge", {"sourceEmail": A, "destinationEmail": B, "arrayMerge": [{"field": "tags"}]}),
        post("/api/users/merge", {"sourceEmail": B, "destinationEmail": C}),
    ],
    "forgotten": [
        *STARTED,
        forget("A@shop.com"),
        *get("/api/users/forgotten", "/api/users/forgottenUserIds"),
        post("/api/users/forget", {"userId": "1"}),
        post("/api/users/unforget", {"email": A}),
        users({"email": A}),
    ],
    "events": [
        *STARTED,
        forget(F),
        events(event("e1", dataFields={"n": 1, "no": None, "at": "2024-01-01"}, campaignId=3)),
        events(event("e1", dataFields={"m": 1}, createdAt=1_704_067_201)),
        events(event("e2", createdAt=1_704_067_200_000, templateId=4)),
        events(event("e3", "x@shop.com"), event("e4", "bad@"), event("e5", F), {"eventName": "Seen", "userId": "no"}),
        events(),
        events(event("e7", createdAt="soon")),
        events(event("e7", eventName=None)),
        events(event("e7", dataFields={"n": "x"})),
        events(event("e8", eventName="Other", dataFields={"n": "x"})),
        post("/api/events/track", event("e9")),
        post("/api/events/track", event("e10", "x@shop.com")),
    ],
    "commerce": [
        *STARTED,
        cart({"email": A}, THING),
        cart(data(C, n=5), THING, {**THING, "id": "i2"}),
        purchase("p1"),
        purchase("p1", total=6.5, createdAt=1_704_067_201, campaignId=7),
        purchase("p2", total=None),
        purchase("p2", items=[{"id": "i1"}]),
        purchase("p2", "bad@"),
        purchase("p2", user={}),
    ],
    "lists": [
        *STARTED,
        forget(F),
        post(LISTS, {"name": "VIP"}),
        post(LISTS, {}),
        subscribe(data(A, n=7), {"email": C}, {"email": "bad@"}, {"email": F}),
        *get(f"{LISTS}/getUsers?listId=$list", f"{LISTS}/$list/size"),
        subscribe(),
        subscribe({"email": A}, to=999_999),
        subscribe(data(A, n="x")),
        unsubscribe(A, B, "x@shop.com", F),
        unsubscribe(A, of=999_999),
        unsubscribe(),
        *get(f"{LISTS}/getUsers?listId=999999"),
        delete(f"{LISTS}/999999"),
    ],
    "subscriptions": [
        *STARTED,
        post(LISTS, {"name": "VIP"}),
        subscriptions(
            {"email": A, "emailListIds": ["$list"], "unsubscribedChannelIds": [101, 103]},
            {"email": C, "unsubscribedMessageTypeIds": [201]},
        ),
        subscriptions(
            {"email": A, "unsubscribedChannelIds": [103], "emailListIds": None},
            {"email": "bad@", "unsubscribedChannelIds": []},
        ),
        subscriptions({"email": A, "emailListIds": []}),
        subscription(email=B, unsubscribedMessageTypeIds=[201, 202]),
        subscription(email=B, unsubscribedChannelIds="all"),
        subscription(email="bad@", unsubscribedChannelIds=[]),
        subscription(email=B, subscribedMessageTypeIds=[204]),
    ],
    "catalogs": [
        post(TEAS),
        post("/api/catalogs/teas"),
        post("/api/catalogs/a_b"),
        *get("/api/catalogs"),
        *(typed(*one) for one in (("price", "double"), ("price", "long"), ("a.b", "long"), ("x", "number"))),
        *get(f"{TEAS}/fieldMappings"),
        documents({"a": {}}),
        post("/api/catalogs/Nothing/items", {"documents": {"a": {}}, "replaceUploadedFieldsOnly": False}),
        delete("/api/catalogs/Nothing"),
    ],
    "items": [
        post(TEAS),
        documents({"a": {"name": "Assam", "price": 2.5}, "b": {"name": "Sencha"}}),
        documents({"a": {"price": 3, "none": None}}),
        documents({"b": {"price": 4, "name": None}, "c": {"name": "Oolong"}}, merges=True),
        documents({"a": {"name": "x" * 30_000}}),
        documents({"a": {"a.b": 1}}),
        documents({"a_b": {}}),
        documents({"a": 1}),
        documents({f"i{n}": {} for n in range(1001)}),
        post(f"{TEAS}/items", {"documents": {}}),
        *get(f"{TEAS}/fieldMappings", f"{TEAS}/items/nobody"),
        ("PATCH", f"{TEAS}/items/c", {"update": {"price": 5}}),
        ("PUT", f"{TEAS}/items/d", {"value": {"price": 6}}),
        delete(f"{TEAS}/items", {"itemIds": ["a", "nobody"]}),
        delete(f"{TEAS}/items/d"),
    ],
    "nowhere": [*get("/api/nowhere", "/api/users/a/b/c"), ("PUT", "/api/users/bulkUpdate", {})],
}
OF_USER_ID_PROJECTS: list[Request] = [
    users({"userId": "1", "dataFields": {"n": 1}}, {"userId": "2"}),
    users({"userId": "1", "email": A}, {"userId": "2", "dataFields": {"email": B}}),
    users({"userId": "1", "dataFields": {"email": B}}),
    users({"userId": "1", "dataFields": {"userId": "2"}}),
    users({"userId": "1", "dataFields": {"userId": "3"}}),
    users({"userId": "x" * 53}, {"userId": ""}, {"userId": "a "}, {"userId": "é"}),
    post("/api/users/forget", {"userId": "2"}),
    users({"userId": "2"}),
    events({"eventName": "Seen", "userId": "3", "id": "e1", "createdAt": 1}, {"eventName": "Seen", "userId": "4"}),
    post(LISTS, {"name": "VIP"}),
    subscribe({"userId": "3"}, {"userId": "9"}, updateExistingUsersOnly=True),
    subscribe({"userId": "9"}),
    delete("/api/users/byUserId/9"),
]
