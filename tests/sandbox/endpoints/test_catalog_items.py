"""Catalog items: bulk and single writes, delays, pages, searchable fields."""

from __future__ import annotations

import pytest

from reverse_etl.sandbox.rules.rate_limits import RateLimits

ITEMS = "/api/catalogs/products/items"


@pytest.fixture
def catalog(project_of):
    """A project with an empty catalog `products`; fields of Behaviour are keyword arguments."""

    def make(**behaviour):
        api = project_of(**behaviour)
        api.post("/api/catalogs/products")
        return api

    return make


@pytest.fixture
def api(catalog):
    return catalog()


def upload(api, documents, *, partly=False):
    return api.post(ITEMS, {"documents": documents, "replaceUploadedFieldsOnly": partly})


def put(api, key, value):
    return api.call("PUT", f"{ITEMS}/{key}", json={"value": value})


def patch(api, key, update):
    return api.call("PATCH", f"{ITEMS}/{key}", json={"update": update})


def bulk_delete(api, *keys):
    return api.call("DELETE", ITEMS, json={"itemIds": list(keys)})


def set_types(api, **types):
    updates = [{"fieldName": name, "fieldType": kind} for name, kind in types.items()]
    assert api.call("PUT", "/api/catalogs/products/fieldMappings", json={"mappingsUpdates": updates}).ok


def items(api):
    return api.get("/sandbox/catalogs").json()[0]["items"]


def page(api, **params):
    return api.get(ITEMS, params=params).json()["params"]


def keys(api, **params):
    return [item["itemId"] for item in page(api, **params)["catalogItemsWithProperties"]]


def read_refusal(reply):
    return reply.status_code, reply.json()["code"]


def searchable(api, key):
    assert key in items(api)
    return sorted(api.project.catalogs.find("products").items[key].searchable)


class TestBulkUpload:
    def test_items_are_made_and_the_reply_is_the_recorded_one(self, api):
        reply = upload(api, {"1": {"name": "Shoe", "tags": ["a"], "home": {"city": "Rome"}}, "A-b": {}})
        told = "Request to bulk-upload documents into products processed successfully"
        assert (reply.status_code, reply.json()) == (200, {"msg": told, "code": "Success", "params": None})
        assert items(api) == {"1": {"name": "Shoe", "tags": ["a"], "home": {"city": "Rome"}}, "A-b": {}}

    def test_an_item_is_overwritten_whole_unless_asked_otherwise(self, api):
        upload(api, {"1": {"a": 1, "b": {"x": 1, "y": 1}}})
        upload(api, {"1": {"b": {"x": 2}, "c": None}, "2": {"a": 2}}, partly=True)
        assert items(api) == {"1": {"a": 1, "b": {"x": 2}}, "2": {"a": 2}}
        upload(api, {"1": {"c": 3}})
        assert items(api)["1"] == {"c": 3}

    def test_a_null_is_stored_in_a_whole_item_and_takes_a_field_away_in_a_part(self, api):
        upload(api, {"1": {"a": None, "b": 1}})
        assert items(api)["1"] == {"a": None, "b": 1}
        upload(api, {"1": {"b": None}}, partly=True)
        assert items(api)["1"] == {"a": None}

    def test_ids_are_case_sensitive(self, api):
        upload(api, {"a": {"n": 1}, "A": {"n": 2}})
        assert items(api) == {"a": {"n": 1}, "A": {"n": 2}}

    @pytest.mark.parametrize("count", [0, 1000])
    def test_a_request_may_have_a_thousand_items(self, api, count):
        assert upload(api, {str(number): {"n": number} for number in range(count)}).status_code == 200
        assert len(items(api)) == count

    def test_more_items_than_that_are_too_many(self, api):
        reply = upload(api, {str(number): {} for number in range(1001)})
        assert read_refusal(reply) == (400, "BatchTooLarge")
        assert items(api) == {}

    @pytest.mark.parametrize(
        "documents",
        [
            {"a_b": {}},
            {"a b": {}},
            {"a.b": {}},
            {"a/b": {}},
            {"": {}},
            {"é": {}},
            {"a" * 256: {}},
            {"1": {"first.name": "x"}},
            {"1": {"home": {"a.b": 1}}},
            {"1": {"homes": [{"x": {"a.b": 1}}]}},
            {"1": {"": 1}},
            {"1": {"text": "x" * 29_990}},
        ],
    )
    def test_one_bad_document_costs_the_whole_request(self, api, documents):
        assert read_refusal(upload(api, {"good": {}, **documents})) == (400, "BadParams")
        assert items(api) == {}
        assert api.get("/api/catalogs/products/fieldMappings").json()["params"]["undefinedFields"] == []

    def test_a_document_may_have_thirty_thousand_bytes(self, api):
        assert upload(api, {"1": {"text": "x" * (30_000 - len('{"text":""}'))}, "a" * 255: {}}).status_code == 200
        assert page(api)["catalogItemsWithProperties"][0]["size"] == 30_000
        assert read_refusal(upload(api, {"1": {"text": "ü" * 15_000}})) == (400, "BadParams")

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({"documents": {}}, {"obj.replaceUploadedFieldsOnly": "Boolean value expected"}),
            ({"replaceUploadedFieldsOnly": True}, {"obj.documents": "Object value expected"}),
            ({"documents": [], "replaceUploadedFieldsOnly": True}, {"obj.documents": "Object value expected"}),
            (
                {"documents": {}, "replaceUploadedFieldsOnly": "no"},
                {"obj.replaceUploadedFieldsOnly": "Boolean value expected"},
            ),
            (
                {"documents": {"1": {}, "2": [], "3": None}, "replaceUploadedFieldsOnly": False},
                {"obj.documents.2": "Object value expected", "obj.documents.3": "Object value expected"},
            ),
        ],
    )
    def test_a_wrong_body_is_named_by_path(self, api, body, fault):
        reply = api.post(ITEMS, body)
        assert (reply.status_code, reply.json()["code"], reply.json()["params"]) == (400, "BadJsonBody", fault)
        assert reply.json()["msg"] == f"[{ITEMS}] Invalid JSON body"

    def test_the_log_counts_the_items(self, api):
        upload(api, {"1": {}, "2": {}, "3": {}})
        assert api.get("/sandbox/requests").json()[-1]["items"] == 3


