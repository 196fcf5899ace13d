"""The pages about catalogs."""

from __future__ import annotations

import pytest

from .tables import rows

ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def create_catalog(api):
    """Create a catalog with a typed field `price`, then upload documents."""

    def make(name, documents=None):
        api.post(f"/api/catalogs/{name}")
        update = {"fieldName": "price", "fieldType": "double"}
        api.call("PUT", f"/api/catalogs/{name}/fieldMappings", json={"mappingsUpdates": [update]})
        body = {"documents": documents or {}, "replaceUploadedFieldsOnly": False}
        assert api.post(f"/api/catalogs/{name}/items", body).status_code == 200

    return make


def test_catalogs_are_shown_with_types_and_item_counts(api, create_catalog):
    assert "No catalogs yet" in api.get("/catalogs").text
    create_catalog("products", {"1": {"price": 1, ATTACK: 2}, "2": {}})
    page = api.get("/catalogs").text
    assert '<a href="/catalogs/products">products</a>' in page
    assert rows(page)[1][:3] == ["products", "2", "price double"]
    assert ("&lt;script&gt;" in page, ATTACK in page) == (True, False)
    assert '<a href="/catalogs" class="current">Catalogs</a>' in page


def test_a_catalog_has_a_page_with_fields_and_items(api, create_catalog):
    create_catalog("products", {"1": {"price": 1.5, "name": ATTACK}})
    api.clock.now += 3600
    api.call("PUT", "/api/catalogs/products/items/2", json={"value": {"price": "cheap"}})
    page = api.get("/catalogs/Products").text
    assert rows(page)[1:3] == [["name", "no type: stored, but not searchable"], ["price", "double"]]
    latest, first = rows(page)[-2:]
    assert latest == ["2", 'price "cheap"', "", "2026-01-01 13:00:00"]
    assert (first[0], "price 1.5" in first[1], first[2:]) == ("1", True, ["price", "2026-01-01 12:00:00"])
    assert ("2 items." in page, ATTACK in page) == (True, False)


def test_items_are_shown_in_pages_and_searched_by_id(api, create_catalog):
    create_catalog("products", {f"Item{number:03}": {} for number in range(60)})
    first, second = api.get("/catalogs/products").text, api.get("/catalogs/products?page=2").text
    assert ("Item059" in first, "Item009" in first, "Item009" in second) == (True, False, True)
    assert ("?q=&amp;page=2" in first, "?q=&amp;page=1" in second, "page=3" in second) == (True, True, False)
    found = api.get("/catalogs/products?q=item007").text
    assert ("Item007" in found, "Item008" in found) == (True, False)
    assert "No item matches" in api.get("/catalogs/products?q=zzz").text


@pytest.mark.parametrize("path", ["/catalogs/9", "/catalogs/", "/catalogs/products/1"])
def test_a_catalog_that_is_not_there_has_no_page(api, path):
    assert api.get(path).status_code == 404


def test_an_empty_catalog_says_so(api, create_catalog):
    api.post("/api/catalogs/stores")
    page = api.get("/catalogs/stores").text
    assert ("None yet." in page, "No items yet." in page, "0 items." in page) == (True, True, True)
