"""Purchases against a server that gives every reply of Iterable: contract, definitions, bodies, the sandbox."""

from __future__ import annotations

import datetime as dt
import json

import orjson
import pyarrow as pa
import pytest
import requests

from reverse_etl.change import Change, Kind
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind, entries
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.destinations.iterable.objects.purchases import TrackPurchase
from reverse_etl.sync import IdentityRule
from tests.contracts.iterable.turns import TurnsContract
from tests.destinations.iterable.objects.activity.activity_replies import hashed
from tests.destinations.iterable.objects.body_files import cases_on_file, is_on_file
from tests.destinations.iterable.objects.singles import FORGOTTEN, SingleContract
from tests.doubles.delivery_world import KEY
from tests.doubles.scripted_server import refusal

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (
    (
        "email",
        {
            "object": "purchases",
            "purchase_id": "COLUMN",
            "email": "other",
            "items": "lines",
            "total": {"value": 1},
            "fields": [],
        },
    ),
    (
        "user_id",
        {
            "object": "purchases",
            "purchase_id": "other",
            "user_id": "COLUMN",
            "items": "lines",
            "total": {"value": 1},
            "fields": [],
        },
    ),
)

TEA = {"id": "T-1", "name": "Tea", "price": 3.5, "quantity": 2}
MODEL = TaggedModel("orders", "model.shop.orders", '"shop"."main"."orders"', "models/orders.yml")
GOOD = {"object": "purchases", "purchase_id": "id", "email": "email", "items": "lines", "total": "total"}


def purchase(number, person=None):
    person = f"u{number}@example.com" if person is None else person
    user = {"email" if "@" in person else "userId": person}
    body = {"user": user, "id": f"p-{number}", "items": [TEA], "total": 7.0, "dataFields": {"n": number}}
    return Change(number, Kind.CHANGED, f"p-{number}", json.dumps(body).encode(), person)


class PurchaseHooks:
    def operation(self):
        return TrackPurchase()

    def changes(self, count):
        return [purchase(number) for number in range(count)]

    def sent_rows(self, received):
        return [received.json["dataFields"]["n"]]

    def about(self, ordinal, person):
        row = purchase(ordinal, f"{person or ordinal}@example.com")
        return row if person else row._replace(user="")


class TestTrackPurchase(PurchaseHooks, SingleContract):
    @pytest.mark.parametrize("answer", FORGOTTEN)
    def test_a_forgotten_user_is_terminal(self, world, server, answer):
        assert self.fate(world, server, answer) == "rejected forgotten-user"

    @pytest.mark.parametrize("code", ["UnknownUserIdError", "UnknownEmailError"])
    @pytest.mark.parametrize(("skip", "fate"), [(True, "skipped"), (False, "rejected")])
    def test_a_user_that_the_project_does_not_make(self, world, server, code, skip, fate):
        server.script(refusal(400, code))
        done = world.deliver(TrackPurchase(skip=skip), self.changes(1))
        assert (done.statuses[0], done.outcomes[0].code) == (fate, "unknown-user")

    def test_something_else_that_does_not_exist_is_not_the_user(self, world, server):
        server.script(refusal(400, "BadParams", {"obj.campaignId": "error.campaign.exists"}))
        assert self.fate(world, server, server.answer(None)) == "rejected bad-params"

    def test_a_conflict_of_identifiers(self, world, server):
        assert self.fate(world, server, refusal(409, "ExternalKeyConflict")) == "rejected identity-conflict"

    def test_a_member_of_an_item_is_named(self, world, server):
        server.script(refusal(400, "BadJsonBody", {"obj.total": "Number value expected"}))
        done = world.deliver(self.operation(), self.changes(1))
        assert done.outcomes[0].reason.endswith("; `total`: Number value expected")


class TestTurns(PurchaseHooks, TurnsContract):
    def good(self, count):
        return {"msg": "", "code": "Success", "params": None}


def read(**changes):
    entry = {key: value for key, value in {**GOOD, **changes}.items() if value != "left out"}
    syncs, broken = read_definitions(MODEL, entry, lambda _: entries())
    return syncs, [fault for one in broken for fault in one.faults]


def sync_of(**changes):
    [sync], faults = read(**changes)
    assert faults == []
    return sync


