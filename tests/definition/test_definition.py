"""Definitions: every fault of an entry at once, each with its place and the nearest right word."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.definition.json_schema import json_schema
from reverse_etl.definition.switches import is_off
from reverse_etl.destinations.iterable import entries
from reverse_etl.errors import Fault
from reverse_etl.project.sync_reader import split_namesakes
from reverse_etl.sync import Field, Sync

MODEL = TaggedModel("people", "model.shop.people", '"shop"."main"."people"', "models/people.yml", frozenset({"Margin"}))
GOOD: dict[str, Any] = {"object": "users", "email": "email"}


def read(meta: object) -> tuple[list[Sync], list[Fault]]:
    syncs, broken = read_definitions(MODEL, meta, lambda _: entries())
    return syncs, [fault for one in broken for fault in one.faults]


def test_the_shortest_definition() -> None:
    [sync], faults = read(GOOD)
    assert faults == []
    assert (sync.name, sync.mode, sync.on_removed, sync.fields, sync.destination) == (
        "people",
        "upsert",
        "ignore",
        None,
        "iterable",
    )
    assert sync.identifiers == {"email": "email"}


def test_fields_as_pairs_constants_and_lists() -> None:
    [sync], _ = read(
        {
            **GOOD,
            "fields": {
                "firstName": "first_name",
                "source": {"value": [1, {"a": None}]},
                "seen": {"column": "s", "nulls": "skip"},
            },
        }
    )
    assert sync.fields == (
        Field("firstName", "first_name"),
        Field("source", None, [1, {"a": None}]),
        Field("seen", "s", nulls="skip"),
    )
    [listed], _ = read({**GOOD, "fields": ["a", "b"]})
    assert listed.fields == (Field("a", "a"), Field("b", "b"))


def test_one_entry_or_a_list_with_names_of_their_own() -> None:
    syncs, faults = read([GOOD, {**GOOD, "name": "again"}])
    assert faults == []
    assert [sync.name for sync in syncs] == ["people", "again"]
    [other] = read({**GOOD, "name": "AGAIN"})[0]
    alone, shared = split_namesakes([*syncs, other])
    assert [sync.name for sync in alone] == ["people"]
    assert [(one.name, one.faults[0].code) for one in shared] == [
        ("again", "duplicate-sync-name"),
        ("AGAIN", "duplicate-sync-name"),
    ]


@pytest.mark.parametrize(
    ("change", "code", "key", "words"),
    [
        ({"object": "user"}, "unknown-object", "object", ["did you mean `users`"]),
        ({"object": None}, "missing-key", "object", ["users"]),
        ({"mode": "upsrt"}, "unknown-mode", "mode", ["did you mean `upsert`", "upsert, update"]),
        ({"emial": "x"}, "unknown-key", "emial", ["did you mean `email`"]),
        ({"email": 5}, "wrong-value", "email", ["5"]),
        ({"email": None, "user_id": None}, "missing-identifier", "", ["email, user_id"]),
        ({"on_removed": "drop"}, "unknown-on-removed", "on_removed", ["ignore, clear, delete"]),
        ({"fields": ["a", "a"]}, "field-mapped-twice", "fields.a", ["twice"]),
        ({"fields": {"plan": "a", "plan.tier": "b"}}, "field-mapped-twice", "fields.plan.tier", ["`plan`"]),
        ({"fields": {"a": {"colum": "x"}}}, "wrong-field", "fields.a", ["did you mean `column`"]),
        ({"fields": {"a": {"column": "x", "value": 1}}}, "wrong-field", "fields.a", ["nulls: send | skip"]),
        ({"fields": "name"}, "wrong-field", "fields", ["a list of columns"]),
        # What dbt's manifest has for `on:`, `NO:` and `~:`, and for columns of such names.
        ({"fields": {"true": "x"}}, "wrong-field", "fields", ["quote it"]),
        ({"fields": {"false": "x"}}, "wrong-field", "fields", ["quote it"]),
        ({"fields": {"null": "x"}}, "wrong-field", "fields", ["quote it"]),
        ({"fields": {"a": True}}, "wrong-field", "fields.a", ["quote it"]),
        ({"fields": ["a", False]}, "wrong-field", "fields", ["quote it"]),
        ({"fields": {"a..b": "x"}}, "wrong-field-name", "fields.a..b", ["a..b"]),
        ({"fields": {"m": "margin"}}, "hidden-column", "", ["reverse_etl: false"]),
        ({"guards": {"removd": False}}, "unknown-key", "guards.removd", ["did you mean `removed`"]),
        ({"guards": {"removed": {"row": 5}}}, "unknown-key", "guards.removed.row", ["did you mean `rows`"]),
        ({"guards": {"removed": {"percent": 400}}}, "wrong-value", "guards.removed.percent", ["400"]),
        (
            {"guards": {"removed": 5}},
            "wrong-value",
            "guards.removed",
            ["expected true, false or {percent: …, rows: …, share: …, hours: …}"],
        ),
        (
            {"reject_limit": 5},
            "wrong-value",
            "reject_limit",
            ["expected {percent: …, rows: …, share: …, warn_if: …"],
        ),
        ({"reject_limit": {"warn_if": "5"}}, "wrong-value", "reject_limit.warn_if", ["such as", "> 10"]),
        ({"invalid_limit": {"error_if": "!= 3"}}, "wrong-value", "invalid_limit.error_if", ["!= 0"]),
        ({"reject_limit": {"rows": -1}}, "wrong-value", "reject_limit.rows", ["expected greater than or equal to 0"]),
        ({"prefer_user_id": "yes"}, "wrong-value", "prefer_user_id", ["yes", "expected true or false"]),
    ],
)
def test_a_fault_names_its_place_and_what_is_right(
    change: dict[str, Any], code: str, key: str, words: list[str]
) -> None:
    syncs, faults = read({**GOOD, **change})
    assert syncs == []
    [fault] = [item for item in faults if item.code == code]
    assert fault.context["model"] == "people"
    assert fault.context["file"] == "models/people.yml"
    assert fault.context["key"] == "meta.reverse_etl" + (f".{key}" if key else "")
    said = f"{fault.message} {fault.context}"
    assert all(word in said for word in words)
    assert fault.hint


def test_all_faults_of_all_entries_are_told_together() -> None:
    _, faults = read([{**GOOD, "mode": "x", "emial": 1, "on_removed": 2}, 5, {**GOOD, "fields": ["a", "a"]}])
    assert {fault.context["key"] for fault in faults} == {
        "meta.reverse_etl[0].mode",
        "meta.reverse_etl[0].emial",
        "meta.reverse_etl[0].on_removed",
        "meta.reverse_etl[1]",
        "meta.reverse_etl[2].fields.a",
    }


def test_every_wrong_field_is_told() -> None:
    _, faults = read(
        {**GOOD, "mode": "x", "fields": {"a": {"colum": "x"}, "b": 5, "c": {"nulls": "skip"}, "d": "fine"}}
    )
    assert [fault.context["key"].rsplit(".", 1)[1] for fault in faults] == ["a", "b", "c", "mode"]  # type: ignore[attr-defined]


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = json_schema(entries())
    assert json.loads(json.dumps(schema)) == schema
    assert "prefer_user_id" in json.dumps(schema)
    text = json.dumps(schema)
    references = re.findall(r'"\$ref": "#/\$defs/(\w+)"', text)
    assert references
    assert set(references) <= set(schema["$defs"])  # type: ignore[arg-type]
    assert text.count('"$defs"') == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def entry(draw: st.DrawFn) -> dict[str, Any]:
    """An entry of some object, in which some of its keys hold anything."""
    name = draw(st.sampled_from(sorted(entries())))
    keys = st.sampled_from([*entries()[name].model_fields, "x"])
    return {"object": name, **draw(st.dictionaries(keys, anything | st.sampled_from(["upsert", "email"]), max_size=6))}


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(entry() | anything)
def test_any_meta_gives_a_sync_or_faults_and_never_another_error(meta: object) -> None:
    syncs, faults = read(meta)
    assert bool(syncs) != bool(faults) or isinstance(meta, list) or is_off(meta)
    assert all(isinstance(fault, Fault) for fault in faults)
