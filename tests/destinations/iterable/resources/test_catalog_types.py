"""What is asked, made and refused before the first item: catalogs, their field types, and what fits them."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest

from reverse_etl.destinations.bound_object import SyncContext, TypedField, typed_constant
from reverse_etl.destinations.inspection import NewField
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.iterable.objects.catalog_uploads import UploadItems
from reverse_etl.destinations.iterable.resources.catalog_types import (
    CONVERTIBLE,
    Catalog,
    find_catalog_name,
    read_catalog,
    set_types,
)
from reverse_etl.destinations.operation import Unsendable
from reverse_etl.errors import DestinationError
from tests.destinations.iterable.objects.singles import sync_of
from tests.doubles.delivery_world import KEY
from tests.doubles.scripted_server import HTML, Answer, refusal
from tests.reference_iterable import serve_reference
from tests.reference_iterable.project_memory import Catalog as Held

META = {"object": "catalog_items", "catalog": "Products", "item_id": "sku"}
TYPED = (
    TypedField("name", "text", "VARCHAR"),
    TypedField("price", "decimal", "DECIMAL(9,2)"),
    TypedField("stock", "integer", "BIGINT"),
    TypedField("added", "timestamp", "TIMESTAMP"),
    TypedField("tags", "text", "VARCHAR[]", array=True),
    TypedField("dims.width", "float", "DOUBLE"),
    TypedField("dims.box.height", "float", "DOUBLE"),
    TypedField("shop_geo_location", "object", "STRUCT(lat DOUBLE, lon DOUBLE)"),
    typed_constant("kind", "shoe"),
)
TYPES = {
    "name": "string",
    "price": "double",
    "stock": "long",
    "added": "date",
    "tags": "string",
    "dims": "object",
    "dims.width": "double",
    "dims.box": "object",
    "dims.box.height": "double",
    "shop_geo_location": "geo_location",
    "kind": "string",
}


@pytest.fixture(params=[True, False], ids=["flat reads", "wrapped reads"])
def iterable(request):
    with serve_reference(flat_reads=request.param, keys={KEY}) as reference:
        yield reference


@pytest.fixture
def asker(world, server):
    def asker(url=server.url, attempts=1):
        world.url = url
        clients.append(world.client())
        return world.caller(clients[-1], attempts)

    clients = []
    yield asker
    for client in clients:
        client.close()


def context(typed=TYPED, **changes):
    return SyncContext(sync_of({**META, **changes}), typed)


def hold(iterable, name="products", types=None, **items):
    iterable.catalogs[name.lower()] = Held(1, name, types=types or {}, items=items)
    return iterable.catalogs[name.lower()]


def connect(asker, **changes):
    about = context(**changes)
    return bind(about.sync, "hybrid").connect(about, asker)


def inspect(asker, **changes):
    about = context(**changes)
    return bind(about.sync, "hybrid").inspect(about, asker)


def writes(iterable):
    return [(got.method, got.path) for got in iterable.log if got.method != "GET"]


@pytest.mark.parametrize("ask", [connect, inspect])
def test_an_unknown_catalog_lists_the_others_and_the_nearest(iterable, asker, ask):
    for number in range(123):
        hold(iterable, f"catalog-{number}")
    hold(iterable, "Product")
    with pytest.raises(DestinationError) as caught:
        ask(asker(iterable.url))
    assert caught.value.code == "unknown-catalog"
    assert "did you mean `Product`?" in caught.value.message
    assert "catalog-122" in caught.value.context["catalogs"]
    assert "create_catalog: true" in caught.value.hint
    assert writes(iterable) == []


def test_a_catalog_is_found_whatever_its_letter_case_and_called_as_iterable_does(iterable, asker):
    hold(iterable, "PRODUCTS")
    assert connect(asker(iterable.url)).operations.write.catalog == "PRODUCTS"
    assert iterable.observations == []


def test_a_missing_catalog_is_made_and_typed_before_the_first_item(iterable, asker):
    connected = connect(asker(iterable.url), create_catalog=True)
    assert writes(iterable) == [
        ("POST", "/api/catalogs/Products"),
        ("PUT", "/api/catalogs/Products/fieldMappings"),
    ]
    held = iterable.catalog("products")
    assert held.types == {name: kind for name, kind in TYPES.items() if "." not in name}
    assert iterable.bodies[-1]["mappingsUpdates"][5] == {
        "fieldName": "dims",
        "fieldType": "object",
        "children": [
            {"fieldName": "width", "fieldType": "double"},
            {
                "fieldName": "box",
                "fieldType": "object",
                "children": [{"fieldName": "height", "fieldType": "double"}],
            },
        ],
    }
    assert connected.casts == {"shop_geo_location": "geo_location"}
    assert connected.warnings == ()
    assert iterable.observations == []


def test_the_second_run_finds_everything_as_the_first_left_it(iterable, asker):
    connect(asker(iterable.url), create_catalog=True)
    before = len(writes(iterable))
    assert connect(asker(iterable.url), create_catalog=True).warnings == ()
    assert len(writes(iterable)) == before


def test_a_run_that_died_between_making_and_typing_is_taken_up(iterable, asker):
    held = hold(iterable)
    assert connect(asker(iterable.url), create_catalog=True).warnings == ()
    assert held.types["price"] == "double"


def test_a_field_that_items_have_without_a_type_is_left_alone_and_told(iterable, asker):
    held = hold(iterable, types={"name": "string"}, a={"price": 1.5, "dims": {"width": 2}})
    [warning] = connect(asker(iterable.url), create_catalog=True).warnings
    assert "price" not in held.types
    assert "dims" not in held.types
    assert held.types["stock"] == "long"
    assert "`price`, `dims`, `dims.width`" in warning
    assert "--full-refresh" in warning
    assert iterable.observations == []


def test_without_leave_nothing_is_made_or_typed(iterable, asker):
    held = hold(iterable)
    assert connect(asker(iterable.url)).warnings == ()
    assert inspect(asker(iterable.url), create_catalog=True).new_fields
    assert held.types == {}
    assert writes(iterable) == []


def test_values_are_fitted_to_the_types_that_are_there(iterable, asker):
    hold(iterable, types={"name": "string", "price": "long", "stock": "double", "added": "string", "kind": "string"})
    assert connect(asker(iterable.url)).casts == {"price": "long", "stock": "double", "added": "string"}


@pytest.mark.parametrize("ask", [connect, inspect])
def test_types_that_can_never_fit_stop_the_run_with_the_fix(iterable, asker, ask):
    hold(iterable, types={"name": "long", "dims": "string", "stock": "date"})
    with pytest.raises(DestinationError) as caught:
        ask(asker(iterable.url), create_catalog=True)
    assert caught.value.code == "field-type-clash"
    assert set(caught.value.context) == {"name", "dims", "stock"}
    assert "cast the column to an integer" in caught.value.hint
    assert writes(iterable) == []


def test_an_inspection_of_a_catalog_that_would_be_made(iterable, asker):
    found = inspect(asker(iterable.url), create_catalog=True)
    shown = {**TYPES, "tags": "array of string"}
    assert {item.field: item.type for item in found.new_fields} == shown
    assert found.notes == ("the first run creates catalog `Products`",)
    assert not found.inferring
    assert writes(iterable) == []


def test_an_inspection_of_a_catalog_that_is_there(iterable, asker):
    hold(iterable, types={"name": "string"}, a={"price": 1.5})
    found = inspect(asker(iterable.url), create_catalog=True, typed=(*TYPED[:3], TypedField("more", "json", "JSON")))
    assert found.types == {"name": "string"}
    assert [(item.field, item.type) for item in found.new_fields] == [("price", ""), ("stock", "long"), ("more", "")]
    [warning] = found.warnings
    assert "`price`, `more`" in warning
    assert "create_catalog" not in warning
    assert found.notes == ()


def test_an_inspection_without_leave_to_type(iterable, asker):
    hold(iterable)
    found = inspect(asker(iterable.url), typed=TYPED[:1])
    assert found.new_fields == [NewField("name", "", "has no type: it is kept, and cannot be searched")]
    assert "create_catalog: true" in found.warnings[0]


def update(name, kind, *children):
    found = {"fieldName": name, "fieldType": kind}
    return {**found, "children": list(children)} if children else found


class TestMembers:
    """Whether a server returns the types of an object's members is not documented."""

    @pytest.mark.parametrize(
        ("types", "untyped", "has", "lacks"),
        [
            ({}, (), False, True),
            ({"dims": "object"}, (), True, False),
            ({"dims": "object", "dims.width": "double"}, (), True, False),
            ({"dims": "object", "dims.other": "double"}, (), False, True),
            ({"dims": "object"}, ("dims.other",), False, True),
            ({"dims": "object"}, ("dims.width",), False, False),
            ({}, ("dims",), False, False),
            ({}, ("dims.width",), False, False),
        ],
    )
    def test_a_member_by_what_is_told(self, types, untyped, has, lacks):
        catalog = Catalog("c", types, frozenset(untyped))
        assert (catalog.has_type("dims.width"), catalog.lacks("dims.width")) == (has, lacks)

    @pytest.mark.parametrize(
        ("types", "path", "update"),
        [
            ({"dims": "object"}, "dims.width", update("dims", "object", update("width", "double"))),
            (
                {"dims": "object", "dims.box": "object"},
                "dims.box.width",
                update("dims", "object", update("box", "object", update("width", "double"))),
            ),
        ],
    )
    def test_a_new_member_of_a_typed_object_comes_with_its_object(self, asker, server, types, path, update):
        server.script(Answer(200, {"code": "Success", "msg": ""}))
        typed = set_types(asker(), Catalog("c", types), [TypedField(path, "float", "DOUBLE")])
        [got] = server.requests
        assert got.json == {"mappingsUpdates": [update]}
        assert typed.types == {**types, path: "double"}


