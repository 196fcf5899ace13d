"""The lists themselves: what there is, making one, deleting one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.replies import Reply, refusal, resource, success

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.lists import UserList

_CREATE: Final[bodies.Shape] = {"name": str, "description": str}


def lists(call: Call) -> Reply:
    """Static lists come first: readers that take the first list can also change it."""
    return resource({"lists": [_shown(one) for one in static_first(call.project.lists)]})


def static_first(found: Iterable[UserList]) -> list[UserList]:
    """Return the lists, those that the API can change first."""
    return sorted(found, key=lambda one: one.type != "Standard")


def create(call: Call) -> Reply:
    """Names need not be unique."""
    body, project = call.body, call.project
    bodies.require(body, _CREATE, call.path, "name")
    if not body["name"].strip():
        raise refusal(400, "BadParams", "List name must not be empty")
    made = project.lists.create(body["name"], body.get("description"), project.clock())
    return resource({"listId": made.id}, f"list {made.id}")


def delete(call: Call) -> Reply:
    project, text = call.project, call.argument
    project_id = project.options.behaviour.project_id
    found = find(call, text)
    if found is None:
        told = f"Unable to delete list {text} in Project {project_id}, which does not exist."
        raise refusal(400, "BadParams", told)
    require_standard(found)
    project.lists.delete(found)
    return success(f"List {found.id} in Project {project_id} was successfully deleted.")


def find(call: Call, number: str) -> UserList | None:
    """The list of an id as it stands in a path or a query."""
    return call.project.lists.get(int(number)) if number.isdecimal() and len(number) < 19 else None


def require_standard(found: UserList) -> None:
    """Iterable documents that only static lists can be changed; the words of the refusal are not recorded."""
    if found.type != "Standard":
        raise refusal(400, "BadParams", f"List {found.id} is a dynamic list; only standard lists can be changed")


def _shown(one: UserList) -> dict[str, Any]:
    described = {"description": one.description} if one.description is not None else {}
    return {
        "id": one.id,
        "name": one.name,
        **described,
        "createdAt": int(one.created * 1000),
        "listType": one.type,
    }
