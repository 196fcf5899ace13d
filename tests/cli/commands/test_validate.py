"""`validate`: definitions offline; online also columns, field types, catalogs, and what texts look like."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.cli.conftest import META, Shop

ITEMS = {"object": "catalog_items", "catalog": "Products", "item_id": "sku", "fields": ["name", "price", "since"]}
PRODUCTS = """
create or replace table products as select 'SKU-' || i as sku, 'Shoe' as name, i * 1.5 as price,
  '1' || i || '/04/2020' as since from range(5) t(i)
"""
KEYS = {"Api-Key": "sandbox-key"}


@pytest.fixture
def products(shop: Shop) -> Shop:
    """A shop whose model `products` is tagged as items of a catalog that is not there."""
    shop.model("products", ITEMS)
    shop.sql(PRODUCTS)
    return shop


def ask(sandbox: Any, method: str, path: str, body: object = None) -> None:
    requests.request(method, sandbox.url + path, json=body, headers=KEYS, timeout=10).raise_for_status()


def have(sandbox: Any, **data: object) -> None:
    """Let users have these fields."""
    ask(sandbox, "POST", "/api/users/update", {"email": "x@example.com", "dataFields": data})


def test_offline_and_online(people: Shop) -> None:
    offline, online = people.cli("validate"), people.cli("validate", "--online")
    assert (offline.code, offline.out) == (0, "ok  sync people: definition and destination\n")
    assert (online.code, online.err) == (0, "")
    assert online.out.splitlines() == [
        "ok  sync people: definition, destination, columns and field types",
        "  new fields  firstName  string",
        "              age        long",
        "              joined     date",
        "              source     string",
    ]


def test_fields_that_iterable_has_are_not_listed(people: Shop, sandbox: Any) -> None:
    have(sandbox, firstName="Ada", age=36, joined="2024-01-01", source="x")
    assert people.cli("validate", "--online").out == (
        "ok  sync people: definition, destination, columns and field types\n"
    )


def test_offline_tells_every_fault(people: Shop) -> None:
    people.model("friends", {**META, "objct": "users"})
    people.model("others", {**META, "mode": "upsrt"})
    ended = people.cli("validate")
    assert (ended.code, ended.out) == (2, "ok  sync people: definition and destination\n")
    assert "did you mean `object`" in ended.err
    assert "did you mean `upsert`" in ended.err
    assert "friends" in ended.err
    assert "2 faults" in ended.err


def test_offline_knows_the_projects_type(shop: Shop) -> None:
    shop.model("people")
    ended = shop.cli("validate", ITERABLE_PROJECT_TYPE="user_id")
    assert (ended.code, "error[wrong-identifier]" in ended.err) == (2, True)


def test_a_destination_that_cannot_be_used_is_told_once(people: Shop) -> None:
    people.model("friends")
    ended = people.cli("validate", ITERABLE_API_KEY="sandbox key")
    assert (ended.code, ended.err.count("error[")) == (2, 1)


def test_online_finds_missing_columns_and_clashing_types(people: Shop, sandbox: Any) -> None:
    people.model("friends", {**META, "fields": {"city": "nowhere"}})
    have(sandbox, age="old")
    assert people.cli("validate").code == 0
    ended = people.cli("validate", "--online")
    assert ended.code == 2
    assert "error[missing-column]" in ended.err
    assert "error[field-type-clash]" in ended.err
    assert people.cli("validate", "--online", "--select", "people").code == 1


def test_what_cannot_be_sent_is_told_with_what_to_write_in_the_model(people: Shop) -> None:
    people.model("friends", {**META, "fields": {"face": "photo"}})
    people.sql("alter table friends add column photo blob")
    ended = people.cli("validate", "--online", "--select", "friends")
    assert ended.code == 2
    assert "error[unsendable-type]: model `friends`: sync `friends`: field `face`: binary" in ended.err
    assert 'in the model write hex("photo") AS "photo", or leave it out of the fields' in ended.err
    assert "found: photo BLOB" in ended.err
    people.sql('alter table friends alter column photo type varchar using hex("photo")')
    assert people.cli("validate", "--online", "--select", "friends").code == 0


def test_a_clash_of_one_sync_leaves_the_others_told(people: Shop, sandbox: Any) -> None:
    people.model("friends", {**META, "fields": ["joined"]})
    have(sandbox, age="old")
    ended = people.cli("validate", "--online")
    assert ended.code == 1
    assert "cast the column to text" in ended.err
    assert ended.out.splitlines()[1:] == ["  new fields  joined  date"]


def test_texts_that_are_dates_to_people_only_are_a_warning_without_values(people: Shop) -> None:
    people.sql("alter table people alter column joined type varchar", "update people set joined = '13/04/2020'")
    ended = people.cli("validate", "--online")
    assert ended.code == 0
    assert "sync `people`: field `joined`: 3 of 3 texts are dates" in ended.err
    assert "`dd/MM/yyyy`" in ended.err
    assert "cast the column to a date or timestamp in the model" in ended.err
    assert "13/04/2020" not in ended.err + ended.out
    assert "joined     string" in ended.out


def test_texts_that_iterable_takes_for_dates_become_dates_for_good(people: Shop) -> None:
    people.sql("alter table people alter column joined type varchar", "update people set joined = '2020-04-13'")
    ended = people.cli("validate", "--online")
    assert ended.err == ""
    assert "joined     date (its texts all look like dates)" in ended.out


def test_texts_that_an_existing_date_field_would_refuse_are_a_warning(people: Shop, sandbox: Any) -> None:
    have(sandbox, firstName="2024-01-01")
    ended = people.cli("validate", "--online")
    assert (ended.code, "2 of 2 texts are none to it" in ended.err) == (0, True)


BOUGHT = {"id": {"value": "x"}, "name": {"value": "x"}, "price": {"value": 1}, "quantity": {"value": 1}}


@pytest.mark.parametrize(
    "own",
    [
        {"object": "events", "event_name": {"value": "Joined"}},
        {"object": "purchases", "items": BOUGHT, "total": {"value": 1}},
    ],
    ids=lambda own: own["object"],
)
def test_types_of_event_fields_are_told_by_nobody(people: Shop, own: dict[str, Any]) -> None:
    rows = {"primary_key": "email", "email": "email", "fields": {"age": "age", "joined": "joined"}}
    people.model("people", {**own, **rows})
    people.sql("alter table people alter column joined type varchar", "update people set joined = '2020-04-13'")
    ended = people.cli("validate", "--online")
    assert (ended.code, ended.err) == (0, "")
    note, *fields = ended.out.splitlines()[1:]
    assert note.startswith("  note        Iterable does not report the types of event fields")
    assert fields == ["  new fields  age     long", "              joined  date (its texts all look like dates)"]


def test_an_unknown_catalog_is_an_error_with_the_nearest(products: Shop, sandbox: Any) -> None:
    ask(sandbox, "POST", "/api/catalogs/Product")
    ended = products.cli("validate", "--online")
    assert (ended.code, ended.out) == (1, "")
    assert "error[unknown-catalog]" in ended.err
    assert "did you mean `Product`?" in ended.err


def test_a_catalog_that_would_be_made_is_told_with_the_types_of_its_fields(products: Shop, sandbox: Any) -> None:
    products.model("products", {**ITEMS, "create_catalog": True})
    products.sql(PRODUCTS)
    ended = products.cli("validate", "--online")
    assert ended.out.splitlines()[1:] == [
        "  note        the first run creates catalog `Products`",
        "  new fields  name   string",
        "              price  double",
        "              since  string",
    ]
    assert "field `since`: 5 of 5 texts are dates" in ended.err
    assert requests.get(sandbox.url + "/api/catalogs", headers=KEYS, timeout=10).json()["params"]["catalogNames"] == []


def test_fields_of_a_catalog_that_have_no_type_are_a_warning(products: Shop, sandbox: Any) -> None:
    ask(sandbox, "POST", "/api/catalogs/Products")
    typed = {"mappingsUpdates": [{"fieldName": "price", "fieldType": "double"}]}
    ask(sandbox, "PUT", "/api/catalogs/Products/fieldMappings", typed)
    ended = products.cli("validate", "--online", "--output", "json")
    [sync] = ended.json["syncs"]
    assert (ended.code, sync["inspection"]["types"]) == (0, {"price": "double"})
    assert "has no type for `name`, `since`" in sync["inspection"]["warnings"][0]
    assert "has no type for `name`, `since`" in ended.err


def test_a_column_that_can_never_fit_a_catalogs_field_is_an_error(products: Shop, sandbox: Any) -> None:
    ask(sandbox, "POST", "/api/catalogs/Products")
    typed = {"mappingsUpdates": [{"fieldName": "name", "fieldType": "boolean"}]}
    ask(sandbox, "PUT", "/api/catalogs/Products/fieldMappings", typed)
    ended = products.cli("validate", "--online")
    assert (ended.code, "error[field-type-clash]" in ended.err) == (1, True)


@pytest.mark.parametrize("words", [("--output", "json"), ("--log-format", "json")])
def test_json_tells_everything_of_each_sync(people: Shop, sandbox: Any, words: tuple[str, str]) -> None:
    people.model("friends", {**META, "fields": ["joined"]})
    have(sandbox, age="old", firstName="Ada")
    ended = people.cli("validate", "--online", *words)
    friends, sync = ended.json["syncs"]
    assert ended.code == 1
    assert (friends["ok"], friends["sync"], friends["object"]) == (True, "friends", "users")
    assert friends["inspection"] == {
        "new_fields": [{"field": "joined", "type": "date", "note": ""}],
        "types": {},
        "warnings": [],
        "notes": [],
    }
    assert friends["problems"] == []
    assert (sync["ok"], sync["inspection"]) == (False, None)
    [problem] = sync["problems"]
    assert problem["code"] == "field-type-clash"
    assert "hint" in problem


def test_json_offline(people: Shop) -> None:
    [sync] = people.cli("validate", "--output", "json").json["syncs"]
    assert (sync["ok"], sync["inspection"], sync["problems"]) == (True, None, [])


class TestProjectType:
    """What the profile of a user of the model shows, after the user was put on a list."""

    @pytest.fixture
    def listed(self, people: Shop, sandbox: Any) -> Shop:
        """The first person of the model is on a list of the sandbox, which is an e-mail project."""
        [(email,)] = people.sql("select email from people order by 1 limit 1")
        ask(sandbox, "POST", "/api/users/update", {"email": email, "dataFields": {"userId": email.split("@")[0]}})
        ask(sandbox, "POST", "/api/lists", {"name": "VIP"})
        lists = requests.get(f"{sandbox.url}/api/lists", headers=KEYS, timeout=10).json()["lists"]
        number = next(one["id"] for one in lists if one["name"] == "VIP")
        ask(sandbox, "POST", "/api/lists/subscribe", {"listId": number, "subscribers": [{"email": email}]})
        return people

    def test_the_right_type_is_confirmed(self, listed: Shop) -> None:
        ended = listed.cli("validate", "--online")
        assert ended.code == 0
        assert "a project of type `email`, as it is set" in ended.out

    @pytest.mark.parametrize("wrong", ["hybrid", "user_id"])
    def test_another_type_is_an_error(self, listed: Shop, wrong: str) -> None:
        listed.model("people", {**META, "user_id": "id"})
        listed.sql("alter table people add column id varchar", "update people set id = split_part(email, '@', 1)")
        ended = listed.cli("validate", "--online", ITERABLE_PROJECT_TYPE=wrong)
        assert ended.code == 2
        assert "error[project-type-differs]" in ended.err
        assert "in Iterable: email" in ended.err

    def test_nothing_is_said_where_no_profile_shows_it(self, people: Shop) -> None:
        assert "project of type" not in people.cli("validate", "--online").out

    def test_a_sync_without_users_asks_about_none(self, products: Shop, sandbox: Any) -> None:
        ask(sandbox, "POST", "/api/catalogs/Products")
        assert "project of type" not in products.cli("validate", "--online").out


def test_online_says_field_types_only_where_iterable_told_them(people: Shop) -> None:
    people.model("buys", {"object": "events", "email": "email", "event_name": {"value": "Bought"}, "event_id": "email"})
    ended = people.cli("validate", "--online", "--select", "buys")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == "ok  sync buys: definition, destination and columns"