class TestSingleWrites:
    @pytest.mark.parametrize(
        ("write", "after"), [(put, {"b": None, "c": 2}), (patch, {"a": 1, "c": 2, "home": {"x": 1}})]
    )
    def test_put_replaces_and_patch_merges_the_top_level(self, api, write, after):
        upload(api, {"1": {"a": 1, "b": 1, "home": {"x": 1}}})
        reply = write(api, "1", {"b": None, "c": 2})
        params = {"catalogName": "products", "itemId": "1", "url": "/api/catalogs/products/items/1"}
        assert (reply.status_code, reply.json()) == (200, {"msg": "", "code": "Success", "params": params})
        assert items(api) == {"1": after}

    @pytest.mark.parametrize("write", [put, patch])
    def test_both_make_an_item_that_is_not_there(self, api, write):
        assert write(api, "new", {"a": 1}).status_code == 200
        assert items(api) == {"new": {"a": 1}}

    @pytest.mark.parametrize("write", [put, patch])
    @pytest.mark.parametrize(
        ("key", "value"),
        [("a_b", {}), ("a%2Fb", {}), ("1", {"a.b": 1}), ("1", {"text": "x" * 30_000}), ("a" * 256, {})],
    )
    def test_a_bad_item_is_refused(self, api, write, key, value):
        assert read_refusal(write(api, key, value)) == (400, "BadParams")
        assert items(api) == {}

    @pytest.mark.parametrize(("method", "member"), [("PUT", "value"), ("PATCH", "update")])
    @pytest.mark.parametrize("body", [{}, {"value": 1, "update": 1}, {"value": None, "update": None}])
    def test_a_wrong_body_is_named_by_path(self, api, method, member, body):
        reply = api.call(method, f"{ITEMS}/1", json=body)
        assert (reply.status_code, reply.json()["code"]) == (400, "BadJsonBody")
        assert reply.json()["params"] == {f"obj.{member}": "Object value expected"}


