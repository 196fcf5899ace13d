"""Purchases and carts: their fields, the users they create, what they replace and clear."""

from __future__ import annotations

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"
NOON = "2026-01-01 12:00:00 +00:00"
SHIRT = {"id": "shirt", "name": "Shirt", "price": 10, "quantity": 2}
SOCKS = {"id": "socks", "name": "Socks", "price": 2.5, "quantity": 1}


def buy(api, **members):
    body = {"user": {"email": ANN}, "items": [SHIRT], "total": 20, **members}
    return api.post("/api/commerce/trackPurchase", {name: value for name, value in body.items() if value is not ...})


def fill(api, *items, **members):
    return api.post("/api/commerce/updateCart", {"user": {"email": ANN}, "items": list(items), **members})


def read_refusal(reply):
    return reply.status_code, reply.json()["code"]


class TestPurchase:
    def test_everything_is_stored_and_the_id_answered(self, api):
        item = {
            **SHIRT,
            "sku": "s-1",
            "description": "Blue",
            "categories": ["tops", "sale"],
            "url": "https://shop.com/shirt",
            "imageUrl": "https://shop.com/shirt.png",
            "dataFields": {"size": "M"},
        }
        times = {"createdAt": 1_700_000_000_000, "campaignId": 7, "templateId": 8}
        reply = buy(api, items=[item], id="order 1/ü", dataFields={"coupon": "X", "none": None}, **times)
        assert (reply.status_code, reply.json()) == (200, {"msg": "", "code": "Success", "params": {"id": "order 1/ü"}})
        assert api.purchases() == [
            {
                "id": "order 1/ü",
                "email": ANN,
                "createdAt": "2023-11-14 22:13:20 +00:00",
                "dataFields": {"coupon": "X"},
                "campaignId": 7,
                "templateId": 8,
                "total": 20,
                "items": [item],
            }
        ]
        assert api.events() == []

    def test_an_id_is_made_and_the_time_is_that_of_receipt(self, api):
        made = [buy(api).json()["params"]["id"] for _ in range(2)]
        assert [(purchase["id"], purchase["createdAt"]) for purchase in api.purchases()] == [
            (made[0], NOON),
            (made[1], NOON),
        ]
        assert len(set(made)) == 2

    def test_a_purchase_with_the_id_of_another_takes_its_place(self, api):
        buy(api, id="a", dataFields={"coupon": "X"})
        buy(api, id="b")
        buy(api, id="a", user={"email": BOB}, items=[SOCKS], total=2.5)
        first, second = api.purchases()
        assert (first["id"], first["email"], first["items"], first["total"]) == ("a", BOB, [SOCKS], 2.5)
        assert (first["dataFields"], second["id"]) == ({}, "b")

    def test_an_event_may_have_the_id_of_a_purchase(self, api):
        buy(api, id="a")
        api.track(email=ANN, eventName="order", id="a")
        assert ([one["id"] for one in api.purchases()], [one["id"] for one in api.events()]) == (["a"], ["a"])

    def test_it_makes_the_user_writes_its_fields_and_clears_the_cart(self, api):
        assert buy(api, user={"email": ANN, "dataFields": {"plan": "gold"}}).status_code == 200
        assert api.user(ANN).data == {"plan": "gold"}
        fill(api, SHIRT)
        assert api.user(ANN).data["shoppingCartItems"] == [SHIRT]
        buy(api, user={"email": ANN, "userId": "1", "dataFields": {"plan": "free"}})
        assert (api.user(ANN).data, api.user(ANN).user_id) == ({"plan": "free"}, "1")

    def test_a_user_reads_with_purchases_among_the_events(self, api):
        buy(api, id="a", dataFields={"coupon": "X"})
        assert api.get("/api/events/ann%40shop.com").json()["events"] == [
            {
                "email": ANN,
                "createdAt": NOON,
                "eventType": "purchase",
                "total": 20,
                "shoppingCartItems": [SHIRT],
                "dataFields": {"coupon": "X"},
            }
        ]

    def test_purchases_move_and_go_with_their_user(self, api):
        buy(api)
        api.post("/api/users/updateEmail", {"currentEmail": ANN, "newEmail": BOB})
        assert [purchase["email"] for purchase in api.purchases()] == [BOB]
        api.delete("/api/users/bob%40shop.com")
        assert api.purchases() == []

    @pytest.mark.parametrize(
        ("members", "code"),
        [
            ({"id": "x" * 513}, "BadParams"),
            ({"id": "ü" * 257}, "BadParams"),
            ({"createdAt": 1e300}, "BadParams"),
            ({"dataFields": {"text": "x" * 32_001}}, "BadParams"),
            ({"items": [{**SHIRT, "dataFields": {"text": "x" * 32_001}}]}, "BadParams"),
            ({"user": {"email": ANN, "dataFields": {"text": "x" * 32_001}}}, "BadParams"),
        ],
    )
    def test_what_cannot_be_stored_is_refused(self, api, members, code):
        assert read_refusal(buy(api, **members)) == (400, code)
        assert (api.purchases(), api.project.users) == ([], {})

    def test_an_id_may_have_512_bytes(self, api):
        assert buy(api, id="ü" * 256).status_code == 200


