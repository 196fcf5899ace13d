"""Catalogs: create, list, delete, and field types."""

from __future__ import annotations

import pytest
import requests

from reverse_etl.sandbox import SandboxOptions, start_sandbox

TYPES = ["boolean", "date", "double", "geo_location", "long", "object", "string"]


def make(api, name="products"):
    reply = api.post(f"/api/catalogs/{name}")
    assert reply.status_code == 201, reply.text
    return name


def set_types(api, *updates, catalog="products"):
    return api.call("PUT", f"/api/catalogs/{catalog}/fieldMappings", json={"mappingsUpdates": list(updates)})


def field(name, kind, **more):
    return {"fieldName": name, "fieldType": kind, **more}


def mappings(api, catalog="products"):
    return api.get(f"/api/catalogs/{catalog}/fieldMappings").json()["params"]


def upload(api, documents, catalog="products"):
    body = {"documents": documents, "replaceUploadedFieldsOnly": False}
    assert api.post(f"/api/catalogs/{catalog}/items", body).status_code == 200


def names(api, **params):
    found = api.get("/api/catalogs", params=params).json()["params"]
    return [one["name"] for one in found["catalogNames"]]


def read_refusal(reply):
    return reply.status_code, reply.json()["code"]


class TestTheCatalogsThemselves:
    def test_a_catalog_is_made_with_201_and_an_envelope(self, api):
        reply = api.post("/api/catalogs/fancy-restaurants")
        number = reply.json()["params"]["id"]
        assert (reply.status_code, reply.json()) == (
            201,
            {
                "msg": "",
                "code": "Success",
                "params": {"id": number, "name": "fancy-restaurants", "url": "/api/catalogs/fancy-restaurants"},
            },
        )
        assert api.get("/sandbox/catalogs").json() == [{"name": "fancy-restaurants", "fields": {}, "items": {}}]

    def test_making_one_may_answer_200(self, project_of):
        assert project_of(catalog_create_status=200).post("/api/catalogs/a").status_code == 200

    @pytest.mark.parametrize("name", ["Products", "products"])
    def test_a_name_is_used_once_whatever_its_case(self, api, name):
        make(api, "Products")
        assert read_refusal(api.post(f"/api/catalogs/{name}")) == (400, "BadParams")
        assert names(api) == ["Products"]

    @pytest.mark.parametrize("name", ["a_b", "a%20b", "a.b", "a%2Fb", "caf%C3%A9", "a" * 256, "a%0A"])
    def test_a_name_is_of_letters_digits_and_dashes(self, api, name):
        assert read_refusal(api.post(f"/api/catalogs/{name}")) == (400, "BadParams")
        assert names(api) == []

    def test_a_name_may_have_255_characters(self, api):
        assert api.post("/api/catalogs/" + "aA0-z" * 51).status_code == 201

    def test_a_catalog_is_found_by_its_name_in_any_case(self, api):
        make(api, "Products")
        upload(api, {"1": {}}, catalog="pRODUCTS")
        assert api.get("/api/catalogs/products/items/1").json()["catalogName"] == "Products"

    def test_a_deleted_catalog_is_gone_with_its_items_and_types(self, api):
        make(api)
        set_types(api, field("price", "double"))
        upload(api, {"1": {"price": 1}})
        reply = api.delete("/api/catalogs/products")
        assert reply.json() == {"msg": "Successfully deleted catalog products", "code": "Success", "params": None}
        assert names(api) == []
        make(api)
        assert mappings(api) == {"definedMappings": {}, "undefinedFields": []}
        assert api.get("/api/catalogs/products/items").json()["params"]["totalItemsCount"] == 0

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("DELETE", ""),
            ("GET", "/fieldMappings"),
            ("PUT", "/fieldMappings"),
            ("GET", "/items"),
            ("POST", "/items"),
            ("DELETE", "/items"),
            ("GET", "/items/1"),
            ("PUT", "/items/1"),
            ("PATCH", "/items/1"),
            ("DELETE", "/items/1"),
        ],
    )
    def test_an_unknown_catalog_has_the_other_error_shape_and_a_bad_name_is_refused(self, api, method, path):
        reply = api.call(method, f"/api/catalogs/shoes{path}", json={})
        assert (reply.status_code, reply.json()) == (
            404,
            {
                "error": "NotFound",
                "message": "Catalog not found: shoes",
                "code": "error.catalogs.notFound",
                "data": {"args": ["shoes"]},
            },
        )
        assert read_refusal(api.call(method, f"/api/catalogs/a_b{path}", json={})) == (400, "BadParams")

    def test_catalogs_may_be_there_from_the_start_and_after_a_reset(self):
        with start_sandbox(SandboxOptions(port=0, catalogs=("products", "stores"))) as sandbox:
            for _ in range(2):
                shown = requests.get(sandbox.url + "/sandbox/catalogs", timeout=10).json()
                assert [catalog["name"] for catalog in shown] == ["products", "stores"]
                requests.post(sandbox.url + "/sandbox/reset", timeout=10)


