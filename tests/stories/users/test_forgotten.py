"""A user was forgotten: which rows wait, for how long, and what sends them again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.stories.project import Ended, Project
from tests.stories.sides import KEY, SIDES, Side

COLUMNS = {"id": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR"}
EVENTS = {"object": "events", "event_name": {"value": "seen"}, "event_id": "id", "email": "email", "fields": ["name"]}
USERS = {"object": "users", "email": "email", "fields": ["name"], "name": "users"}
UNFORGET = {
    "object": "user_deletions",
    "mode": "unforget",
    "email": "email",
    "allow_destructive": True,
    "name": "unforget",
}


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with SIDES[request.param]("email", opt_in=False) as side:
        for name in ("gone", "ann"):
            side.call("POST", "/api/users/update", {"email": f"{name}@shop.com", "dataFields": {"name": "x"}})
        side.call("POST", "/api/users/forget", {"email": "gone@shop.com"})
        yield side


@pytest.fixture
def make(side, tmp_path):
    def make(*definitions: object) -> Project:
        return Project.make(tmp_path / "shop", side.url, list(definitions), {"ITERABLE_API_KEY": KEY})

    return make


def run(project: Project, *flags: str) -> dict[str, str]:
    """By sync, `accepted rejected quarantined` of one run."""
    ended: Ended = project.cli("run", *flags)
    assert ended.code == 0, ended.out + ended.err
    results = json.loads((project.folder / "target" / "reverse_etl_results.json").read_text())["results"]
    names = ("accepted", "rejected", "quarantined")
    return {result["sync"]: " ".join(str(result["counts"][name]) for name in names) for result in results}


def test_an_event_of_somebody_forgotten_goes_when_it_gets_a_sound_address(make):
    project = make(EVENTS)
    project.fill(COLUMNS, [{"id": "e1", "email": "gone@shop.com", "name": "a"}])
    assert run(project) == {"people": "0 1 0"}
    assert run(project) == {"people": "0 0 1"}
    project.fill(COLUMNS, [{"id": "e1", "email": "ann@shop.com", "name": "a"}])
    assert run(project) == {"people": "1 0 0"}


def test_who_is_let_back_in_by_our_own_sync_is_sent_again(make):
    project = make(USERS, UNFORGET)
    project.fill(COLUMNS, [{"email": "gone@shop.com", "name": "a"}])
    assert run(project, "--select", "sync:users") == {"users": "0 1 0"}
    assert run(project, "--select", "sync:users", "--full-refresh") == {"users": "0 0 1"}
    assert run(project, "--select", "sync:unforget") == {"unforget": "1 0 0"}
    assert run(project, "--select", "sync:users") == {"users": "1 0 0"}


def test_rows_of_a_faulty_sync_cannot_be_sent_again_and_a_warning_says_so(make, side):
    project = make({**EVENTS, "name": "seen"}, UNFORGET)
    project.fill(COLUMNS, [{"id": "e1", "email": "gone@shop.com", "name": "a"}])
    assert run(project, "--select", "sync:seen") == {"seen": "0 1 0"}
    project.tag([{**EVENTS, "name": "seen", "fields": ["nickname"]}, UNFORGET])
    assert run(project, "--select", "sync:unforget") == {"unforget": "1 0 0"}
    [warning] = project.result()["warnings"]
    assert "held rows of sync `seen` could not all be released" in warning
    assert "nickname" in warning
    project.tag([{**EVENTS, "name": "seen"}, UNFORGET])
    assert project.cli("requeue", "--select", "sync:seen").code == 0
    side.call("POST", "/api/users/update", {"email": "gone@shop.com", "dataFields": {"name": "x"}})
    assert run(project, "--select", "sync:seen") == {"seen": "1 0 0"}


def test_a_person_is_named_to_be_sent_again(make, side):
    project = make(USERS)
    project.fill(COLUMNS, [{"email": "gone@shop.com", "name": "a"}])
    run(project)
    side.call("POST", "/api/users/unforget", {"email": "gone@shop.com"})
    project.cli("requeue")
    assert run(project) == {"users": "0 0 1"}
    assert project.cli("requeue", " Gone@shop.com").code == 0
    assert run(project) == {"users": "1 0 0"}


@pytest.mark.parametrize("name", SIDES)
def test_who_goes_by_a_second_identifier_is_let_back_in_by_it(name, tmp_path):
    """A hybrid project: the row has no user id, so its identity is the address, with a mark."""
    with SIDES[name]("hybrid", opt_in=False) as side:
        side.call("POST", "/api/users/update", {"email": "gone@shop.com", "dataFields": {"name": "x"}})
        side.call("POST", "/api/users/forget", {"email": "gone@shop.com"})
        environment = {"ITERABLE_API_KEY": KEY, "ITERABLE_PROJECT_TYPE": "hybrid"}
        users = {**USERS, "user_id": "id"}
        project = Project.make(tmp_path / "shop", side.url, [users, UNFORGET], environment)
        project.fill(COLUMNS, [{"email": "gone@shop.com", "name": "a"}])
        assert run(project, "--select", "sync:users") == {"users": "0 1 0"}
        assert run(project, "--select", "sync:unforget") == {"unforget": "1 0 0"}
        assert run(project, "--select", "sync:users") == {"users": "1 0 0"}
        side.call("POST", "/api/users/forget", {"email": "gone@shop.com"})
        project.fill(COLUMNS, [{"email": "gone@shop.com", "name": "b"}])
        assert run(project, "--select", "sync:users") == {"users": "0 1 0"}
        side.call("POST", "/api/users/unforget", {"email": "gone@shop.com"})
        project.cli("requeue", "gone@shop.com")
        assert run(project, "--select", "sync:users") == {"users": "1 0 0"}


BOTH = {"email": "email", "user_id": "id"}


@pytest.mark.parametrize(
    ("held", "unforget"),
    [
        ({**USERS, **BOTH}, {"email": "email"}),
        ({**USERS, **BOTH, "prefer": "email"}, {"user_id": "id"}),
        ({**USERS, "email": "email"}, BOTH),
        ({**EVENTS, **BOTH, "name": "users", "event_id": "name"}, {"email": "email"}),
    ],
)
def test_who_is_let_back_in_by_one_identifier_is_sent_again_by_the_other(tmp_path, held, unforget):
    """Both identifiers are in the model; another forgotten user stays forgotten.

    Iterable has forgotten each identifier, so the other one is unforgotten too.
    """
    with SIDES["sandbox"]("hybrid", opt_in=False) as side:
        people = [{"id": f"U-{who}", "email": f"{who}@shop.com", "name": who} for who in ("gone", "away")]
        for one in people:
            user = {"email": one["email"], "userId": one["id"]}
            side.call("POST", "/api/users/update", {**user, "dataFields": {"name": "x"}})
            for key, value in user.items():
                side.call("POST", "/api/users/forget", {key: value})
        environment = {"ITERABLE_API_KEY": KEY, "ITERABLE_PROJECT_TYPE": "hybrid"}
        letting_in = {key: value for key, value in UNFORGET.items() if key != "email"}
        project = Project.make(tmp_path / "shop", side.url, [held, {**letting_in, **unforget}], environment)
        project.fill(COLUMNS, people)
        assert run(project, "--select", "sync:users") == {"users": "0 2 0"}
        project.fill(COLUMNS, people[:1])
        assert run(project, "--select", "sync:unforget") == {"unforget": "1 0 0"}
        for key, value in (("email", "gone@shop.com"), ("userId", "U-gone")):
            side.call("POST", "/api/users/unforget", {key: value})
        side.call("POST", "/api/users/update", {"email": "gone@shop.com", "userId": "U-gone", "dataFields": {}})
        project.fill(COLUMNS, people)
        assert run(project, "--select", "sync:users") == {"users": "1 0 1"}