class TestCart:
    def test_the_cart_is_replaced_and_an_event_recorded(self, api):
        assert fill(api, SHIRT).json() == {"msg": "", "code": "Success", "params": None}
        fill(api, SOCKS, SOCKS, createdAt=1_700_000_000)
        assert api.user(ANN).data == {"shoppingCartItems": [SOCKS, SOCKS]}
        first, second = api.events()
        assert (first["eventName"], first["createdAt"], first["dataFields"]) == (
            "updateCart",
            NOON,
            {"shoppingCartItems": [SHIRT]},
        )
        assert (second["createdAt"], second["dataFields"]) == (
            "2023-11-14 22:13:20 +00:00",
            {"shoppingCartItems": [SOCKS, SOCKS]},
        )

    def test_no_items_empty_the_cart(self, api):
        fill(api, SHIRT)
        assert fill(api).status_code == 200
        assert api.user(ANN).data == {"shoppingCartItems": []}

    def test_a_disallowed_event_leaves_the_cart_to_be_written(self, project_of):
        api = project_of(disallowed_events=frozenset({"updateCart"}))
        fill(api, SHIRT)
        assert (api.user(ANN).data, api.events()) == ({"shoppingCartItems": [SHIRT]}, [])

    def test_the_user_is_read_with_the_cart(self, api):
        fill(api, SHIRT)
        assert api.get("/api/users/ann%40shop.com").json()["user"]["dataFields"]["shoppingCartItems"] == [SHIRT]


