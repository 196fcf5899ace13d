"""Request bodies: strict JSON, and whether members have the types that the reference gives them (3.4).

A shape is a mapping of member names to kinds; a name that ends in `!` is required. A kind is the name of a JSON type,
a shape for an object, `[kind]` for an array, or `{"*": kind}` for an object with any names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from tests.reference_iterable.replies import bad_json

Note = Callable[[str], None]
STRING, BOOLEAN, NUMBER, INTEGER, OBJECT, ARRAY = "String", "Boolean", "Number", "Integer", "Object", "Array"

USER_ROW = {
    "email": STRING,
    "userId": STRING,
    "dataFields": OBJECT,
    "preferUserId": BOOLEAN,
    "mergeNestedObjects": BOOLEAN,
}


def parse_body(path: str, content: bytes, note: Note) -> Any:
    """Return the body as plain values. An empty body is an empty object. Raises Refusal."""

    def refuse_constant(name: str) -> NoReturn:
        note(f"json: {name} is no JSON, in {path}")
        raise ValueError(name)

    try:
        return json.loads(
            content.decode("utf-8") or "{}", parse_constant=refuse_constant, object_pairs_hook=_make_object_hook(note)
        )
    except ValueError as error:
        raise bad_json(path, {"obj": str(error)}) from None


def _make_object_hook(note: Note) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            note(f"json: a member is there twice in one object: {names}")
        return dict(pairs)

    return made


def check_body(path: str, body: Any, shape: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """Return the body without optional members that are null. Raises Refusal with every wrong member."""
    faults = dict(_iterate_faults(body, shape, "obj"))
    if faults:
        raise bad_json(path, faults)
    for name in _iterate_unknown_members(body, shape, "obj"):
        note(f"members: {path} knows no {name}")
    return dict(_drop_nulls(body, shape))


def _iterate_faults(value: Any, kind: Any, at: str) -> Iterator[tuple[str, str]]:
    name = kind if isinstance(kind, str) else ARRAY if isinstance(kind, list) else OBJECT
    if not _has_type(value, name):
        yield at, f"{name} value expected"
    elif isinstance(kind, list):
        for number, item in enumerate(value):
            yield from _iterate_faults(item, kind[0], f"{at}[{number}]")
    elif isinstance(kind, dict) and "*" in kind:
        for name, item in value.items():
            yield from _iterate_faults(item, kind["*"], f"{at}.{name}")
    elif isinstance(kind, dict):
        yield from _iterate_member_faults(value, kind, at)


def _iterate_member_faults(value: dict[str, Any], shape: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    for name, kind in shape.items():
        bare, required = name.rstrip("!"), name.endswith("!")
        if value.get(bare) is not None:
            yield from _iterate_faults(value[bare], kind, f"{at}.{bare}")
        elif required:
            yield f"{at}.{bare}", "error.path.missing"


def _has_type(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == BOOLEAN
    types = {STRING: str, NUMBER: (int, float), INTEGER: int, OBJECT: dict, ARRAY: list}
    return isinstance(value, types.get(kind, ()))  # type: ignore[arg-type]


def _iterate_unknown_members(value: Any, kind: Any, at: str) -> Iterator[str]:
    """Yield the members that the shape does not have."""
    if isinstance(kind, list):
        for number, item in enumerate(value):
            yield from _iterate_unknown_members(item, kind[0], f"{at}[{number}]")
    elif isinstance(kind, dict) and "*" not in kind:
        known = {name.rstrip("!"): inner for name, inner in kind.items()}
        for name, item in value.items():
            if name not in known:
                yield f"{at}.{name}"
            elif item is not None:
                yield from _iterate_unknown_members(item, known[name], f"{at}.{name}")


def _drop_nulls(value: Any, kind: Any) -> Any:
    """Remove optional members that are null. The content of `Object` members stays as it is."""
    if isinstance(kind, list):
        return [_drop_nulls(item, kind[0]) for item in value]
    if isinstance(kind, dict) and "*" not in kind:
        known = {name.rstrip("!"): inner for name, inner in kind.items()}
        return {
            name: _drop_nulls(item, known[name]) for name, item in value.items() if name in known and item is not None
        }
    return value
