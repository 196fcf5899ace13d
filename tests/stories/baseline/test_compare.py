"""`baseline --compare`: rows that Iterable holds as they would be sent are adopted; the next run sends the others."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.delivery.rate_limiter import Time
from reverse_etl.destinations.iterable.protocol.client import HttpClient
from reverse_etl.destinations.iterable.protocol.client_config import ClientConfig
from reverse_etl.destinations.request import Reply, Request
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from reverse_etl.secret import Secret
from reverse_etl.settings import Settings
from reverse_etl.warehouses.duckdb import DuckDB
from tests.reference_iterable import serve_reference
from tests.stories.faults.test_crash_points import Dying, Killed
from tests.stories.project import Project
from tests.stories.running import opened, run
from tests.stories.sides import SIDES, ReferenceSide, Side

SETTINGS = Settings(batch_rows=100, requests_per_second=1000, user_pause=0)
USERS = {
    "object": "users",
    "email": "email",
    "fields": ["name", "score", "visits", "vip", "seen", "day", "tags", "address"],
}
USERS["fields"] = {name: name for name in USERS["fields"]} | {"plan.tier": "tier"}
COLUMNS = {
    "email": "VARCHAR",
    "name": "VARCHAR",
    "score": "DOUBLE",
    "visits": "BIGINT",
    "vip": "BOOLEAN",
    "seen": "TIMESTAMPTZ",
    "day": "DATE",
    "tags": "VARCHAR[]",
    "address": "STRUCT(city VARCHAR, zip VARCHAR)",
    "tier": "VARCHAR",
}
ROW = {
    "name": "Zoë 🐈",
    "score": 1.0,
    "visits": 7,
    "vip": True,
    "seen": "2024-05-01 12:00:00+00",
    "day": "2024-05-01",
    "tags": ["a", "b"],
    "address": {"city": "Bern", "zip": None},
    "tier": "pro",
}
# The same row as another tool wrote it.
THERE = {
    "name": "Zoë 🐈",
    "score": 1,
    "visits": 7,
    "vip": True,
    "seen": "2024-05-01T14:00:00.000+02:00",
    "day": "2024-05-01 00:00:00",
    "tags": ["a", "b"],
    "address": {"city": "Bern"},
    "plan": {"tier": "pro", "since": 2020},
    "otherTool": "extra",
}
DIFFERENCES: dict[str, dict[str, Any]] = {
    "name": {"name": "Zoe 🐈"},
    "score": {"score": 1.5},
    "visits": {"visits": 8},
    "vip": {"vip": False},
    "seen": {"seen": "2024-05-01 12:00:01 +00:00"},
    "day": {"day": "2024-05-02"},
    "tags": {"tags": ["b", "a"]},
    "address": {"address": {"city": "Bern", "zip": "3000"}},
    "plan.tier": {"plan": {"tier": "free"}},
}


@pytest.fixture(params=list(SIDES))
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with SIDES[request.param]("email", opt_in=False) as made:
        yield made


class Hurrying:
    """A clock whose sleep takes no time."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds


def compare(project: Project, side: Side, meta: object, **given: Any) -> RunResult:
    request = BaselineRequest(BaselineMethod.COMPARE, folder=project.folder / "downloads")
    with closing(opened(DuckDB, project.folder)) as warehouse:
        clock = given.pop("clock", None) or Hurrying()
        hurried = Time(clock.monotonic, clock.sleep, lambda: 0.5)
        return run(warehouse, side.url, meta, given.pop("settings", SETTINGS), hurried, baseline=request, **given)


def send(project: Project, side: Side, meta: object) -> RunResult:
    with closing(opened(DuckDB, project.folder)) as warehouse:
        result = run(warehouse, side.url, meta, SETTINGS)
    assert result.status is SyncStatus.SUCCESS, result.problem
    return result


def write_users(side: Side, rows: dict[str, dict[str, Any]]) -> None:
    """What another tool does: a single call for each user, new fields first by a whole row."""
    for email, data in rows.items():
        side.call("POST", "/api/users/update", {"email": email, "dataFields": data})