def pages(*names, size=2, total=True, urls=True):
    """Answers to a server's pages of catalogs."""

    def answer(got):
        page = int(got.path.split("page=")[1].split("&")[0])
        rows = [{"name": name} for name in names[(page - 1) * size : page * size]]
        told = {"catalogNames": rows}
        told |= {"totalCatalogsCount": len(names)} if total else {}
        told |= {"nextPageUrl": "https://elsewhere.example/"} if urls and page * size < len(names) else {}
        return Answer(200, {"msg": "", "code": "Success", "params": told})

    return answer


@pytest.mark.parametrize("told", [{"total": True, "urls": True}, {"total": False}, {"urls": False}])
def test_all_pages_are_read_however_their_end_is_told(asker, server, told):
    server.answer = pages("a", "b", "c", "d", "e", **told)
    assert find_catalog_name(asker(), "x") == (None, ["a", "b", "c", "d", "e"])
    assert len(server.requests) == 3
    assert find_catalog_name(asker(), "C")[0] == "c"
    assert len(server.requests) == 5


def test_pages_without_end_are_not_followed(asker, server):
    same = {"catalogNames": [{"name": "a"}], "totalCatalogsCount": 9, "nextPageUrl": "/api/catalogs?page=2"}
    server.script(Answer(200, same))
    assert find_catalog_name(asker(), "x") == (None, ["a"])
    assert len(server.requests) == 2


