"""POST commerce/trackPurchase and commerce/updateCart. They create users that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.failure_replies import build_single_refusal
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_success
from reverse_etl.sandbox.rules.dates import parse_unix_time
from reverse_etl.sandbox.rules.event_fields import SubmittedEvent
from reverse_etl.sandbox.rules.fields import drop_nulls
from reverse_etl.sandbox.rules.journeys import Occurrence
from reverse_etl.sandbox.state.events import MAX_ID_BYTES, Event
from reverse_etl.sandbox.state.profile import CART_FIELD, Profile
from reverse_etl.sandbox.state.user_writes import Failure, write_user

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.rules.fields import Fields
    from reverse_etl.sandbox.state.project import Project

CART_EVENT: Final = "updateCart"

_CART_BODY: Final[request_bodies.Shape] = {"user": dict, "items": [dict], "createdAt": float}
_PURCHASE_BODY: Final[request_bodies.Shape] = {
    **_CART_BODY,
    "total": float,
    "id": str,
    "campaignId": int,
    "templateId": int,
    "dataFields": dict,
}
_ITEM: Final[request_bodies.Shape] = {
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
    _check_body(call, _PURCHASE_BODY, "user", "items", "total")
    if len((body.get("id") or "").encode()) > MAX_ID_BYTES:
        raise ApiRefusal(400, "BadParams", f"The id of a purchase has at most {MAX_ID_BYTES} bytes")
    created = _read_created_at(call)
    items = _store_items(project, body["items"])
    fields = _store_fields(project, "purchase", body.get("dataFields") or {})
    # A purchase empties the cart.
    user = _write_user(call, {CART_FIELD: None})
    purchase = Event(
        user=user.id,
        name="purchase",
        created=created,
        data=fields,
        key=body.get("id") or "",
        type="purchase",
        campaign_id=body.get("campaignId"),
        template_id=body.get("templateId"),
        purchase_fields={"total": body["total"], CART_FIELD: items},
    )
    return reply_success("", {"id": project.events.accept(purchase, project.clock()).key})


def update_cart(call: Call) -> Reply:
    body, project = call.body, call.project
    _check_body(call, _CART_BODY, "user", "items")
    created = _read_created_at(call)
    items = _store_items(project, body["items"])
    user = _write_user(call, {CART_FIELD: items})
    project.journeys.start(user, Occurrence("cart_update", cause="cart update"), project.clock())
    if CART_EVENT not in project.options.behaviour.disallowed_events:
        event = Event(user=user.id, name=CART_EVENT, created=created, data={CART_FIELD: items})
        project.events.accept(event, project.clock())
    return reply_success()


def _check_body(call: Call, shape: request_bodies.Shape, *required: str) -> None:
    body = call.body
    request_bodies.check_body(body, shape, call.path, *required)
    request_bodies.check_body(body["user"], request_bodies.SINGLE_UPDATE, call.path, at="obj.user")
    request_bodies.check_rows(body["items"], _ITEM, "obj.items", call.path, "id", "name", "price", "quantity")
    if body["user"].get("email") is None and body["user"].get("userId") is None:
        raise ApiRefusal(400, "BadParams", "Either email or userId must be set")


def _read_created_at(call: Call) -> float:
    sent = call.body.get("createdAt")
    created = call.project.clock() if sent is None else parse_unix_time(sent)
    if created is None:
        raise ApiRefusal(400, "BadParams", f"Invalid createdAt: {sent}")
    return created


def _store_items(project: Project, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items as stored. The types of their dataFields are the same in carts and purchases."""
    return [
        {**item, "dataFields": _store_fields(project, CART_FIELD, item["dataFields"])}
        if item.get("dataFields")
        else item
        for item in items
    ]


def _store_fields(project: Project, name: str, fields: Fields) -> Fields:
    if not fields:
        return fields
    submitted = SubmittedEvent(name, fields, project.options.create_new_fields)
    (stored,) = project.events.field_types.admit_events([submitted], "purchase").rows
    if stored is None:
        raise ApiRefusal(400, "BadParams", f"Invalid dataFields for {name}")
    return drop_nulls(stored) if project.options.behaviour.event_nulls == "dropped" else stored


def _write_user(call: Call, cart: Fields) -> Profile:
    """Create or update the user of the request with this cart."""
    project, row = call.project, call.body["user"]
    create = project.may_create_fields(row)
    (fields,) = project.field_types.admit_rows([row.get("dataFields") or {}], create=create).rows
    outcome = write_user(project, row, None if fields is None else {**fields, **cart})
    if isinstance(outcome, Failure):
        raise build_single_refusal(outcome, project.options.behaviour)
    return outcome
