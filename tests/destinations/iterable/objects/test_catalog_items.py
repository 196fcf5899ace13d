"""Catalog items against a server that gives every reply of Iterable: the contracts, and what only they have."""

from __future__ import annotations

import orjson
import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.catalog_uploads import DeleteItems, UploadItems
from reverse_etl.destinations.operation import Row, UnfitRow
from reverse_etl.sync import Field
from tests.contracts.iterable.bulk import BulkContract
from tests.contracts.iterable.objects import OperationContract
from tests.destinations.iterable.objects.singles import codes_in, read, sync_of
from tests.doubles.scripted_server import Answer, refusal

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (("email", {"object": "catalog_items", "catalog": "shop", "item_id": "COLUMN", "fields": ["other"]}),)

META = {"object": "catalog_items", "catalog": "Products", "item_id": "sku"}
GONE = {
    "error": "NotFound",
    "message": "Catalog not found: products",
    "code": "error.catalogs.notFound",
    "data": {"args": ["products"]},
}
PROJECT = ProjectType.HYBRID


def item(number, **data):
    return Change(number, Kind.CHANGED, f"item-{number}", orjson.dumps({"n": number, **data}))


class TestUploadItems(BulkContract):
    def operation(self):
        return UploadItems("products")

    def changes(self, count):
        return [item(number) for number in range(count)]

    def sent_rows(self, received):
        return [document["n"] for document in received.json["documents"].values()]

    def good(self, count):
        return {"msg": f"Request to bulk-upload {count} documents", "code": "Success", "params": None}

    def change_of_bytes(self, ordinal, size):
        return item(ordinal, pad="x" * (size - len(item(ordinal, pad="").body)))

    def test_counts_that_do_not_add_up_are_no_success(self, world, server):
        """Nothing is counted here, but the code has to agree with the status."""
        server.script(Answer(200, {"msg": "later", "code": "GenericError"}))
        done = world.deliver(self.operation(), self.changes(self.rows))
        assert set(done.statuses.values()) == {"failed"}

    def test_thirty_kilobytes_are_those_of_the_document_not_of_its_frame(self, world, server):
        server.answer = self.take_all
        largest = self.change_of_bytes(0, 29_999)
        long_id = Change(1, Kind.ADDED, "i" * 255, largest.body.replace(b'"n":0', b'"n":1'))
        assert world.deliver(self.operation(), [largest, long_id]).accepted == {0, 1}
        assert world.deliver(self.operation(), [self.change_of_bytes(0, 30_001)]).outcomes[0].code == "row-too-large"

    def test_long_ids_do_not_take_a_body_over_the_limit(self, world, server):
        server.answer = self.take_all
        pad = "x" * 3_700
        changes = [Change(n, Kind.ADDED, f"{n:0255d}", orjson.dumps({"n": n, "pad": pad})) for n in range(1000)]
        assert len(world.deliver(self.operation(), changes).accepted) == 1000
        assert all(len(got.body) < 4_000_000 for got in server.requests)

    @pytest.mark.parametrize("message", ["Invalid item id: a b", "Item a has 30001 bytes"])
    def test_a_bad_item_is_isolated_and_the_others_arrive(self, world, server, message):
        self.refuse(server, {3}, Answer(400, {"msg": message, "code": "BadParams", "params": None}))
        done = world.deliver(self.operation(), self.changes(10))
        assert done.statuses == {3: "rejected"}
        assert done.outcomes[3].code == "bad-params"
        assert len(done.accepted) == 9

    def test_a_catalog_that_is_gone_ends_the_run(self, world, server):
        world.batch_rows, world.concurrency = 1, 1
        server.answer = lambda got: self.take_all(got) if len(server.requests) == 1 else Answer(404, GONE)
        done = world.deliver(self.operation(), self.changes(5))
        assert done.problem.code == "unknown-catalog"
        assert done.accepted == {0}
        assert set(done.statuses.values()) == {"aborted"}
        assert len(server.requests) == 2

    def test_a_catalog_that_was_just_made_is_waited_for(self, world, server):
        answers = [Answer(404, GONE), Answer(404, GONE)]
        server.answer = lambda got: answers.pop() if answers else self.take_all(got)
        done = world.deliver(UploadItems("products", just_created=True), self.changes(self.rows))
        assert done.accepted == set(range(self.rows))
        assert done.problem is None

    @pytest.mark.parametrize(("partial", "flag"), [(False, False), (True, True)])
    def test_whether_only_given_fields_are_replaced_is_always_said(self, partial, flag):
        request = UploadItems("my-shop", partial=partial).build(self.changes(2))
        body = orjson.loads(request.body)
        assert body == {"documents": {"item-0": {"n": 0}, "item-1": {"n": 1}}, "replaceUploadedFieldsOnly": flag}
        assert (request.endpoint.method, request.path) == ("POST", "/api/catalogs/my-shop/items")


