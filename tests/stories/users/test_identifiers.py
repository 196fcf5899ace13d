"""Which user a row is about, across objects and project types: one person stays one user."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.sandbox import SandboxOptions, start_sandbox
from tests.stories.memories import SandboxMemory
from tests.stories.project import Project

BOTH = {"email": "email", "user_id": "id"}
PEOPLE = {"id": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR", "n": "INTEGER"}
ADA, BOB = (
    {"id": "A-1", "email": "Ada@shop.com", "name": "Ada", "n": 1},
    {"email": "bob@shop.com", "name": "Bob", "n": 2},
)
CAM = {"id": "C-3", "name": "Cam", "n": 3}
ITEMS = {"id": {"value": "sku"}, "name": {"value": "Tea"}, "price": {"value": 2}, "quantity": {"value": 1}}
EVERY_OBJECT: Mapping[str, Mapping[str, Any]] = {
    "users": {"fields": {"name": "name"}},
    "events": {"event_name": {"value": "seen"}, "primary_key": "n", "fields": {"n": "n"}},
    "purchases": {"primary_key": "n", "items": ITEMS, "total": {"value": 2}, "fields": []},
    "carts": {"items": ITEMS},
    "subscriptions": {"unsubscribed_channels": {"value": []}, "list_ids": {"value": [7]}},
    "list_members": {"list": {"id": 7}},
}


def entry(kind: str, **keys: object) -> dict[str, object]:
    return {"object": kind, "name": kind, "reject_limit": {"share": 100}, **BOTH, **EVERY_OBJECT[kind], **keys}


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project of the type that the test names, with a sandbox that has list 7."""
    kind = getattr(request, "param", "hybrid")
    with start_sandbox(SandboxOptions(port=0, project_type=kind, rate_limit=False, lists=((7, "VIP"),))) as sandbox:
        made = Project.make(tmp_path / "shop", sandbox.url, [], {"ITERABLE_PROJECT_TYPE": kind})
        made.environment["SANDBOX"] = sandbox.url
        yield made


def memory(project: Project) -> SandboxMemory:
    return SandboxMemory(project.environment["SANDBOX"])


def people(project: Project) -> set[tuple[str | None, str | None]]:
    """E-mail and user id of every profile."""
    return {(user.get("email"), user.get("userId")) for user in memory(project).users().values()}


def accepted(project: Project) -> dict[str, int]:
    """Rows that Iterable accepted in the last run, by sync."""
    results = json.loads((project.folder / "target" / "reverse_etl_results.json").read_text())["results"]
    return {result["sync"]: result["counts"]["accepted"] for result in results}


def send(project: Project, *rows: Mapping[str, object], code: int = 0) -> None:
    project.fill(PEOPLE, rows)
    ended = project.cli("run")
    assert ended.code == code, ended.out + ended.err


def test_every_object_of_a_hybrid_project_knows_a_person_by_user_id(project: Project) -> None:
    """Also where the profile's address is out of date, which would make a second person of an e-mail."""
    project.tag([entry(kind) for kind in EVERY_OBJECT])
    send(project, ADA)
    project.sql("UPDATE people SET email = 'new@shop.com'")
    project.tag([entry(kind, name=f"{kind}2") for kind in EVERY_OBJECT if kind != "users"])
    assert project.cli("run").code == 0
    assert people(project) == {("ada@shop.com", "A-1")}
    held = memory(project)
    assert {one["user"] for one in held.events().values()} == {"ada@shop.com"}
    assert {one["user"] for one in held.purchases().values()} == {"ada@shop.com"}
    assert held.members("VIP") == {"ada@shop.com"}


def test_a_row_that_has_only_the_other_identifier_goes_by_that(project: Project) -> None:
    project.tag([entry("users")])
    send(project, ADA, BOB)
    project.tag([entry(kind, name=f"more {kind}") for kind in EVERY_OBJECT])
    assert project.cli("run").code == 0
    assert people(project) == {("ada@shop.com", "A-1"), ("bob@shop.com", None)}
    assert accepted(project) == dict.fromkeys((f"more {kind}" for kind in EVERY_OBJECT), 2)


@pytest.mark.parametrize("project", ["email"], indirect=True)
def test_an_email_project_finds_a_user_by_user_id_where_there_is_no_address(project: Project) -> None:
    project.tag([entry("users")])
    send(project, ADA, {**BOB, "id": "B-2"})
    project.tag([entry("users", name="renamed")])
    send(project, {**ADA, "email": None, "name": "Ada L."}, {**BOB, "id": "B-2", "email": " ", "name": "Rob"})
    assert people(project) == {("ada@shop.com", "A-1"), ("bob@shop.com", "B-2")}
    assert {user["name"] for user in memory(project).users().values()} == {"Ada L.", "Rob"}


@pytest.mark.parametrize("project", ["email"], indirect=True)
@pytest.mark.parametrize("kind", ["events", "purchases"])
def test_an_email_project_goes_by_the_address_where_there_is_one(project: Project, kind: str) -> None:
    project.tag([entry("users")])
    send(project, ADA, {**BOB, "id": "B-2"})
    project.tag([entry(kind)])
    send(project, {**ADA, "id": "B-2"})
    held = memory(project)
    assert [one["user"] for one in (*held.events().values(), *held.purchases().values())] == ["ada@shop.com"]


