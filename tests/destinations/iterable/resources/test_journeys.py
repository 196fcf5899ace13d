"""Reading journeys: which ones count, pages, and replies that are no list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import bind, entries
from reverse_etl.destinations.iterable.resources.journeys import read_enabled_journeys
from reverse_etl.destinations.journeys import Journey
from reverse_etl.destinations.request import Reply, Request


class Pages:
    """A caller that answers with one page after another."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.paths = list(replies), list[str]()

    def ask(self, request: Request, *, once: bool = False, settled: Callable[[Reply], bool] = lambda _: True) -> Reply:
        del once, settled
        self.paths.append(request.path)
        return self.replies[min(len(self.paths), len(self.replies)) - 1]


def page(*journeys: object, **more: object) -> Reply:
    return Reply(200, {"journeys": list(journeys), "totalJourneysCount": len(journeys), **more})


def journey(**values: Any) -> dict[str, Any]:
    return {"id": 7, "name": "Win back", "enabled": True, "isArchived": False, **values}


def test_a_journey_has_its_events_and_limits() -> None:
    given = journey(
        triggerEventNames=["Order Placed", 5], lifetimeLimit=1, simultaneousLimit=2, journeyType="Published"
    )
    found = read_enabled_journeys(Pages(page(given)))
    assert (found.journeys, found.unread) == ((Journey("7", "Win back", ("Order Placed",), 1, 2),), "")


@pytest.mark.parametrize("without", [{"enabled": False}, {"enabled": None}, {"isArchived": True}])
def test_a_journey_that_accepts_no_user_is_left_out(without: dict[str, object]) -> None:
    assert read_enabled_journeys(Pages(page(journey(**without)))).journeys == ()


def test_what_is_missing_is_unknown() -> None:
    found = read_enabled_journeys(Pages(page({"id": 7.0, "enabled": True, "lifetimeLimit": 0}, "no journey")))
    assert found.journeys == (Journey("7", "7"),)


def test_pages_are_followed_by_number_and_never_by_the_address_in_a_reply() -> None:
    pages = Pages(page(journey(), nextPageUrl="https://elsewhere.example.com/steal"), page(journey(id=8)))
    assert [one.id for one in read_enabled_journeys(pages).journeys] == ["7", "8"]
    assert pages.paths == [f"/api/journeys?page={number}&pageSize=50&sort=id" for number in (1, 2)]


def test_a_total_that_is_higher_asks_for_more_until_a_page_is_empty() -> None:
    pages = Pages(page(journey(), totalJourneysCount=999), page(totalJourneysCount=999))
    assert (len(read_enabled_journeys(pages).journeys), len(pages.paths)) == (1, 2)


def test_pages_that_never_end_are_read_in_part() -> None:
    pages = Pages(page(journey(), nextPageUrl="/again"))
    found = read_enabled_journeys(pages)
    assert (len(found.journeys), found.unread) == (100, "Iterable has more than 5,000 journeys")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(404, None, text="Action not found"), "Iterable answered /api/journeys with status 404"),
        (Reply(400, {"code": "BadParams"}), "Iterable answered /api/journeys with status 400, code BadParams"),
        (Reply(200, ["no object"]), "Iterable answered /api/journeys with status 200"),
    ],
)
def test_a_reply_without_journeys_is_explained(reply: Reply, reason: str) -> None:
    found = read_enabled_journeys(Pages(reply))
    assert (found.journeys, found.unread) == ((), reason)


PERSON = {"email": "email"}
ITEMS = {"items": "items", "total": "total", "purchase_id": "id"}


@pytest.mark.parametrize(
    ("definition", "events"),
    [
        ({"object": "users"}, ["user", "new user"]),
        ({"object": "users", "mode": "update"}, ["user"]),
        ({"object": "users", "mode": "update", "on_removed": "clear"}, ["user", "cleared user, if removed"]),
        ({"object": "users", "mode": "mirror"}, ["user", "new user"]),
        ({"object": "events", "event_id": "id", "event_name": {"value": "Seen"}}, ["event `Seen`"]),
        ({"object": "events", "event_id": "id", "event_name": "name"}, ["event"]),
        ({"object": "purchases", **ITEMS}, ["purchase", "new user"]),
        (
            {"object": "carts", "items": "items", "on_removed": "clear"},
            ["cart update", "new user", "emptied cart, if removed"],
        ),
        ({"object": "list_members", "list": {"id": 3}}, ["list add", "new user"]),
        ({"object": "list_members", "list": {"id": 3}, "mode": "remove"}, ["list removal"]),
        (
            {"object": "list_members", "list": {"id": 3}, "mode": "mirror"},
            ["list add", "new user", "list removal, if removed"],
        ),
        ({"object": "subscriptions", "list_ids": "lists"}, ["subscription update", "new user"]),
    ],
)
def test_each_object_says_what_its_rows_can_start(definition: dict[str, object], events: list[str]) -> None:
    model = TaggedModel("m", "model.p.m", '"d"."s"."m"', "m.yml")
    [sync], broken = read_definitions(model, {**PERSON, **definition}, lambda _: entries())
    assert broken == []
    bound = bind(sync, "email")
    said = [event.one + (", if removed" if event.rows == "removed" else "") for event in bound.journey_events]
    assert said == events
