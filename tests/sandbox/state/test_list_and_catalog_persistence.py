"""Lists and catalogs in a data folder survive a restart."""

from __future__ import annotations

import sqlite3

import pytest
import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from tests.sandbox.conftest import Clock

KEY = {"Api-Key": "sandbox-test"}
EVERYTHING = ("/sandbox/users", "/sandbox/lists", "/sandbox/catalogs", "/api/lists", "/lists", "/catalogs")


def call(sandbox, method, path, body=None):
    reply = requests.request(method, sandbox.url + path, headers=KEY, json=body, timeout=10)
    assert reply.ok, reply.text
    return reply


def memory(sandbox):
    return {path: call(sandbox, "GET", path).text for path in EVERYTHING}


@pytest.fixture
def start_again(tmp_path):
    """Return a function that starts a sandbox on the same data folder."""
    clock = Clock()

    def start_it(**more):
        behaviour = Behaviour(**more.pop("behaviour", {}))
        return start_sandbox(SandboxOptions(port=0, data_dir=tmp_path, behaviour=behaviour, **more), clock)

    start_it.clock = clock
    return start_it


def subscribe(sandbox, number, *emails):
    body = {"listId": number, "subscribers": [{"email": email} for email in emails]}
    call(sandbox, "POST", "/api/lists/subscribe", body)


def test_lists_and_members_survive_a_restart(start_again):
    with start_again() as sandbox:
        first, second, third = (
            call(sandbox, "POST", "/api/lists", {"name": name}).json()["listId"] for name in ("A", "B", "C")
        )
        subscribe(sandbox, first, "bob@shop.com", "ann@shop.com")
        start_again.clock.now += 60
        subscribe(sandbox, second, "ann@shop.com", "carl@shop.com")
        body = {"listId": first, "subscribers": [{"email": "bob@shop.com"}], "channelUnsubscribe": True}
        call(sandbox, "POST", "/api/lists/unsubscribe", body)
        call(sandbox, "DELETE", f"/api/lists/{third}")
        paths = [f"/lists/{second}", "/api/users/bob%40shop.com", "/api/users/ann%40shop.com", "/users/1"]
        before = memory(sandbox), [call(sandbox, "GET", path).text for path in paths]
    with start_again() as sandbox:
        assert (memory(sandbox), [call(sandbox, "GET", path).text for path in paths]) == before
        # What was last is not counted again, though it is gone.
        assert call(sandbox, "POST", "/api/lists", {"name": "D"}).json()["listId"] not in {first, second, third}
        call(sandbox, "DELETE", "/api/users/ann%40shop.com")
        call(sandbox, "DELETE", f"/api/lists/{first}")
    with start_again() as sandbox:
        members = {one["name"]: one["members"] for one in call(sandbox, "GET", "/sandbox/lists").json()}
        assert members == {"B": [{"email": "carl@shop.com"}], "D": []}


def test_catalogs_survive_a_restart(start_again):
    items = "/api/catalogs/products/items"
    update = {"fieldName": "price", "fieldType": "double"}
    with start_again() as sandbox:
        for name in ("products", "gone", "stores"):
            call(sandbox, "POST", f"/api/catalogs/{name}")
        documents = {"1": {"price": 1, "name": "x"}, "2": {"price": 2}}
        call(sandbox, "POST", items, {"documents": documents, "replaceUploadedFieldsOnly": False})
        call(sandbox, "PUT", "/api/catalogs/products/fieldMappings", {"mappingsUpdates": [update]})
        call(sandbox, "PATCH", f"{items}/3", {"update": {"price": 3, "note": None}})
        call(sandbox, "DELETE", f"{items}/2")
        call(sandbox, "PUT", "/api/catalogs/gone/items/1", {"value": {"a": 1}})
        call(sandbox, "DELETE", "/api/catalogs/gone")
        paths = ["/catalogs/products", items, "/api/catalogs/products/fieldMappings", "/api/catalogs"]
        before = memory(sandbox), [call(sandbox, "GET", path).text for path in paths]
    with start_again() as sandbox:
        assert (memory(sandbox), [call(sandbox, "GET", path).text for path in paths]) == before
        call(sandbox, "PATCH", f"{items}/1", {"update": {"price": 4}})
        (products, _) = call(sandbox, "GET", "/sandbox/catalogs").json()
        assert products["items"] == {"1": {"price": 4, "name": "x"}, "3": {"price": 3}}
    with start_again() as sandbox:
        assert call(sandbox, "GET", "/sandbox/catalogs").json()[0] == products


