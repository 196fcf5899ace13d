"""A column that dbt's files mark as personal data is sent only if a definition or a flag allows it."""

from __future__ import annotations

import json

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.project import MODEL, Project


@pytest.fixture
def marked(shop: Project) -> Project:
    """Twelve people whose name and address are marked, and whose fields are left out."""
    shop.tag({"object": "users", "email": "email"})
    path = shop.folder / "target" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["nodes"][MODEL]["columns"] = {
        "email": {"name": "email", "meta": {"pii": True}},
        "name": {"name": "name", "meta": {}, "config": {"meta": {"contains_pii": True}}},
    }
    path.write_text(json.dumps(manifest))
    return shop


def test_a_marked_column_is_an_error_until_it_is_allowed(marked: Project, iterable: ReferenceServer) -> None:
    for command in ("validate", "run", "plan"):
        ended = marked.cli(command)
        assert ended.code == 2
        assert ended.says(
            "error[pii-not-allowed]", "column `name`", "`contains_pii: true` in its meta", "allow_pii: true"
        )
    assert not iterable.users
    assert marked.cli("run", "--allow", "pii").code == 0
    assert iterable.users["u1@shop.com"]["name"] == "Name 1"
    history = json.loads(marked.cli("history", "--output", "json").out)["runs"]
    assert [run["allowed"] for run in history] == [["pii"]]


def test_a_project_can_turn_the_guard_off(marked: Project) -> None:
    (marked.folder / "reverse_etl.yml").write_text("guards: {pii: false}\n")
    assert marked.cli("run").code == 0