class TestTheListOfCatalogs:
    @pytest.fixture
    def many(self, api):
        for number in range(12):
            make(api, f"c{number:02}")
        return api

    def test_pages_have_ten_and_name_their_neighbours(self, many):
        first = many.get("/api/catalogs").json()
        assert (first["msg"], first["code"]) == ("", "Success")
        assert first["params"] == {
            "catalogNames": [{"name": f"c{number:02}"} for number in range(10)],
            "totalCatalogsCount": 12,
            "nextPageUrl": "/api/catalogs?page=2&pageSize=10",
        }
        second = many.get(first["params"]["nextPageUrl"]).json()["params"]
        assert second == {
            "catalogNames": [{"name": "c10"}, {"name": "c11"}],
            "totalCatalogsCount": 12,
            "previousPageUrl": "/api/catalogs?page=1&pageSize=10",
        }

    def test_a_page_may_have_another_size_and_lie_beyond_the_end(self, many):
        assert names(many, page=3, pageSize=5) == ["c10", "c11"]
        assert names(many, page=9) == []
        assert len(names(many, pageSize=100)) == 12
        assert "nextPageUrl" not in many.get("/api/catalogs?page=3&pageSize=4").json()["params"]

    @pytest.mark.parametrize("params", [{"page": 0}, {"page": "x"}, {"page": -1}, {"pageSize": 0}, {"pageSize": 101}])
    def test_a_page_that_cannot_be_is_refused(self, api, params):
        assert read_refusal(api.get("/api/catalogs", params=params)) == (400, "BadParams")

    def test_pages_may_name_no_neighbours(self, project_of):
        api = project_of(catalog_page_urls=False)
        for name in ("a", "b"):
            make(api, name)
        assert set(api.get("/api/catalogs?pageSize=1").json()["params"]) == {"catalogNames", "totalCatalogsCount"}

    def test_reads_may_be_flat(self, project_of):
        api = project_of(catalog_reads="flat")
        make(api)
        upload(api, {"1": {"a": 1}})
        assert api.get("/api/catalogs").json() == {"catalogNames": [{"name": "products"}], "totalCatalogsCount": 1}
        path = "/api/catalogs/products"
        assert api.get(f"{path}/fieldMappings").json() == {"definedMappings": {}, "undefinedFields": ["a"]}
        assert api.get(f"{path}/items").json()["totalItemsCount"] == 1
        assert api.get(f"{path}/items/1").json()["value"] == {"a": 1}