class TestDeletes:
    def test_one_item_goes_also_when_it_is_not_there(self, api):
        upload(api, {"3": {}, "4": {}})
        for _ in range(2):
            reply = api.delete(f"{ITEMS}/3")
            told = "Received request to deleted item ID 3 from catalog products"
            assert (reply.status_code, reply.json()) == (200, {"msg": told, "code": "Success", "params": None})
        assert list(items(api)) == ["4"]

    def test_several_go_by_a_json_body(self, api):
        upload(api, {"2": {}, "3": {}, "4": {}})
        reply = bulk_delete(api, "2", "3", "9", "2")
        told = "Successfully received request to delete 4 items from catalog products"
        assert (reply.status_code, reply.json()) == (200, {"msg": told, "code": "Success", "params": None})
        assert list(items(api)) == ["4"]

    def test_one_bad_id_costs_the_whole_request(self, api):
        upload(api, {"2": {}})
        assert read_refusal(bulk_delete(api, "2", "a_b")) == (400, "BadParams")
        assert read_refusal(api.delete(f"{ITEMS}/a_b")) == (400, "BadParams")
        assert read_refusal(bulk_delete(api, *map(str, range(1001)))) == (400, "BatchTooLarge")
        assert list(items(api)) == ["2"]

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({}, {"obj.itemIds": "Array value expected"}),
            ({"itemIds": "2"}, {"obj.itemIds": "Array value expected"}),
            ({"itemIds": ["1", 2]}, {"obj.itemIds[1]": "String value expected"}),
        ],
    )
    def test_a_wrong_body_is_named_by_path(self, api, body, fault):
        reply = api.call("DELETE", ITEMS, json=body)
        assert (reply.status_code, reply.json()["code"], reply.json()["params"]) == (400, "BadJsonBody", fault)


class TestLateWrites:
    DELAY = 5.0

    def test_a_write_is_seen_when_it_is_due(self, catalog):
        api = catalog(catalog_apply_delay=self.DELAY)
        assert upload(api, {"1": {"a": 1}}).status_code == 200
        api.clock.now += 4
        patch(api, "1", {"b": 2})
        assert (items(api), api.get(f"{ITEMS}/1").status_code) == ({}, 404)
        api.clock.now += 1
        assert items(api) == {"1": {"a": 1}}
        api.clock.now += 3.9
        bulk_delete(api, "1")
        assert items(api) == {"1": {"a": 1}}
        api.clock.now += 0.2
        assert items(api) == {"1": {"a": 1, "b": 2}}
        api.clock.now += self.DELAY
        assert items(api) == {}

    def test_a_write_into_a_catalog_that_was_deleted_meanwhile_is_lost(self, catalog):
        api = catalog(catalog_apply_delay=self.DELAY)
        upload(api, {"1": {"a": 1}})
        api.delete("/api/catalogs/products")
        api.post("/api/catalogs/products")
        api.clock.now += self.DELAY
        assert items(api) == {}

    def test_a_refused_write_is_never_seen(self, catalog):
        api = catalog(catalog_apply_delay=self.DELAY)
        upload(api, {"1": {}, "a_b": {}})
        api.clock.now += self.DELAY
        assert items(api) == {}

    def test_what_was_sent_before_a_type_was_set_stays_unsearchable_though_applied_later(self, catalog):
        api = catalog(catalog_apply_delay=self.DELAY)
        upload(api, {"1": {"a": 1}})
        set_types(api, a="long")
        upload(api, {"2": {"a": 1}})
        api.clock.now += self.DELAY
        assert (searchable(api, "1"), searchable(api, "2")) == ([], ["a"])

    def test_writes_may_answer_202(self, catalog):
        api = catalog(catalog_write_status=202)
        replies = [
            upload(api, {"1": {}}),
            put(api, "1", {}),
            patch(api, "1", {}),
            api.delete(f"{ITEMS}/1"),
            bulk_delete(api, "1"),
        ]
        assert {(reply.status_code, reply.json()["code"]) for reply in replies} == {(202, "Success")}