@pytest.mark.parametrize("answer", [Answer(404, HTML), Answer(500), Answer(200, HTML), Answer(200, {}), Answer(302)])
def test_a_server_that_does_not_tell_stops_the_run(asker, server, answer):
    server.script(answer)
    for ask in (lambda: find_catalog_name(asker(), "x"), lambda: read_catalog(asker(), "x")):
        with pytest.raises(DestinationError) as caught:
            ask()
        assert caught.value.code == "catalog-not-read"


@pytest.mark.parametrize("answer", [refusal(400, "BadParams"), Answer(404, HTML), Answer(500)])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_refusal_to_make_or_type_stops_the_run(asker, server, answer, method):
    def answers(got):
        if got.method == method:
            return answer
        return pages()(got) if got.method == "GET" else Answer(201, {"msg": "", "code": "Success"})

    server.answer = answers
    with pytest.raises(DestinationError) as caught:
        connect(asker(), create_catalog=True)
    assert caught.value.code == "catalog-not-made"


def test_a_catalog_that_somebody_made_meanwhile_is_taken_as_it_is(asker, server):
    lists = [pages("products"), pages()]

    def answers(got):
        if got.method == "POST":
            return refusal(400, "BadParams")
        if got.path.endswith("/fieldMappings"):
            return Answer(200, {"definedMappings": {"name": "long"}, "undefinedFields": []})
        return lists.pop()(got)

    server.answer = answers
    with pytest.raises(DestinationError) as caught:
        connect(asker(), create_catalog=True)
    assert caught.value.code == "field-type-clash"