class TestFieldTypes:
    @pytest.fixture(autouse=True)
    def catalogs(self, api):
        make(api)

    def test_fields_have_no_type_until_one_is_set(self, api):
        upload(api, {"1": {"price": 1.5, "name": "Shoe", "gone": None}})
        assert mappings(api) == {"definedMappings": {}, "undefinedFields": ["price", "name"]}
        reply = set_types(api, field("price", "double"), field("size", "long"))
        assert (reply.status_code, reply.json()) == (200, {"msg": "", "code": "Success", "params": None})
        assert mappings(api) == {"definedMappings": {"price": "double", "size": "long"}, "undefinedFields": ["name"]}

    @pytest.mark.parametrize("kind", TYPES)
    def test_each_type_can_be_set_and_set_again_and_not_changed(self, api, kind):
        assert set_types(api, field("a", kind)).status_code == 200
        assert set_types(api, field("a", kind)).status_code == 200
        other = next(one for one in TYPES if one != kind)
        reply = set_types(api, field("b", "long"), field("a", other))
        assert read_refusal(reply) == (400, "BadParams")
        assert reply.json()["msg"] == f"The type of field a is {kind} and cannot be changed to {other}"
        assert mappings(api)["definedMappings"] == {"a": kind}

    def test_members_of_an_object_are_typed_by_dotted_path(self, api):
        inner = field("at", "object", children=[field("x", "double")])
        set_types(api, field("home", "object", children=[field("city", "string"), inner]))
        assert mappings(api)["definedMappings"] == {
            "home": "object",
            "home.city": "string",
            "home.at": "object",
            "home.at.x": "double",
        }

    @pytest.mark.parametrize(
        "updates",
        [
            [field("a", "String")],
            [field("a", "nested")],
            [field("a", "")],
            [field("a.b", "string")],
            [field("", "string")],
            [field("a", "string", children=[field("b", "string")])],
            [field("a", "object", children=[field("b.c", "string")])],
            [field("a", "long"), field("a", "double")],
        ],
    )
    def test_a_type_that_cannot_be_set_costs_the_whole_request(self, api, updates):
        assert read_refusal(set_types(api, field("good", "long"), *updates)) == (400, "BadParams")
        assert mappings(api)["definedMappings"] == {}

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({}, {"obj.mappingsUpdates": "Array value expected"}),
            ({"mappingsUpdates": {}}, {"obj.mappingsUpdates": "Array value expected"}),
            ({"mappingsUpdates": ["a"]}, {"obj.mappingsUpdates[0]": "Object value expected"}),
            (
                {"mappingsUpdates": [field("a", "long"), {"fieldName": 1}]},
                {
                    "obj.mappingsUpdates[1].fieldName": "String value expected",
                    "obj.mappingsUpdates[1].fieldType": "String value expected",
                },
            ),
            (
                {"mappingsUpdates": [field("a", "object", children=[{"fieldName": "b"}])]},
                {"obj.mappingsUpdates[0].children[0].fieldType": "String value expected"},
            ),
        ],
    )
    def test_a_wrong_body_is_named_by_path(self, api, body, fault):
        reply = api.call("PUT", "/api/catalogs/products/fieldMappings", json=body)
        assert (reply.status_code, reply.json()["code"], reply.json()["params"]) == (400, "BadJsonBody", fault)


def test_a_catalog_has_at_most_so_many_fields(project_of):
    api = project_of(catalog_field_limit=3)
    make(api)
    upload(api, {"1": {"a": 1, "b": 1}})
    reply = api.post(
        "/api/catalogs/products/items",
        {"documents": {"2": {"a": 1, "c": 1}, "3": {"d": 1}}, "replaceUploadedFieldsOnly": True},
    )
    assert read_refusal(reply) == (400, "UniqueFieldsLimitExceeded")
    assert reply.json()["params"] == {"limit": 3, "requestedTotal": 4, "newFields": ["c", "d"]}
    assert read_refusal(set_types(api, field("c", "long"), field("d", "long"))) == (400, "UniqueFieldsLimitExceeded")
    assert set_types(api, field("a", "long"), field("c", "long")).status_code == 200
    assert mappings(api) == {"definedMappings": {"a": "long", "c": "long"}, "undefinedFields": ["b"]}


def test_the_documented_limit_is_350_fields(api):
    make(api)
    upload(api, {"1": {f"f{number}": 1 for number in range(350)}})
    assert read_refusal(set_types(api, field("one-more", "long"))) == (400, "UniqueFieldsLimitExceeded")
