"""The sandbox's own data as JSON, under /sandbox. Iterable has no such endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json
from reverse_etl.sandbox.rules.dates import format_time
from reverse_etl.sandbox.rules.faults import FaultSwitches

if TYPE_CHECKING:
    from reverse_etl.sandbox.endpoints.call import Call


def list_users(call: Call) -> Reply:
    return reply_json([profile.to_sandbox_json() for profile in call.project.users.values()])


def list_lists(call: Call) -> Reply:
    """Return Standard lists with their members, in the order of joining."""
    project = call.project
    standard = [one for one in project.lists if one.type == "Standard"]
    return reply_json(
        [
            {"id": one.id, "name": one.name, "members": [user.get_identifiers() for user in project.list_members(one)]}
            for one in standard
        ]
    )


def list_catalogs(call: Call) -> Reply:
    """Return catalogs with their field types, and their items by id."""
    return reply_json(
        [
            {
                "name": catalog.name,
                "fields": catalog.types,
                "items": {key: item.value for key, item in catalog.items.items()},
            }
            for catalog in call.project.catalogs
        ]
    )


def list_subscriptions(call: Call) -> Reply:
    """Return the lists, channels and message types of each user who has preferences."""
    project = call.project
    return reply_json(
        [
            {
                **profile.get_identifiers(),
                project.identity_rules.list_field: project.lists.list_ids_of(profile),
                **profile.preferences.to_api(),
            }
            for profile in project.users.values()
            if profile.preferences is not None
        ]
    )


def list_requests(call: Call) -> Reply:
    """Return the request log, oldest first."""
    names = ("method", "path", "status", "bytes", "items", "summary", "fault")
    return reply_json(
        [
            {"time": format_time(request.time), **{name: getattr(request, name) for name in names}}
            for request in call.project.requests
        ]
    )


def reset_project(call: Call) -> Reply:
    call.project.reset()
    return reply_json({"reset": True})


def reset_and_redirect(call: Call) -> Reply:
    """Empty the project and show the overview. The button on the pages calls this."""
    call.project.reset()
    return Reply(303, headers={"Location": "/"}, media_type="text/plain", summary="reset")


def get_faults(call: Call) -> Reply:
    """Return the active faults, and how many requests got each one."""
    faults = call.project.faults
    active = [str(fault) for fault in faults.active]
    return reply_json({"faults": active, "seed": faults.seed, "met": dict(faults.counts)})


def set_faults(call: Call) -> Reply:
    """Replace the active faults, for example with `{"faults": ["429:0.05"], "seed": 7}`. No `faults`: none."""
    body = call.body
    request_bodies.check_body(body, {"faults": list, "seed": int}, call.path)
    try:
        texts = [str(text) for text in body.get("faults") or []]
        call.project.faults = FaultSwitches(texts, body.get("seed") or 0)
    except ValueError as error:
        raise ApiRefusal(400, "BadParams", str(error)) from None
    return get_faults(call)
