"""Delayed reads: reads see the project as it was, writes see it as it is."""

from __future__ import annotations

import pytest
import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from reverse_etl.sandbox.http.routes import find_route

LAG = 30.0


@pytest.fixture
def delayed_api(project_of):
    return project_of(visible_lag=LAG)


def plan(api):
    return api.get("/api/users/ann%40shop.com").json().get("user", {}).get("dataFields", {}).get("plan")


def test_a_read_shows_the_last_state_that_is_older_than_the_lag(delayed_api):
    delayed_api.update(email="ann@shop.com", dataFields={"plan": "free"})
    delayed_api.clock.now += 10
    delayed_api.update(email="ann@shop.com", dataFields={"plan": "gold"})
    read_visible = []
    for _ in range(5):
        read_visible.append(plan(delayed_api))
        delayed_api.clock.now += 10
    assert read_visible == [None, None, "free", "gold", "gold"]


def test_what_is_seen_late_is_what_was_written_then(delayed_api):
    delayed_api.update(email="ann@shop.com", dataFields={"joined": "2026-01-01", "home": {"city": "Oslo"}})
    delayed_api.clock.now += 100
    delayed_api.update(email="bob@shop.com")
    user = delayed_api.get("/api/users/ann%40shop.com").json()["user"]
    (profile, _) = delayed_api.project.users.values()
    assert user == delayed_api.project.format_user(profile)
    assert user["dataFields"]["profileUpdatedAt"] == "2026-01-01 12:00:00 +00:00"


def test_writes_find_users_at_once(delayed_api):
    delayed_api.update(email="ann@shop.com", userId="u-1")
    assert delayed_api.post("/api/users/updateEmail", {"currentEmail": "ann@shop.com", "newEmail": "eve@shop.com"}).ok
    assert delayed_api.bulk({"email": "eve@shop.com"}, updateOnly=True).json()["noOpEmails"] == []
    delayed_api.clock.now += LAG
    assert delayed_api.get("/api/users/ann%40shop.com").json() == {}
    assert delayed_api.get("/api/users/eve%40shop.com").json()["user"]["userId"] == "u-1"


def test_a_user_who_was_deleted_is_read_for_a_while(delayed_api):
    delayed_api.update(email="ann@shop.com", dataFields={"plan": "free"})
    delayed_api.clock.now += LAG
    assert delayed_api.delete("/api/users/ann%40shop.com").status_code == 200
    assert (plan(delayed_api), list(delayed_api.project.users)) == ("free", [])
    delayed_api.clock.now += LAG
    assert plan(delayed_api) is None


def test_field_types_and_lists_are_late_too(delayed_api):
    delayed_api.update(email="ann@shop.com", dataFields={"plan": "free"})
    made = delayed_api.post("/api/lists", {"name": "VIP"}).json()["listId"]
    delayed_api.post("/api/lists/subscribe", {"listId": made, "subscribers": [{"email": "ann@shop.com"}]})

    def read_visible():
        fields = delayed_api.get("/api/users/getFields").json()["fields"]
        lists = [one["id"] for one in delayed_api.get("/api/lists").json()["lists"] if one["listType"] == "Standard"]
        return fields.get("plan"), lists, delayed_api.get(f"/api/lists/{made}/size").text

    before = read_visible()
    delayed_api.clock.now += LAG
    assert (before[:2], read_visible()) == ((None, []), ("string", [made], "1"))


def test_events_and_catalogs_are_late_too(delayed_api):
    delayed_api.update(email="ann@shop.com")
    delayed_api.post("/api/events/track", {"email": "ann@shop.com", "eventName": "Order Placed", "id": "e-1"})
    delayed_api.post("/api/catalogs/products")
    item = {"documents": {"p-1": {"name": "Tea"}}, "replaceUploadedFieldsOnly": False}
    assert delayed_api.post("/api/catalogs/products/items", item).ok

    def read_visible():
        events = [
            event["eventName"] for event in delayed_api.get("/api/events/ann%40shop.com").json().get("events", [])
        ]
        return events, delayed_api.get("/api/catalogs/products/items/p-1").status_code

    before = read_visible()
    delayed_api.clock.now += LAG
    assert (before, read_visible()) == (([], 404), (["Order Placed"], 200))


def test_a_write_that_was_refused_stays_refused(delayed_api):
    delayed_api.update(email="ann@shop.com", dataFields={"plan": "free"})
    assert delayed_api.update(email="ann@shop.com", dataFields={"plan": 7}).status_code == 400
    delayed_api.clock.now += LAG
    assert plan(delayed_api) == "free"


def test_pages_and_readbacks_are_never_late(delayed_api):
    delayed_api.update(email="ann@shop.com")
    assert "ann@shop.com" in delayed_api.get("/").text
    assert [user["email"] for user in delayed_api.get("/sandbox/users").json()] == ["ann@shop.com"]


def test_a_reset_leaves_nothing_to_be_seen_later(delayed_api):
    delayed_api.update(email="ann@shop.com", dataFields={"plan": "free"})
    delayed_api.post("/sandbox/reset")
    delayed_api.update(email="bob@shop.com")
    delayed_api.clock.now += LAG
    assert delayed_api.get("/api/users/ann%40shop.com").json() == {}
    assert delayed_api.get("/api/users/bob%40shop.com").json()["user"]["email"] == "bob@shop.com"


def test_a_restart_shows_everything(tmp_path):
    options = SandboxOptions(port=0, data_dir=tmp_path, behaviour=Behaviour(visible_lag=60))
    read_visible = []
    for _ in range(2):
        with start_sandbox(options) as sandbox:
            url, key = sandbox.url + "/api/users/ann%40shop.com", {"Api-Key": "sandbox-test"}
            read_visible.append(requests.get(url, headers=key, timeout=10).json().get("user", {}).get("email"))
            body = {"email": "ann@shop.com"}
            requests.post(sandbox.url + "/api/users/update", json=body, headers=key, timeout=10)
    assert read_visible == [None, "ann@shop.com"]


@pytest.mark.parametrize(
    ("method", "path", "is_delayed"),
    [
        ("GET", "/api/users/ann", True),
        ("GET", "/api/lists/7/size", True),
        ("POST", "/api/users/update", False),
        ("DELETE", "/api/users/ann", False),
    ],
)
def test_what_reads_and_what_writes(method, path, is_delayed):
    assert find_route(method, path).is_delayed_read is is_delayed


@pytest.mark.parametrize("seconds", [-1.0, 60.5, float("nan")])
def test_a_lag_is_a_minute_at_most(seconds):
    with pytest.raises(ValueError, match="from 0 to 60 seconds"):
        Behaviour(visible_lag=seconds)
