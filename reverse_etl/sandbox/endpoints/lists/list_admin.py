"""GET, POST and DELETE lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.replies import ApiRefusal, Reply, reply_json, reply_success

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.state.lists import UserList

_CREATE: Final[request_bodies.Shape] = {"name": str, "description": str}


def list_lists(call: Call) -> Reply:
    """Return all lists, Standard ones first: a reader that uses the first list can also change it."""
    return reply_json({"lists": [_format_list(one) for one in sort_standard_first(call.project.lists)]})


def sort_standard_first(lists: Iterable[UserList]) -> list[UserList]:
    """Return the lists. Lists that the API can change come first."""
    return sorted(lists, key=lambda one: one.type != "Standard")


def create_list(call: Call) -> Reply:
    """Create a list. Two lists can have the same name."""
    body, project = call.body, call.project
    request_bodies.check_body(body, _CREATE, call.path, "name")
    if not body["name"].strip():
        raise ApiRefusal(400, "BadParams", "List name must not be empty")
    created = project.lists.create(body["name"], body.get("description"), project.clock())
    return reply_json({"listId": created.id}, f"list {created.id}")


def delete_list(call: Call) -> Reply:
    project, text = call.project, call.argument
    project_id = project.options.behaviour.project_id
    user_list = find_list(call, text)
    if user_list is None:
        message = f"Unable to delete list {text} in Project {project_id}, which does not exist."
        raise ApiRefusal(400, "BadParams", message)
    require_standard(user_list)
    project.lists.delete(user_list)
    return reply_success(f"List {user_list.id} in Project {project_id} was successfully deleted.")


def find_list(call: Call, number: str) -> UserList | None:
    """Return the list with the id in a path or a query. None if it does not exist."""
    return call.project.lists.find(int(number)) if number.isdecimal() and len(number) < 19 else None


def require_standard(user_list: UserList) -> None:
    """Refuse to change a dynamic list. Iterable documents this, but the text of the refusal is not recorded."""
    if user_list.type != "Standard":
        text = f"List {user_list.id} is a dynamic list; only standard lists can be changed"
        raise ApiRefusal(400, "BadParams", text)


def _format_list(user_list: UserList) -> dict[str, Any]:
    description = {"description": user_list.description} if user_list.description is not None else {}
    return {
        "id": user_list.id,
        "name": user_list.name,
        **description,
        "createdAt": int(user_list.created * 1000),
        "listType": user_list.type,
    }
