"""Purchases and carts: section 10."""

from __future__ import annotations

from typing import Any

from tests.reference_iterable.endpoints.events import convert_to_seconds, store_event
from tests.reference_iterable.endpoints.users import apply_single_row
from tests.reference_iterable.project_memory import User
from tests.reference_iterable.replies import Reply, bad_params, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import BOOLEAN, INTEGER, NUMBER, OBJECT, STRING, USER_ROW
from tests.reference_iterable.rules.fields import list_odd_dates

CART = "shoppingCartItems"
_ITEM = {
    "id!": STRING,
    "name!": STRING,
    "price!": NUMBER,
    "quantity!": INTEGER,
    "sku": STRING,
    "description": STRING,
    "categories": [STRING],
    "url": STRING,
    "imageUrl": STRING,
    "dataFields": OBJECT,
}
_USER = {**USER_ROW, "createNewFields": BOOLEAN}
_PURCHASE = {
    "user!": _USER,
    "items!": [_ITEM],
    "total!": NUMBER,
    "id": STRING,
    "createdAt": NUMBER,
    "campaignId": INTEGER,
    "templateId": INTEGER,
    "dataFields": OBJECT,
}


def track_purchase(call: Call) -> Reply:
    """Upsert the user and clear the cart. The same id again replaces the purchase."""
    body = call.check_body(_PURCHASE)
    if "id" not in body:
        call.note("commerce: a purchase without id")
    elif not 0 < len(body["id"].encode()) <= 512 or body["id"] in call.refused:
        raise bad_params(f"Invalid purchase id: {body['id']}")
    _note_advice(call, body)
    user = _write_user(call, body)
    user.data.pop(CART, None)
    id_ = body.get("id") or f"made{call.memory.next_number()}"
    at = convert_to_seconds(body.get("createdAt", call.memory.clock()))
    call.memory.purchases[id_] = {**body, "id": id_, "user": user, "createdAt": at}
    call.memory.applied.append((id_, body))
    return reply_success("", {"id": id_})


def update_cart(call: Call) -> Reply:
    """Replace the cart and add a custom event named updateCart."""
    body = call.check_body({"user!": _USER, "items!": [_ITEM], "createdAt": NUMBER})
    _note_advice(call, body)
    user = _write_user(call, body)
    user.data[CART] = body["items"]
    memory = call.memory
    event = {"eventName": "updateCart", "dataFields": {CART: body["items"]}}
    store_event(memory, f"made{memory.next_number()}", user, event)
    memory.applied.append((user.name, body))
    return reply_success()


def _write_user(call: Call, body: dict[str, Any]) -> User:
    row = body["user"]
    return apply_single_row(call, row, row.get("createNewFields"))


def _note_advice(call: Call, body: dict[str, Any]) -> None:
    at = body.get("createdAt")
    if at is not None and (not isinstance(at, int) or at >= 10**11):
        call.note(f"commerce: createdAt {at} is no whole number of seconds")
    for part in (body.get("dataFields", {}), [item.get("dataFields", {}) for item in body["items"]]):
        for text in list_odd_dates(part):
            call.note(f"dates: {text!r} is no date to Iterable")
