"""Checks the JSON types in request bodies, and reports wrong ones as Iterable does."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

import orjson

from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal

MemberType = type | list[type]
"""A JSON type. A list with one type is an array whose elements all have this type."""
Shape = Mapping[str, MemberType]
"""The members of an object and their types."""

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

_TYPE_NAMES = {str: "String", bool: "Boolean", dict: "Object", list: "Array", int: "Number", float: "Number"}


def parse_body(raw: bytes, path: str) -> dict[str, Any]:
    """Return the body as an object. Anything else is refused with BadJsonBody."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadBody(path, {"obj": "Valid JSON expected"}) from None
    if type(body) is not dict:
        raise BadBody(path, {"obj": _describe_expected(dict)})
    return body


def check_body(body: dict[str, Any], shape: Shape, path: str, *required: str, at: str = "obj") -> None:
    """Refuse a body that has members of a wrong type or lacks a required member."""
    if problems := _list_member_problems(body, shape, at, *required):
        raise BadBody(path, problems)


def check_rows(rows: list[Any], shape: Shape, at: str, path: str, *required: str) -> None:
    """Refuse an array if any row is not an object of this shape. One wrong row refuses the whole request."""
    problems: dict[str, str] = {}
    for index, row in enumerate(rows):
        if type(row) is not dict:
            problems[f"{at}[{index}]"] = _describe_expected(dict)
        elif row_problems := _list_member_problems(row, shape, f"{at}[{index}]", *required):
            problems |= row_problems
    if problems:
        raise BadBody(path, problems)


def check_count(limit: int | None, items: Sized) -> None:
    """Refuse more items than the limit with BatchTooLarge, if there is a limit."""
    if limit is not None and len(items) > limit:
        raise ApiRefusal(400, "BatchTooLarge", f"Batch of {len(items)} exceeds {pluralize(limit, 'item')}")


class BadBody(ApiRefusal):
    """Refuses a body. `params` maps the path of each wrong value to what is wrong."""

    def __init__(self, path: str, params: Mapping[str, str]) -> None:
        super().__init__(400, "BadJsonBody", f"[{path}] Invalid JSON body", dict(params))


def _list_member_problems(value: dict[str, Any], shape: Shape, at: str, *required: str) -> dict[str, str]:
    """Return path to problem. A null member counts as missing."""
    problems: dict[str, str] = {}
    for name, type_ in shape.items():
        member = value.get(name)
        if member is not None:
            problems |= _list_value_problems(member, type_, f"{at}.{name}")
        elif name in required:
            problems[f"{at}.{name}"] = _describe_expected(list if isinstance(type_, list) else type_)
    return problems


def _list_value_problems(member: Any, type_: MemberType, at: str) -> dict[str, str]:
    if not isinstance(type_, list):
        return {} if _has_type(member, type_) else {at: _describe_expected(type_)}
    if type(member) is not list:
        return {at: _describe_expected(list)}
    expected = type_[0]
    return {
        f"{at}[{index}]": _describe_expected(expected)
        for index, item in enumerate(member)
        if not _has_type(item, expected)
    }


def _has_type(member: Any, expected: type) -> bool:
    """Return whether a value fits. `float` also accepts whole numbers, `int` accepts only whole numbers."""
    return type(member) is expected or (expected is float and type(member) is int)


def _describe_expected(expected: type) -> str:
    return f"{_TYPE_NAMES[expected]} value expected"
