from __future__ import annotations

import pytest

from .tables import rows

ATTACK = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "path", ["/", "/events", "/lists", "/lists/301", "/catalogs", "/fields", "/requests", "/limits"]
)
def test_pages_need_no_key_run_no_script_and_are_not_logged(project_of, path):
    api = project_of(rate_limit=True)
    del api.session.headers["Api-Key"]
    reply = api.get(path)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "project type <b>email</b>" in reply.text
    assert "<script" not in reply.text
    assert not api.project.requests


def test_users_are_listed_latest_first_in_pages_and_searched(api):
    api.bulk(*({"email": f"user{number:03}@shop.com", "userId": f"id{number}"} for number in range(60)))
    first, second = api.get("/").text, api.get("/?page=2").text
    assert first.index("user059@") < first.index("user010@")
    assert "user009@" not in first
    assert ("user009@" in second, "user010@" in second) == (True, False)
    assert ("/?q=&amp;page=2" in first, "/?q=&amp;page=1" in second, "page=3" in second) == (True, True, False)
    found = api.get("/", params={"q": "USER007"}).text
    assert ("user007@" in found, "user008@" in found) == (True, False)
    assert "user042@" in api.get("/?q=id42").text
    assert "No user matches" in api.get("/?q=zzz").text
    assert api.get("/?page=x").text == first


def test_a_user_has_a_page_with_fields_and_history(api):
    api.update(email="ann@shop.com", userId="u-1", dataFields={"plan": "free", "home": {"city": ATTACK}})
    api.update(email="ann@shop.com", dataFields={"plan": "gold"})
    (number,) = api.project.users
    page = api.get(f"/users/{number}").text
    updated, created = rows(page)[-2:]
    assert (updated[1:], created[1]) == (["updated", "plan", '"free"', '"gold"'], "created")
    assert ("u-1" in page, "script&gt;" in page, ATTACK in page) == (True, True, False)


@pytest.mark.parametrize("path", ["/users/9", "/users/x", "/users/" + "9" * 5000, "/users/", "/users/1/2"])
def test_a_user_who_is_not_there_has_no_page(api, path):
    assert api.get(path).status_code == 404


def test_fields_are_shown_with_their_types(api):
    api.bulk({"email": "ann@shop.com", "dataFields": {"lastSeen": "2026-01-01"}})
    assert rows(api.get("/fields").text)[1] == ["lastSeen", "date"]


def test_limits_show_what_is_left(project_of):
    api = project_of(rate_limit=True)
    assert "No endpoint has been called yet" in api.get("/limits").text
    api.bulk({"email": "ann@shop.com"})
    shown = rows(api.get("/limits").text)
    assert ["POST /api/users/bulkUpdate", "5", "1 s", "4"] in shown
    assert ["POST /api/users/forget", "3 in 1 s and 1,000 in a day"] in shown


def test_faults_that_are_on_are_told_on_every_page_and_counted(api):
    assert ("faults are on" in api.get("/").text, "None is on" in api.get("/limits").text) == (False, True)
    api.post("/sandbox/faults", {"faults": ["500", "slow:1ms"], "seed": 7})
    api.bulk({"email": "ann@shop.com"})
    assert "faults are on" in api.get("/").text
    page = api.get("/limits").text
    assert rows(page)[1:3] == [
        ["500", "a server error, not applied", "1 request"],
        ["slow:1ms", "every request waits first, as slow:200ms or slow:1.5s", "1 request"],
    ]
    assert "seed, which is 7" in page
