"""Checks that a project has the type that the settings say, as far as a user's profile shows it.

Iterable has no endpoint that names the type. A profile does: it lists its static lists as `emailListIds` in e-mail
projects, and as `userListIds` in user id and hybrid projects (support article 9216719179796).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.resources.user_lookup import request_user
from reverse_etl.destinations.request import ApiCaller
from reverse_etl.errors import ConfigError

_PLACEHOLDER = "@placeholder.email"  # an address that only e-mail projects make up
_BY_FIELD = {"emailListIds": (ProjectType.EMAIL,), "userListIds": (ProjectType.USER_ID, ProjectType.HYBRID)}


def check_project_type(project: ProjectType, users: Iterable[tuple[str, str]], asker: ApiCaller) -> bool:
    """Return whether one of some users shows that the type is right. `users` are identifiers: key and value.

    Raises ConfigError if the project is of another type than `project`, and DestinationError.
    """
    for key, value in users:
        reply = asker.ask(request_user(key, value))
        user = reply.body.get("user") if reply.status == 200 and isinstance(reply.body, dict) else None
        types = _types_of(user) if isinstance(user, dict) else ()
        if project in types:
            return True
        if types:
            raise _wrong_type(project, types)
    return False


def _types_of(user: Mapping[str, object]) -> tuple[ProjectType, ...]:
    """Return the types that a project with such a profile can have; none if the profile does not show it."""
    fields = user.get("dataFields")
    known = [types for name, types in _BY_FIELD.items() if isinstance(fields, dict) and name in fields]
    if len(known) == 1:
        return known[0]
    return (ProjectType.EMAIL,) if str(user.get("email", "")).endswith(_PLACEHOLDER) else ()


def _wrong_type(project: ProjectType, types: tuple[ProjectType, ...]) -> ConfigError:
    names = " or ".join(f"`{one.value}`" for one in types)
    return ConfigError(
        "project-type-differs",
        f"the project type is set to `{project.value}`, and the profiles in Iterable show a project of type {names}",
        context={"set to": project.value, "in Iterable": ", ".join(one.value for one in types)},
        hint="Set ITERABLE_PROJECT_TYPE, or `project_type` of the destination, to what Iterable shows under"
        " Settings > Project Settings > Unique identifier.",
    )