@pytest.mark.parametrize("send", [buy, lambda api, **members: fill(api, SHIRT, **members)], ids=["buy", "fill"])
class TestUser:
    @pytest.mark.parametrize(
        ("project_type", "user"),
        [
            ("email", {"email": "Ann@shop.com"}),
            ("email", {"userId": "1", "preferUserId": True}),
            ("user_id", {"userId": "1"}),
            ("hybrid", {"email": ANN}),
            ("hybrid", {"userId": "1"}),
        ],
    )
    def test_users_are_made_as_the_project_type_does(self, project_of, send, project_type, user):
        api = project_of(project_type)
        assert send(api, user=user).status_code == 200
        (profile,) = api.project.users.values()
        assert profile.email == ANN or profile.user_id == "1"

    @pytest.mark.parametrize(
        ("user", "status", "code"),
        [
            ({}, 400, "BadParams"),
            ({"email": None}, 400, "BadParams"),
            ({"email": "bad@"}, 400, "InvalidEmailAddressError"),
            ({"userId": "x" * 53}, 400, "InvalidUserIdError"),
            ({"userId": "9"}, 400, "UnknownUserIdError"),
            ({"email": "gone@shop.com"}, 409, "ForgottenUserError"),
            ({"email": ANN, "dataFields": {"age": "old"}}, 400, "RequestFieldsTypesMismatched"),
        ],
    )
    def test_refusals_store_nothing(self, api, send, user, status, code):
        api.update(email=BOB, dataFields={"age": 7})
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        assert read_refusal(send(api, user=user)) == (status, code)
        assert (api.purchases(), api.events(), list(api.project.users_by_email)) == ([], [], [BOB])

    def test_identifiers_of_two_users_conflict(self, project_of, send):
        api = project_of("hybrid")
        api.bulk({"email": ANN}, {"userId": "2"})
        reply = send(api, user={"email": ANN, "userId": "2"})
        assert (read_refusal(reply), reply.json()["msg"]) == ((409, "ExternalKeyConflict"), "Email/userId conflict")
        assert (api.purchases(), api.events()) == ([], [])

    def test_flags_of_the_user_are_kept(self, api, send):
        api.update(email=ANN, dataFields={"home": {"city": "Rome"}})
        user = {"email": ANN, "mergeNestedObjects": True, "createNewFields": False}
        send(api, user={**user, "dataFields": {"home": {"city": "Oslo", "zip": "1"}, "new": 1}})
        assert {**api.user(ANN).data, "shoppingCartItems": ...} == {"home": {"city": "Oslo"}, "shoppingCartItems": ...}


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        ({"user": ...}, {"obj.user": "Object value expected"}),
        ({"items": ...}, {"obj.items": "Array value expected"}),
        ({"total": ...}, {"obj.total": "Number value expected"}),
        ({"total": ""}, {"obj.total": "Number value expected"}),
        ({"user": None, "total": None}, {"obj.user": "Object value expected", "obj.total": "Number value expected"}),
        ({"user": ANN}, {"obj.user": "Object value expected"}),
        ({"items": {}}, {"obj.items": "Array value expected"}),
        ({"items": [SHIRT, "socks"]}, {"obj.items[1]": "Object value expected"}),
        ({"id": 5}, {"obj.id": "String value expected"}),
        ({"createdAt": "today"}, {"obj.createdAt": "Number value expected"}),
        ({"campaignId": "7"}, {"obj.campaignId": "Number value expected"}),
        ({"dataFields": []}, {"obj.dataFields": "Object value expected"}),
        ({"user": {"email": 5}}, {"obj.user.email": "String value expected"}),
        ({"user": {"email": ANN, "preferUserId": 1}}, {"obj.user.preferUserId": "Boolean value expected"}),
        ({"user": {"email": ANN, "dataFields": []}}, {"obj.user.dataFields": "Object value expected"}),
    ],
)
def test_a_wrong_shape_is_named_by_path(api, members, faults):
    reply = buy(api, **members)
    assert (read_refusal(reply), reply.json()["params"]) == ((400, "BadJsonBody"), faults)
    assert (api.purchases(), api.project.users) == ([], {})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": None}, {"id": "String value expected"}),
        ({"id": 5}, {"id": "String value expected"}),
        ({"name": None}, {"name": "String value expected"}),
        ({"price": None}, {"price": "Number value expected"}),
        ({"price": "10"}, {"price": "Number value expected"}),
        ({"quantity": None}, {"quantity": "Number value expected"}),
        ({"quantity": 1.5}, {"quantity": "Number value expected"}),
        ({"categories": "tops"}, {"categories": "Array value expected"}),
        ({"categories": ["tops", 5]}, {"categories[1]": "String value expected"}),
        ({"sku": 5}, {"sku": "String value expected"}),
        ({"description": []}, {"description": "String value expected"}),
        ({"url": {}}, {"url": "String value expected"}),
        ({"imageUrl": True}, {"imageUrl": "String value expected"}),
        ({"dataFields": "x"}, {"dataFields": "Object value expected"}),
        ({"id": None, "price": True}, {"id": "String value expected", "price": "Number value expected"}),
    ],
)
def test_a_wrong_item_is_named_by_path(api, change, fault):
    items = [SOCKS, {**SHIRT, **change}]
    for reply in (buy(api, items=items), fill(api, *items)):
        assert read_refusal(reply) == (400, "BadJsonBody")
        assert reply.json()["params"] == {f"obj.items[1].{path}": words for path, words in fault.items()}


def test_fields_of_items_have_one_type_in_carts_and_purchases(api):
    fill(api, {**SHIRT, "dataFields": {"size": 40}})
    reply = buy(api, items=[{**SHIRT, "dataFields": {"size": "M"}}])
    assert read_refusal(reply) == (400, "RequestFieldsTypesMismatched")
    (clash,) = reply.json()["params"]["validationErrors"].values()
    assert clash["category"] == "purchase"
    assert list(reply.json()["params"]["validationErrors"]) == ["shoppingCartItems.size"]


def test_fields_of_purchases_have_types_of_their_own(api):
    buy(api, dataFields={"coupon": "X"})
    assert read_refusal(buy(api, dataFields={"coupon": 5})) == (400, "RequestFieldsTypesMismatched")
    assert api.track(email=ANN, eventName="order", dataFields={"coupon": 5}).status_code == 200


def test_prices_may_be_whole_or_not(api):
    assert fill(api, SHIRT, SOCKS).status_code == 200
    assert buy(api, items=[SOCKS, SHIRT], total=22.5).status_code == 200


def test_a_folder_keeps_purchases_and_carts(open_project):
    with open_project() as api:
        buy(api, id="a", items=[{**SHIRT, "dataFields": {"size": "M"}}], dataFields={"coupon": "X"})
        fill(api, SOCKS)
        before = api.purchases(), api.events(), api.user(ANN).data
    with open_project() as api:
        assert (api.purchases(), api.events(), api.user(ANN).data) == before
        buy(api, id="a", total=5)
        assert [purchase["total"] for purchase in api.purchases()] == [5]
        api.post("/sandbox/reset")
        assert api.purchases() == []
