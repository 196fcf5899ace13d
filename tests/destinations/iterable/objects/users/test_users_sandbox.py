"""Users to a local Iterable that was written without a look at the client, in the three kinds of project."""

from __future__ import annotations

import json

import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.delivery.row_lookups import RowLookups
from reverse_etl.destinations.iterable.fields.field_types import read_user_types
from reverse_etl.destinations.iterable.objects.users import BulkUpdate, DeleteUser
from reverse_etl.destinations.iterable.resources.user_lookup import UserExists

TYPES = ("email", "user_id", "hybrid")
KEYS = {"email": "email", "user_id": "userId"}


def change(ordinal, key, identity, **data):
    body = json.dumps({KEYS[key]: identity, "dataFields": data}).encode()
    return Change(ordinal, Kind.CHANGED, identity, body)


def exists(world, key, *identities):
    """Which of these users a lookup finds."""
    client = world.client()
    lookups = RowLookups(UserExists(key), world.line(client), world.limiter())
    asked = [Change(number, Kind.CHANGED, identity, b"") for number, identity in enumerate(identities)]
    outcomes = [outcome for outcome in lookups.run(asked) if outcome is not None]
    client.close()
    assert all(outcome.status.value == "skipped" for outcome in outcomes)
    return [found.identity for found in lookups.to_send]


@pytest.mark.parametrize(
    ("project", "key"), [("email", "email"), ("user_id", "user_id"), ("hybrid", "email"), ("hybrid", "user_id")]
)
def test_users_are_made_changed_found_and_deleted(iterable, project, key):
    world = iterable(project)
    names = [f"U{n}" if key == "user_id" else f"u{n}@example.com" for n in range(2500)]
    first = world.deliver(BulkUpdate(key), [change(n, key, name, n=n) for n, name in enumerate(names)])
    assert len(first.accepted) == 2500
    assert first.counts.requests == 3
    again = world.deliver(BulkUpdate(key), [change(0, key, names[0], n=None, more={"b": 1})])
    assert again.accepted == {0}
    assert exists(world, key, names[0], names[2499], "nobody@example.com") == [names[0], names[2499]]
    gone = world.deliver(DeleteUser(key), [Change(n, Kind.REMOVED, names[n], b"") for n in range(3)])
    assert gone.accepted == {0, 1, 2}
    assert exists(world, key, *names[:5]) == names[3:5]


@pytest.mark.parametrize("project", TYPES)
@pytest.mark.parametrize("failed_updates", [True, False])
def test_malformed_identifiers_are_refused_alone(iterable, project, failed_updates):
    """Also by a server that answers with the deprecated arrays only."""
    world = iterable(project, failed_updates=failed_updates)
    key = "user_id" if project == "user_id" else "email"
    bad = "x" * 53 if key == "user_id" else "foo@localhost"
    names = ["A1" if key == "user_id" else "a1@example.com", bad]
    done = world.deliver(BulkUpdate(key), [change(n, key, name, n=n) for n, name in enumerate(names)])
    assert done.accepted == {0}
    assert done.outcomes[1].code == "invalid-identifier"


@pytest.mark.parametrize("both", [True, False])
def test_an_email_project_skips_user_ids_it_does_not_know(iterable, both):
    world = iterable("email", unknown_user_ids_are_invalid_too=both)
    world.deliver(BulkUpdate("email"), [change(0, "email", "a@example.com", userId="A")])
    rows = [change(0, "user_id", "A", n=1), change(1, "user_id", "B", n=1)]
    done = world.deliver(BulkUpdate("user_id", updates_only=True), rows)
    assert done.accepted == {0}
    assert done.statuses == {1: "skipped"}
    assert exists(world, "user_id", "A", "B") == ["A"]


def test_a_hybrid_project_names_the_address_that_another_user_has(iterable):
    world = iterable("hybrid")
    world.deliver(BulkUpdate("user_id"), [change(0, "user_id", "A", email="a@example.com")])
    rows = [change(n, "user_id", f"N{n}", email="A@example.com" if n == 7 else f"n{n}@example.com") for n in range(20)]
    done = world.deliver(BulkUpdate("user_id"), rows)
    assert done.accepted == set(range(20)) - {7}
    assert done.outcomes[7].code == "identity-conflict"
    assert not done.outcomes[7].maybe_applied


def test_a_clash_of_types_is_isolated_and_told(iterable):
    world = iterable("email")
    world.deliver(BulkUpdate("email"), [change(0, "email", "a@example.com", born="2020-01-01", n=1)])
    client = world.client()
    assert read_user_types(world.caller(client, 1))["born"] == "date"
    client.close()
    rows = [change(n, "email", f"u{n}@example.com", born="soon" if n == 3 else "2020-01-01") for n in range(10)]
    done = world.deliver(BulkUpdate("email"), rows)
    assert done.accepted == set(range(10)) - {3}
    assert done.outcomes[3].code == "request-fields-types-mismatched"
    assert "`born` is date in Iterable" in done.outcomes[3].reason
    assert "soon" not in done.outcomes[3].reason


def test_fields_that_iterable_drops_fail_the_rows(iterable):
    world = iterable("email")
    world.deliver(BulkUpdate("email"), [change(0, "email", "a@example.com", known=1)])
    rows = [change(0, "email", "a@example.com", known=2, new=1)]
    assert world.deliver(BulkUpdate("email", create_new_fields=False), rows).outcomes[0].code == "dropped-fields"
    allowed = BulkUpdate("email", create_new_fields=False, allow_dropped_fields=True)
    assert world.deliver(allowed, rows).dropped_fields == {"new"}


@pytest.mark.parametrize("status", [413, 400])
def test_a_server_with_a_smaller_body_limit_still_gets_every_row(iterable, status):
    world = iterable("email", max_body_bytes=2000, oversized_status=status)
    done = world.deliver(BulkUpdate("email"), [change(n, "email", f"u{n}@example.com", t="x" * 50) for n in range(100)])
    assert len(done.accepted) == 100


@pytest.mark.parametrize("behaviour", [{"disabled_keys": frozenset({"sandbox-0123456789abcdef"})}])
def test_a_key_without_rights_stops_the_run(iterable, behaviour):
    world = iterable("email", **behaviour)
    done = world.deliver(BulkUpdate("email"), [change(n, "email", f"u{n}@example.com") for n in range(3)])
    assert done.problem.code == "wrong-key"
    assert set(done.statuses.values()) == {"aborted"}
