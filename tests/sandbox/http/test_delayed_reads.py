"""Delayed reads: reads see the project as it was, writes see it as it is."""

from __future__ import annotations

import pytest
import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from reverse_etl.sandbox.http.routes import find_route

LAG = 30.0


@pytest.fixture
def late(project_of):
    return project_of(visible_lag=LAG)


def plan(api):
    return api.get("/api/users/ann%40shop.com").json().get("user", {}).get("dataFields", {}).get("plan")


def test_a_read_shows_the_last_state_that_is_older_than_the_lag(late):
    late.update(email="ann@shop.com", dataFields={"plan": "free"})
    late.clock.now += 10
    late.update(email="ann@shop.com", dataFields={"plan": "gold"})
    seen = []
    for _ in range(5):
        seen.append(plan(late))
        late.clock.now += 10
    assert seen == [None, None, "free", "gold", "gold"]


def test_what_is_seen_late_is_what_was_written_then(late):
    late.update(email="ann@shop.com", dataFields={"joined": "2026-01-01", "home": {"city": "Oslo"}})
    late.clock.now += 100
    late.update(email="bob@shop.com")
    user = late.get("/api/users/ann%40shop.com").json()["user"]
    (profile, _) = late.project.users.values()
    assert user == late.project.format_user(profile)
    assert user["dataFields"]["profileUpdatedAt"] == "2026-01-01 12:00:00 +00:00"


def test_writes_find_users_at_once(late):
    late.update(email="ann@shop.com", userId="u-1")
    assert late.post("/api/users/updateEmail", {"currentEmail": "ann@shop.com", "newEmail": "eve@shop.com"}).ok
    assert late.bulk({"email": "eve@shop.com"}, updateOnly=True).json()["noOpEmails"] == []
    late.clock.now += LAG
    assert late.get("/api/users/ann%40shop.com").json() == {}
    assert late.get("/api/users/eve%40shop.com").json()["user"]["userId"] == "u-1"


def test_a_user_who_was_deleted_is_read_for_a_while(late):
    late.update(email="ann@shop.com", dataFields={"plan": "free"})
    late.clock.now += LAG
    assert late.delete("/api/users/ann%40shop.com").status_code == 200
    assert (plan(late), list(late.project.users)) == ("free", [])
    late.clock.now += LAG
    assert plan(late) is None


def test_field_types_and_lists_are_late_too(late):
    late.update(email="ann@shop.com", dataFields={"plan": "free"})
    made = late.post("/api/lists", {"name": "VIP"}).json()["listId"]
    late.post("/api/lists/subscribe", {"listId": made, "subscribers": [{"email": "ann@shop.com"}]})

    def seen():
        fields = late.get("/api/users/getFields").json()["fields"]
        lists = [one["id"] for one in late.get("/api/lists").json()["lists"] if one["listType"] == "Standard"]
        return fields.get("plan"), lists, late.get(f"/api/lists/{made}/size").text

    before = seen()
    late.clock.now += LAG
    assert (before[:2], seen()) == ((None, []), ("string", [made], "1"))


def test_events_and_catalogs_are_late_too(late):
    late.update(email="ann@shop.com")
    late.post("/api/events/track", {"email": "ann@shop.com", "eventName": "Order Placed", "id": "e-1"})
    late.post("/api/catalogs/products")
    item = {"documents": {"p-1": {"name": "Tea"}}, "replaceUploadedFieldsOnly": False}
    assert late.post("/api/catalogs/products/items", item).ok

    def seen():
        events = [event["eventName"] for event in late.get("/api/events/ann%40shop.com").json().get("events", [])]
        return events, late.get("/api/catalogs/products/items/p-1").status_code

    before = seen()
    late.clock.now += LAG
    assert (before, seen()) == (([], 404), (["Order Placed"], 200))


def test_a_write_that_was_refused_stays_refused(late):
    late.update(email="ann@shop.com", dataFields={"plan": "free"})
    assert late.update(email="ann@shop.com", dataFields={"plan": 7}).status_code == 400
    late.clock.now += LAG
    assert plan(late) == "free"


def test_pages_and_readbacks_are_never_late(late):
    late.update(email="ann@shop.com")
    assert "ann@shop.com" in late.get("/").text
    assert [user["email"] for user in late.get("/sandbox/users").json()] == ["ann@shop.com"]


def test_a_reset_leaves_nothing_to_be_seen_later(late):
    late.update(email="ann@shop.com", dataFields={"plan": "free"})
    late.post("/sandbox/reset")
    late.update(email="bob@shop.com")
    late.clock.now += LAG
    assert late.get("/api/users/ann%40shop.com").json() == {}
    assert late.get("/api/users/bob%40shop.com").json()["user"]["email"] == "bob@shop.com"


def test_a_restart_shows_everything(tmp_path):
    options = SandboxOptions(port=0, data_dir=tmp_path, behaviour=Behaviour(visible_lag=60))
    seen = []
    for _ in range(2):
        with start_sandbox(options) as sandbox:
            url, key = sandbox.url + "/api/users/ann%40shop.com", {"Api-Key": "sandbox-test"}
            seen.append(requests.get(url, headers=key, timeout=10).json().get("user", {}).get("email"))
            body = {"email": "ann@shop.com"}
            requests.post(sandbox.url + "/api/users/update", json=body, headers=key, timeout=10)
    assert seen == [None, "ann@shop.com"]


@pytest.mark.parametrize(
    ("method", "path", "late"),
    [
        ("GET", "/api/users/ann", True),
        ("GET", "/api/lists/7/size", True),
        ("POST", "/api/users/update", False),
        ("DELETE", "/api/users/ann", False),
    ],
)
def test_what_reads_and_what_writes(method, path, late):
    assert find_route(method, path).is_delayed_read is late


@pytest.mark.parametrize("seconds", [-1.0, 60.5, float("nan")])
def test_a_lag_is_a_minute_at_most(seconds):
    with pytest.raises(ValueError, match="from 0 to 60 seconds"):
        Behaviour(visible_lag=seconds)