def test_prefer_lets_a_hybrid_project_go_by_address(project: Project) -> None:
    project.tag([entry("users")])
    send(project, ADA, {**BOB, "id": "B-2"})
    swapped = [entry(kind, name=f"more {kind}", prefer="email") for kind in EVERY_OBJECT if kind != "users"]
    project.tag([entry("users"), *swapped])
    send(project, {**ADA, "id": "B-2"})
    assert people(project) == {("ada@shop.com", "A-1"), ("bob@shop.com", "B-2")}
    held = memory(project)
    assert {one["user"] for one in (*held.events().values(), *held.purchases().values())} == {"ada@shop.com"}
    assert held.members("VIP") == {"ada@shop.com"}
    warned = project.cli("validate").err
    assert warned.count("identifies people by e-mail and sync `users` by user id") == len(swapped)


@pytest.mark.parametrize("project", ["email", "user_id"], indirect=True)
def test_prefer_has_no_meaning_where_the_project_decides(project: Project) -> None:
    other = {"email": "user_id", "user_id": "email"}[project.environment["ITERABLE_PROJECT_TYPE"]]
    project.tag([entry("users", prefer=other)])
    project.fill(PEOPLE, [ADA])
    ended = project.cli("validate")
    assert ended.code == 2
    assert ended.says("wrong-project-type", "prefer")


def test_prefer_needs_its_column(project: Project) -> None:
    definition = entry("events", prefer="email")
    del definition["email"]
    project.tag([definition])
    project.fill(PEOPLE, [ADA])
    ended = project.cli("validate")
    assert ended.code == 2
    assert ended.says("contradictory-keys", "`prefer: email` needs a column of that identifier")


def test_validate_warns_of_syncs_that_know_people_by_different_identifiers(project: Project) -> None:
    definition = entry("events")
    del definition["user_id"]
    project.tag([entry("users"), definition, entry("carts")])
    project.fill(PEOPLE, [ADA])
    ended = project.cli("validate")
    assert ended.code == 0
    assert ended.says("sync `events`", "identifies people by e-mail and sync `users` by user id")
    assert not ended.says("sync `carts`: it identifies")
    syncs = json.loads(project.cli("validate", "--output", "json").out)["syncs"]
    assert {sync["sync"]: len(sync["warnings"]) for sync in syncs} == {"users": 0, "events": 1, "carts": 0}


@pytest.mark.parametrize("edit", ["gains a user id", "loses its user id"])
@pytest.mark.parametrize("kind", ["users", "list_members"])
def test_a_person_who_is_known_by_another_identifier_now_is_not_removed(project: Project, kind: str, edit: str) -> None:
    """The old identity left the model, and the person did not."""
    before, after = ({**BOB, "id": None}, {**BOB, "id": "B-2"})
    before, after = (before, after) if edit == "gains a user id" else (after, before)
    project.tag([entry("users"), entry(kind, name="whole", mode="mirror", guards={"removed": False})])
    send(project, before, CAM)
    project.tag([entry(kind, name="whole", mode="mirror", guards={"removed": False})])
    project.fill(PEOPLE, [after, CAM])
    project.cli("run")
    assert "bob@shop.com" in memory(project).users()
    assert kind == "users" or "bob@shop.com" in memory(project).members("VIP")
    project.fill(PEOPLE, [CAM])
    assert project.cli("run").code == 0
    assert kind == "list_members" or people(project) == {(None, "C-3")}
    assert kind == "users" or memory(project).members("VIP") == {"C-3"}


def test_a_user_id_that_reads_like_an_address_is_not_taken_for_one(project: Project) -> None:
    project.tag([entry("users")])
    send(project, {"id": "bob@shop.com", "name": "An id"}, BOB)
    assert accepted(project) == {"users": 2}
    send(project, {"id": "bob@shop.com", "name": "Still an id"}, BOB)
    assert project.counts("changed", "unchanged", "accepted") == (1, 1, 1)


def test_malformed_other_identifiers_are_told_apart(project: Project) -> None:
    project.tag([entry("users")])
    send(project, ADA, {"email": "nowhere", "name": "x"}, {"id": "é", "name": "y"}, {"name": "nobody"})
    listed = project.cli("rejected").out
    assert all(code in listed for code in ("bad-email", "bad-user-id", "null-identifier"))


@pytest.mark.parametrize(("prefer", "held"), [("email", ("bob@shop.com", "B-2")), ("user_id", ("bob@shop.com", None))])
def test_a_user_id_that_comes_later_is_added_where_the_address_takes_precedence(
    project: Project, prefer: str, held: tuple[str, str | None]
) -> None:
    """By user id it would be another user with the same address, which Iterable refuses."""
    project.tag([entry("users", prefer=prefer)])
    send(project, BOB)
    send(project, {**BOB, "id": "B-2"})
    assert people(project) == {held}
    assert project.cli("rejected").says("identity-conflict") is (prefer == "user_id")