class TestDefinitions:
    """What a definition of purchases may say, and what its rows then need."""

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({}, []),
            ({"purchase_id": "left out", "primary_key": ["a", "b"]}, []),
            ({"purchase_id": "left out"}, ["missing-identifier"]),
            ({"email": "left out"}, ["missing-identifier"]),
            ({"total": "left out"}, ["missing-key"]),
            ({"total": None}, ["missing-key"]),
            ({"items": "left out"}, ["missing-key"]),
            ({"items": {"id": "a"}}, ["missing-key"] * 3),
            ({"mode": "update"}, ["unknown-mode"]),
            ({"on_removed": "clear"}, ["unknown-key"]),
        ],
    )
    def test_what_a_definition_may_say(self, changes, codes):
        assert [fault.code for fault in read(**changes)[1]] == codes

    def test_what_identifies_a_row(self):
        by_id, by_key = sync_of(), sync_of(purchase_id="left out", primary_key=["a", "b"])
        assert bind(by_id, ProjectType.EMAIL).identity == IdentityRule("purchase_id", ("id",))
        assert bind(by_key, ProjectType.EMAIL).identity == IdentityRule("primary_key", ("a", "b"))

    @pytest.mark.parametrize(
        ("changes", "label"),
        [
            ({}, "@items"),
            ({"items": {"id": "a", "name": "b", "price": "c", "quantity": "d"}}, "@items.id"),
        ],
    )
    def test_what_every_row_needs(self, changes, label):
        found = bind(sync_of(created_at="at", **changes), ProjectType.EMAIL).requirements
        codes = ["null-identifier", "bad-email", "null-created-at", "null-items", "null-total"]
        assert [one.code for one in found] == codes
        assert found[3].fields == (label,)

    @pytest.mark.parametrize(
        ("project", "changes", "codes"),
        [
            ("email", {}, []),
            ("user_id", {}, ["wrong-identifier"]),
            ("user_id", {"user_id": "uid"}, []),
            ("hybrid", {"fields": {"createdAt": "at"}}, ["managed-field"]),
        ],
    )
    def test_what_cannot_work_in_a_project(self, project, changes, codes):
        assert [
            fault.code for fault in bind(sync_of(**changes), ProjectType(project)).check(sync_of(**changes))
        ] == codes

    def test_how_they_are_sent(self):
        found = bind(sync_of(unknown_users="reject"), ProjectType.EMAIL).operations
        assert found.write == TrackPurchase(skip=False)
        assert (found.remove, found.lookup, found.write.window, found.write.max_rows) == (None, None, 2000, 1)


LINES = pa.list_(
    pa.struct({"id": pa.int64(), "name": pa.string(), "price": pa.decimal128(9, 2), "quantity": pa.int32()})
)
PLAN = {
    "ordinal": [0, 1],
    "kind": ["added", "changed"],
    "identity": ["order/1", "2"],
    "email": ["ada@example.com", None],
    "uid": ["C-1", "C-2"],
    "lines": pa.array(
        [
            [{"id": 17, "name": "Tea", "price": 3, "quantity": 2}],
            [{"id": 1, "name": "A", "price": 1, "quantity": 1}, {"id": 2, "name": "B", "price": 0, "quantity": 3}],
        ],
        LINES,
    ),
    "json": ['[{"sku":"x","title":"Tea","price":"3.50","quantity":1,"colour":"red"}]'] * 2,
    "product": [["17"], ["1", "2"]],
    "title": ["Tea", "Things"],
    "total": pa.array([7, 1], pa.decimal128(9, 2)),
    "at": [dt.date(2026, 1, 2)] * 2,
    "campaign": [77, None],
    "shop": ["eu", None],
}
PEOPLE = (Source("email", "email", from_key=True), Source("user_id", "uid", from_key=True))
TOTAL = Source("total", "total", from_key=True)
ARRAY = (*PEOPLE, TOTAL, Source("items", "lines", from_key=True))
CASES = {
    "purchases_by_id": ({}, (*ARRAY, Source("shop", "shop"))),
    "purchases_by_primary_key": ({"purchase_id": "left out", "primary_key": "key"}, ARRAY),
    "purchases_that_make_users": ({"prefer_user_id": True}, ARRAY),
    "purchases_renamed": (
        {"items": {"column": "json", "id": "sku", "name": "title", "dataFields.color": "colour"}},
        (*PEOPLE, TOTAL, Source("items", "json", json=True, from_key=True)),
    ),
    "purchases_of_columns": (
        {"items": {"id": "product", "name": "title", "price": {"value": 1}, "quantity": {"value": 2}}},
        (
            *PEOPLE,
            TOTAL,
            Source("items.id", "product", from_key=True),
            Source("items.name", "title", from_key=True),
            Source("items.price", "one", json=True, from_key=True),
            Source("items.quantity", "two", json=True, from_key=True),
        ),
    ),
    "purchases_credited": (
        {"created_at": "at", "campaign_id": "campaign"},
        (*ARRAY, Source("created_at", "at", from_key=True), Source("campaign_id", "campaign", from_key=True)),
    ),
}


