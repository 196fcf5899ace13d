"""The sandbox and the reference server were written apart from one description: the same requests get the same replies.

If the API description leaves something open, they can differ. The tests compare what a client can rely on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reference_iterable.agreement.request_scripts import (
    LISTS,
    OF_EMAIL_PROJECTS,
    OF_USER_ID_PROJECTS,
    A,
    B,
    Request,
    users,
)
from tests.stories.memories import settled
from tests.stories.sides import KEY, SIDES, Side

# Parts of a reply that differ between servers, or that the reference does not mention.
VOLATILE = {
    *("msg", "message", "args", "params", "projectId", "url", "size", "lastModified", "createdFields"),
    *("createdAt", "signupDate", "signupSource", "profileUpdatedAt", "itblInternal", "isGlobalSuppressionEnabled"),
    *("noOpEmails", "noOpUserIds"),
}


def send_request(side: Side, request: Request, list_id: int | None) -> tuple[int, Any]:
    """Send a request and return the parts of the reply that a client can rely on."""
    method, path, body = request
    content = None if body is None else json.dumps(body).replace('"$list"', str(list_id))
    headers = {"Api-Key": KEY, **({"Content-Type": "application/json"} if content else {})}
    url = side.url + path.replace("$list", str(list_id))
    answer = requests.request(method, url, data=content, headers=headers, timeout=10)
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if kind != "application/json":
        return answer.status_code, answer.text.split() if kind == "text/plain" else kind
    # A write to a catalog may be accepted with 202.
    status = 200 if answer.status_code == 202 else answer.status_code
    return status, keep_reliable(remove_open_parts(answer.json(), read=method == "GET" and status == 200))


def remove_open_parts(body: dict[str, Any], *, read: bool) -> Any:
    """Return the body without the parts that the API description leaves open."""
    if set(body) == {"msg", "code", "params"}:
        # A read of catalogs may be wrapped.
        body = {**(body["params"] or {}), **({} if read else {"code": body["code"]})}
    if body.get("code") == "BadJsonBody":
        return sorted(set(body) - {"code"})
    if "validationErrors" in body:
        # The reference leaves open how a field of an event is named, and how many of several clashes are listed.
        return body["code"]
    if "failedUpdates" in body:
        failed = {name: [one.lower() for one in named] for name, named in body["failedUpdates"].items()}
        return {**body, "failedUpdates": failed}
    return body


def keep_reliable(value: Any) -> Any:
    """Return a value without parts that differ between servers, and with sorted arrays."""
    if isinstance(value, Mapping):
        return settled({name: keep_reliable(item) for name, item in value.items() if not is_volatile(name, item)})
    return sorted(map(keep_reliable, value), key=str) if isinstance(value, list) else value


def is_volatile(name: str, item: object) -> bool:
    return name in VOLATILE or item == [] or (name == "id" and isinstance(item, int))


def read_state(side: Side) -> dict[str, Any]:
    """Return the state of a server, without ids that it generated."""
    memory = side.memory
    subscribed = memory.subscriptions()
    return {
        "users": memory.users(),
        "purchases": memory.purchases(),
        "carts": memory.carts(),
        "events": {id_: one for id_, one in memory.events().items() if one["eventName"] != "updateCart"},
        "members": memory.members("VIP"),
        "subscriptions": {
            name: rest
            for name, arrays in subscribed.items()
            if (rest := {array: ids for array, ids in arrays.items() if array != "emailListIds"})
        },
        "items": memory.items("Teas"),
        "types": memory.field_types("Teas"),
    }


@pytest.fixture
def both(request: pytest.FixtureRequest) -> Iterator[list[Side]]:
    with ExitStack() as stack:
        yield [stack.enter_context(make(request.param, opt_in=False)) for make in SIDES.values()]


def assert_same_replies(both: list[Side], requests_made: list[Request]) -> None:
    lists: list[int | None] = [None, None]
    for number, one in enumerate(requests_made):
        replies = [send_request(side, one, list_id) for side, list_id in zip(both, lists, strict=True)]
        if one[1] == LISTS and replies[0][0] == 200:
            lists = [body.pop("listId") for _, body in replies]
        assert replies[0] == replies[1], f"{number}: {one[0]} {one[1]} {str(one[2])[:200]}"
    assert read_state(both[0]) == read_state(both[1])


@pytest.mark.parametrize("both", ["email"], indirect=True)
@pytest.mark.parametrize("name", OF_EMAIL_PROJECTS)
def test_both_servers_agree(both: list[Side], name: str) -> None:
    assert_same_replies(both, OF_EMAIL_PROJECTS[name])


@pytest.mark.parametrize("both", ["user_id", "hybrid"], indirect=True)
def test_both_servers_agree_on_projects_that_know_user_ids(both: list[Side]) -> None:
    assert_same_replies(both, OF_USER_ID_PROJECTS)


TEXTS = st.sampled_from(
    ["text", "7", "2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00.000Z", "2024-01-01T10:00:00Z"]
)
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 2.0]) | TEXTS
OBJECTS = st.dictionaries(st.sampled_from("xy"), LEAVES | st.lists(LEAVES, max_size=2), max_size=2)
VALUES = st.none() | st.one_of(LEAVES, OBJECTS, st.lists(LEAVES, max_size=2), st.lists(OBJECTS, max_size=2))
EMAILS, USER_IDS = st.sampled_from([A, "A@shop.com", B]), st.sampled_from(["1", "2", "x" * 52])
ONE = st.one_of(
    st.builds(lambda email: {"email": email}, EMAILS | st.just("bad@")),
    st.builds(lambda user_id: {"userId": user_id}, USER_IDS | st.just("a ")),
)
# Left open: which one is meant of several users with one user id, as an e-mail project may have them.
OWN = st.sampled_from([{"email": A, "userId": "1"}, {"email": B, "userId": "2"}])
ANY = st.fixed_dictionaries({"email": EMAILS, "userId": USER_IDS})


def rows(identity: st.SearchStrategy[dict[str, str]]) -> st.SearchStrategy[dict[str, Any]]:
    """Rows that change values."""
    return st.builds(
        lambda row, data, merges: {**row, "dataFields": data, "mergeNestedObjects": merges},
        identity,
        st.dictionaries(st.sampled_from("pq"), VALUES, min_size=1, max_size=2),
        st.booleans(),
    )


# Rows that change identifiers; what three of them in one row mean is open.
MOVES = st.builds(lambda row, to: {**row, "dataFields": to}, ONE, ANY)


def assert_equal_users(both: list[Side], asked: list[dict[str, Any]]) -> None:
    for side in both:
        side.clear()
    assert_same_replies(both, [users(row) for row in asked])


RANDOM = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.slow
@pytest.mark.parametrize("both", ["email"], indirect=True)
@RANDOM
@given(asked=st.lists(rows(ONE | OWN), min_size=3, max_size=8))
def test_both_servers_agree_on_any_users_by_email(both: list[Side], asked: list[dict[str, Any]]) -> None:
    assert_equal_users(both, asked)


@pytest.mark.slow
@pytest.mark.parametrize("both", ["user_id", "hybrid"], indirect=True)
@RANDOM
@given(asked=st.lists(MOVES | rows(ONE | ANY), min_size=3, max_size=8))
def test_both_servers_agree_on_any_users_by_user_id(both: list[Side], asked: list[dict[str, Any]]) -> None:
    assert_equal_users(both, asked)


def export_users(side: Side) -> list[Any]:
    """Return the users of an export, as a client reads them: from links, which need no key."""
    body = {"dataTypeName": "user", "outputFormat": "application/x-json-stream", "onlyFields": "email,plan,seen,p"}
    job = side.call("POST", "/api/export/start", body)["jobId"]
    answer: dict[str, Any] = {"jobState": ""}
    while answer["jobState"].lower() != "completed":
        answer = side.call("GET", f"/api/export/{job}/files")
    texts = [requests.get(one["url"], timeout=10).text for one in answer["files"]]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    return sorted(map(keep_reliable, lines), key=lambda user: str(user["email"]))


@pytest.mark.parametrize("both", ["email"], indirect=True)
def test_both_servers_export_the_same_users(both: list[Side]) -> None:
    rows = [
        {"email": A, "dataFields": {"plan": {"tier": "pro", "old": None}, "seen": "2024-01-01T10:00:00.000Z", "x": 1}},
        {"email": B, "dataFields": {"p": [1, 2], "plan": {}}},
    ]
    for side in both:
        side.call(*users(*rows))
    exported = [export_users(side) for side in both]
    assert exported[0] == exported[1]
    assert [one["email"] for one in exported[0]] == [A, B]