def test_only_rows_that_differ_are_left_to_the_next_run(tmp_path: Path, side: Side) -> None:
    project = Project.make(tmp_path / "shop", side.url, USERS)
    emails = ["Equal@shop.com", *(f"{name}@shop.com" for name in DIFFERENCES), "missing@shop.com"]
    project.fill(COLUMNS, [{"email": email, **ROW} for email in emails])
    there = {
        "equal@shop.com": {**THERE, "score": 1.5},
        **{f"{name}@shop.com": {**THERE, **more} for name, more in DIFFERENCES.items()},
    }
    write_users(side, {**there, "only@shop.com": THERE})
    write_users(side, {"equal@shop.com": THERE})
    result = compare(project, side, USERS)
    assert result.status is SyncStatus.SUCCESS, result.problem
    report = result.baseline
    assert report is not None
    assert (report.equal, report.different, report.missing, report.only_there) == (1, len(DIFFERENCES), 1, 1)
    assert report.different_fields == dict.fromkeys(DIFFERENCES, 1)
    assert not (project.folder / "downloads").exists()
    assert send(project, side, USERS).counts.accepted == len(DIFFERENCES) + 1
    users = side.memory.users()
    assert users["only@shop.com"]["name"] == THERE["name"]
    assert users["equal@shop.com"]["otherTool"] == "extra"
    assert side.advice() == []


class DyingClient:
    """A client whose process dies before its call number `at`, counted from 0."""

    def __init__(self, url: str, at: int) -> None:
        self.inner = HttpClient(ClientConfig(url, Secret("sandbox-story"), 10.0))
        self.at = at

    def _count(self) -> None:
        self.at -= 1
        if self.at < 0:
            raise Killed

    def send(self, request: Request) -> Reply:
        self._count()
        return self.inner.send(request)

    def download(self, request: Request, path: Path) -> Reply:
        self._count()
        return self.inner.download(request, path)

    def close(self) -> None:
        self.inner.close()


NAMES = {"object": "users", "email": "email", "fields": {"name": "name"}}


def fill_names(project: Project, rows: int) -> None:
    project.sql(
        "CREATE OR REPLACE TABLE people AS"
        f" SELECT 'u' || i || '@shop.com' AS email, 'Name ' || i AS name FROM range({rows}) t(i)"
    )


# Before the export starts, before its state is known, before its second file, before the list of its last files.
@pytest.mark.parametrize("at", [2, 3, 6, 9])
def test_killed_before_a_request_it_goes_on_with_what_it_has(tmp_path: Path, at: int) -> None:
    """The next baseline reads the same export and downloads only the files that are not there yet."""
    with serve_reference(export_bytes=100, export_page=2) as server:
        side = ReferenceSide(server)
        write_users(side, {f"u{n}@shop.com": {"name": f"Name {n or 'x'}"} for n in range(8)})
        server.settings.export_states = ["enqueued", "running"]
        project = Project.make(tmp_path / "shop", side.url, NAMES)
        fill_names(project, 9)
        with pytest.raises(Killed):
            compare(project, side, NAMES, client=lambda _: DyingClient(side.url, at))
        project.let_time_pass()
        [kept] = (project.folder / "downloads").glob("people-*")
        assert kept.stat().st_mode & 0o077 == 0
        report = compare(project, side, NAMES).baseline
        assert report is not None
        assert (report.equal, report.different, report.missing, report.only_there) == (7, 1, 1, 0)
        assert len(server.export_jobs) == 1
        downloads = [one.path.partition("?")[0] for one in server.log if one.path.startswith("/download/")]
        assert len(set(downloads)) == len(downloads) == 4
        assert not (project.folder / "downloads").exists()
        assert side.advice() == []


def test_a_run_in_between_makes_an_old_export_useless(tmp_path: Path) -> None:
    """Otherwise the baseline could adopt values that the run has overwritten."""
    with serve_reference() as server:
        side = ReferenceSide(server)
        project = Project.make(tmp_path / "shop", side.url, NAMES)
        fill_names(project, 3)
        write_users(side, {f"u{n}@shop.com": {"name": f"Name {n}"} for n in range(3)})
        with pytest.raises(Killed):
            compare(project, side, NAMES, client=lambda _: DyingClient(side.url, 4))
        assert len(server.export_jobs) == 1
        project.let_time_pass()
        project.sql("UPDATE people SET name = 'Other'")
        assert send(project, side, NAMES).counts.accepted == 3
        fill_names(project, 3)
        report = compare(project, side, NAMES).baseline
        assert report is not None
        assert (report.equal, report.different, len(server.export_jobs)) == (0, 3, 2)


