"""Checks the JSON shape of request bodies, with Iterable's words for what is wrong. Knows no meaning of any member."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

import orjson

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.replies import Refusal, refusal

Kind = type | list[type]
"""A JSON type; a list of one type is an array of which every element has it."""
Shape = Mapping[str, Kind]

USER_ROW: Shape = {
    "email": str,
    "userId": str,
    "dataFields": dict,
    "preferUserId": bool,
    "mergeNestedObjects": bool,
}
SINGLE_UPDATE: Shape = {**USER_ROW, "createNewFields": bool}
BULK_UPDATE: Shape = {"users": list, "createNewFields": bool, "updateOnly": bool}
UPDATE_EMAIL: Shape = {"currentEmail": str, "currentUserId": str, "newEmail": str}
MERGE: Shape = {
    "sourceEmail": str,
    "sourceUserId": str,
    "destinationEmail": str,
    "destinationUserId": str,
    "arrayMerge": list,
}
ARRAY_MERGE: Shape = {"field": str, "dedupeBy": str}
IDENTIFIER: Shape = {"email": str, "userId": str}

_EXPECTED = {str: "String", bool: "Boolean", dict: "Object", list: "Array", int: "Number", float: "Number"}


def parse(raw: bytes, path: str) -> dict[str, Any]:
    """The body as an object; BadJsonBody for anything else."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise bad_body(path, {"obj": "Valid JSON expected"}) from None
    if type(body) is not dict:
        raise bad_body(path, {"obj": _words(dict)})
    return body


def require(body: dict[str, Any], shape: Shape, path: str, *required: str, at: str = "obj") -> None:
    """Refuse a body with members of the wrong type, or without one that is required."""
    if faults := wrong_members(body, shape, at, *required):
        raise bad_body(path, faults)


def require_rows(rows: list[Any], shape: Shape, at: str, path: str, *required: str) -> None:
    """Refuse an array in which any row is not an object of this shape: one such row costs the whole request."""
    faults: dict[str, str] = {}
    for index, row in enumerate(rows):
        if type(row) is not dict:
            faults[f"{at}[{index}]"] = _words(dict)
        elif bad := wrong_members(row, shape, f"{at}[{index}]", *required):
            faults |= bad
    if faults:
        raise bad_body(path, faults)


def require_at_most(limit: int | None, items: Sized) -> None:
    """BatchTooLarge for more items than the limit, where there is one."""
    if limit is not None and len(items) > limit:
        raise refusal(400, "BatchTooLarge", f"Batch of {len(items)} exceeds {plural(limit, 'item')}")


def wrong_members(value: dict[str, Any], shape: Shape, at: str, *required: str) -> dict[str, str]:
    """Path to complaint; a null member counts as an absent one."""
    faults: dict[str, str] = {}
    for name, kind in shape.items():
        member = value.get(name)
        if member is not None:
            faults |= _faults(member, kind, f"{at}.{name}")
        elif name in required:
            faults[f"{at}.{name}"] = _words(list if isinstance(kind, list) else kind)
    return faults


def bad_body(path: str, params: Mapping[str, str]) -> Refusal:
    return refusal(400, "BadJsonBody", f"[{path}] Invalid JSON body", dict(params))


def _faults(member: Any, kind: Kind, at: str) -> dict[str, str]:
    if not isinstance(kind, list):
        return {} if _fits(member, kind) else {at: _words(kind)}
    if type(member) is not list:
        return {at: _words(list)}
    expected = kind[0]
    return {f"{at}[{index}]": _words(expected) for index, item in enumerate(member) if not _fits(item, expected)}


def _fits(member: Any, expected: type) -> bool:
    """A shape's `float` takes whole numbers too, its `int` takes no others."""
    return type(member) is expected or (expected is float and type(member) is int)


def _words(expected: type) -> str:
    return f"{_EXPECTED[expected]} value expected"
