"""POST commerce/trackPurchase and commerce/updateCart: purchases and carts of users, who are made where need be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints.user_updates import creates, single_refusal
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, success
from reverse_etl.sandbox.rules.dates import moment
from reverse_etl.sandbox.rules.event_fields import Submitted
from reverse_etl.sandbox.rules.fields import without_nulls
from reverse_etl.sandbox.rules.users import Failure, write
from reverse_etl.sandbox.state.events import MAX_ID_BYTES, Event
from reverse_etl.sandbox.state.profile import CART, Profile

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.project import Project

CART_EVENT: Final = "updateCart"

_CART_BODY: Final[bodies.Shape] = {"user": dict, "items": [dict], "createdAt": float}
_PURCHASE_BODY: Final[bodies.Shape] = {
    **_CART_BODY,
    "total": float,
    "id": str,
    "campaignId": int,
    "templateId": int,
    "dataFields": dict,
}
_ITEM: Final[bodies.Shape] = {
    "id": str,
    "name": str,
    "price": float,
    "quantity": int,
    "sku": str,
    "description": str,
    "categories": [str],
    "url": str,
    "imageUrl": str,
    "dataFields": dict,
}


def track_purchase(call: Call) -> Reply:
    body, project = call.body, call.project
    _require(call, _PURCHASE_BODY, "user", "items", "total")
    if len((body.get("id") or "").encode()) > MAX_ID_BYTES:
        raise refusal(400, "BadParams", f"The id of a purchase has at most {MAX_ID_BYTES} bytes")
    created = _created(call)
    items = _items(project, body["items"])
    fields = _stored(project, "purchase", body.get("dataFields") or {})
    # A purchase empties the cart.
    user = _write(call, {CART: None})
    purchase = Event(
        user=user.id,
        name="purchase",
        created=created,
        data=fields,
        key=body.get("id") or "",
        type="purchase",
        campaign_id=body.get("campaignId"),
        template_id=body.get("templateId"),
        beside={"total": body["total"], CART: items},
    )
    return success("", {"id": project.events.accept(purchase, project.clock()).key})


def update_cart(call: Call) -> Reply:
    body, project = call.body, call.project
    _require(call, _CART_BODY, "user", "items")
    created = _created(call)
    items = _items(project, body["items"])
    user = _write(call, {CART: items})
    if CART_EVENT not in project.options.behaviour.disallowed_events:
        event = Event(user=user.id, name=CART_EVENT, created=created, data={CART: items})
        project.events.accept(event, project.clock())
    return success()


def _require(call: Call, shape: bodies.Shape, *required: str) -> None:
    body = call.body
    bodies.require(body, shape, call.path, *required)
    bodies.require(body["user"], bodies.SINGLE_UPDATE, call.path, at="obj.user")
    bodies.require_rows(body["items"], _ITEM, "obj.items", call.path, "id", "name", "price", "quantity")
    if body["user"].get("email") is None and body["user"].get("userId") is None:
        raise refusal(400, "BadParams", "Either email or userId must be set")


def _created(call: Call) -> float:
    asked = call.body.get("createdAt")
    created = call.project.clock() if asked is None else moment(asked)
    if created is None:
        raise refusal(400, "BadParams", f"Invalid createdAt: {asked}")
    return created


def _items(project: Project, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items as stored. What they have beside the documented members is typed alike in carts and purchases."""
    return [
        {**item, "dataFields": _stored(project, CART, item["dataFields"])} if item.get("dataFields") else item
        for item in items
    ]


def _stored(project: Project, name: str, fields: Fields) -> Fields:
    if not fields:
        return fields
    submitted = Submitted(name, fields, project.options.create_new_fields)
    (stored,) = project.events.fields.admit([submitted], "purchase").rows
    if stored is None:
        raise refusal(400, "BadParams", f"Invalid dataFields for {name}")
    return without_nulls(stored) if project.options.behaviour.event_nulls == "dropped" else stored


def _write(call: Call, cart: Fields) -> Profile:
    """The user of the request, made or updated, with this cart."""
    project, row = call.project, call.body["user"]
    (fields,) = project.fields.admit([row.get("dataFields") or {}], create=creates(project, row)).rows
    outcome = write(project, row, None if fields is None else {**fields, **cart})
    if isinstance(outcome, Failure):
        raise single_refusal(outcome, project.options.behaviour)
    return outcome
