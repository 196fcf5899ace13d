"""Which sync of a run has its turn when."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from reverse_etl.dbt.nodes import Model, read_node
from reverse_etl.dbt.selection.graph import Graph
from reverse_etl.destinations import DEFAULT, load_destination
from reverse_etl.destinations.base import Destination
from reverse_etl.destinations.iterable import OBJECTS
from reverse_etl.destinations.iterable.base import SyncOrder
from reverse_etl.project.sync_reader import order_syncs
from reverse_etl.sync import Sync

TURNS = {
    "catalog_items": SyncOrder.CATALOGS,
    "email_changes": SyncOrder.IDENTITY,
    "user_merges": SyncOrder.IDENTITY,
    "users": SyncOrder.PROFILES,
    "list_members": SyncOrder.MEMBERSHIPS,
    "subscriptions": SyncOrder.MEMBERSHIPS,
    "events": SyncOrder.ACTIVITY,
    "purchases": SyncOrder.COMMERCE,
    "carts": SyncOrder.COMMERCE,
    "user_deletions": SyncOrder.DELETIONS,
}


def sync(name: str, kind: str = "users") -> Sync:
    return Sync(name, name, f"model.{name}", name, "schema.yml", kind, "upsert", "iterable", {"email": "email"})


def graph(**parents: list[str]) -> Graph:
    nodes: dict[str, Model] = {}
    for name, above in parents.items():
        depends_on = {"nodes": [f"model.{parent}" for parent in above]}
        nodes[f"model.{name}"] = read_node(f"model.{name}", {"name": name, "depends_on": depends_on}, "duckdb")
    return Graph(nodes)


def names(syncs: tuple[Sync, ...]) -> list[str]:
    return [one.name for one in syncs]


def vendor(_name: str) -> Destination:
    return load_destination(DEFAULT)


@pytest.mark.parametrize("name", TURNS)
def test_an_object_keeps_its_turn(name: str) -> None:
    assert OBJECTS[name].order is TURNS[name]


def test_objects_go_before_those_that_refer_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, stage in TURNS.items():
        monkeypatch.setitem(OBJECTS, kind, SimpleNamespace(order=stage))  # type: ignore[arg-type]
    kinds = ["user_deletions", "carts", "events", "purchases", "subscriptions", "users", "user_merges", "catalog_items"]
    order = ["catalog_items", "user_merges", "users", "subscriptions", "events", "carts", "purchases", "user_deletions"]
    syncs = [sync(f"{number}_{kind}", kind) for number, kind in enumerate(kinds)]
    assert [one.object for one in order_syncs(syncs, graph(**{one.name: [] for one in syncs}), vendor)] == order


def test_a_model_goes_before_those_that_depend_on_it_however_far() -> None:
    edges = graph(c=[], between=["c"], b=["between"], a=["b"], d=["c"])
    assert names(order_syncs([sync(name) for name in "abdc"], edges, vendor)) == ["c", "d", "b", "a"]


def test_where_nothing_else_tells_names_do() -> None:
    assert names(order_syncs([sync(name) for name in "bca"], graph(a=[], b=[], c=[]), vendor)) == ["a", "b", "c"]
