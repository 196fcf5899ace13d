from __future__ import annotations

import pytest

ATTACK = "<script>alert(1)</script>"


@pytest.mark.parametrize("path", ["/", "/lists", "/lists/301", "/catalogs", "/fields", "/requests", "/limits"])
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
    assert page.index("<code>&#34;free&#34;</code></td><td><code>&#34;gold&#34;</code>") < page.index("created</td>")
    assert ("u-1" in page, "script&gt;" in page, ATTACK in page) == (True, True, False)


@pytest.mark.parametrize("path", ["/users/9", "/users/x", "/users/" + "9" * 5000, "/users/", "/users/1/2"])
def test_a_user_who_is_not_there_has_no_page(api, path):
    assert api.get(path).status_code == 404


def test_the_other_pages_show_what_happened(project_of):
    api = project_of(rate_limit=True)
    api.bulk({"email": "ann@shop.com", "dataFields": {"lastSeen": "2026-01-01"}})
    api.get("/api/users/" + ATTACK.replace("/", "%2F"))
    assert "<tr><td>lastSeen</td><td><code>date</code></td></tr>" in api.get("/fields").text
    requests = api.get("/requests").text
    assert ("POST /api/users/bulkUpdate" in requests, "1 ok, 0 failed" in requests, ATTACK in requests) == (
        True,
        True,
        False,
    )
    assert (
        '<td><code>POST /api/users/bulkUpdate</code></td><td class="number">5</td><td>1 s</td><td class="number">4</td>'
        in (api.get("/limits").text)
    )
