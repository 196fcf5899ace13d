"""The journeys of the sandbox: how they are declared and listed, and which requests start them."""

from __future__ import annotations

import pytest

from reverse_etl.sandbox import SandboxOptions, parse_journeys, start_sandbox
from reverse_etl.sandbox.options import Behaviour
from tests.sandbox.conftest import NOON, Api, Clock

FILE = """
journeys:
  - {name: Win back, starts_with: event, of: Order Placed, lifetime_limit: 1}
  - {name: Tier, starts_with: profile_update, of: plan.tier}
  - {name: City, starts_with: profile_update, of: [city, home.city], new_users: true}
  - {name: Hello, starts_with: new_user}
  - {name: Thanks, starts_with: purchase, simultaneous_limit: 1, stay_hours: 2}
  - {name: Cart, starts_with: cart_update}
  - {name: VIP, starts_with: list_subscribe, of: 300}
  - {name: No news, starts_with: list_unsubscribe, of: Newsletter}
  - {name: Left, starts_with: channel_unsubscribe, of: 101}
  - {name: Paused, starts_with: new_user, enabled: false}
  - {name: Old, starts_with: new_user, archived: true}
"""
ITEM = {"id": "1", "name": "Tea", "price": 2, "quantity": 1}


@pytest.fixture(scope="module")
def running():
    clock = Clock()
    options = SandboxOptions(port=0, rate_limit=False, lists=((300, "Newsletter"),), journeys=parse_journeys(FILE))
    with start_sandbox(options, clock) as sandbox:
        yield Api(sandbox, clock)


@pytest.fixture
def api(running):
    running.project.reset()
    running.clock.now = NOON
    return running


def starts(api, user="ann@shop.com"):
    """Name, cause and limit of each entry of a user."""
    entries = [one for one in api.get("/sandbox/journeys").json() if one["email"] == user]
    return [(one["journey"], one["cause"], one["keptOut"]) for one in entries]


def started(api, act, user="ann@shop.com"):
    """The names of the journeys that this starts for a user."""
    before = len(starts(api, user))
    assert act().status_code == 200
    return [name for name, _, kept_out in starts(api, user)[before:] if not kept_out]


def test_a_new_user_starts_what_also_adds_new_users(api):
    fields = {"city": "Oslo", "plan": {"tier": "pro"}}
    assert started(api, lambda: api.update(email="ann@shop.com", dataFields=fields)) == ["Hello", "City"]


def test_a_request_that_contains_a_field_starts_its_journeys_changed_or_not(api):
    api.bulk({"email": "ann@shop.com"})
    same = {"email": "ann@shop.com", "dataFields": {"plan": {"tier": "pro"}, "home": {"city": None}}}
    assert started(api, lambda: api.bulk(same)) == ["Tier", "City"]
    assert started(api, lambda: api.bulk(same)) == ["Tier", "City"]
    assert started(api, lambda: api.update(email="ann@shop.com", dataFields={"plan": {"name": "x"}})) == []
    assert starts(api)[-1][1] == "profile update with home, home.city, plan, plan.tier"


def test_an_event_starts_a_journey_when_it_is_added_and_updated_up_to_the_limit(api):
    api.bulk({"email": "ann@shop.com"}, {"email": "bob@shop.com"})
    order = {"email": "ann@shop.com", "eventName": "Order Placed", "id": "o-1"}
    other = {**order, "eventName": "Order Shipped", "id": "o-2"}
    assert started(api, lambda: api.track_bulk(order, other)) == ["Win back"]
    assert started(api, lambda: api.track(**order)) == []
    assert starts(api)[-1] == ("Win back", "event Order Placed with id o-1", "lifetime limit of 1")
    assert started(api, lambda: api.track(**{**order, "email": "bob@shop.com"}), "bob@shop.com") == ["Win back"]


def test_a_simultaneous_limit_counts_users_who_are_still_in(api):
    def buy():
        body = {"user": {"email": "ann@shop.com"}, "items": [ITEM], "total": 2}
        return api.post("/api/commerce/trackPurchase", body)

    assert started(api, buy) == ["Hello", "Thanks"]
    api.clock.now += 3600
    assert started(api, buy) == []
    assert starts(api)[-1][2] == "simultaneous limit of 1"
    api.clock.now += 3600
    assert started(api, buy) == ["Thanks"]


def test_carts_lists_and_channels_start_journeys(api):
    def cart():
        return api.post("/api/commerce/updateCart", {"user": {"email": "ann@shop.com"}, "items": [ITEM]})

    def change(path):
        return api.post(f"/api/lists/{path}", {"listId": 300, "subscribers": [{"email": "ann@shop.com"}]})

    def choose(**ids):
        return api.post("/api/users/updateSubscriptions", {"email": "ann@shop.com", **ids})

    assert started(api, cart) == ["Hello", "Cart"]
    assert started(api, lambda: change("subscribe")) == ["VIP"]
    assert started(api, lambda: change("subscribe")) == ["VIP"]
    assert started(api, lambda: choose(unsubscribedChannelIds=[101, 102])) == ["Left"]
    assert started(api, lambda: choose(unsubscribedChannelIds=[101])) == []
    assert started(api, lambda: change("unsubscribe")) == ["No news"]
    assert started(api, lambda: choose(emailListIds=[300])) == ["VIP"]