def test_a_catalog_that_is_not_listed_yet_is_taken_as_it_is(asker, server):
    def answers(got):
        if got.path.endswith("/fieldMappings"):
            return Answer(200, {"definedMappings": TYPES, "undefinedFields": []})
        return pages()(got) if got.method == "GET" else refusal(400, "BadParams")

    server.answer = answers
    connected = connect(asker(), create_catalog=True)
    assert connected.operations.write == UploadItems("Products")
    assert not any(got.method == "PUT" for got in server.requests)


class TestFreshCatalogs:
    """A catalog that was just made need not be known everywhere at once."""

    @pytest.fixture
    def slow(self, server):
        """Answers that know the catalog from the third request for its types on."""

        def slow(known_after):
            def answers(got):
                if got.method == "PUT" and sum(one.method == "PUT" for one in server.requests) <= known_after:
                    return Answer(404, {"code": "error.catalogs.notFound"})
                return pages()(got) if got.method == "GET" else Answer(201, {"msg": "", "code": "Success"})

            server.answer = answers

        return slow

    def test_it_is_waited_for(self, asker, server, slow):
        slow(2)
        connected = connect(asker(attempts=5), create_catalog=True, mode="mirror")
        times = [got.at for got in server.requests if got.method == "PUT"]
        assert [later - sooner for sooner, later in pairwise(times)] == [5, 5]
        assert connected.operations.write.just_created
        assert connected.operations.remove.just_created

    def test_not_for_ever(self, asker, slow):
        slow(99)
        with pytest.raises(DestinationError) as caught:
            connect(asker(attempts=3), create_catalog=True)
        assert caught.value.code == "catalog-not-made"

    def test_one_that_was_there_before_is_not_waited_for(self, iterable, asker):
        hold(iterable)
        connected = connect(asker(iterable.url), create_catalog=True)
        assert connected.operations.write == UploadItems("products")


def test_types_of_a_shape_that_is_not_known_are_not_taken_for_any(asker, server):
    odd = {"definedMappings": {"a": "long", "b": {"type": "object"}}, "undefinedFields": None, "new": 1}
    server.script(Answer(200, odd))
    assert read_catalog(asker(), "c") == Catalog("c", {"a": "long"})


def test_the_name_stays_in_its_place_of_the_path(asker, server):
    server.script(Answer(200, {"definedMappings": {}}))
    read_catalog(asker(), "a/../b")
    assert server.requests[0].path == "/api/catalogs/a%2F..%2Fb/fieldMappings"


SAMPLES = {
    "text": pa.array(["2026-01-02", '{"lat": 1, "lon": 2}', "x"]),
    "uuid": pa.array(["1b4e28ba-2fa1-11d2-883f-0016d3cca427"]),
    "time": pa.array(["03:04:05"]),
    "integer": pa.array([1]),
    "decimal": pa.array(["1.00"]).cast(pa.decimal128(9, 2)),
    "float": pa.array([1.0]),
    "boolean": pa.array([True]),
    "date": pa.array([1], pa.date32()),
    "timestamp": pa.array([1], pa.timestamp("us")),
    "object": pa.array([{"lat": 1.0, "lon": 2.0}]),
}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("theirs", ["string", "keyword", "date", "long", "double", "boolean", "object", "geo_location"])
def test_a_kind_clashes_where_none_of_its_values_can_be_fitted(kind, theirs):
    fitted = [value for value in convert_to_type(SAMPLES[kind], theirs) if not isinstance(value, Unsendable)]
    assert bool(fitted) is (theirs in CONVERTIBLE[kind])


def test_the_sync_keeps_its_own_spelling_offline():
    assert bind(context().sync, "email").operations.write.catalog == "Products"
