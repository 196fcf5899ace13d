"""Carts against a server that gives every reply of Iterable: contract, definitions, bodies, the sandbox."""

from __future__ import annotations

import orjson
import pytest
import requests

from reverse_etl.change import Change, Kind
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import bind, entries
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.carts import UpdateCart
from reverse_etl.destinations.operation import Row, UnfitRow
from reverse_etl.sync import IdentityRule
from tests.destinations.iterable.objects.singles import FORGOTTEN, SingleContract
from tests.doubles.scripted_server import refusal

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (("user_id", {"object": "carts", "user_id": "COLUMN", "items": "lines"}),)

TEA = {"id": "T-1", "name": "Tea", "price": 3.5, "quantity": 2}
MODEL = TaggedModel("carts", "model.shop.carts", '"shop"."main"."carts"', "models/carts.yml")
GOOD = {"object": "carts", "email": "email", "items": "lines"}


def cart(number, items=(TEA,), **user):
    user = user or {"email": f"u{number}@example.com"}
    [identity] = [value for key, value in user.items() if key in ("email", "userId")]
    return Change(number, Kind.CHANGED, identity, orjson.dumps({"user": user, "items": list(items)}))


def read(**changes):
    entry = {key: value for key, value in {**GOOD, **changes}.items() if value != "left out"}
    syncs, broken = read_definitions(MODEL, entry, lambda _: entries())
    return syncs, [fault for one in broken for fault in one.faults]


def sync_of(**changes):
    [sync], faults = read(**changes)
    assert faults == []
    return sync


class TestUpdateCart(SingleContract):
    def operation(self):
        return UpdateCart()

    def changes(self, count):
        return [cart(number) for number in range(count)]

    def sent_rows(self, received):
        return [int(received.json["user"]["email"].split("@")[0][1:])]

    @pytest.mark.parametrize("answer", FORGOTTEN)
    def test_a_forgotten_user_is_terminal(self, world, server, answer):
        assert self.fate(world, server, answer) == "rejected forgotten-user"

    @pytest.mark.parametrize(("skip", "status"), [(True, "skipped"), (False, "rejected")])
    def test_a_user_that_the_project_does_not_make(self, world, server, skip, status):
        server.script(refusal(400, "UnknownUserIdError"))
        assert world.deliver(UpdateCart(skip=skip), self.changes(1)).statuses == {0: status}


class TestDefinitions:
    """What a definition of carts may say, and what its rows then need."""

    @pytest.mark.parametrize(
        ("changes", "codes"),
        [
            ({}, []),
            ({"email": "left out", "user_id": "uid"}, []),
            ({"email": "left out"}, ["missing-identifier"]),
            ({"user_id": "uid"}, []),
            ({"items": "left out"}, ["missing-key"]),
            ({"fields": ["a"]}, ["unknown-key"]),
            ({"on_removed": "clear"}, []),
            ({"on_removed": "delete"}, ["unknown-on-removed"]),
            ({"unknown_users": "drop"}, ["unknown-users-choice"]),
        ],
    )
    def test_what_a_definition_may_say(self, changes, codes):
        assert [fault.code for fault in read(**changes)[1]] == codes

    @pytest.mark.parametrize(
        ("project", "changes", "codes"),
        [
            ("email", {}, []),
            ("hybrid", {}, []),
            ("user_id", {}, ["wrong-identifier"]),
            ("email", {"email": "left out", "user_id": "uid"}, []),
        ],
    )
    def test_what_cannot_work_in_a_project(self, project, changes, codes):
        assert [
            fault.code for fault in bind(sync_of(**changes), ProjectType(project)).check(sync_of(**changes))
        ] == codes

    def test_a_cart_is_known_by_its_user_and_sends_nothing_but_items(self):
        sync = sync_of()
        found = bind(sync, ProjectType.EMAIL).identity
        assert (found.key, found.columns, found.lowered) == ("email", ("email",), True)
        assert isinstance(found, IdentityRule)
        assert (sync.fields, bind(sync, ProjectType.EMAIL).user) == ((), None)
        assert [one.code for one in bind(sync, ProjectType.EMAIL).requirements] == ["null-items"]

    @pytest.mark.parametrize(("removed", "acts"), [("ignore", False), ("clear", True)])
    def test_what_happens_to_removed_rows(self, removed, acts):
        found = bind(sync_of(on_removed=removed), ProjectType.EMAIL).operations
        assert (found.remove is not None) is acts
        assert found.write.effect == "their carts are emptied in Iterable"


class TestBodies:
    """Bodies as they leave."""

    def body(self, row, project="email", **changes):
        return bind(sync_of(**changes), ProjectType(project)).body(row)

    def test_items_of_a_user(self):
        row = Row("a@x.com", key_values={"items": [TEA]})
        assert self.body(row) == {"user": {"email": "a@x.com"}, "items": [TEA]}

    def test_an_empty_array_empties_the_cart(self):
        assert self.body(Row("a@x.com", key_values={"items": []}))["items"] == []

    def test_a_removed_row_empties_the_cart(self):
        assert self.body(Row("a@x.com", removed=True)) == {"user": {"email": "a@x.com"}, "items": []}

    @pytest.mark.parametrize(
        ("prefer", "user"), [(False, {"userId": "A"}), (True, {"userId": "A", "preferUserId": True})]
    )
    def test_users_known_by_user_id_alone(self, prefer, user):
        keys = {"email": "left out", "user_id": "uid", "prefer_user_id": prefer}
        assert self.body(Row("A", key_values={"items": []}), **keys)["user"] == user

    def test_an_item_that_lacks_something_holds_its_row_back(self):
        with pytest.raises(UnfitRow, match=r"`items.price` is missing"):
            self.body(Row("a@x.com", key_values={"items": [{"id": "1", "name": "x", "quantity": 1}]}))


@pytest.mark.parametrize(("project", "user"), [("email", "email"), ("hybrid", "email"), ("user_id", "userId")])
def test_carts_of_a_local_iterable(iterable, project, user):
    """Users are made; a cart is replaced whole; an empty one is a cart."""
    world = iterable(project)
    people = [{user: "A"}, {user: "B"}] if user == "userId" else [{user: "a@example.com"}, {user: "b@example.com"}]
    rows = [cart(n, [TEA, {**TEA, "id": "T-2"}], **one) for n, one in enumerate(people)]
    assert world.deliver(UpdateCart(), rows).accepted == {0, 1}
    again = [cart(0, [TEA], **people[0]), cart(1, [], **people[1])]
    assert world.deliver(UpdateCart(), again).accepted == {0, 1}
    users = requests.get(f"{world.url}/sandbox/users", timeout=10).json()
    assert [one["dataFields"]["shoppingCartItems"] for one in users] == [[TEA], []]
