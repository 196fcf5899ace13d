"""Two values are equal if Iterable stores the same; every other pair differs."""

from __future__ import annotations

import json

import pytest

from reverse_etl.destinations.iterable.fields.comparable_values import FieldComparison

TYPES = {"date": "date", "long": "long", "double": "double", "text": "string", "flag": "boolean", "deep.at": "date"}


def compare(path, sent, stored, **options):
    """Return whether two values are equal, as JSON: in Python, true and 1 are."""
    comparison = FieldComparison([path], TYPES, **options)
    there = comparison.pick_stored({} if stored is ... else {path: stored})
    return as_json(comparison.pick_sent({path: sent}).get(path)) == as_json(there.get(path))


def as_json(value):
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    ("path", "sent", "stored"),
    [
        ("double", 1, 1.0),
        ("double", 2**53 + 1, float(2**53)),
        ("long", 1.0, 1),
        ("long", 7, "7"),
        ("double", 1.5, "1.50"),
        ("flag", True, "true"),
        ("other", 1, 1.0),
        ("date", "2024-05-01", "2024-05-01 00:00:00 +00:00"),
        ("date", "2024-05-01T14:00:00.999+02:00", "2024-05-01 12:00:00 +00:00"),
        ("date", "2024-05-01T12:00:00.000Z", "2024-05-01 12:00:00"),
        ("other", "2024-05-01 12:00:00 +00:00", "2024-05-01T12:00:00.000Z"),
        ("text", None, ...),
        ("text", None, None),
        ("other", {}, ...),
        ("other", {"a": None, "b": {}}, None),
        ("other", {"a": 1, "b": None}, {"a": 1.0}),
        ("deep", {"at": "2024-05-01"}, {"at": "2024-05-01 00:00:00 +00:00"}),
        ("other", [], []),
        ("other", [1, None, {"a": None}], [1.0, None, {}]),
        ("other", "Zoë\u00a0🐈", "Zoë\u00a0🐈"),
        ("other", {"lat": 1, "lon": -2.5}, {"lat": 1.0, "lon": -2.5}),
    ],
)
def test_values_that_iterable_stores_alike(path, sent, stored):
    assert compare(path, sent, stored)


@pytest.mark.parametrize(
    ("path", "sent", "stored"),
    [
        ("text", "2024-05-01", "2024-05-01 00:00:00 +00:00"),
        ("text", "1", 1),
        ("text", "", ...),
        ("text", "a", "A"),
        ("text", "a", "a "),
        ("text", "Zoë", "Zoe\u0308"),
        ("other", "1", 1),
        ("other", True, 1),
        ("other", False, ...),
        ("other", 0, ...),
        ("long", 2**53 + 1, 2**53),
        ("double", 0.1, 0.1000001),
        ("date", "2024-05-01 12:00:00 +00:00", "2024-05-01 12:00:01 +00:00"),
        ("date", "2024-05-01", "01.05.2024"),
        ("other", [], ...),
        ("other", [1, 2], [2, 1]),
        ("other", [1], [1, None]),
        ("other", [1], 1),
        ("other", {"a": 1}, {"a": 1, "b": 2}),
        ("other", None, "x"),
    ],
)
def test_values_that_differ(path, sent, stored):
    assert not compare(path, sent, stored)


def test_texts_of_a_catalog_without_a_type_are_no_dates():
    assert not compare("other", "2024-05-01", "2024-05-01 00:00:00 +00:00", infers_dates=False)


def test_an_email_has_no_letter_case():
    assert compare("email", "Jo@Shop.com ", "jo@shop.com", lowered=["email"])


def test_only_mapped_paths_count_and_what_is_not_sent_does_not():
    comparison = FieldComparison(["plan.tier", "plan.since", "name"])
    assert comparison.pick_sent({"plan": {"tier": "pro"}}) == {"plan.tier": "pro"}
    stored = {"plan": {"tier": "pro", "old": 1}, "name": None, "more": 2}
    assert comparison.pick_stored(stored) == {"plan.tier": "pro"}
    assert comparison.top_fields == ("plan", "name")
    assert comparison.pick_stored({"plan": "text"}) == {}


def test_members_of_a_merged_object_are_compared_one_by_one():
    comparison = FieldComparison(["address"], merges=True)
    sent = comparison.pick_sent({"address": {"city": "Bern", "zip": None}})
    assert sent == {"address.city": "Bern", "address.zip": None}
    stored = comparison.pick_stored({"address": {"city": "Bern", "street": "x"}})
    assert stored["address.city"] == "Bern"
    assert "address.zip" not in stored
    # A null clears the whole object.
    assert comparison.pick_sent({"address": None}) == {"address": None}
    assert "address" in stored
