"""Tests of the server: key, paths, JSON, sizes, hooks, and observations about bad practice."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.reference_iterable import Reply
from tests.reference_iterable.conftest import Api
from tests.reference_iterable.replies import too_many_requests

BULK = "/api/users/bulkUpdate"


@pytest.mark.parametrize("key", [None, "", "another"])
def test_a_wrong_key_is_refused(api: Api, key: str | None) -> None:
    api.session.headers["Api-Key"] = key  # type: ignore[assignment]
    body = api.assert_refused(api.post(BULK, {"users": [{"email": "a@shop.com"}]}), 401, "BadApiKey")
    assert body["params"] == {"ip": "127.0.0.1", "endpoint": BULK}
    assert api.server.users == {}


@pytest.mark.parametrize("header", ["Api-Key", "api_key", "API-KEY"])
def test_the_key_goes_by_either_name(api: Api, header: str) -> None:
    del api.session.headers["Api-Key"]
    api.session.headers[header] = "sandbox-story"
    assert api.get("/api/lists").json() == {"lists": []}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/nothing"), ("PUT", BULK), ("GET", "/api/users/a/b"), ("GET", "/")]
)
def test_an_unknown_route_is_answered_with_html(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)
    assert answer.status_code == 404
    assert "<title>Action not found</title>" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_every_answer_has_a_request_id(api: Api) -> None:
    ids = {api.get("/api/lists").headers["Iterable-Request-Id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (
            {"users": [{}, {"email": "a@shop.com", "preferUserId": 1}]},
            {"obj.users[1].preferUserId": "Boolean value expected"},
        ),
        ({"users": {}}, {"obj.users": "Array value expected"}),
        ({}, {"obj.users": "error.path.missing"}),
        (
            {"users": [{"email": 1, "dataFields": []}]},
            {"obj.users[0].email": "String value expected", "obj.users[0].dataFields": "Object value expected"},
        ),
        ([], {"obj": "Object value expected"}),
    ],
)
def test_a_member_of_a_wrong_type_refuses_the_whole_request(api: Api, body: object, faults: dict[str, str]) -> None:
    told = api.assert_refused(api.post(BULK, body), 400, "BadJsonBody")
    assert told["msg"] == f"[{BULK}] Invalid JSON body"
    assert told["params"] == faults
    assert api.server.users == {}


def test_a_null_is_as_good_as_an_optional_member_that_is_not_there(api: Api) -> None:
    assert api.bulk({"email": "a@shop.com", "userId": None, "dataFields": None})["successCount"] == 1
    assert api.server.observations == []


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"users": [{"email": "a@shop.com", "dataFields": {"n": NaN}}]}'])
def test_what_is_no_json_is_refused(api: Api, content: bytes) -> None:
    answer = api.call("POST", BULK, data=content, headers={"Content-Type": "application/json"})
    api.assert_refused(answer, 400, "BadJsonBody")
    assert any("NaN" in text for text in api.server.observations) == (b"NaN" in content)


def test_a_body_without_its_type_is_refused(api: Api) -> None:
    api.assert_refused(api.call("POST", BULK, data=b'{"users": []}'), 400, "BadJsonBody")
    assert api.server.observations == [f"type: a body of type unknown to POST {BULK}"]


@pytest.mark.parametrize("path", [BULK, "/api/events/trackBulk"])
def test_a_body_over_four_megabytes_is_refused_without_a_word(api: Api, path: str) -> None:
    content = b" " * 4_000_000 + b"{}"
    answer = api.call("POST", path, data=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content) == (413, b"")


def test_a_limit_of_items_is_told(project_of: Callable[..., Api]) -> None:
    api = project_of(batch_limit=2)
    api.assert_refused(api.post(BULK, {"users": [{"email": f"u{n}@shop.com"} for n in range(3)]}), 400, "BatchTooLarge")
    assert api.server.users == {}


@pytest.mark.parametrize("email", ["a+b@shop.com", "a/b@shop.com", "a%2fb@shop.com", "a?b@shop.com"])
def test_paths_and_queries_are_percent_decoded_once(api: Api, email: str) -> None:
    api.bulk({"email": email})
    path = quote(email, safe="")
    for address in (f"/api/users/{path}", f"/api/users/getByEmail?email={path}"):
        assert api.get(address).json()["user"]["email"] == email
    api.call("DELETE", f"/api/users/{path}")
    assert api.server.users == {}


def test_a_plus_in_a_query_is_a_blank(api: Api) -> None:
    api.assert_refused(api.get("/api/users/getByEmail?email=a+b@shop.com"), 400, "InvalidEmailAddressError")


def test_everything_asked_is_in_the_log(api: Api) -> None:
    api.bulk({"email": "a@shop.com"})
    api.get("/api/users/a%40shop.com")
    api.call("DELETE", "/api/users/a%40shop.com")
    assert [(one.number, one.method, one.path, one.status) for one in api.server.log] == [
        (1, "POST", BULK, 200),
        (0, "GET", "/api/users/a%40shop.com", 200),
        (2, "DELETE", "/api/users/a%40shop.com", 200),
    ]
    assert api.server.bodies == [{"users": [{"email": "a@shop.com"}]}, {}]
    assert api.server.log[0].headers["Api-Key"] == "sandbox-story"


def test_hooks_stand_around_each_request_that_writes(api: Api) -> None:
    seen: list[tuple[str, int, int]] = []
    api.server.before = lambda number: seen.append(("before", number, len(api.server.users)))
    api.server.after = lambda number: seen.append(("after", number, len(api.server.users)))
    api.bulk({"email": "a@shop.com"})
    api.get("/api/lists")
    api.bulk({"email": "b@shop.com"})
    assert seen == [("before", 1, 0), ("after", 1, 1), ("before", 2, 1), ("after", 2, 2)]


def test_another_answer_is_given_without_applying(api: Api) -> None:
    api.server.answer = lambda number: too_many_requests(2.5) if number == 1 else None
    body = api.assert_refused(api.post(BULK, {"users": [{"email": "a@shop.com"}]}), 429, "RateLimitExceeded")
    assert body["params"] == {"rateLimitLimit": 5, "rateLimitRemaining": 0, "rateLimitReset": 2.5}
    assert api.server.users == {}
    assert api.bulk({"email": "a@shop.com"})["successCount"] == 1


def test_a_dropped_reply_is_that_of_an_applied_request(api: Api) -> None:
    api.server.drop_reply = lambda number: number == 1
    with pytest.raises(requests.ConnectionError):
        api.post(BULK, {"users": [{"email": "a@shop.com"}]})
    assert list(api.server.users) == ["a@shop.com"]


def test_requests_at_the_same_time_lose_nothing(api: Api) -> None:
    threads = [
        threading.Thread(
            target=lambda n=n: requests.post(
                api.server.url + BULK,
                json={"users": [{"email": f"u{n}@shop.com"}]},
                headers={"Api-Key": "sandbox-story"},
                timeout=10,
            )
        )
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(api.server.users) == 20
    assert sorted(one.number for one in api.server.log) == list(range(1, 21))


def test_a_clear_server_has_no_memory(api: Api) -> None:
    api.bulk({"email": "a@shop.com", "dataFields": {"n": 1}})
    api.server.clear()
    assert (api.server.users, api.server.applied) == ({}, [])
    assert api.bulk({"email": "a@shop.com", "dataFields": {"n": "text"}})["failCount"] == 0


ROW = {"email": "a@shop.com"}
EVENTS = "/api/events/trackBulk"
EVENT = {**ROW, "eventName": "Seen", "id": "e1"}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (BULK, {"users": [ROW, {"email": "A@shop.com"}]}, "twice:"),
        (BULK, {"users": [{"email": f"u{n}@shop.com"} for n in range(1001)]}, "count: 1001 rows"),
        (BULK, {"users": [{**ROW, "mergeNestedObject": True}]}, f"members: {BULK} knows no obj.users[0].merge"),
        (BULK, {"users": [{**ROW, "dataFields": {"at": "2024-01-01 10:00:00.000"}}]}, "dates: '2024-01-01 10:"),
        (BULK, {"users": [{**ROW, "dataFields": {"at": "2024-01-01T10:00:00Z"}}]}, "dates: '2024-01-01T10:00:00Z'"),
        (BULK, {"users": [{**ROW, "dataFields": {"a": {"b": ["2024/01/01"]}}}]}, "dates: '2024/01/01'"),
        (BULK, {"users": [{**ROW, "dataFields": {"emailListIds": [1]}}]}, "managed: emailListIds"),
        (BULK, {"users": [{**ROW, "dataFields": {"plan.tier": "pro"}}]}, "names: 'plan.tier'"),
        (EVENTS, {"events": [{**ROW, "eventName": "Seen"}]}, "events: an event without id"),
        (EVENTS, {"events": [{**EVENT, "createdAt": 1704067200000}]}, "events: createdAt 1704067200000"),
        (EVENTS, {"events": [{**EVENT, "createdAt": 1704067200.5}]}, "events: createdAt 1704067200.5"),
        (EVENTS, {"events": [{**EVENT, "id": "a_b"}]}, "events: id 'a_b'"),
        (EVENTS, {"events": []}, "count: an empty request"),
        ("/api/commerce/trackPurchase", {"user": ROW, "items": [], "total": 1}, "commerce: a purchase without id"),
        ("/api/users/updateSubscriptions", {**ROW, "emailListIds": [7]}, "subscriptions: emailListIds holds 7"),
    ],
)
def test_what_is_ill_advised_is_noted(api: Api, path: str, body: dict[str, Any], said: str) -> None:
    api.post(path, body)
    assert [text for text in api.server.observations if text.startswith(said)], api.server.observations


@pytest.mark.parametrize(
    "value",
    ["2024-01-01", "2024-01-01 10:00:00", "2024-01-01 10:00:00 +00:00", "2024-01-01T10:00:00.000Z", "about 2024-01-01"],
)
def test_what_is_a_date_or_none_at_all_is_not_noted(api: Api, value: str) -> None:
    api.bulk({"email": "a@shop.com", "dataFields": {"at": value}})
    assert api.server.observations == []


def test_a_user_in_both_a_bulk_endpoint_and_its_single_twin_is_noted(api: Api) -> None:
    api.bulk({"email": "a@shop.com"}, {"email": "b@shop.com"})
    api.post("/api/users/update", {"email": "c@shop.com"})
    assert api.server.observations == []
    api.post("/api/users/update", {"email": "A@shop.com"})
    assert api.server.observations == [
        "mixed: POST /api/users/update and POST /api/users/bulkUpdate for one user within 60 s"
    ]


@pytest.mark.parametrize(("requests_made", "noted"), [(5, False), (6, True)])
def test_a_rate_above_the_documented_one_is_noted(api: Api, requests_made: int, noted: bool) -> None:
    for _ in range(requests_made):
        api.bulk({"email": "a@shop.com"})
    assert (api.server.observations == [f"rate: more than 5 requests in 1 s to POST {BULK}"]) is noted


def test_an_encoding_that_is_none_is_noted(api: Api) -> None:
    connection = http.client.HTTPConnection(urlsplit(api.server.url).netloc, timeout=10)
    connection.putrequest("GET", '/api/users/"a"@shop.com', skip_host=False)
    connection.putheader("Api-Key", "sandbox-story")
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()
    assert api.server.observations == ['encoding: /api/users/"a"@shop.com is not percent-encoded']


def test_a_reply_of_bytes_is_sent_as_it_is(api: Api) -> None:
    api.server.answer = lambda _: Reply(502, b"<html>", "text/html", {"X-Odd": "1"})
    answer = api.post(BULK, {"users": []})
    assert (answer.status_code, answer.text, answer.headers["X-Odd"]) == (502, "<html>", "1")