def encoded(sync, sources, **columns):
    plan = {**PLAN, "one": ["1"] * 2, "two": ["2"] * 2, **columns}
    form = RowFormat(bind(sync, ProjectType.HYBRID).body, convert_to_type, bind(sync, ProjectType.HYBRID).user)
    return Encoder(sources, form).encode(pa.RecordBatch.from_pydict(plan))


class TestBodies:
    """Bodies as they leave, and rows that cannot leave."""

    @pytest.mark.parametrize("case", CASES)
    @pytest.mark.parametrize("row", [0, 1])
    def test_the_body_is_the_one_on_file(self, case, row):
        changes, sources = CASES[case]
        found = encoded(sync_of(**{"user_id": "uid", **changes}), sources)
        assert found.outcomes == []
        request = TrackPurchase().build([found.changes[row]])
        assert is_on_file(f"{case}_{row}", request)
        assert (request.endpoint.method, request.path) == ("POST", "/api/commerce/trackPurchase")

    def test_every_file_has_its_case(self):
        assert cases_on_file("purchases") == {f"{case}_{row}" for case in CASES for row in (0, 1)}

    @pytest.mark.parametrize(
        ("column", "values", "reason"),
        [
            ("lines", pa.array([[], []], LINES), "`items` is empty"),
            ("total", ["much"] * 2, "`total` is not a number"),
            (
                "lines",
                pa.array([[{"id": 1, "name": None, "price": 1, "quantity": 1}]] * 2, LINES),
                "`items.name` is missing",
            ),
        ],
    )
    def test_a_row_that_cannot_leave(self, column, values, reason):
        found = encoded(sync_of(user_id="uid"), ARRAY, **{column: values})
        assert found.changes == []
        assert {(one.code, one.reason) for one in found.outcomes} == {("unsendable-value", reason)}

    @pytest.mark.parametrize("identity", ["order/1", "é" * 256, " "])
    def test_any_id_of_512_bytes_goes_out_as_it_is(self, identity):
        assert self.id_of(identity) == identity

    @pytest.mark.parametrize("identity", ["", "x" * 513, "é" * 257])
    def test_any_other_becomes_a_hash_that_stays_the_same(self, identity):
        assert self.id_of(identity) == hashed("orders", identity)

    def id_of(self, identity):
        return orjson.loads(encoded(sync_of(), ARRAY, identity=[identity] * 2).changes[0].body)["id"]


@pytest.mark.parametrize("project", ["email", "user_id", "hybrid"])
def test_purchases_to_a_local_iterable(iterable, project):
    """Users are made, carts are emptied, and a purchase that comes again is updated."""
    world = iterable(project)
    people = ["A", "B"] if project == "user_id" else ["a@example.com", "b@example.com"]
    rows = [purchase(n, people[n % 2]) for n in range(10)]
    assert world.deliver(TrackPurchase(), rows).accepted == set(range(10))
    assert world.deliver(TrackPurchase(), rows[3:5]).accepted == {3, 4}
    held = requests.get(f"{world.url}/sandbox/purchases", timeout=10).json()
    assert sorted(one["id"] for one in held) == [f"p-{n}" for n in range(10)]
    assert len(requests.get(f"{world.url}/sandbox/users", timeout=10).json()) == 2


def test_an_email_project_makes_nobody_of_a_user_id_alone(iterable):
    world = iterable("email")
    assert world.deliver(TrackPurchase(), [purchase(0, "A")]).statuses == {0: "skipped"}
    body = purchase(0, "A").body.replace(b'"userId": "A"', b'"userId": "A", "preferUserId": true')
    assert world.deliver(TrackPurchase(), [Change(0, Kind.ADDED, "p-0", body)]).accepted == {0}


def test_a_forgotten_user_of_a_local_iterable(iterable):
    world = iterable("email")
    answer = requests.post(
        f"{world.url}/api/users/forget", json={"email": "a@example.com"}, headers={"Api-Key": KEY}, timeout=10
    )
    assert answer.status_code == 200
    assert world.deliver(TrackPurchase(), [purchase(0, "a@example.com")]).outcomes[0].code == "forgotten-user"
