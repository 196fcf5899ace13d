"""Tests of users that are deleted, renamed, merged or forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.reference_iterable.conftest import Api

A, B = "a@shop.com", "b@shop.com"


def test_users_are_deleted(api: Api) -> None:
    api.bulk({"email": A, "userId": "1"}, {"email": B, "userId": "1"}, {"email": "c@shop.com"})
    assert api.call("DELETE", "/api/users/c%40shop.com").json() == {"msg": "", "code": "Success", "params": None}
    assert api.call("DELETE", "/api/users/nobody%40shop.com").status_code == 200
    assert "All users associated with 1" in api.call("DELETE", "/api/users/byUserId/1").json()["msg"]
    api.assert_refused(api.call("DELETE", "/api/users/byUserId/1"), 400, "BadParams")
    assert api.server.users == {}
    assert api.server.deleted == ["c@shop.com", "nobody@shop.com", "1"]


def test_an_address_is_changed(api: Api) -> None:
    api.bulk({"email": A, "userId": "1", "dataFields": {"n": 1}})
    one = api.server.add_list("VIP")
    api.post("/api/lists/subscribe", {"listId": one.id, "subscribers": [{"email": A}]})
    api.post("/api/events/track", {"email": A, "eventName": "Seen", "id": "e1"})
    assert api.post("/api/users/updateEmail", {"currentEmail": A, "newEmail": "New@shop.com"}).json()["msg"] == ""
    assert api.server.users == {"new@shop.com": {"n": 1}}
    assert [user.name for user in one.members] == ["new@shop.com"]
    assert api.server.events["e1"].user.name == "new@shop.com"
    assert api.post("/api/users/updateEmail", {"currentUserId": "1", "newEmail": B}).status_code == 200
    assert list(api.server.users) == [B]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"currentEmail": "x@shop.com", "newEmail": "y@shop.com"}, "BadParams"),
        ({"currentEmail": A, "newEmail": B}, "EmailAlreadyExists"),
        ({"currentEmail": A, "newEmail": "f@shop.com"}, "EmailAlreadyExists"),
        ({"currentEmail": "no", "newEmail": B}, "InvalidEmailAddressError"),
        ({"currentEmail": A, "newEmail": "no"}, "InvalidEmailAddressError"),
        ({"currentEmail": A}, "BadJsonBody"),
        ({"newEmail": B}, "BadParams"),
    ],
)
def test_an_address_that_cannot_be_changed(api: Api, body: Any, code: str) -> None:
    api.bulk({"email": A}, {"email": B})
    api.server.forgotten_emails.add("f@shop.com")
    api.assert_refused(api.post("/api/users/updateEmail", body), 400, code)


def test_users_are_merged_and_the_destination_wins(api: Api) -> None:
    api.bulk({"email": A, "dataFields": {"n": 1, "only": 1, "tags": ["x", "y"], "o": {"p": 1}}})
    api.bulk({"email": B, "dataFields": {"n": 2, "tags": ["y", "z"], "o": {"q": 1}}})
    merge = {"sourceEmail": A, "destinationEmail": B, "arrayMerge": [{"field": "tags"}]}
    assert api.post("/api/users/merge", merge).status_code == 200
    assert api.server.users == {B: {"n": 2, "only": 1, "tags": ["y", "z", "x"], "o": {"q": 1}}}
    api.assert_refused(api.post("/api/users/merge", merge), 400, "UnknownEmailError")
    api.post("/api/users/merge", {"sourceEmail": B, "destinationEmail": "c@shop.com"})
    assert list(api.server.users) == ["c@shop.com"]
    api.server.forgotten_emails.add("f@shop.com")
    merge = {"sourceEmail": "c@shop.com", "destinationEmail": "f@shop.com"}
    api.assert_refused(api.post("/api/users/merge", merge), 409, "ForgottenUserError")
    assert api.server.merged == [(A, B), (B, "c@shop.com")]


@pytest.mark.parametrize(
    ("kind", "key", "name", "read", "names"),
    [
        ("email", "email", A, "forgotten", "hashedEmails"),
        ("user_id", "userId", "Id-1", "forgottenUserIds", "hashedUserIds"),
        ("hybrid", "userId", "Id-1", "forgottenUserIds", "hashedUserIds"),
    ],
)
def test_the_forgotten_take_nothing_until_they_are_unforgotten(
    project_of: Callable[..., Api], kind: str, key: str, name: str, read: str, names: str
) -> None:
    api = project_of(kind)
    api.bulk({key: name, "dataFields": {"n": 1}})
    assert api.post("/api/users/forget", {key: name}).status_code == 200
    assert api.server.users == {}
    arrays = api.bulk({key: name})["failedUpdates"]
    assert arrays[f"forgotten{'Emails' if key == 'email' else 'UserIds'}"] == [name]
    assert api.get(f"/api/users/{read}").json() == {names: [hashlib.sha256(name.lower().encode()).hexdigest()]}
    api.post("/api/users/unforget", {key: name})
    assert api.bulk({key: name})["successCount"] == 1


@pytest.mark.parametrize(
    ("kind", "body", "read"),
    [("email", {"userId": "1"}, "forgottenUserIds"), ("user_id", {"email": A}, "forgotten")],
)
def test_whom_a_project_cannot_forget(project_of: Callable[..., Api], kind: str, body: Any, read: str) -> None:
    api = project_of(kind)
    api.assert_refused(api.post("/api/users/forget", body), 400, "BadParams")
    api.assert_refused(api.get(f"/api/users/{read}"), 400, "BadParams")
