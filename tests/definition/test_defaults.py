"""Defaults of reverse_etl.yml: the definition wins over the target, and the target over the project."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reverse_etl.definition.defaults import DEFAULT_KEYS, ProjectDefaults, read_defaults
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import entries
from reverse_etl.errors import Faults
from reverse_etl.guards.amount.removed import RemovalLimit, removal_limit
from reverse_etl.guards.table import GUARDS
from reverse_etl.sync import OutcomeLimit, Sync
from tests.documentation import GENERATED

FILE: dict[str, Any] = {
    "window": 100,
    "guards": {"removed": {"percent": 20, "rows": 7}, "empty_model": False},
    "reject_limit": {"percent": 1},
    "targets": {"dev": {"guards": {"removed": {"rows": 9}, "build": False}}, "ci": None},
}


def read_sync(target: str, **keys: object) -> Sync:
    model = TaggedModel("people", "model.shop.people", '"people"', "people.yml", target=target)
    meta = {"object": "users", "email": "email", **keys}
    [sync], broken = read_definitions(replace(model, defaults=read_defaults(FILE, target)), meta, lambda _: entries())
    assert not broken
    return sync


def test_the_definition_wins_over_the_target_and_the_target_over_the_project() -> None:
    in_prod, in_dev = read_sync("prod"), read_sync("dev")
    assert removal_limit(in_prod) == RemovalLimit(20, 7)
    assert removal_limit(in_dev) == RemovalLimit(20, 9), "key by key"
    assert (in_prod.guards["build"], in_dev.guards["build"]) == (True, False)
    assert in_prod.reject_limit == OutcomeLimit(1)
    own = read_sync("dev", guards={"removed": {"percent": 30}, "empty_model": True}, reject_limit={"rows": 5})
    assert removal_limit(own) == RemovalLimit(30, 9)
    assert (own.guards["build"], own.guards["empty_model"]) == (False, True)
    assert own.reject_limit == OutcomeLimit(1, 5)
    assert removal_limit(read_sync("dev", guards={"removed": False})) is None


def test_objects_without_a_key_ignore_its_default() -> None:
    model = TaggedModel("m", "model.shop.m", '"m"', "m.yml")
    catalog = {"object": "catalog_items", "catalog": "Stores", "item_id": "id"}
    event = {"object": "events", "email": "email", "event_name": {"value": "Seen"}, "event_id": "id"}
    for said in ("whole_row", "changed_fields"):
        tagged = replace(model, defaults=read_defaults({"send": said}, "dev"))
        syncs, broken = read_definitions(
            tagged, [{"object": "users", "email": "email"}, catalog, event], lambda _: entries()
        )
        assert not broken
        assert syncs[0].entry.send == said
    back = read_defaults({"send": "whole_row", "targets": {"dev": {"send": "changed_fields"}}}, "dev")
    assert back == {}


@pytest.mark.parametrize(
    ("content", "key", "words"),
    [
        ({"guards": {"remved": False}}, "guards.remved", "did you mean `removed`"),
        ({"guards": {"removed": {"percnt": 1}}}, "guards.removed.percnt", "did you mean `percent`"),
        ({"guards": 3}, "guards", "expected"),
        ({"targets": {"dev": {"gards": {}}}}, "targets.dev.gards", "did you mean `guards`"),
        ({"targets": {"dev": {"guards": {"build": 1}}}}, "targets.dev.guards.build", "expected true or false"),
        ({"targets": {"dev": 3}}, "targets.dev", "expected"),
        ({"targets": ["dev"]}, "targets", "no names of targets"),
    ],
)
def test_a_wrong_default_is_an_error_with_its_place(content: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(Faults) as caught:
        read_defaults(content, "prod")
    [fault] = caught.value.faults
    assert (fault.context["file"], fault.context["key"]) == ("reverse_etl.yml", key)
    assert words in fault.message
    assert f"`{key}` in reverse_etl.yml" in fault.hint


def test_all_wrong_defaults_are_found_at_once() -> None:
    with pytest.raises(Faults) as caught:
        read_defaults({"guards": {"a": 1, "b": 2}, "targets": {"x": {"c": 3}}}, "x")
    assert [fault.context["key"] for fault in caught.value.faults] == ["guards.a", "guards.b", "targets.x.c"]


def test_every_key_can_have_a_default_and_is_in_the_docs() -> None:
    assert (*ProjectDefaults.model_fields, "targets") == DEFAULT_KEYS
    for guard in GUARDS:
        if guard.key is not None:
            assert read_defaults({"guards": {guard.name: False}}, "") == {"guards": {guard.name: False}}
    for key in ProjectDefaults.model_fields:
        assert f"| `{key}` |" in GENERATED["reference/settings.md"]
