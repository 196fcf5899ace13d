"""Tests of users: identity by project type, field types, merging, failures, reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.reference_iterable.conftest import Api
from tests.reference_iterable.rules.fields import KNOWN

STEMS = ("invalid", "notFound", "invalidData", "conflict", "forgotten")
ARRAYS = {f"{stem}{kind}" for stem in STEMS for kind in ("Emails", "UserIds")}
A, B = "a@shop.com", "b@shop.com"


def failures(result: dict[str, Any]) -> dict[str, list[str]]:
    """Return the arrays that are not empty. Check that all arrays exist and the counts match."""
    arrays = result["failedUpdates"]
    assert set(arrays) == ARRAYS
    assert result["failCount"] == sum(map(len, arrays.values()))
    return {name: values for name, values in arrays.items() if values}


def test_a_bulk_update_upserts_and_tells_counts_and_new_fields(api: Api) -> None:
    result = api.bulk({"email": "A@Shop.com", "dataFields": {"n": 1, "plan": {"tier": "pro"}}}, {"email": B})
    assert (result["successCount"], result["filteredOutFields"]) == (2, [])
    assert result["createdFields"] == ["n", "plan", "plan.tier"]
    assert failures(result) == {}
    assert "msg" not in result
    assert api.server.users == {A: {"n": 1, "plan": {"tier": "pro"}}, B: {}}


def test_every_row_may_fail_and_the_status_is_200(api: Api) -> None:
    api.server.forgotten_emails.add("f@shop.com")
    long = {"email": B, "dataFields": {"note": "x" * 32_001}}
    rows = [{"email": "bad@"}, {"userId": "x" * 53}, {"userId": "nobody"}, {"email": "F@shop.com"}, long]
    result = api.bulk(*rows)
    assert result["successCount"] == 0
    assert failures(result) == {
        "invalidEmails": ["bad@"],
        "invalidUserIds": ["x" * 53],
        "notFoundUserIds": ["nobody"],
        "forgottenEmails": ["F@shop.com"],
        "invalidDataEmails": [B],
    }
    assert (result["invalidEmails"], result["invalidUserIds"]) == (["bad@"], ["x" * 53, "nobody"])
    assert api.server.users == {}


def test_refused_identifiers_come_back_as_invalid_data(api: Api) -> None:
    api.server.refused = {A}
    assert failures(api.bulk({"email": "A@shop.com"}, {"email": B})) == {"invalidDataEmails": ["A@shop.com"]}
    assert list(api.server.users) == [B]


def test_a_bulk_update_of_nobody_is_refused(api: Api) -> None:
    told = api.assert_refused(api.post("/api/users/bulkUpdate", {"users": []}), 400, "InvalidEmailAddressError")
    assert told["msg"] == "Emails invalid: "
    api.assert_refused(api.post("/api/users/bulkUpdate", {"users": [{}]}), 400, "BadParams")


@pytest.mark.parametrize(
    ("prior", "now", "held"),
    [
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"o": {"x": 1, "y": 2}}, {"o": {"x": 3}}, {"o": {"x": 3}}),
        ({"at": "2024-01-01"}, {"at": "2024-02-29T22:00:00.000-03:00"}, {"at": "2024-03-01 01:00:00 +00:00"}),
        ({"s": "text"}, {"s": "2024-01-01"}, {"s": "2024-01-01"}),
        ({"d": 1.5}, {"d": 2}, {"d": 2}),
    ],
)
def test_values_replace_what_was_there_and_null_clears(api: Api, prior: Any, now: Any, held: Any) -> None:
    api.bulk({"email": A, "dataFields": prior})
    api.bulk({"email": A, "dataFields": now})
    assert api.server.users[A] == held


def test_objects_are_merged_one_level_where_that_is_asked_for(api: Api) -> None:
    api.bulk({"email": A, "dataFields": {"o": {"x": 1, "y": 2, "deep": {"p": 1, "q": 2}, "list": [1, 2]}}})
    api.bulk({"email": A, "mergeNestedObjects": True, "dataFields": {"o": {"x": None, "deep": {"p": 3}, "list": [3]}}})
    assert api.server.users[A] == {"o": {"y": 2, "deep": {"p": 3}, "list": [3]}}


@pytest.mark.parametrize(
    ("first", "later", "expected", "incoming"),
    [
        ("2024-01-01", "GGG", "date", ["string", "keyword"]),
        (1, 1.5, "long", ["double"]),
        (1, "1", "long", ["string", "keyword"]),
        ("1", 1, "string", ["long", "double"]),
        (True, "true", "boolean", ["string", "keyword"]),
        ({"x": 1}, "x", "object", ["string", "keyword"]),
        ([1], ["x"], "long", ["string", "keyword"]),
    ],
)
def test_a_clash_of_types_refuses_the_whole_request(
    api: Api, first: object, later: object, expected: str, incoming: list[str]
) -> None:
    api.bulk({"email": A, "dataFields": {"f": first}})
    users = [{"email": B, "dataFields": {"g": 1}}, {"email": A, "dataFields": {"f": later}}]
    body = api.assert_refused(api.post("/api/users/bulkUpdate", {"users": users}), 400, "RequestFieldsTypesMismatched")
    detail = body["params"]["validationErrors"]["f"]
    assert (detail["expectedType"], detail["incomingTypes"], detail["category"]) == (expected, incoming, "user")
    assert detail["_type"] == "UnexpectedType"
    assert "Field 'f' already exists for type 'user'" in body["msg"]
    assert B not in api.server.users
    assert "g" not in api.get("/api/users/getFields").json()["fields"]


def test_fields_are_read_with_dotted_names(api: Api) -> None:
    place = {"lat": 1.5, "lon": 2.5}
    data = {"n": 1, "d": 1.0, "tags": ["x"], "none": None, "empty": [], "o": {"at": "2024-01-01", "ok": True}}
    api.bulk({"email": A, "dataFields": {**data, "home_geo_location": place}})
    fields = api.get("/api/users/getFields").json()["fields"]
    assert {name: kind for name, kind in fields.items() if name not in KNOWN} == {
        "n": "long",
        "d": "double",
        "tags": "string",
        "o": "object",
        "o.at": "date",
        "o.ok": "boolean",
        "home_geo_location": "geo_location",
    }


def test_too_many_fields_refuse_the_request(project_of: Callable[..., Api]) -> None:
    api = project_of(field_limit=11)
    api.bulk({"email": A, "dataFields": {"one": 1, "two": 2}})
    answer = api.post("/api/users/bulkUpdate", {"users": [{"email": A, "dataFields": {"three": 3}}]})
    params = api.assert_refused(answer, 400, "UniqueFieldsLimitExceeded")["params"]
    assert params == {"limit": 11, "requestedTotal": 12, "newFields": ["three"]}
    assert api.bulk({"email": A, "dataFields": {"one": 2}})["successCount"] == 1


@pytest.mark.parametrize("by_request", [True, False])
def test_new_fields_are_dropped_and_told_where_none_may_be_made(
    project_of: Callable[..., Api], by_request: bool
) -> None:
    api = project_of(create_new_fields=by_request)
    more = {"createNewFields": False} if by_request else {}
    result = api.bulk({"email": A, "dataFields": {"n": 1, "o": {"x": 1}}}, **more)
    assert (result["createdFields"], result["filteredOutFields"], result["failCount"]) == ([], ["n", "o", "o.x"], 0)
    assert api.server.users[A] == {}


@pytest.mark.parametrize(
    ("kind", "row", "held"),
    [
        ("email", {"email": A, "userId": "1"}, (A, "1")),
        ("email", {"userId": "old"}, ("old@shop.com", "old")),
        ("user_id", {"userId": "1", "email": A}, (A, "1")),
        ("user_id", {"userId": "old", "dataFields": {"userId": "2", "email": B}}, (B, "2")),
        ("hybrid", {"userId": "old", "dataFields": {"email": B}}, (B, "old")),
        ("hybrid", {"email": "old@shop.com", "userId": "9"}, ("old@shop.com", "9")),
        ("hybrid", {"email": A}, (A, None)),
    ],
)
def test_who_a_row_is_about(project_of: Callable[..., Api], kind: str, row: Any, held: tuple[str, str | None]) -> None:
    api = project_of(kind)
    api.server.add("old@shop.com", "old")
    assert api.bulk(row)["successCount"] == 1
    assert held in [(user.email, user.user_id) for user in api.server.profiles]


@pytest.mark.parametrize(
    ("kind", "row", "array", "value"),
    [
        ("hybrid", {"email": A, "userId": "2"}, "conflictEmails", A),
        ("hybrid", {"userId": "1", "dataFields": {"email": B}}, "conflictEmails", B),
        ("user_id", {"userId": "1", "dataFields": {"userId": "2"}}, "conflictUserIds", "2"),
        ("user_id", {"email": A}, "invalidEmails", A),
        ("email", {"userId": "nobody"}, "notFoundUserIds", "nobody"),
        ("hybrid", {"userId": "1 "}, "invalidUserIds", "1 "),
        ("hybrid", {"userId": "é"}, "invalidUserIds", "é"),
        ("hybrid", {"userId": "1", "dataFields": {"email": "no"}}, "invalidEmails", "no"),
    ],
)
def test_whom_a_row_cannot_be_about(
    project_of: Callable[..., Api], kind: str, row: Any, array: str, value: str
) -> None:
    api = project_of(kind)
    api.server.add(A, "1")
    api.server.add(B, "2")
    assert failures(api.bulk(row)) == {array: [value]}
    assert [(user.email, user.user_id) for user in api.server.profiles] == [(A, "1"), (B, "2")]


def test_a_preferred_user_id_makes_a_user_with_a_placeholder(api: Api) -> None:
    api.bulk({"userId": "x1", "preferUserId": True})
    [user] = api.server.profiles
    assert user.email is not None
    assert user.email.startswith("x1")
    assert user.email.endswith("@placeholder.email")


@pytest.mark.parametrize(
    ("row", "status", "code"),
    [
        ({"email": "000"}, 400, "InvalidEmailAddressError"),
        ({"email": ""}, 400, "InvalidEmailAddressError"),
        ({"userId": "nobody"}, 400, "UnknownUserIdError"),
        ({"email": "f@shop.com"}, 409, "ForgottenUserError"),
        ({}, 400, "BadParams"),
    ],
)
def test_a_single_update_tells_a_failure_by_status(api: Api, row: Any, status: int, code: str) -> None:
    api.server.forgotten_emails.add("f@shop.com")
    api.assert_refused(api.post("/api/users/update", row), status, code)


def test_a_conflict_of_a_single_update_is_409(project_of: Callable[..., Api]) -> None:
    api = project_of("hybrid")
    api.server.add(A, "1")
    api.server.add(B, "2")
    api.assert_refused(
        api.post("/api/users/update", {"userId": "1", "dataFields": {"email": B}}), 409, "ExternalKeyConflict"
    )


def test_a_user_is_read_with_what_iterable_adds(api: Api) -> None:
    api.bulk({"email": A, "userId": "1", "dataFields": {"n": 1}})
    for path in ("a%40shop.com", "getByEmail?email=a%40shop.com", "byUserId/1", "byUserId?userId=1"):
        user = api.get(f"/api/users/{path}").json()["user"]
        assert (user["email"], user["userId"], user["dataFields"]["n"]) == (A, "1", 1)
        assert user["dataFields"]["itblInternal"] == {"emailDomain": "shop.com"}


def test_an_unknown_user_reads_differently_by_email_and_by_user_id(api: Api) -> None:
    assert (api.get("/api/users/a%40shop.com").status_code, api.get("/api/users/a%40shop.com").json()) == (200, {})
    answer = api.get("/api/users/byUserId/nobody")
    assert (answer.status_code, answer.json()["code"]) == (400, "error.users.noUserWithIdExists")
    api.assert_refused(api.get("/api/users/no"), 400, "InvalidEmailAddressError")
