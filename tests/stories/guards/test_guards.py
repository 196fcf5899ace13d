"""What stops a run before it sends: exit 1, status `stopped`, no request, and a hint that names the way on."""

from __future__ import annotations

import json

import pytest

from tests.reference_iterable import ReferenceServer, serve_reference
from tests.stories.conftest import META, PEOPLE
from tests.stories.project import MODEL, Ended, Project


def assert_stopped(shop: Project, iterable: ReferenceServer, *arguments: str) -> Ended:
    requests, deleted = iterable.number, list(iterable.deleted)
    ended = shop.cli("run", *arguments)
    assert ended.code == 1
    assert shop.result()["status"] == "stopped"
    assert iterable.number == requests
    assert iterable.deleted == deleted
    return ended


@pytest.fixture
def large(shop: Project) -> Project:
    """Three hundred people, all sent, whose removal deletes."""
    shop.sql("DROP TABLE people", PEOPLE.format(rows=300))
    shop.tag({**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    return shop


def test_an_emptied_model_stops(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people")
    ended = assert_stopped(shop, iterable)
    assert ended.says(
        "guard-empty-model", "12 were accepted before", "--allow empty_model", "guards: {empty_model: false}"
    )
    assert shop.cli("run", "--allow", "empty_model").code == 0
    shop.tag({**META, "guards": {"empty_model": False}})
    assert shop.cli("run").code == 0


def test_many_removals_stop(large: Project, iterable: ReferenceServer) -> None:
    large.sql("DELETE FROM people WHERE rowid < 120")
    ended = assert_stopped(large, iterable)
    assert ended.says("guard-removed", "120 of 300 rows (40.0 %)", "--allow removed", "10 % and 100 rows, or 50 %")
    assert large.cli("run", "--allow", "removed").code == 0
    assert len(iterable.deleted) == 120


def test_removals_below_either_bound_do_not_stop(large: Project, iterable: ReferenceServer) -> None:
    large.sql("DELETE FROM people WHERE rowid < 100")
    assert large.cli("run").code == 0
    assert len(iterable.deleted) == 100


def test_the_limit_of_removals_is_the_definitions(large: Project, iterable: ReferenceServer) -> None:
    large.tag({**META, "on_removed": "delete", "guards": {"removed": {"percent": 1, "rows": 2}}})
    large.sql("DELETE FROM people WHERE rowid < 4")
    assert assert_stopped(large, iterable).says("1 % and 2 rows")
    large.tag({**META, "on_removed": "delete", "guards": {"removed": False}})
    assert large.cli("run").code == 0
    assert len(iterable.deleted) == 4


@pytest.fixture
def small(shop: Project) -> Project:
    """Twelve people, all sent, whose removal deletes."""
    shop.tag({**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    return shop


def drop_people(shop: Project, count: int) -> None:
    """So many people leave the model."""
    shop.sql(f"DELETE FROM people WHERE email IN (SELECT email FROM people ORDER BY rowid LIMIT {count})")


@pytest.mark.parametrize(("leaving", "stops"), [(6, False), (7, True), (11, True)])
def test_more_than_half_of_few_rows_stops(small: Project, iterable: ReferenceServer, leaving: int, stops: bool) -> None:
    drop_people(small, leaving)
    if stops:
        assert assert_stopped(small, iterable).says(
            "guard-removed", f"{leaving} of 12 rows", "or 50 %", "--allow removed"
        )
        assert small.cli("run", "--allow", "removed").code == 0
    else:
        assert small.cli("run").code == 0
    assert len(iterable.deleted) == leaving


@pytest.mark.parametrize(("rows", "leaving", "stops"), [(1, 1, True), (2, 1, False), (3, 2, True)])
def test_the_smallest_syncs_are_guarded_too(
    shop: Project, iterable: ReferenceServer, rows: int, leaving: int, stops: bool
) -> None:
    shop.sql("DROP TABLE people", PEOPLE.format(rows=rows))
    shop.tag({**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    drop_people(shop, leaving)
    shop.sql("INSERT INTO people SELECT 'new@shop.com', 'New', NULL")
    assert shop.cli("run").code == (1 if stops else 0)
    assert shop.result()["status"] == ("stopped" if stops else "success")
    assert len(iterable.deleted) == (0 if stops else leaving)


def test_the_share_is_the_definitions(small: Project, iterable: ReferenceServer) -> None:
    small.tag({**META, "on_removed": "delete", "guards": {"removed": {"share": 20}}})
    drop_people(small, 3)
    assert assert_stopped(small, iterable).says("or 20 %")
    small.tag({**META, "on_removed": "delete", "guards": {"removed": {"percent": 90, "rows": 0}}})
    drop_people(small, 6)
    assert small.cli("run").code == 0, "nobody who lets 90 % go is stopped at 50 %"


def test_removals_of_several_runs_add_up(large: Project, iterable: ReferenceServer) -> None:
    drop_people(large, 25)
    assert large.cli("run").code == 0
    drop_people(large, 70)
    assert large.cli("run").code == 0
    assert len(iterable.deleted) == 95
    drop_people(large, 10)
    assert large.cli("plan").says("guard-removed")
    ended = assert_stopped(large, iterable)
    assert ended.says("105 of 300 rows (35.0 %), with the removals of the last 20 hours,")
    assert large.cli("run", "--allow", "removed").code == 0
    drop_people(large, 10)
    assert large.cli("run").code == 0, "what was allowed does not count against later runs"
    assert len(iterable.deleted) == 115


def test_few_rows_that_go_bit_by_bit_add_up(small: Project, iterable: ReferenceServer) -> None:
    for _ in range(3):
        drop_people(small, 2)
        assert small.cli("run").code == 0
    drop_people(small, 1)
    assert assert_stopped(small, iterable).says("7 of 12 rows")


def test_removals_of_long_ago_do_not_count(large: Project, iterable: ReferenceServer) -> None:
    drop_people(large, 95)
    assert large.cli("run").code == 0
    large.sql("UPDATE reverse_etl.sync_runs SET ended_at = ended_at - INTERVAL 21 HOUR")
    drop_people(large, 10)
    assert large.cli("run").code == 0
    large.tag({**META, "on_removed": "delete", "guards": {"removed": {"hours": 24}}})
    drop_people(large, 10)
    assert assert_stopped(large, iterable).says("with the removals of the last 24 hours")


def test_another_key_stops_until_it_is_accepted(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    shop.sql("UPDATE people SET name = 'X' WHERE email = 'u1@shop.com'")
    shop.environment["ITERABLE_API_KEY"] = "sandbox-rotated"
    iterable.settings.keys.add("sandbox-rotated")
    ended = assert_stopped(shop, iterable)
    assert ended.says("guard-destination", "API key", "reverse-etl destination accept", "--allow destination")
    assert not ended.says("sandbox-rotated")
    assert shop.cli("destination", "accept").code == 0
    assert shop.cli("run").code == 0
    assert shop.counts("accepted", "planned") == (1, 1)


def test_another_host_stops(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    with serve_reference() as other:
        shop.environment["ITERABLE_BASE_URL"] = other.url
        shop.sql("UPDATE people SET name = 'X'")
        assert assert_stopped(shop, other).says("guard-destination", "host")
        assert shop.cli("run", "--allow", "destination").code == 0
        assert len(other.applied) == 12
        shop.sql("UPDATE people SET name = 'Y'")
        assert assert_stopped(shop, other).says("guard-destination")


def test_the_key_is_nowhere_in_the_warehouse_or_the_target_folder(shop: Project) -> None:
    assert shop.cli("run").code == 0
    held = [path for path in shop.folder.rglob("*") if path.is_file() and b"sandbox-story" in path.read_bytes()]
    assert held == []


@pytest.mark.parametrize(("status", "kind"), [("error", "model"), ("skipped", "model"), ("fail", "test")])
def test_a_failed_build_skips_the_sync(shop: Project, iterable: ReferenceServer, status: str, kind: str) -> None:
    manifest_file = shop.folder / "target" / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    test = "test.shop.not_null_people_email"
    manifest["nodes"][test] = {
        "unique_id": test,
        "name": "not_null_people_email",
        "resource_type": "test",
        "package_name": "shop",
        "path": "people.yml",
        "original_file_path": "models/people.yml",
        "attached_node": MODEL,
        "depends_on": {"nodes": [MODEL]},
        "config": {"enabled": True, "severity": "ERROR", "meta": {}},
    }
    manifest_file.write_text(json.dumps(manifest))
    failed = MODEL if kind == "model" else test
    results = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "invocation_id": "story",
            "generated_at": "2026-01-01T00:00:00Z",
        },
        "results": [{"unique_id": failed, "status": status, "message": "broken", "failures": 1, "timing": []}],
        "args": {},
        "elapsed_time": 1.0,
    }
    (shop.folder / "target" / "run_results.json").write_text(json.dumps(results))
    ended = shop.cli("run")
    assert ended.code == 1
    assert shop.result()["status"] == "skipped"
    assert ended.says("guard-build", "--allow build")
    assert iterable.number == 0
    assert shop.cli("run", "--allow", "build").code == 0
    assert len(iterable.applied) == 12


def test_an_unknown_guard_is_named(shop: Project) -> None:
    ended = shop.cli("run", "--allow", "removd")
    assert ended.code == 2
    assert ended.says("unknown-guard", "removd", "removed")
