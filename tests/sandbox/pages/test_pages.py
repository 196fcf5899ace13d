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
    assert ("faults are on" in api.get("/").text, "No faults are on" in api.get("/limits").text) == (False, True)
    api.post("/sandbox/faults", {"faults": ["500", "slow:1ms"], "seed": 7})
    api.bulk({"email": "ann@shop.com"})
    assert "faults are on" in api.get("/").text
    page = api.get("/limits").text
    assert rows(page)[1:3] == [
        ["500", "a server error; the request is not applied", "1 request"],
        ["slow:1ms", "every request waits first, for example slow:200ms or slow:1.5s", "1 request"],
    ]
    assert "Seed: 7." in page


def test_history_shows_the_parts_that_changed(api):
    api.update(email="ann@shop.com", dataFields={"orders": {"spend": 356.16, "count": 3}, "tags": ["a", "b"]})
    api.update(email="ann@shop.com", dataFields={"orders": {"spend": None, "count": 3}, "tags": ["a", "b", "c"]})
    (number,) = api.project.users
    shown = [row[2:] for row in rows(api.get(f"/users/{number}").text) if len(row) == 5]
    assert ["orders.spend", "356.16", "null"] in shown
    assert ["tags", '["a","b"]', '["a","b","c"]'] in shown
    assert not [row for row in shown if row[0] == "orders.count"]


def test_history_names_the_lists(api):
    made = api.post("/api/lists", {"name": "VIP"}).json()["listId"]
    api.post("/api/lists/subscribe", {"listId": made, "subscribers": [{"email": "ann@shop.com"}]})
    (number,) = api.project.users
    assert f'["VIP ({made})"]' in [row[-1] for row in rows(api.get(f"/users/{number}").text)]
    api.delete(f"/api/lists/{made}")
    assert f'["deleted list ({made})"]' in [row[-1] for row in rows(api.get(f"/users/{number}").text)]


def test_events_stand_in_the_order_of_their_time(api):
    api.update(email="ann@shop.com")
    for key, when in (("late", 300), ("early", 100), ("middle", 200)):
        api.track(email="ann@shop.com", eventName="view", id=key, createdAt=1_700_000_000 + when)
    (number,) = api.project.users
    for page in ("/events", f"/users/{number}"):
        ids = [row[-2] for row in rows(api.get(page).text) if row[1:2] == ["view"] or row[2:3] == ["view"]]
        assert ids == ["late", "middle", "early"], page


def test_refused_requests_are_marked_and_linked_to_their_users(api):
    api.update(email="ann@shop.com", dataFields={"age": 41})
    api.bulk({"email": "ann@shop.com", "dataFields": {"age": "old"}}, {"email": "bob@shop.com"})
    api.bulk({"email": "ann@shop.com", "userId": "u-1"}, {"email": "nobody"})
    page = api.get("/requests").text
    assert ('class="number bad" data-label="Status">400<' in page, "1 user refused" in page) == (True, True)
    ann = api.user("ann@shop.com").id
    shown = api.get(f"/users/{ann}").text
    assert ("Refused requests" in shown, 'href="/requests/2"' in shown, 'href="/requests/3"' in shown) == (
        True,
        True,
        False,
    )
    assert f'<a href="/users/{ann}">ann@shop.com</a>' in api.get("/requests/2").text
    assert "nobody <span" in api.get("/requests/3").text
    assert page_rows(api.get("/requests?status=refused").text) == 2


def page_rows(page):
    return page.count('href="/requests/')


def test_requests_are_grouped_by_run(api):
    for agent, pause in (("one (run a)", 0), ("one (run a)", 600), ("one (run b)", 0), ("other", 0), ("other", 600)):
        api.clock.now += pause
        api.get("/api/channels", headers={"User-Agent": agent})
    page = api.get("/requests").text
    assert [text.split(" · ")[0] for text in page.split('colspan="6">')[1:]] == ["Run 4", "Run 3", "Run 2", "Run 1"]
    assert "Run 1 · one (run a) · 2 requests<" in page


def test_the_overview_has_totals_and_the_last_runs(api):
    api.update(email="ann@shop.com", dataFields={"plan": "free"})
    api.update(email="nobody")
    page = api.get("/").text
    assert [f">{number}</a></dd>" in page for number in (1, 2)] == [True, True]
    assert ("Last runs" in page, "2 requests" in page, "1 refused" in page) == (True, True, True)
    assert "user042@" not in page


def test_a_page_that_does_not_exist_has_a_way_back(api):
    for path in ("/nothing", "/users/999", "/requests/7", "/lists/7", "/catalogs/none"):
        reply = api.get(path)
        assert reply.status_code == 404
        assert '<a href="/">Back to the overview</a>' in reply.text, path
        assert "Content-Security-Policy" in reply.headers
    assert "&lt;script&gt;" in api.get("/<script>alert(1)").text


def test_the_reset_button_empties_the_project(api):
    api.update(email="ann@shop.com")
    assert '<form action="/reset" method="post">' in api.get("/").text
    assert api.call("POST", "/reset", headers={"Origin": "https://evil.example"}).status_code == 403
    assert api.project.users
    reply = api.call("POST", "/reset", allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"], dict(api.project.users)) == (303, "/", {})
