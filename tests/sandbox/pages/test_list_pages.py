"""The pages about lists."""

from __future__ import annotations

import pytest

from .tables import rows

ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def create_list(api):
    def make(name, *emails, **more):
        number = api.post("/api/lists", {"name": name, **more}).json()["listId"]
        api.post("/api/lists/subscribe", {"listId": number, "subscribers": [{"email": email} for email in emails]})
        return number

    return make


def test_lists_are_shown_with_type_and_members(api, create_list):
    number = create_list(ATTACK, "ann@shop.com", "bob@shop.com", description="the best")
    page = api.get("/lists").text
    assert f'<a href="/lists/{number}">&lt;script&gt;' in page
    assert (rows(page)[-1][3], "the best" in page, ATTACK in page) == ("2", True, False)
    assert ("All users" in page, "Dynamic" in page) == (True, True)
    assert '<a href="/lists" class="current">Lists</a>' in page


def test_a_list_has_a_page_with_its_members_since_when(api, create_list):
    number = create_list("VIP", "ann@shop.com")
    api.clock.now += 3600
    api.post("/api/lists/subscribe", {"listId": number, "subscribers": [{"email": "bob@shop.com", "userId": ATTACK}]})
    page = api.get(f"/lists/{number}").text
    assert rows(page)[1:] == [
        ["bob@shop.com", ATTACK, "2026-01-01 13:00:00"],
        ["ann@shop.com", "", "2026-01-01 12:00:00"],
    ]
    assert ("2 members" in page, ATTACK in page) == (True, False)


def test_members_are_shown_in_pages_the_latest_first(api, create_list):
    number = create_list("VIP", *(f"user{index:03}@shop.com" for index in range(60)))
    first, second = api.get(f"/lists/{number}").text, api.get(f"/lists/{number}?page=2").text
    assert ("user059@" in first, "user009@" in first, "user009@" in second) == (True, False, True)
    assert (f"/lists/{number}?page=2" in first, f"/lists/{number}?page=1" in second) == (True, True)
    assert "?page=3" not in second


def test_the_dynamic_list_shows_everybody(api, create_list):
    create_list("VIP", "ann@shop.com")
    page = api.get("/lists/301").text
    assert ("1 member " in page, "ann@shop.com" in page) == (True, True)
    assert "The list has no members" in api.get(f"/lists/{create_list('Lapsed')}").text


def test_a_user_shows_its_lists_and_how_it_came_there(api, create_list):
    number = create_list("VIP", "ann@shop.com")
    page = api.get(f"/users/{api.user('ann@shop.com').id}").text
    assert f'<a href="/lists/{number}">VIP</a>' in page
    assert "subscribed to VIP" in page


@pytest.mark.parametrize("path", ["/lists/9", "/lists/x", "/lists/" + "9" * 5000, "/lists/", "/lists/301/2"])
def test_a_list_that_is_not_there_has_no_page(api, path):
    assert api.get(path).status_code == 404
