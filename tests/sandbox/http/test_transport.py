from __future__ import annotations

import pytest
import requests

from reverse_etl.sandbox import SandboxOptions, start_sandbox


@pytest.mark.parametrize("header", ["Api-Key", "Api_Key", "api-key", "API_KEY", "api_key"])
def test_a_sandbox_key_is_taken_in_either_header_and_any_case(api, header):
    assert requests.get(api.url + "/api/channels", headers={header: "sandbox-any"}, timeout=10).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Api-Key": "0123456789abcdef"}, {"Api-Key": "Sandbox-x"}])
def test_any_other_key_is_refused(api, headers):
    reply = requests.post(api.url + "/api/users/bulkUpdate", headers=headers, json={"users": []}, timeout=10)
    assert reply.status_code == 401
    params = {"ip": "127.0.0.1", "endpoint": "/api/users/bulkUpdate"}
    assert reply.json() == {"msg": "Invalid API key", "code": "BadApiKey", "params": params}
    assert "0123456789abcdef" not in api.get("/sandbox/requests").text


def test_a_disabled_key_names_itself_by_a_fingerprint(project_of):
    reply = project_of(disabled_keys=frozenset({"sandbox-test"})).get("/api/channels")
    assert reply.status_code == 401
    assert set(reply.json()["params"]) == {"ip", "endpoint", "apiKeyIdentifier", "apiKeyType"}
    assert "sandbox-test" not in reply.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nothing"),
        ("PUT", "/api/users/update"),
        ("GET", "/api/users/"),
        ("POST", "/"),
        ("GET", "/api/a/b/c"),
    ],
)
def test_what_does_not_exist_is_a_page_without_json(api, method, path):
    reply = requests.request(method, api.url + path, timeout=10)
    assert reply.status_code == 404
    assert "Action not found" in reply.text
    assert reply.headers["Content-Type"].startswith("text/html")


def test_every_answer_has_its_own_request_id(api):
    replies = [api.get("/api/channels"), api.get("/api/nothing"), api.bulk(), api.get("/")]
    assert len({reply.headers["Iterable-Request-Id"] for reply in replies}) == 4


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.com"}, {"Host": "["}, {"Origin": "http://evil.com"}, {"Origin": "null"}]
)
def test_a_request_that_another_site_caused_is_refused(api, headers):
    api.update(email="ann@shop.com")
    assert api.post("/sandbox/reset", headers=headers).status_code == 403
    assert len(api.project.users) == 1


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:80"])
def test_every_name_of_this_machine_is_served(api, host):
    assert api.get("/api/channels", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"users":[{"dataFields":{"a":NaN}}]}', b'{"a":"\xff"}'])
def test_a_body_that_is_no_json_object_is_refused(api, raw):
    reply = api.post("/api/users/bulkUpdate", data=raw)
    assert (reply.status_code, reply.json()["code"]) == (400, "BadJsonBody")
    assert reply.json()["msg"] == "[/api/users/bulkUpdate] Invalid JSON body"


def test_wrong_member_types_are_named_by_path_and_cost_the_whole_request(api):
    reply = api.bulk(
        {"email": "ann@shop.com"},
        {"email": "bob@shop.com", "preferUserId": "yes"},
        {"email": 7, "dataFields": []},
        "carl@shop.com",
    )
    assert (reply.status_code, reply.json()["code"]) == (400, "BadJsonBody")
    assert reply.json()["params"] == {
        "obj.users[1].preferUserId": "Boolean value expected",
        "obj.users[2].email": "String value expected",
        "obj.users[2].dataFields": "Object value expected",
        "obj.users[3]": "Object value expected",
    }
    assert not api.project.users


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        ("bulkUpdate", {}, {"obj.users": "Array value expected"}),
        ("bulkUpdate", {"users": [], "createNewFields": 1}, {"obj.createNewFields": "Boolean value expected"}),
        ("update", {"userId": 5}, {"obj.userId": "String value expected"}),
        ("updateEmail", {"currentEmail": "a@b.com"}, {"obj.newEmail": "String value expected"}),
        ("forget", {"email": True}, {"obj.email": "String value expected"}),
        ("merge", {"arrayMerge": [{"field": 1}]}, {"obj.arrayMerge[0].field": "String value expected"}),
    ],
)
def test_each_endpoint_checks_the_shape_of_its_body(api, path, body, fault):
    reply = api.post(f"/api/users/{path}", body)
    assert (reply.status_code, reply.json()["params"]) == (400, fault)


def test_null_members_count_as_absent(api):
    reply = api.bulk({"email": "ann@shop.com", "userId": None, "dataFields": None}, createNewFields=None)
    assert reply.json()["successCount"] == 1


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
def test_a_body_may_have_four_million_bytes_and_no_more(api, over, status):
    head, tail = b'{"users":[{"email":"ann@shop.com"}]', b"}"
    blanks = b" " * (4_000_000 + over - len(head) - len(tail))
    reply = api.post("/api/users/bulkUpdate", data=head + blanks + tail)
    assert reply.status_code == status
    assert len(api.project.users) == 1 - over
    if over:
        assert reply.content == b""


def test_an_oversized_body_can_be_a_batch_that_is_too_large(project_of):
    api = project_of(oversized_status=400, max_body_bytes=100)
    reply = api.bulk({"email": "ann@shop.com", "dataFields": {"text": "x" * 100}})
    assert (reply.status_code, reply.json()["code"]) == (400, "BatchTooLarge")


def test_a_cap_on_items_can_be_switched_on(project_of):
    api = project_of(max_batch_items=2)
    assert api.bulk({"email": "a@shop.com"}, {"email": "b@shop.com"}).status_code == 200
    reply = api.bulk({"email": "a@shop.com"}, {"email": "b@shop.com"}, {"email": "c@shop.com"})
    assert (reply.status_code, reply.json()["code"]) == (400, "BatchTooLarge")


def test_the_log_tells_what_was_asked_and_answered(api):
    api.bulk({"email": "ann@shop.com"}, {"email": "nobody"})
    api.get("/api/users/ann%40shop.com")
    first, second = api.get("/sandbox/requests").json()
    assert first == {
        "time": "2026-01-01 12:00:00 +00:00",
        "method": "POST",
        "path": "/api/users/bulkUpdate",
        "status": 200,
        "bytes": first["bytes"],
        "items": 2,
        "summary": "1 ok, 1 failed, 1 invalidEmails",
        "fault": "",
    }
    assert first["bytes"] > 50
    assert (second["method"], second["path"], second["items"]) == ("GET", "/api/users/ann@shop.com", 0)


def test_a_fault_of_the_sandbox_itself_is_a_server_error(api, monkeypatch, caplog):
    monkeypatch.setattr(api.project, "add_user", None)
    reply = api.update(email="ann@shop.com")
    assert (reply.status_code, reply.json()["code"]) == (500, "GenericError")
    assert "POST /api/users/update" in caplog.text


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.4", "example.com", ""])
def test_only_loopback_hosts_are_accepted(host):
    with pytest.raises(ValueError, match="loopback"):
        SandboxOptions(host=host)


@pytest.mark.parametrize("options", [{"port": -1}, {"port": 65_536}, {"project_type": "phone"}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match="is not a"):
        SandboxOptions(**options)


def test_a_taken_port_is_an_error_and_stopping_frees_it():
    with start_sandbox(SandboxOptions(port=0)) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            start_sandbox(SandboxOptions(port=port))
    with start_sandbox(SandboxOptions(port=port)) as second:
        assert second.url == first.url
        second.stop()
