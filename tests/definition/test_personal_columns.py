"""Columns that are marked as personal data: each field has to say that it may send one."""

from __future__ import annotations

from typing import Any

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import entries
from reverse_etl.errors import Fault
from reverse_etl.sync import Sync

MARKS = {"SSN": "`pii: true` in its meta", "email": "the tag `pii`", "kept": "the tag `pii`", "items": "the tag `pii`"}
MODEL = TaggedModel("m", "model.shop.m", '"m"', "m.yml", frozenset({"kept"}), personal=MARKS)
USERS = {"object": "users", "email": "email"}
EVENTS = {"object": "events", "email": "email", "event_name": {"value": "Seen"}, "event_id": "id", "fields": []}
CARTS = {"object": "carts", "email": "email", "primary_key": "id"}


def read(meta: object) -> tuple[list[Sync], list[Fault]]:
    syncs, broken = read_definitions(MODEL, meta, lambda _: entries())
    return syncs, [fault for one in broken for fault in one.faults]


@pytest.mark.parametrize(
    ("entry", "key", "words"),
    [
        ({**USERS, "fields": {"ssn": "ssn"}}, "fields.ssn", "`fields: {ssn: {column: ssn, allow_pii: true}}`"),
        ({**USERS, "fields": {"ssn": {"column": "ssn", "allow_pii": False}}}, "fields.ssn", "--allow pii"),
        ({**USERS, "fields": ["name", "SSN"]}, "fields.SSN", "guards: {pii: false}"),
        (USERS, "fields", "list `fields` without it"),
        ({**EVENTS, "event_name": "ssn"}, "event_name", "`event_name: {column: ssn, allow_pii: true}`"),
        ({**CARTS, "items": "items"}, "items", "`items: {column: items, allow_pii: true}`"),
    ],
)
def test_a_marked_column_is_a_fault(entry: dict[str, Any], key: str, words: str) -> None:
    [fault, *_] = read([USERS | {"enabled": False}, entry])[1]
    assert fault.code == "pii-not-allowed"
    assert fault.context["key"] == f"meta.reverse_etl[1].{key}"
    assert (fault.context["model"], fault.context["file"]) == ("m", "m.yml")
    assert "is marked as personal data by" in fault.message
    assert words in fault.hint


@pytest.mark.parametrize(
    "entry",
    [
        {**USERS, "fields": {"ssn": {"column": "ssn", "allow_pii": True}}},
        {**USERS, "fields": {"name": "name"}},
        {**USERS, "fields": ["name"], "primary_key": "ssn"},
        {**USERS, "guards": {"pii": False}},
        {**EVENTS, "event_name": {"column": "ssn", "allow_pii": True}},
        {**CARTS, "items": {"column": "items", "allow_pii": True}},
        {"object": "email_changes", "current_email": "email", "new_email": "ssn"},
        {"object": "list_members", "mode": "add", "list": {"name": "VIP"}, "email": "email"},
    ],
)
def test_a_field_that_allows_it_and_an_identifier_may_be_marked(entry: dict[str, Any]) -> None:
    syncs, faults = read(entry)
    assert not faults
    assert len(syncs) == 1


def test_every_marked_column_is_found_at_once() -> None:
    two = TaggedModel("m", "model.shop.m", '"m"', "m.yml", personal={"a": "x", "b": "x", "email": "x"})
    [broken] = read_definitions(two, {**USERS, "guards": {"bild": False}}, lambda _: entries())[1]
    assert [fault.code for fault in broken.faults] == ["unknown-key", "pii-not-allowed", "pii-not-allowed"]


def test_a_marked_part_of_a_column_marks_the_column() -> None:
    nested = TaggedModel("m", "model.shop.m", '"m"', "m.yml", personal={"address.street": "the tag `pii`"})
    for entry in (USERS, {**USERS, "fields": {"home": "Address"}}):
        [broken] = read_definitions(nested, entry, lambda _: entries())[1]
        [fault] = broken.faults
        assert "the tag `pii`, at `address.street`" in fault.message


def test_a_wrong_value_is_told_what_is_right() -> None:
    [fault] = read({**USERS, "fields": {"ssn": {"column": "ssn", "allow_pii": "yes"}}})[1]
    assert fault.code == "wrong-field"
    assert "allow_pii: true" in str(fault.context["allowed"])
