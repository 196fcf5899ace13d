"""Events to a local Iterable that was written without a look at the client, in the three kinds of project."""

from __future__ import annotations

import pytest
import requests

from reverse_etl.destinations.iterable.objects.events import TrackBulk
from tests.destinations.iterable.objects.activity.activity_replies import event
from tests.doubles.delivery_world import KEY

KEYS = {"email": ("email", "user_id"), "user_id": ("user_id",), "hybrid": ("email", "user_id")}
PROJECTS = [(project, key) for project, keys in KEYS.items() for key in keys]


@pytest.fixture
def known(iterable):
    """A sandbox that knows some people, and a world that delivers to it."""

    def known(project, *people, **behaviour):
        world = iterable(project, **behaviour)
        for person in people:
            key = "email" if "@" in person else "userId"
            user = {key: person, "preferUserId": True}
            reply = requests.post(f"{world.url}/api/users/update", json=user, headers={"Api-Key": KEY}, timeout=10)
            assert reply.status_code == 200
        return world

    return known


def held(world):
    found = requests.get(f"{world.url}/sandbox/events", timeout=10).json()
    return {one["id"]: (one["eventName"], one["dataFields"]) for one in found}


@pytest.mark.parametrize(("project", "key"), PROJECTS)
def test_events_are_added_and_then_updated_under_their_ids(known, project, key):
    people = ["a@example.com", "b@example.com"] if key == "email" else ["A", "B"]
    world = known(project, *people)
    rows = [event(n, people[n % 2]) for n in range(30)]
    assert world.deliver(TrackBulk(), rows).accepted == set(range(30))
    assert len(held(world)) == 30
    assert world.deliver(TrackBulk(), [event(3, people[1], "Left", new="x")]).accepted == {3}
    assert len(held(world)) == 30
    assert held(world)["e-3"] == ("Left", {"n": 3, "new": "x"})
    assert world.deliver(TrackBulk(), rows).accepted == set(range(30))
    assert len(held(world)) == 30


@pytest.mark.parametrize(("project", "key"), PROJECTS)
@pytest.mark.parametrize("failed_updates", [True, False])
def test_events_of_nobody_are_skipped_and_make_nobody(known, project, key, failed_updates):
    """Also by a server that answers with the deprecated arrays only, which say less of an address."""
    people = ["a@example.com", "b@example.com"] if key == "email" else ["A", "B"]
    world = known(project, people[0], failed_updates=failed_updates)
    done = world.deliver(TrackBulk(), [event(n, person) for n, person in enumerate(people)])
    assert done.accepted == {0}
    assert done.statuses == {1: "skipped" if failed_updates or key == "user_id" else "rejected"}
    users = requests.get(f"{world.url}/sandbox/users", timeout=10).json()
    assert len(users) == 1


def test_names_that_the_project_does_not_let_in(known):
    world = known("email", "a@example.com", "b@example.com", disallowed_events=frozenset({"Secret"}))
    rows = [event(0, "a@example.com", "Secret"), event(1, "b@example.com"), event(2, "nobody@example.com", "Secret")]
    done = world.deliver(TrackBulk(), rows)
    assert done.accepted == {1}
    assert {outcome.code for outcome in done.outcomes.values()} == {"disallowed-event"}


def test_a_clash_of_types_within_one_kind_of_event_is_isolated_and_told(known):
    people = [f"u{n}@example.com" for n in range(10)]
    world = known("email", *people)
    assert world.deliver(TrackBulk(), [event(0, people[0], size=5), event(1, people[1], "Other", size="big")]).accepted
    rows = [event(n, person, size="SECRET" if n == 3 else n) for n, person in enumerate(people)]
    done = world.deliver(TrackBulk(), rows)
    assert done.accepted == set(range(10)) - {3}
    assert done.outcomes[3].code == "request-fields-types-mismatched"
    assert "is long in Iterable" in done.outcomes[3].reason
    assert "SECRET" not in done.outcomes[3].reason


def test_an_event_that_no_array_can_name_is_traced_by_halving(known):
    people = [f"u{n}@example.com" for n in range(8)]
    world = known("email", *people)
    odd = event(5, people[5])
    rows = [event(n, person) for n, person in enumerate(people)]
    rows[5] = type(odd)(5, odd.kind, odd.identity, odd.body.replace(b'"e-5"', b'"e_5"'), odd.user)
    done = world.deliver(TrackBulk(), rows)
    assert done.accepted == set(range(8)) - {5}
    assert done.outcomes[5].code == "refused"
    assert len(held(world)) == 7
