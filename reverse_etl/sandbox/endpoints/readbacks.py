"""What the sandbox tells about itself as JSON, under /sandbox: nothing of this exists at Iterable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.endpoints.lists.list_reads import members
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, resource
from reverse_etl.sandbox.rules.dates import written
from reverse_etl.sandbox.rules.faults import Faults

if TYPE_CHECKING:
    from reverse_etl.sandbox.http.call import Call


def users(call: Call) -> Reply:
    return resource([profile.as_written() for profile in call.project.users.values()])


def lists(call: Call) -> Reply:
    """Standard lists with their members, those who joined first in front."""
    project = call.project
    standard = [one for one in project.lists if one.type == "Standard"]
    return resource(
        [
            {"id": one.id, "name": one.name, "members": [user.identifiers() for user in members(project, one)]}
            for one in standard
        ]
    )


def catalogs(call: Call) -> Reply:
    """Catalogs with the types of their fields, and their items by id."""
    return resource(
        [
            {
                "name": catalog.name,
                "fields": catalog.types,
                "items": {key: item.value for key, item in catalog.items.items()},
            }
            for catalog in call.project.catalogs
        ]
    )


def subscriptions(call: Call) -> Reply:
    """What each user chose: lists, and what may be sent. Users who never chose are left out."""
    project = call.project
    return resource(
        [
            {
                **profile.identifiers(),
                project.rules.list_field: project.lists.of(profile),
                **profile.preferences.as_read(),
            }
            for profile in project.users.values()
            if profile.preferences is not None
        ]
    )


def requests(call: Call) -> Reply:
    """Oldest first."""
    names = ("method", "path", "status", "bytes", "items", "summary", "fault")
    return resource(
        [
            {"time": written(entry.time), **{name: getattr(entry, name) for name in names}}
            for entry in call.project.requests
        ]
    )


def reset(call: Call) -> Reply:
    call.project.reset()
    return resource({"reset": True})


def reset_and_return(call: Call) -> Reply:
    """The reset button: empty the project and show the overview."""
    call.project.reset()
    return Reply(303, headers={"Location": "/"}, media_type="text/plain", summary="reset")


def faults(call: Call) -> Reply:
    """What is on, and how many requests have met it."""
    on = call.project.faults
    return resource({"faults": [str(fault) for fault in on.on], "seed": on.seed, "met": dict(on.met)})


def set_faults(call: Call) -> Reply:
    """`{"faults": ["429:0.05"], "seed": 7}` instead of whatever was on; no `faults`: none."""
    body = call.body
    bodies.require(body, {"faults": list, "seed": int}, call.path)
    try:
        call.project.faults = Faults([str(text) for text in body.get("faults") or []], body.get("seed") or 0)
    except ValueError as error:
        raise refusal(400, "BadParams", str(error)) from None
    return faults(call)