class TestDeleteItems(OperationContract):
    rows = 4

    def operation(self):
        return DeleteItems("products")

    def changes(self, count):
        return [Change(number, Kind.REMOVED, f"item-{number}", b"{}") for number in range(count)]

    def sent_rows(self, received):
        return [int(name.removeprefix("item-")) for name in received.json["itemIds"]]

    def good(self, count):
        return {"msg": f"Successfully received request to delete {count} items", "code": "Success", "params": None}

    def test_items_are_deleted_by_the_thousand(self, world, server):
        server.answer = self.take_all
        assert len(world.deliver(self.operation(), self.changes(2001)).accepted) == 2001
        assert [len(self.sent_rows(got)) for got in server.requests] == [1000, 1000, 1]
        assert {(got.method, got.path) for got in server.requests} == {("DELETE", "/api/catalogs/products/items")}

    def test_an_item_that_is_refused_is_isolated(self, world, server):
        server.answer = lambda got: refusal(400, "BadParams") if 5 in self.sent_rows(got) else self.take_all(got)
        assert world.deliver(self.operation(), self.changes(64)).statuses == {5: "rejected"}

    def test_a_catalog_that_is_gone_ends_the_run(self, world, server):
        server.script(Answer(404, GONE))
        assert world.deliver(self.operation(), self.changes(4)).problem.code == "unknown-catalog"


class TestDefinitions:
    """What an entry may say, and how it is sent."""

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({}, []),
            ({"mode": "update", "create_catalog": True, "fields": ["price"], "primary_key": "id"}, []),
            ({"mode": "mirror", "fields": {"dims.width": "width", "kind": {"value": "shoe"}}}, []),
            ({"mode": "add"}, ["unknown-mode"]),
            ({"catalog": None}, ["wrong-value"]),
            ({"catalog": "my_shop"}, ["wrong-catalog-name"]),
            ({"catalog": "a.b"}, ["wrong-catalog-name"]),
            ({"catalog": "x" * 256}, ["wrong-catalog-name"]),
            ({"catalog": "x" * 255}, []),
            ({"item_id": ""}, ["wrong-value"]),
            ({"email": "e"}, ["unknown-key"]),
            ({"on_removed": "delete"}, ["unknown-key"]),
        ],
    )
    def test_what_cannot_work_is_refused(self, changes, codes):
        assert read({**META, **changes})[1] == codes

    @pytest.mark.parametrize("key", ["catalog", "item_id"])
    def test_what_is_required(self, key):
        assert read({name: value for name, value in META.items() if name != key})[1] == ["missing-key"]

    @pytest.mark.parametrize(
        ("fields", "codes"),
        [
            ([Field("a.b", "a_b"), Field("c", "c")], []),
            ([Field("a.b", "a.b")], ["wrong-field-name"]),
            ([Field(f"f{n}", f"f{n}") for n in range(350)], []),
            ([Field(f"f{n}", f"f{n}") for n in range(351)], ["too-many-fields"]),
            ([Field(f"f.{n}", f"f{n}") for n in range(351)], []),
        ],
    )
    def test_fields_without_periods_and_not_too_many(self, fields, codes):
        sync = sync_of(META).with_fields(tuple(fields))
        assert codes_in(sync, PROJECT) == codes

    @pytest.mark.parametrize(
        ("mode", "partial", "deletes"), [("upsert", False, False), ("update", True, False), ("mirror", False, True)]
    )
    def test_how_each_mode_is_sent(self, mode, partial, deletes):
        found = bind(sync_of({**META, "mode": mode}), PROJECT).operations
        assert found.write == UploadItems("Products", partial=partial)
        assert found.remove == (DeleteItems("Products") if deletes else None)

    def test_a_sync_snapshot_belongs_to_one_catalog_however_it_is_spelled(self):
        assert sync_of(META).scope == sync_of({**META, "catalog": "PRODUCTS"}).scope == {"catalog": "products"}

    def test_the_item_id_is_letters_digits_and_dashes(self):
        rule = bind(sync_of(META), PROJECT).identity
        assert (rule.columns, rule.code, rule.lowered) == (("sku",), "bad-item-id", False)

    def test_both_endpoints_keep_to_the_slower_of_two_rates(self):
        assert UploadItems("p").endpoint.per_second == DeleteItems("p").endpoint.per_second == 5


class TestDocuments:
    """What becomes of a row's values."""

    def document(self, mode, **data):
        return bind(sync_of({**META, "mode": mode}), PROJECT).body(Row("a", data))

    @pytest.mark.parametrize("mode", ["upsert", "mirror"])
    def test_a_null_is_left_out_where_the_item_is_replaced_whole(self, mode):
        assert self.document(mode, a=1, b=None, c={"d": None, "e": 2}, f={"g": {"h": None}}) == {
            "a": 1,
            "c": {"e": 2},
        }

    def test_a_null_is_sent_where_fields_are_replaced_one_by_one(self):
        assert self.document("update", a=1, b=None, c={"d": None, "e": 2}, f={"g": {"h": None}}) == {
            "a": 1,
            "b": None,
            "c": {"e": 2},
            "f": None,
        }

    @pytest.mark.parametrize("value", [0, "", False, [], [None], [{"a": None}]])
    @pytest.mark.parametrize("mode", ["upsert", "update"])
    def test_what_is_empty_but_there_is_sent(self, mode, value):
        assert self.document(mode, a=value) == {"a": value}

    @pytest.mark.parametrize("value", [{"a.b": 1}, {"a": {"b.c": 1}}, [{"a.b": 1}]])
    def test_a_member_with_a_period_holds_the_row_back(self, value):
        with pytest.raises(UnfitRow) as caught:
            self.document("upsert", f=value)
        assert caught.value.code == "unsendable-value"
        assert "`f`" in caught.value.reason
        assert "a.b" not in caught.value.reason
