"""The page of the Python API, from the signatures and docstrings of the package."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum

from markdown_pieces import code, table

import reverse_etl
from reverse_etl.api.project import Project

_INTRO = """# Python API

Import these names from `reverse_etl`. [Use it from Python](../guides/python.md) shows how they work together.

`Names` is one text or several. `Listener` is a function that takes an `Event`.

"""
_OPERATIONS = (
    "run",
    "plan",
    "baseline",
    "validate",
    "list",
    "status",
    "history",
    "rejected",
    "requeue",
    "accept_destination",
    "list_states",
    "prune_states",
    "reset_states",
    "migrate_states",
)


def api_page() -> str:
    """Return every operation with its signature, and every value and error that operations return or raise."""
    values = [name for name in sorted(reverse_etl.__all__) if name not in ("Project", "__version__")]
    errors = [name for name in values if _is_error(name)]
    others = [name for name in values if name not in errors]
    parts = [
        _INTRO,
        f"## Project\n\n{_text(Project)}\n\n",
        *_member("load"),
        *(part for name in _OPERATIONS for part in _member(name)),
        "### `redactor`\n\n" + _text(Project.redactor) + "\n\n",
        "## Values\n\n",
        *(part for name in others for part in _value(name)),
        "## Errors\n\n",
        table(("Name", "Meaning"), [(code(name), _first_line(getattr(reverse_etl, name))) for name in errors]),
    ]
    return "".join(parts)


def documented_members() -> set[str]:
    """Return the members of `Project` that the page describes."""
    return {"load", "redactor", *_OPERATIONS}


def _member(name: str) -> Iterator[str]:
    function = getattr(Project, name)
    yield f"### `{name}`\n\n```python\n{_signature(name, function)}\n```\n\n{_text(function)}\n\n"


def _signature(name: str, function: object) -> str:
    """Return the signature, one parameter a line if it is long."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    star = next((at for at, one in enumerate(parameters) if one.kind is inspect.Parameter.KEYWORD_ONLY), None)
    words = [_parameter(one) for one in parameters]
    if star is not None:
        words.insert(star, "*")
    line = f"{name}({', '.join(words)}) -> {signature.return_annotation}"
    if len(line) <= 100:
        return line
    return f"{name}(\n    " + ",\n    ".join(words) + f",\n) -> {signature.return_annotation}"


def _parameter(one: inspect.Parameter) -> str:
    if one.default is inspect.Parameter.empty:
        return f"{one.name}: {one.annotation}"
    default = one.default.__name__ if callable(one.default) else repr(one.default)
    return f"{one.name}: {one.annotation} = {default}"


def _value(name: str) -> Iterator[str]:
    value = getattr(reverse_etl, name)
    yield f"### `{name}`\n\n{_text(value)}\n\n"
    if isinstance(value, type) and issubclass(value, Enum):
        yield ", ".join(code(one.value) for one in value) + "\n\n"
    elif is_dataclass(value):
        rows = [(code(field), code(kind)) for field, kind in value.__annotations__.items()]
        yield table(("Field", "Type"), rows) + "\n"


def _is_error(name: str) -> bool:
    value = getattr(reverse_etl, name)
    return isinstance(value, type) and issubclass(value, Exception)


def _text(documented: object) -> str:
    return inspect.getdoc(documented) or ""


def _first_line(documented: object) -> str:
    return _text(documented).partition("\n")[0]
