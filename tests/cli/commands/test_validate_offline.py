"""`validate` where a pull request runs it: no key, no project type; and every fault of a definition in one go."""

from __future__ import annotations

import pytest

from tests.cli.conftest import META, Shop

BARE = {"ITERABLE_API_KEY": "", "ITERABLE_PROJECT_TYPE": "", "ITERABLE_BASE_URL": ""}
FILE = "destinations: {iterable: {api_key: \"{{ env_var('CRM_KEY') }}\", project_type: email}}\n"


def test_without_secrets_it_checks_what_it_can(people: Shop) -> None:
    ended = people.cli("validate", **BARE)
    assert (ended.code, ended.out) == (0, "ok  sync people: definition\n")
    assert "not checked: there is no API key for Iterable" in ended.err
    assert "not checked: the project type is not set" in ended.err


def test_without_secrets_what_is_wrong_is_wrong(people: Shop) -> None:
    people.model("friends", {**META, "mode": "upsrt"})
    ended = people.cli("validate", **BARE)
    assert (ended.code, ended.out) == (2, "ok  sync people: definition\n")
    assert "did you mean `upsert`" in ended.err
    assert "missing-key" not in ended.err


def test_a_variable_of_the_file_that_is_not_set_is_only_not_checked(people: Shop) -> None:
    (people.folder / "reverse_etl.yml").write_text(FILE)
    ended = people.cli("validate")
    assert ended.code == 0
    assert "not checked: the environment variable `CRM_KEY` is not set" in ended.err
    assert people.cli("validate", CRM_KEY="sandbox-key").err == ""


@pytest.mark.parametrize(
    "env", [{"ITERABLE_PROJECT_TYPE": "emial"}, {"ITERABLE_REGION": "moon", "ITERABLE_BASE_URL": ""}]
)
def test_what_is_set_wrongly_is_an_error(people: Shop, env: dict[str, str]) -> None:
    assert people.cli("validate", **{**BARE, **env}).code == 2


def test_a_definition_that_only_some_projects_allow_is_told(shop: Shop) -> None:
    shop.model("people", {"object": "users", "user_id": "email", "fields": ["age"]})
    ended = shop.cli("validate", **BARE)
    assert ended.code == 0
    assert "works in a project of type user_id or hybrid only" in ended.err


def test_online_needs_the_secrets(people: Shop) -> None:
    ended = people.cli("validate", "--online", **BARE)
    assert ended.code == 2
    assert "error[missing-key]" in ended.err
    assert "error[unknown-project-type]" in ended.err


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"email": "email", "guards": {"bild": 1}, "primary_key": 7, "mode": "x"}, 4),
        ({"objct": "users", "email": 1, "feilds": {}, "mode": "upsrt"}, 5),
        ({"object": "user", "email": 1, "on_removed": "burn"}, 3),
        ({"object": "users", "email": "email", "feilds": [], "fields": {"a": "x", "a.b": "y", "c": {"colunm": 1}}}, 3),
        ({"fields": {"a": {"colunm": 1}}, "name": ""}, 3),
    ],
)
def test_all_faults_of_a_definition_are_told_at_once(shop: Shop, entry: dict[str, object], codes: int) -> None:
    shop.model("people", entry)
    ended = shop.cli("validate", **BARE)
    assert ended.code == 2
    assert ended.err.count("error[") == codes, ended.err


def test_a_hidden_column_is_told_beside_a_misspelt_key(shop: Shop) -> None:
    shop.model("people", {**META, "on_remved": "clear"}, {"age": {"name": "age", "meta": {"reverse_etl": False}}})
    ended = shop.cli("validate")
    assert ("did you mean `on_removed`" in ended.err, "error[hidden-column]" in ended.err) == (True, True)