def test_killed_before_a_statement_it_harms_nothing(tmp_path: Path) -> None:
    with serve_reference() as server:
        side = ReferenceSide(server)
        for at in itertools.count(5, 11):
            server.clear()
            project = Project.make(tmp_path / f"shop{at}", side.url, NAMES)
            fill_names(project, 4)
            write_users(side, {f"u{n}@shop.com": {"name": f"Name {n or 'x'}"} for n in range(4)})
            request = BaselineRequest(BaselineMethod.COMPARE, folder=project.folder / "downloads")
            with closing(opened(Dying, project.folder)) as warehouse:
                warehouse.at = at
                try:
                    run(warehouse, side.url, NAMES, SETTINGS, baseline=request)
                except Killed:
                    project.let_time_pass()
                else:
                    assert at > 10
                    return
            server.applied.clear()
            send(project, side, NAMES)
            sent = {name for name, _ in server.applied}
            assert "u0@shop.com" in sent
            assert {email: user["name"] for email, user in server.users.items()} == {
                f"u{n}@shop.com": f"Name {n}" for n in range(4)
            }
            # The rows that were adopted before the end are not sent again.
            assert sent == {"u0@shop.com"} or len(sent) == 4


def test_what_was_sent_a_moment_ago_is_read_after_a_pause(tmp_path: Path) -> None:
    """Iterable returns older values for a minute: a baseline must not adopt by them."""
    with serve_reference() as server:
        side, clock = ReferenceSide(server), Hurrying()
        project = Project.make(tmp_path / "shop", side.url, NAMES)
        fill_names(project, 3)
        send(project, side, NAMES)
        project.sql("UPDATE people SET name = 'Other' WHERE email = 'u1@shop.com'")
        settings = SETTINGS.model_copy(update={"user_pause": 600})
        report = compare(project, side, NAMES, clock=clock, settings=settings).baseline
        assert report is not None
        # Rows that were accepted before are not compared, and not only there.
        assert (report.equal, report.different, report.missing, report.only_there) == (0, 1, 0, 0)
        assert 500 < clock.skipped <= 600


def test_members_are_adopted_and_others_stay_on_the_list(tmp_path: Path, side: Side) -> None:
    meta = {"object": "list_members", "mode": "mirror", "list": {"name": "VIP"}, "email": "email"}
    project = Project.make(tmp_path / "shop", side.url, meta)
    fill_names(project, 5)
    list_id = side.call("POST", "/api/lists", {"name": "VIP"})["listId"]
    members = [{"email": email} for email in ("U0@shop.com", "u1@shop.com", "u2@shop.com", "else@shop.com")]
    side.call("POST", "/api/lists/subscribe", {"listId": list_id, "subscribers": members})
    report = compare(project, side, meta).baseline
    assert report is not None
    assert (report.equal, report.different, report.missing, report.only_there) == (3, 0, 2, 1)
    assert send(project, side, meta).counts.accepted == 2
    assert set(side.memory.members("VIP")) == {f"u{n}@shop.com" for n in range(5)} | {"else@shop.com"}


def test_a_list_that_does_not_exist_is_not_created(tmp_path: Path, side: Side) -> None:
    meta = {"object": "list_members", "list": {"name": "New"}, "create_list": True, "email": "email"}
    project = Project.make(tmp_path / "shop", side.url, meta)
    fill_names(project, 2)
    result = compare(project, side, meta)
    assert result.problem is not None
    assert result.problem.code == "baseline-without-rows"
    assert "New" not in [one["name"] for one in side.call("GET", "/api/lists")["lists"]]