class TestSearchable:
    def test_only_what_is_sent_after_typing_can_be_searched(self, api):
        upload(api, {"old": {"price": 1, "name": "x"}})
        set_types(api, price="double")
        upload(api, {"new": {"price": 2, "name": "y"}})
        assert (searchable(api, "old"), searchable(api, "new")) == ([], ["price"])

    def test_each_field_of_an_item_has_a_fate_of_its_own(self, api):
        upload(api, {"1": {"a": 1, "b": 1}})
        set_types(api, a="long", b="long", c="long")
        patch(api, "1", {"b": 2})
        assert searchable(api, "1") == ["b"]
        patch(api, "1", {"c": 3, "b": None})
        assert searchable(api, "1") == ["c"]
        put(api, "1", {"a": 1, "c": None})
        assert searchable(api, "1") == ["a"]

    def test_members_of_a_typed_object_too(self, api):
        child = {"fieldName": "city", "fieldType": "string"}
        update = {"fieldName": "home", "fieldType": "object", "children": [child]}
        api.call("PUT", "/api/catalogs/products/fieldMappings", json={"mappingsUpdates": [update]})
        upload(api, {"1": {"home": {"city": "Rome"}}, "2": {"home": {"city": 7}}, "3": {"home": "Rome"}})
        assert [searchable(api, key) for key in "123"] == [["home", "home.city"], ["home"], []]

    FITTING = (
        ("boolean", True),
        ("boolean", [True, False]),
        ("long", 7),
        ("double", 7),
        ("double", 7.5),
        ("string", "x"),
        ("string", ["x", None]),
        ("string", "2026-01-02"),
        ("date", "2026-01-02"),
        ("date", "2026-01-02 03:04:05 +00:00"),
        ("object", {"a": 1}),
        ("geo_location", {"lat": 1, "lon": 2.5}),
    )
    WRONG = (
        ("boolean", "true"),
        ("boolean", 1),
        ("long", 7.5),
        ("long", "7"),
        ("long", True),
        ("double", "7.5"),
        ("string", 7),
        ("date", "word"),
        ("date", 1_767_268_800),
        ("object", "x"),
        ("geo_location", {"lat": "1", "lon": 2}),
        ("geo_location", {"lat": 1}),
        ("long", [1, "2"]),
    )

    @pytest.mark.parametrize(("kind", "value"), FITTING)
    def test_a_value_of_the_type_can_be_searched(self, catalog, kind, value):
        api = catalog(catalog_wrong_type="refuse")
        set_types(api, field=kind)
        assert upload(api, {"1": {"field": value}}).status_code == 200
        assert searchable(api, "1") == ["field"]

    @pytest.mark.parametrize(("kind", "value"), WRONG)
    def test_a_value_of_another_type_is_stored_and_cannot_be_searched(self, api, kind, value):
        set_types(api, field=kind)
        assert upload(api, {"1": {"field": value}}).status_code == 200
        assert (items(api)["1"], searchable(api, "1")) == ({"field": value}, [])

    @pytest.mark.parametrize(("kind", "value"), WRONG)
    def test_a_value_of_another_type_may_cost_the_whole_request(self, catalog, kind, value):
        api = catalog(catalog_wrong_type="refuse")
        set_types(api, field=kind)
        reply = upload(api, {"good": {}, "1": {"field": value}})
        assert read_refusal(reply) == (400, "RequestFieldsTypesMismatched")
        detail = reply.json()["params"]["validationErrors"]["field"]
        assert (detail["expectedType"], detail["category"]) == (kind, "catalog")
        assert items(api) == {}


