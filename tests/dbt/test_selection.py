"""Selection means what `dbt ls` means, word for word; syncs and errors are ours."""

from __future__ import annotations

import pytest

from reverse_etl.dbt.selection.selectors import select
from reverse_etl.errors import ConfigError

USERS = "model.shop.iterable_users"
HISTORY = "snapshot.shop.customers_history"
CANDIDATES = {USERS: ["vip_users", "all_users"], HISTORY: ["history"]}


def words_after(flag: str, selection: str) -> list[str]:
    words = selection.split()
    if flag not in words:
        return []
    rest = words[words.index(flag) + 1 :]
    return rest[: next((index for index, word in enumerate(rest) if word.startswith("--")), len(rest))]


def test_keeps_what_dbt_keeps(shop, selection):
    candidates = {unique_id: ["~"] for unique_id in shop.manifest.nodes}
    kept = select(shop.manifest, candidates, words_after("--select", selection), words_after("--exclude", selection))
    assert sorted(unique_id for unique_id, _ in kept) == shop.selected[selection]


def test_dbt_answered_with_something(shop):
    empty = [selection for selection, found in shop.selected.items() if not found]
    assert empty == [
        "--select users_out",
        "--select customers.v9",
        "--select shop.iterable_users",
        "--select path:models/mart",
        "--select source:app",
        "--select source:other.app.orders+",
        "--select nothing_of_this_name",
    ]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([], ["vip_users", "all_users", "history"]),
        (["iterable_users"], ["vip_users", "all_users"]),
        (["vip_users"], ["vip_users"]),
        (["*_users"], ["vip_users", "all_users"]),
        (["sync:vip*"], ["vip_users"]),
        (["sync:iterable_users"], []),
        (["vip_users history"], ["vip_users", "history"]),
        (["vip_users,tag:crm"], ["vip_users"]),
        (["vip_users,tag:staging"], []),
        (["+vip_users"], ["vip_users"]),
        (["@vip_users"], ["vip_users", "all_users"]),
        ([""], []),
    ],
)
def test_names_of_syncs_select_too(shop, words, kept):
    assert [sync for _, sync in select(shop.manifest, CANDIDATES, words, [])] == kept


def test_a_sync_name_reaches_the_graph_around_its_model(shop):
    candidates = CANDIDATES | {"model.shop.stg_orders": ["orders"], "model.tools.tool_users": ["tools"]}
    assert [sync for _, sync in select(shop.manifest, candidates, ["1+vip_users"], [])] == ["vip_users", "orders"]


def test_exclude_takes_one_sync_of_a_model(shop):
    assert select(shop.manifest, CANDIDATES, ["iterable_users"], ["vip_users"]) == [(USERS, "all_users")]


def test_a_list_of_definitions_is_no_mapping_to_look_into(shop):
    assert select(shop.manifest, CANDIDATES, ["config.meta.reverse_etl.object.deeper:users"], []) == []


@pytest.mark.parametrize(
    ("word", "code", "part"),
    [
        ("tags:crm", "unknown-selector", "did you mean `tag`?"),
        ("state:modified", "unknown-selector", "there is no selector method `state`"),
        ("resource_type:modle", "unknown-selector", "did you mean `model`?"),
        ("version:newest", "unknown-selector", "there is no version `newest`"),
        ("@iterable_users+", "wrong-selector", "`@iterable_users+`"),
    ],
)
def test_a_wrong_selector_is_an_error(shop, word, code, part):
    with pytest.raises(ConfigError) as caught:
        select(shop.manifest, CANDIDATES, [word], [])
    assert caught.value.code == code
    assert part in caught.value.message