def test_a_write_that_waits_survives_a_restart(start_again):
    behaviour = {"catalog_apply_delay": 5.0}
    with start_again(behaviour=behaviour) as sandbox:
        call(sandbox, "POST", "/api/catalogs/products")
        call(sandbox, "PUT", "/api/catalogs/products/items/1", {"value": {"a": 1}})
    with start_again(behaviour=behaviour) as sandbox:
        assert call(sandbox, "GET", "/sandbox/catalogs").json()[0]["items"] == {}
        start_again.clock.now += 5
        assert call(sandbox, "GET", "/sandbox/catalogs").json()[0]["items"] == {"1": {"a": 1}}


def test_a_reset_forgets_lists_and_catalogs_for_good(start_again):
    with start_again() as sandbox:
        number = call(sandbox, "POST", "/api/lists", {"name": "A"}).json()["listId"]
        subscribe(sandbox, number, "ann@shop.com")
        call(sandbox, "POST", "/api/catalogs/products")
        call(sandbox, "PUT", "/api/catalogs/products/items/1", {"value": {"a": 1}})
        call(sandbox, "POST", "/sandbox/reset")
    for _ in range(2):
        with start_again() as sandbox:
            assert [call(sandbox, "GET", path).json() for path in EVERYTHING[:3]] == [[], [], []]
            assert [one["listType"] for one in call(sandbox, "GET", "/api/lists").json()["lists"]] == ["Dynamic"]


def test_what_is_asked_for_from_the_start_is_added_only_where_it_is_missing(start_again):
    with start_again(lists=((7, "VIP"),), catalogs=("products",)) as sandbox:
        subscribe(sandbox, 7, "ann@shop.com")
        call(sandbox, "PUT", "/api/catalogs/products/items/1", {"value": {"a": 1}})
    with start_again(lists=((7, "Other"), (9, "New")), catalogs=("PRODUCTS", "stores")) as sandbox:
        assert call(sandbox, "GET", "/sandbox/lists").json() == [
            {"id": 7, "name": "VIP", "members": [{"email": "ann@shop.com"}]},
            {"id": 9, "name": "New", "members": []},
        ]
        shown = call(sandbox, "GET", "/sandbox/catalogs").json()
        assert [(one["name"], one["items"]) for one in shown] == [("products", {"1": {"a": 1}}), ("stores", {})]


def test_a_folder_from_before_there_were_lists_and_catalogs_still_opens(start_again, tmp_path):
    """The first version stored users in their own table, without preferences."""
    file = sqlite3.connect(tmp_path / "sandbox.sqlite")
    file.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, document BLOB NOT NULL)")
    file.execute("CREATE TABLE project (name TEXT PRIMARY KEY, value BLOB NOT NULL)")
    user = '{"email":"ann@shop.com","userId":null,"data":{"a":1},"created":1.0,"updated":1.0,"history":[]}'
    file.execute("INSERT INTO users VALUES (4, ?)", (user.encode(),))
    values = {"project_type": '"email"', "fields": '{"a":"long"}', "next_id": "5"}
    file.executemany("INSERT INTO project VALUES (?, ?)", ((name, text.encode()) for name, text in values.items()))
    file.commit()
    file.close()
    for _ in range(2):
        with start_again(lists=((7, "VIP"),), catalogs=("products",)) as sandbox:
            shown = call(sandbox, "GET", "/api/users/ann%40shop.com").json()["user"]["dataFields"]
            assert (shown["a"], call(sandbox, "GET", "/api/users/getFields").json()["fields"]["a"]) == (1, "long")
            subscribe(sandbox, 7, "ann@shop.com", "new@shop.com")
            assert call(sandbox, "GET", "/api/lists/7/size").text == "2"
