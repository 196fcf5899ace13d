"""How requests are shown: structure and names as they are, values masked in every place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reverse_etl.report.plan_parts.payloads import payload_dict, payload_lines
from reverse_etl.run.planning.payload_preview import PayloadPreview

ROW = {"email": "ada@shop.com", "dataFields": {"tier": "gold", "ids": [17, 2.5], "is_vip": True, "note": None}}
BULK = PayloadPreview(
    "changed",
    "ada@shop.com",
    "changed fields only",
    "POST",
    "/api/lists/subscribe",
    {"listId": 4711, "subscribers": [ROW], "updateExistingUsersOnly": True},
    own=("listId", "updateExistingUsersOnly"),
    fields={"email": "identifier", "tier": "changed"},
    spared=1,
    rows_in_request=1000,
)


def shown(payload: PayloadPreview) -> dict[str, Any]:
    return payload_dict(payload, show_values=False)


def test_values_are_masked_by_their_type_and_settings_of_the_request_are_not() -> None:
    masked = {"tier": "g…", "ids": ["•••", "•••"], "is_vip": "<boolean>", "note": None}
    assert shown(BULK)["body"] == {
        "listId": 4711,
        "subscribers": [{"email": "a…@s…", "dataFields": masked}],
        "updateExistingUsersOnly": True,
    }
    assert shown(BULK)["key"] == "a…@s…"


def test_with_values_the_request_is_as_it_goes_out() -> None:
    whole = payload_dict(BULK, show_values=True)
    assert (whole["key"], whole["body"]) == ("ada@shop.com", BULK.body)


@pytest.mark.parametrize(
    ("path", "key", "body", "masked"),
    [
        ("/api/users/ada%40shop.com", "ada@shop.com", None, "/api/users/a…@s…"),
        ("/api/users/Ada@Shop.com", "ada@shop.com", None, "/api/users/A…@S…"),
        ("/api/users/byUserId/C-123", "C-123", None, "/api/users/byUserId/C…"),
        ("/api/users/byUserId?userId=C-123", "C-123", None, "/api/users/byUserId?userId=C…"),
        ("/api/users/byUserId/other", "key", {"userId": "Other"}, "/api/users/byUserId/o…"),
        ("/api/catalogs/Products/items", "sku-1", {"sku-1": {}}, "/api/catalogs/Products/items"),
    ],
)
def test_a_path_hides_whom_it_names(path: str, key: str, body: object, masked: str) -> None:
    found = shown(PayloadPreview("removed", key, method="DELETE", path=path, body=body, lookup=f"GET {path}"))
    assert (found["path"], found["lookup"]) == (masked, f"GET {masked}")


def test_a_key_that_is_a_name_in_the_request_is_masked_too() -> None:
    item = PayloadPreview("added", "sku-12345", body={"documents": {"sku-12345": {"price": 3}}})
    assert shown(item)["body"] == {"documents": {"s…": {"price": "•••"}}}
    assert "12345" not in "\n".join(payload_lines(item, show_values=False))


def test_the_lines_hold_the_request_and_the_reasons() -> None:
    title, *lines = payload_lines(BULK, show_values=False)
    assert title == "  payload     changed a…@s…: changed fields only"
    texts = [line.strip() for line in lines]
    assert texts[0] == "POST /api/lists/subscribe"
    end = texts.index("email: identifier")
    assert json.loads("".join(texts[1:end])) == shown(BULK)["body"]
    assert texts[end:] == [
        "email: identifier",
        "tier: changed",
        "1 field did not change and stays out",
        "a request of a run holds up to 1,000 rows",
    ]


def test_a_row_without_a_request_says_why() -> None:
    lines = payload_lines(
        PayloadPreview("added", "key", "whole row: new", problem="row-too-large: no"), show_values=False
    )
    assert [line.strip() for line in lines][1:] == ["no request: row-too-large: no"]


def test_no_value_steers_the_terminal() -> None:
    lines = payload_lines(PayloadPreview("added", "k\x1b[2J", body={"a": "\x1b[2J"}, path="/x"), show_values=True)
    assert "\x1b" not in "".join(lines)