class TestReads:
    @pytest.mark.parametrize(
        ("behaviour", "unwrapped"),
        [
            ({}, lambda body: body),
            ({"catalog_item_reads": "as_catalog_reads"}, lambda body: body["params"]),
            ({"catalog_item_reads": "as_catalog_reads", "catalog_reads": "flat"}, lambda body: body),
        ],
    )
    def test_one_item_is_read_with_its_properties(self, catalog, behaviour, unwrapped):
        api = catalog(**behaviour)
        api.clock.now += 0.5
        put(api, "1", {"name": "Bronto King"})
        assert unwrapped(api.get(f"{ITEMS}/1").json()) == {
            "catalogName": "products",
            "itemId": "1",
            "size": 22,
            "lastModified": 1_767_268_800_500,
            "value": {"name": "Bronto King"},
        }

    def test_an_item_that_is_not_there_is_a_404_of_the_other_shape(self, api):
        reply = api.get(f"{ITEMS}/9")
        assert (reply.status_code, set(reply.json())) == (404, {"error", "message", "code", "data"})
        assert reply.json()["data"] == {"args": ["products", "9"]}
        assert read_refusal(api.get(f"{ITEMS}/a_b")) == (400, "BadParams")

    def test_items_come_in_pages_that_name_their_neighbours(self, api):
        upload(api, {f"i{number:02}": {"n": number} for number in range(25)})
        found, url = [], f"{ITEMS}?pageSize=10"
        while url:
            content = api.get(url).json()["params"]
            assert content["totalItemsCount"] == 25
            found += [item["itemId"] for item in content["catalogItemsWithProperties"]]
            url = content.get("nextPageUrl")
        assert found == [f"i{number:02}" for number in range(25)]
        assert page(api, page=2)["previousPageUrl"] == f"{ITEMS}?page=1&pageSize=10"
        assert len(keys(api)) == 10
        assert len(keys(api, pageSize=1000)) == 25

    @pytest.mark.parametrize(
        "params",
        [{"page": 0}, {"pageSize": 1001}, {"pageSize": "ten"}, {"orderBy": "a", "sortAscending": "up"}],
    )
    def test_a_page_that_cannot_be_is_refused(self, api, params):
        assert read_refusal(api.get(ITEMS, params=params)) == (400, "BadParams")

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("long", [-3, 2, 10]),
            ("double", [1.5, 2, 10.25]),
            ("string", ["10", "9", "a"]),
            ("date", ["2026-01-01", "2026-01-02 00:00:00 +02:00", "2026-01-02"]),
            ("boolean", [False, True]),
            ("long", [[1], [None, 2], [3, 0]]),
            ("object", [{"a": 1}, {"a": 2}]),
        ],
    )
    def test_items_are_ordered_by_a_typed_field_and_those_without_come_last(self, api, kind, values):
        upload(api, {"before": {"field": values[0]}})
        set_types(api, field=kind)
        upload(api, {"none": {}, **{f"i{index}": {"field": value} for index, value in reversed([*enumerate(values)])}})
        ordered = [f"i{index}" for index in range(len(values))]
        rest = ["before", "none"]
        assert keys(api, orderBy="field", sortAscending="true") == ordered + rest
        assert keys(api, orderBy="field", sortAscending="false") == ordered[::-1] + rest
        assert keys(api, orderBy="field") == ordered[::-1] + rest

    def test_the_direction_needs_a_type_and_is_kept_from_page_to_page(self, api):
        upload(api, {"1": {"a": 1}})
        assert read_refusal(api.get(ITEMS, params={"orderBy": "a", "sortAscending": "true"})) == (400, "BadParams")
        assert keys(api, orderBy="a") == ["1"]
        set_types(api, a="long")
        upload(api, {"1": {"a": 1}, "2": {"a": 2}})
        first = page(api, orderBy="a", sortAscending="true", pageSize=1)
        assert first["nextPageUrl"] == f"{ITEMS}?orderBy=a&sortAscending=true&pageSize=1&page=2"
        (item,) = api.get(first["nextPageUrl"]).json()["params"]["catalogItemsWithProperties"]
        assert item["itemId"] == "2"


@pytest.mark.parametrize(
    ("endpoint", "rate"),
    [
        ("GET /api/catalogs", 100),
        ("GET /api/catalogs/*/items", 100),
        ("POST /api/catalogs/*/items", 100),
        ("PUT /api/catalogs/*/items/*", 1000),
    ],
)
def test_rates_are_counted_per_key(endpoint, rate):
    limits = RateLimits()
    taken = [limits.take_token(endpoint, "sandbox-a", 0) for _ in range(rate + 1)]
    assert (taken[-2], taken[-1].limit) == (None, rate)
    assert limits.take_token(endpoint, "sandbox-b", 0) is None


def test_the_bucket_of_items_is_shared_by_all_catalogs(project_of):
    api = project_of(rate_limit=True)
    for name in ("a", "b"):
        api.post(f"/api/catalogs/{name}")
    statuses = [api.get(f"/api/catalogs/{name}/items").status_code for name in ("a", "b") for _ in range(51)]
    assert statuses == [200] * 100 + [429] * 2
