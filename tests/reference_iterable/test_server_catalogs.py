"""Tests of catalogs, their field types and their items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.reference_iterable.conftest import Api

PATH = "/api/catalogs/Teas"


@pytest.fixture
def teas(api: Api) -> Api:
    """A project with a catalog."""
    assert api.post(PATH).status_code == 201
    return api


def put(api: Api, documents: dict[str, Any], *, merges: bool = False) -> Any:
    return api.post(f"{PATH}/items", {"documents": documents, "replaceUploadedFieldsOnly": merges})


def items(api: Api) -> dict[str, Any]:
    catalog = api.server.catalog("Teas")
    assert catalog is not None
    return catalog.items


def test_a_catalog_is_made_listed_and_deleted(api: Api) -> None:
    answer = api.post(PATH)
    assert (answer.status_code, answer.json()["params"]["name"]) == (201, "Teas")
    api.assert_refused(api.post("/api/catalogs/TEAS"), 400, "BadParams")
    assert api.get("/api/catalogs").json()["params"] == {"catalogNames": [{"name": "Teas"}], "totalCatalogsCount": 1}
    assert api.call("DELETE", PATH).json()["msg"] == "Successfully deleted catalog Teas"
    assert api.server.catalogs == {}


@pytest.mark.parametrize("name", ["a_b", "a.b", "a%20b", "a%2Fb", "x" * 256])
def test_a_name_of_other_signs_is_none(api: Api, name: str) -> None:
    api.assert_refused(api.post(f"/api/catalogs/{name}"), 400, "BadParams")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "", None),
        ("GET", "/fieldMappings", None),
        ("PUT", "/fieldMappings", {"mappingsUpdates": []}),
        ("POST", "/items", {"documents": {}, "replaceUploadedFieldsOnly": True}),
        ("GET", "/items/1", None),
    ],
)
def test_an_unknown_catalog_is_told_in_the_other_shape(api: Api, method: str, path: str, body: object) -> None:
    answer = api.call(method, f"{PATH}{path}", body)
    assert answer.status_code == 404
    told = answer.json()
    assert (told["error"], told["code"], told["data"]) == ("NotFound", "error.catalogs.notFound", {"args": ["Teas"]})


def test_pages_name_the_ones_beside_them(api: Api) -> None:
    for number in range(25):
        api.post(f"/api/catalogs/c{number}")
    pages = [api.get(f"/api/catalogs?page={page}").json()["params"] for page in (1, 2, 3)]
    assert [len(page["catalogNames"]) for page in pages] == [10, 10, 5]
    assert [("nextPageUrl" in page, "previousPageUrl" in page) for page in pages] == [
        (True, False),
        (True, True),
        (False, True),
    ]
    assert pages[0]["nextPageUrl"].endswith("page=2&pageSize=10")
    api.assert_refused(api.get("/api/catalogs?pageSize=101"), 400, "BadParams")
    api.assert_refused(api.get("/api/catalogs?page=x"), 400, "BadParams")


def test_a_document_replaces_the_item_or_only_its_fields(teas: Api) -> None:
    told = put(teas, {"1": {"name": "Assam", "price": 2.5}, "2": {"name": "Sencha"}}).json()
    assert told["msg"] == "Request to bulk-upload documents into Teas processed successfully"
    put(teas, {"1": {"price": 3, "stock": None}})
    put(teas, {"2": {"price": 4}}, merges=True)
    assert items(teas) == {"1": {"price": 3, "stock": None}, "2": {"name": "Sencha", "price": 4}}
    put(teas, {"2": {"name": None}}, merges=True)
    assert items(teas)["2"] == {"price": 4}


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ({"a_b": {}}, "BadParams"),
        ({"": {}}, "BadParams"),
        ({"x" * 256: {}}, "BadParams"),
        ({"2": {"a.b": 1}}, "BadParams"),
        ({"2": {"note": "x" * 30_000}}, "BadParams"),
        ({"2": {f"f{n}": n for n in range(351)}}, "BadParams"),
        ({f"i{n}": {} for n in range(1001)}, "BatchTooLarge"),
        ({"2": []}, "BadJsonBody"),
    ],
)  # fmt: skip
def test_one_bad_document_refuses_all(teas: Api, documents: dict[str, Any], code: str) -> None:
    teas.assert_refused(put(teas, {"1": {"name": "Assam"}, **documents}), 400, code)
    assert items(teas) == {}


def test_both_members_of_an_upload_are_required(teas: Api) -> None:
    told = teas.assert_refused(teas.post(f"{PATH}/items", {"documents": {}}), 400, "BadJsonBody")
    assert list(told["params"]) == ["obj.replaceUploadedFieldsOnly"]


def test_items_are_deleted_by_their_ids(teas: Api) -> None:
    put(teas, {"1": {}, "2": {}, "3": {}})
    told = teas.call("DELETE", f"{PATH}/items", {"itemIds": ["1", "2", "9"]}).json()
    assert told["msg"] == "Successfully received request to delete 3 items from catalog Teas"
    assert list(items(teas)) == ["3"]
    told = teas.call("DELETE", f"{PATH}/items/3").json()
    assert told["msg"] == "Received request to deleted item ID 3 from catalog Teas"
    assert items(teas) == {}
    assert teas.server.deleted == ["1", "2", "9", "3"]


def test_one_item_is_put_patched_and_read(teas: Api) -> None:
    assert teas.call("PUT", f"{PATH}/items/1", {"value": {"a": 1, "b": {"c": 1}}}).json()["params"]["itemId"] == "1"
    teas.call("PATCH", f"{PATH}/items/1", {"update": {"b": {"d": 2}}})
    item = teas.get(f"{PATH}/items/1").json()["params"]
    assert item["value"] == {"a": 1, "b": {"d": 2}}
    assert {"catalogName", "itemId", "size", "lastModified", "value"} == set(item)
    page = teas.get(f"{PATH}/items").json()["params"]
    assert (page["totalItemsCount"], page["catalogItemsWithProperties"]) == (1, [item])
    assert teas.get(f"{PATH}/items/2").status_code == 404


def test_types_are_set_once_and_before_the_items(teas: Api) -> None:
    def typed(**types: str) -> Any:
        updates = [{"fieldName": name, "fieldType": kind} for name, kind in types.items()]
        return teas.call("PUT", f"{PATH}/fieldMappings", {"mappingsUpdates": updates})

    assert typed(price="double", name="string").status_code == 200
    assert typed(price="double").status_code == 200
    teas.assert_refused(typed(price="long"), 400, "BadParams")
    teas.assert_refused(typed(odd="number"), 400, "BadParams")
    assert teas.server.observations == []
    put(teas, {"1": {"price": 2, "stock": 1, "name": 7}})
    assert teas.get(f"{PATH}/fieldMappings").json()["params"] == {
        "definedMappings": {"price": "double", "name": "string"},
        "undefinedFields": ["stock"],
    }
    typed(stock="long")
    assert teas.server.observations == [
        "catalogs: field name is string, and an item has a long",
        "catalogs: field stock is typed after items have it",
    ]
    teas.assert_refused(teas.get(f"{PATH}/items?orderBy=other"), 400, "BadParams")
    assert teas.get(f"{PATH}/items?orderBy=price").status_code == 200


def test_refused_items_refuse_their_request(teas: Api) -> None:
    teas.server.refused = {"2"}
    teas.assert_refused(put(teas, {"1": {}, "2": {}}), 400, "BadParams")
    assert items(teas) == {}
    assert put(teas, {"1": {}}).status_code == 200


def test_reads_may_come_flat_and_writes_with_202(project_of: Callable[..., Api]) -> None:
    api = project_of(flat_reads=True, catalog_status=202)
    api.post(PATH)
    assert put(api, {"1": {"name": "Assam"}}).status_code == 202
    assert api.get("/api/catalogs").json() == {"catalogNames": [{"name": "Teas"}], "totalCatalogsCount": 1}
    assert api.get(f"{PATH}/items/1").json()["value"] == {"name": "Assam"}
