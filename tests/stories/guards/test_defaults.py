"""Defaults for guards in reverse_etl.yml, per dbt target."""

from __future__ import annotations

from tests.reference_iterable import ReferenceServer
from tests.stories.guards.test_guards import assert_stopped
from tests.stories.project import Project


def test_a_default_of_the_target_holds_until_a_definition_says_otherwise(
    shop: Project, iterable: ReferenceServer
) -> None:
    file = shop.folder / "reverse_etl.yml"
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people")
    file.write_text("targets: {prod: {guards: {empty_model: false}}}\n")
    assert assert_stopped(shop, iterable).says("guard-empty-model", "`prod`")
    file.write_text("guards: {empty_model: false}\ntargets: {dev: {guards: {empty_model: true}}}\n")
    assert_stopped(shop, iterable)
    file.write_text("targets: {dev: {guards: {empty_model: false}}}\n")
    assert shop.cli("run").code == 0


def test_a_wrong_default_stops_every_command(shop: Project) -> None:
    (shop.folder / "reverse_etl.yml").write_text("guards: {emty_model: false}\n")
    for command in ("run", "plan", "validate", "list"):
        ended = shop.cli(command)
        assert ended.code == 2
        assert ended.says("error[unknown-key]", "reverse_etl.yml: there is no key", "did you mean `empty_model`")
