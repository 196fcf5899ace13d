"""What `plan` says about journeys: as text, as JSON, and when they cannot be read. Against the reference server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.project import Project

EVENTS = {
    "object": "events",
    "email": "email",
    "event_id": "id",
    "event_name": "name",
    "campaign_id": "campaign",
    "fields": {"total": "total"},
}
USERS: dict[str, Any] = {"object": "users", "email": "email", "fields": {"city": "city", "plan.tier": "tier"}}
WIN_BACK = {"id": 7, "name": "Win back", "enabled": True, "isArchived": False, "journeyType": "Published"}


def journey(name: str, *events: str, **more: object) -> dict[str, Any]:
    return {**WIN_BACK, "name": name, "triggerEventNames": list(events), **more}


@pytest.fixture
def shop(tmp_path: Path, iterable: ReferenceServer) -> Project:
    made = Project.make(tmp_path / "shop", iterable.url, EVENTS)
    made.sql(
        "CREATE TABLE people AS SELECT 'e-' || i AS id, 'u' || i % 5 || '@shop.com' AS email, 'Oslo' AS city,"
        " 'pro' AS tier, CASE WHEN i < 3 THEN 'Order Placed' WHEN i = 3 THEN 'Order Shipped' ELSE 'Seen' END AS name,"
        " i AS total, CASE WHEN i = 2 THEN 0.5 ELSE 7 END AS campaign FROM range(12) t(i)"
    )
    return made


def plan(shop: Project) -> tuple[str, Mapping[str, Any]]:
    """The text of `plan`, and `journeys` of its JSON."""
    text = shop.cli("plan")
    assert text.code == 0, text.out + text.err
    [found] = json.loads(shop.cli("plan", "--output", "json").out)["plans"]
    return text.out, found["journeys"]


def journey_requests(iterable: ReferenceServer) -> Sequence[str]:
    return [one.path for one in iterable.log if one.path.startswith("/api/journeys")]


def test_events_are_counted_by_name_and_journey(shop: Project, iterable: ReferenceServer) -> None:
    iterable.journeys = [
        journey("Win back", "Order Placed", lifetimeLimit=1),
        journey("Care", "Order Shipped", "Order Placed", id=8, lifetimeLimit=3, simultaneousLimit=1),
        journey("Off", "Seen", id=9, enabled=False),
        journey("Old", "Seen", id=10, isArchived=True),
        journey("By schedule", id=11),
    ]
    text, found = plan(shop)
    assert "2 events `Order Placed` enter the enabled journey 'Win back' (limits: 1 per user)" in text
    assert "1 event `Order Shipped` enters the enabled journey 'Care'" in text
    assert "(limits: 3 per user and 1 per user at the same time)" in text
    assert ("Seen" in text, "By schedule" in text) == (False, False)
    # The row whose campaign cannot be sent is not counted.
    assert (found["enabled"], found["rows"], found["unread"]) == (3, 3, "")
    assert [(one["journey"], one["rows"], one["lifetime_limit"]) for one in found["starts"]] == [
        ("Win back", 2, 1),
        ("Care", 2, 3),
        ("Care", 1, 3),
    ]


def test_the_list_is_asked_for_once_and_page_by_page(shop: Project, iterable: ReferenceServer) -> None:
    iterable.journeys = [journey(f"J{number}", "Order Placed", id=number) for number in range(120)]
    constant = {**EVENTS, "event_name": {"value": "Order Placed"}, "name": "twice"}
    shop.tag([EVENTS, constant])
    ended = shop.cli("plan", "--output", "json")
    by_column, by_constant = (one["journeys"] for one in json.loads(ended.out)["plans"])
    assert (len(by_column["starts"]), by_column["rows"]) == (120, 2)
    assert (len(by_constant["starts"]), by_constant["rows"]) == (120, 11)
    assert [path.partition("&")[0] for path in journey_requests(iterable)] == [
        "/api/journeys?page=1",
        "/api/journeys?page=2",
        "/api/journeys?page=3",
    ]


def test_of_users_it_says_what_cannot_be_known(shop: Project, iterable: ReferenceServer) -> None:
    iterable.journeys = [journey("Win back", "Order Placed"), journey("Silent", id=8)]
    shop.tag({**USERS, "primary_key": "id"})
    shop.sql("DELETE FROM people WHERE id NOT IN ('e-0', 'e-1', 'e-2')")
    text, found = plan(shop)
    assert "3 users go with fields city, plan.tier. Iterable's API does not say which fields start journeys" in text
    assert "2 journeys are enabled ('Silent': no event is named)" in text
    assert (found["rows"], found["starts"], found["possible"][0]["fields"]) == (3, [], ["city", "plan.tier"])


def test_only_the_fields_that_go_are_named(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**USERS, "fields": {**USERS["fields"], "id": "id"}})
    shop.sql("DELETE FROM people WHERE id NOT IN ('e-0', 'e-1', 'e-2')")
    assert shop.cli("run").code == 0
    iterable.journeys = [journey("Win back", "Order Placed")]
    shop.sql("UPDATE people SET city = 'Bergen' WHERE id <> 'e-0'")
    assert "2 users go with field city. Iterable's API" in plan(shop)[0]
    shop.tag({**USERS, "fields": {**USERS["fields"], "id": "id"}, "send": "whole_row"})
    assert "2 users go with fields city, plan.tier, id. Iterable's API" in plan(shop)[0]
    shop.sql("INSERT INTO people BY NAME SELECT 'e-9' AS id, 'new@shop.com' AS email")
    shop.tag({**USERS, "fields": {**USERS["fields"], "id": "id"}})
    assert "3 users go with fields city, plan.tier, id. Iterable's API" in plan(shop)[0]


def test_without_enabled_journeys_nothing_is_said(shop: Project, iterable: ReferenceServer) -> None:
    iterable.journeys = [journey("Off", "Order Placed", enabled=False)]
    text, found = plan(shop)
    assert "journey" not in text
    assert (found["enabled"], found["rows"]) == (0, 0)


def test_enabled_journeys_that_no_row_starts_are_counted(shop: Project, iterable: ReferenceServer) -> None:
    iterable.journeys = [journey("Other", "Something else")]
    assert "journeys    these rows start none of the 1 enabled journey" in plan(shop)[0]


def test_a_key_without_the_right_is_a_note(shop: Project, iterable: ReferenceServer) -> None:
    routes = [journey("Win back", "Order Placed")]
    iterable.journeys = routes
    iterable.refused_paths = {"/api/journeys"}
    text, found = plan(shop)
    assert "the journeys could not be read, so more may start: Iterable refused the API key with status 401" in text
    assert (found["enabled"], found["rows"]) == (0, 0)


def test_an_object_that_starts_nothing_does_not_ask(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({"object": "catalog_items", "catalog": "Things", "item_id": "id", "create_catalog": True})
    assert plan(shop)[1] is None
    assert journey_requests(iterable) == []