def test_refused_rows_start_nothing(api):
    api.bulk({"email": "ann@shop.com"})
    api.track_bulk({"email": "nobody@shop.com", "eventName": "Order Placed"})
    api.update(email="ann@shop.com", dataFields={"city": "Oslo"})
    api.update(email="ann@shop.com", dataFields={"city": 5})
    assert [name for name, _, _ in starts(api)] == ["Hello", "City"]


def test_the_list_has_iterables_form_and_pages(api):
    first = api.get("/api/journeys?page=1&pageSize=4").json()
    assert (first["totalJourneysCount"], len(first["journeys"]), "nextPageUrl" in first) == (10, 4, True)
    win_back = first["journeys"][0]
    assert (win_back["name"], win_back["enabled"], win_back["isArchived"]) == ("Win back", True, False)
    assert (win_back["triggerEventNames"], win_back["lifetimeLimit"]) == (["Order Placed"], 1)
    assert "simultaneousLimit" not in win_back
    every = {one["name"]: one for one in api.get("/api/journeys?pageSize=50").json()["journeys"]}
    assert (every["Thanks"]["triggerEventNames"], every["Paused"]["enabled"]) == (["purchase"], False)
    assert (every["VIP"]["triggerEventNames"], every["Left"]["triggerEventNames"]) == (
        ["emailSubscribe"],
        ["emailUnSubscribe"],
    )
    [old] = api.get("/api/journeys?state=Archived").json()["journeys"]
    assert old["name"] == "Old"
    assert api.get("/api/journeys?pageSize=51").status_code == 400


def test_names_of_other_events_can_be_left_out_and_a_second_subscribe_ignored(api):
    behaviour = Behaviour(journey_event_names="left_out", journeys_start_again=False)
    lists, journeys = ((300, "Newsletter"),), parse_journeys(FILE)
    options = SandboxOptions(port=0, rate_limit=False, lists=lists, journeys=journeys, behaviour=behaviour)
    with start_sandbox(options) as sandbox:
        other = Api(sandbox, api.clock)
        names = {one["name"]: one["triggerEventNames"] for one in other.get("/api/journeys").json()["journeys"]}
        body = {"listId": 300, "subscribers": [{"email": "ann@shop.com"}]}
        for _ in range(2):
            other.post("/api/lists/subscribe", body)
        assert [name for name, _, _ in starts(other)] == ["Hello", "VIP"]
    assert (names["Win back"], names["Thanks"], names["VIP"]) == (["Order Placed"], [], [])


def test_pages_show_who_would_have_entered_and_why(api):
    assert api.update(email="ann@shop.com", dataFields={"city": "Oslo"}).status_code == 200
    (number,) = api.project.users
    [request] = api.project.requests
    page, journeys = api.get(f"/users/{number}").text, api.get("/journeys").text
    for shown in (page, journeys):
        assert "profile update with city" in shown
        assert f'href="/requests/{request.number}"' in shown
    assert ("lifetime limit" in page, "archived" in journeys, "ann@shop.com" in journeys) == (False, True, True)


def test_entries_survive_a_restart_follow_a_merge_and_end_with_the_user(tmp_path):
    options = SandboxOptions(port=0, data_dir=tmp_path, rate_limit=False, journeys=parse_journeys(FILE))
    with start_sandbox(options) as sandbox:
        Api(sandbox, None).bulk({"email": "ann@shop.com"}, {"email": "bob@shop.com"})
    with start_sandbox(options) as sandbox:
        api = Api(sandbox, None)
        assert [name for name, _, _ in starts(api)] == ["Hello"]
        merged = api.post("/api/users/merge", {"sourceEmail": "bob@shop.com", "destinationEmail": "ann@shop.com"})
        assert (merged.status_code, len(starts(api))) == (200, 2)
        api.delete("/api/users/ann@shop.com")
        assert api.get("/sandbox/journeys").json() == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "neither YAML nor JSON"),
        ("{}", "must hold a list"),
        ("[{starts_with: event}]", "journey 1: `name` is missing"),
        ("[{name: A, start_with: event}]", "'start_with' is not a key; did you mean starts_with?"),
        ("[{name: A, starts_with: purchases}]", "is 'purchases'; did you mean purchase?"),
        ("[{name: A, starts_with: event}]", "needs `of`"),
        ("[{name: A, starts_with: purchase, of: x}]", "has no `of`"),
        ("[{name: A, starts_with: event, of: [{}]}]", "a name, an id, or a list"),
        ("[{name: A, starts_with: purchase, lifetime_limit: 0}]", "a whole number from 1"),
        ("[{name: A, starts_with: purchase, enabled: 1}]", "true or false"),
        ("[{name: A, starts_with: purchase, stay_hours: -1}]", "a number of hours"),
        ("[{name: A, starts_with: purchase, id: 7}, {name: B, starts_with: purchase, id: 7}]", "the same id"),
    ],
)
def test_a_wrong_file_says_what_is_allowed(text, reason):
    with pytest.raises(ValueError, match="journey") as raised:
        parse_journeys(text)
    assert reason in str(raised.value)
