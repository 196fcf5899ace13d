from __future__ import annotations

import pytest

from reverse_etl.sandbox.http.log_entries import MAX_CHARACTERS, MAX_ITEMS, build_log_entry
from reverse_etl.sandbox.state.request_log import MAX_REQUESTS


def last(api):
    return list(api.project.requests)[-1]


def rows(page):
    return page.count("<tr>") - 1


def test_a_request_has_a_page_with_its_body_and_reply(api):
    api.bulk({"email": "ann@shop.com", "dataFields": {"plan": "<i>"}}, {"email": "nobody"})
    assert '<a href="/requests/1"><code>POST /api/users/bulkUpdate</code></a>' in api.get("/requests").text
    page = api.get("/requests/1").text
    sent, replied = page.split("<h2>Response")
    assert "        &#34;plan&#34;: &#34;&lt;i&gt;&#34;\n" in sent
    assert "  &#34;successCount&#34;: 1," in replied
    assert ("1 ok, 1 failed" in replied, "<i>" in page, "2 items" in page) == (True, False, True)


def test_pages_of_requests_lead_to_their_neighbours(api):
    for _ in range(3):
        api.get("/api/channels")
    assert [('href="/requests/1"' in page, 'href="/requests/3"' in page) for page in [api.get("/requests/2").text]] == [
        (True, True)
    ]
    assert "Earlier" not in api.get("/requests/1").text
    assert "Later" not in api.get("/requests/3").text


@pytest.mark.parametrize("number", ["0", "4", "-1", "x", "9" * 30])
def test_what_was_not_asked_has_no_page(api, number):
    for _ in range(3):
        api.get("/api/channels")
    assert api.get(f"/requests/{number}").status_code == 404


def test_a_body_that_is_no_json_is_shown_as_it_came(api):
    api.post("/api/users/update", data=b"{broken <i>\xff")
    page = api.get("/requests/1").text
    assert ("{broken &lt;i&gt;\ufffd" in page, "BadJsonBody" in page) == (True, True)


def test_replies_that_are_no_json_are_shown_too(api):
    api.get("/api/nothing")
    assert "&lt;title&gt;Action not found" in api.get("/requests/1").text


def test_long_bodies_are_cut_and_counted(api):
    api.bulk(
        *({"email": f"user{n}@shop.com", "dataFields": {f"f{m}": "x" * 400 for m in range(30)}} for n in range(99))
    )
    sent = last(api).sent
    assert len(sent) <= MAX_CHARACTERS + 2
    assert f"{'x' * 300}… (400 characters)" in sent
    api.bulk(*({"email": f"user{n}@shop.com"} for n in range(99)))
    assert [f"user{MAX_ITEMS - 1}@" in last(api).sent, f"user{MAX_ITEMS}@" in last(api).sent] == [True, False]
    assert f"… {99 - MAX_ITEMS} more" in last(api).sent


def test_a_body_of_any_depth_is_shown(api):
    api.post("/api/users/update", data=b'{"a":' * 500 + b"1" + b"}" * 500)
    assert "…" in last(api).sent


def test_no_key_is_kept_wherever_it_stands(api):
    headers = {"Api-Key": "sandbox-secret"}
    body = {"email": "ann@shop.com", "api_key": "sandbox-secret", "dataFields": {"apiKey": "sandbox-secret"}}
    api.post("/api/users/update?api_key=sandbox-secret&x=1", body, headers=headers)
    assert "sandbox-secret" not in api.get("/requests/1").text + repr(last(api))
    assert "x=1" in last(api).query


def test_the_log_is_searched_by_path_and_status(api):
    api.update(email="ann@shop.com")
    api.update(email="nobody")
    api.get("/api/channels")
    api.get("/api/nothing")
    found = {
        query: rows(api.get(f"/requests?{query}").text)
        for query in ("", "path=USERS", "status=200", "status=refused", "path=users&status=400")
    }
    assert list(found.values()) == [4, 2, 2, 2, 1]
    page = api.get("/requests?path=zzz%22%3E&status=400").text
    assert ("No request matches" in page, 'value="zzz&#34;&gt;"' in page) == (True, True)
    assert '<option value="400" selected>400</option>' in page


def test_the_log_has_pages_and_forgets_the_oldest(api):
    for _ in range(MAX_REQUESTS + 5):
        api.project.requests.add(_make_log_entry(api))
    log = api.project.requests
    assert (len(log), log.find(5), log.find(6).number, log.find(MAX_REQUESTS + 5).number) == (1000, None, 6, 1005)
    first, second = api.get("/requests?path=chan").text, api.get("/requests?path=chan&page=2").text
    assert ("/requests/1005" in first, "/requests/955" in first, "/requests/955" in second) == (True, False, True)
    assert '"/requests?path=chan&amp;status=&amp;page=2"' in first


def _make_log_entry(api):
    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.replies import reply_json

    call = Call(api.project, "/api/channels", (), {}, b"")
    return build_log_entry("GET", call, 0, reply_json({}), "")


def test_what_nobody_heard_is_told(project_of):
    api = project_of(faults=("reset",))
    with pytest.raises(OSError, match="reset"):
        api.get("/api/channels")
    page = api.get("/requests/1").text
    assert ("fault <code>reset</code>" in page, '<span class="bad">none</span>' in page) == (True, True)