def test_items_are_adopted_by_their_mapped_fields(tmp_path: Path, side: Side) -> None:
    meta = {
        "object": "catalog_items",
        "catalog": "Teas",
        "item_id": "id",
        "fields": {"price": "price", "name": "name", "note": "note"},
    }
    project = Project.make(tmp_path / "shop", side.url, meta)
    columns = {"id": "VARCHAR", "price": "DOUBLE", "name": "VARCHAR", "note": "VARCHAR"}
    project.fill(columns, [{"id": f"t{n}", "price": 2.0, "name": "Tea"} for n in range(4)])
    side.call("POST", "/api/catalogs/Teas")
    there = {"price": 2, "name": "Tea", "origin": "extra"}
    documents = {"t0": there, "t1": {**there, "price": 3}, "t2": {**there, "note": "old"}, "T3": there}
    side.call("POST", "/api/catalogs/Teas/items", {"documents": documents, "replaceUploadedFieldsOnly": False})
    report = compare(project, side, meta).baseline
    assert report is not None
    assert (report.equal, report.different, report.missing, report.only_there) == (1, 2, 1, 1)
    assert report.different_fields == {"price": 1, "note": 1}
    assert send(project, side, meta).counts.accepted == 3


def test_subscriptions_are_adopted_in_any_order(tmp_path: Path, side: Side) -> None:
    meta = {"object": "subscriptions", "email": "email", "unsubscribed_channels": "channels"}
    project = Project.make(tmp_path / "shop", side.url, meta)
    first, _, third = [one["id"] for one in side.call("GET", "/api/channels")["channels"]][:3]
    rows = {"same@shop.com": [first, third], "none@shop.com": [], "less@shop.com": [first]}
    columns = {"email": "VARCHAR", "channels": "INTEGER[]"}
    project.fill(columns, [{"email": email, "channels": ids} for email, ids in rows.items()])
    write_users(side, {"none@shop.com": {}})
    for email in ("same@shop.com", "less@shop.com"):
        body = {"email": email, "unsubscribedChannelIds": [third, first]}
        side.call("POST", "/api/users/updateSubscriptions", body)
    report = compare(project, side, meta).baseline
    assert report is not None
    assert (report.equal, report.different, report.missing, report.only_there) == (2, 1, 0, 0)
    assert send(project, side, meta).counts.accepted == 1


@pytest.mark.parametrize("kind", list(SIDES))
def test_users_of_a_hybrid_project_are_found_by_either_identifier(tmp_path: Path, kind: str) -> None:
    """A row without a user id is found by its e-mail, also if Iterable has a user id for that user."""
    meta = {"object": "users", "user_id": "id", "email": "email", "fields": {"name": "name"}}
    members = {"object": "list_members", "list": {"name": "VIP"}, "user_id": "id", "email": "email"}
    with SIDES[kind]("hybrid", opt_in=False) as side:
        columns = {"key": "INTEGER", "id": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR"}
        rows = [
            {"key": 1, "id": "1", "email": "A@shop.com", "name": "Ann"},
            {"key": 2, "email": "b@shop.com", "name": "Bob"},
            {"key": 3, "id": "3", "email": "old@shop.com", "name": "Cem"},
            {"key": 4, "id": "4", "name": "Dan"},
        ]
        there = [("1", "a@shop.com", "Ann"), ("2", "B@shop.com", "Bob"), ("3", "new@shop.com", "Cem")]
        side.call(
            "POST",
            "/api/users/bulkUpdate",
            {"users": [{"userId": id_, "dataFields": {"email": email, "name": name}} for id_, email, name in there]},
        )
        list_id = side.call("POST", "/api/lists", {"name": "VIP"})["listId"]
        joined = [{"userId": id_} for id_, *_ in there]
        side.call("POST", "/api/lists/subscribe", {"listId": list_id, "subscribers": joined})
        for entry, numbers in ((meta, (2, 1, 1, 0)), (members, (3, 0, 1, 0))):
            project = Project.make(tmp_path / str(entry["object"]), side.url, {**entry, "primary_key": "key"})
            project.fill(columns, rows)
            report = compare(project, side, {**entry, "primary_key": "key"}, project_type="hybrid").baseline
            assert report is not None
            found = (report.equal, report.different, report.missing, report.only_there)
            assert found == numbers, entry["object"]
