"""Names of syncs: they stay when definitions are added. States without a definition are listed and can be deleted."""

from __future__ import annotations

import json

import pytest

from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import entries
from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META
from tests.stories.project import Project

EVENTS = {"object": "events", "event_name": {"value": "seen"}, "primary_key": "email", "email": "email", "fields": []}
PEOPLE_MODEL = TaggedModel("people", "model.shop.people", '"shop"."main"."people"', "people.yml")


@pytest.mark.parametrize(
    ("meta", "names"),
    [
        (META, ["people"]),
        ([META], ["people"]),
        ([META, EVENTS], ["people", "people.events"]),
        ([{**META, "name": "first"}, EVENTS], ["first", "people"]),
        ([{**META, "name": "first"}, EVENTS, {**META, "mode": "update"}], ["first", "people", "people.users"]),
    ],
)
def test_the_first_definition_without_a_name_has_its_models(meta: object, names: list[str]) -> None:
    syncs, broken = read_definitions(PEOPLE_MODEL, meta, lambda _: entries())
    assert not broken
    assert [sync.name for sync in syncs] == names


def results(shop: Project) -> dict[str, dict[str, object]]:
    content = json.loads((shop.folder / "target" / "reverse_etl_results.json").read_text())
    return {result["sync"]: result for result in content["results"]}


def test_a_definition_that_becomes_a_list_sends_nothing_again(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    shop.tag([META, {**EVENTS, "fields": ["name"]}])
    assert shop.cli("run").code == 0
    counts = {name: result["counts"] for name, result in results(shop).items()}
    assert {name: one["accepted"] for name, one in counts.items()} == {"people": 0, "people.events": 12}  # type: ignore[index]


def test_another_object_under_the_same_name_stops(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    requests = iterable.number
    shop.tag({"object": "subscriptions", "email": "email", "list_ids": {"value": [1]}})
    ended = shop.cli("run")
    assert ended.code == 1
    assert ended.says("guard-destination", "object before: users", "object now: subscriptions")
    assert iterable.number == requests


class TestRenamed:
    @pytest.fixture
    def renamed(self, shop: Project) -> Project:
        """A sync that has run as `people` and is now called `everybody`."""
        assert shop.cli("run").code == 0
        shop.tag({**META, "name": "everybody"})
        return shop

    def test_plan_and_run_say_which_line_keeps_the_name(self, renamed: Project) -> None:
        assert renamed.cli("plan").says("`people`", "add the line `name: people`")
        assert renamed.cli("validate", "--online").says("sync `everybody`", "add the line `name: people`")
        ended = renamed.cli("run")
        assert ended.code == 0
        assert ended.says("add the line `name: people`")
        assert renamed.result()["status"] == "warn"
        renamed.cli("run")
        assert renamed.result()["status"] == "success"
        assert not renamed.cli("validate", "--online").says("add the line")

    def test_the_line_keeps_what_was_accepted(self, renamed: Project) -> None:
        renamed.tag({**META, "name": "people"})
        assert renamed.cli("run").code == 0
        assert renamed.counts("planned", "unchanged") == (0, 12)

    def test_another_object_is_no_other_name_of_it(self, shop: Project) -> None:
        assert shop.cli("run").code == 0
        shop.tag({"object": "subscriptions", "name": "lists", "email": "email", "list_ids": {"value": []}})
        assert not shop.cli("plan").says("add the line")

    def test_what_is_left_is_shown_and_deleted(self, renamed: Project) -> None:
        assert renamed.cli("run").code == 0
        assert renamed.cli("status").says("no definition: people: 12 entries", "state prune")
        listed = renamed.cli("state", "list", "--output", "json")
        states = {state["sync"]: state for state in json.loads(listed.out)["states"]}
        assert {name: state["defined"] for name, state in states.items()} == {"everybody": "yes", "people": "no"}
        assert states["people"]["entries"] == 12
        assert renamed.cli("state", "prune").says("sync people: 12 entries deleted")
        left = renamed.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'reverse_etl'")
        assert not [name for (name,) in left if "people" in str(name)]
        assert renamed.sql("SELECT DISTINCT sync FROM reverse_etl.sync_runs") == [("everybody",)]
        assert not renamed.cli("status").says("no definition")
        assert renamed.cli("run").code == 0
        assert renamed.counts("planned", "unchanged") == (0, 12)

    def test_what_another_project_may_have_left_is_only_deleted_by_name(self, renamed: Project) -> None:
        [(lease,)] = renamed.sql(
            "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease__people%'"
        )
        renamed.sql(f"UPDATE reverse_etl.{lease} SET destination = replace(destination, 'model.shop', 'model.other')")
        assert renamed.cli("state", "prune").says("`people` is of another dbt project", "state prune 'people'")
        assert renamed.cli("state", "list").says("not in this project")
        assert renamed.cli("state", "prune", "people").says("12 entries deleted")
        assert renamed.cli("state", "prune", "nothing").code == 2


class TestReset:
    def test_every_row_is_sent_again(self, shop: Project, iterable: ReferenceServer) -> None:
        assert shop.cli("run").code == 0
        assert shop.cli("state", "reset", "--select", "people").says("12 entries forgotten")
        assert shop.cli("plan").says("12 added")
        assert shop.cli("run").code == 0
        assert shop.counts("added", "accepted") == (12, 12)
        assert shop.cli("history").says("reset")

    def test_it_needs_to_know_which_sync(self, shop: Project) -> None:
        assert shop.cli("run").code == 0
        ended = shop.cli("state", "reset")
        assert ended.code == 2
        assert ended.says("selection-required", "--select")
        assert shop.cli("plan").says("12 of 12 rows")

    def test_it_is_a_way_out_of_a_lost_snapshot_and_of_another_key(self, shop: Project) -> None:
        assert shop.cli("run").code == 0
        shop.tag({**META, "primary_key": "name"})
        assert shop.cli("run").says("primary-key-changed")
        assert shop.cli("state", "reset", "--select", "people").code == 0
        assert shop.cli("run").code == 0
        [(table,)] = shop.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'snapshot__%'")
        shop.sql(f"DROP TABLE reverse_etl.{table}")
        assert shop.cli("run").says("guard-snapshot")
        assert shop.cli("state", "reset", "--select", "people").code == 0
        assert shop.cli("run").code == 0
        assert shop.counts("accepted") == (12,)
