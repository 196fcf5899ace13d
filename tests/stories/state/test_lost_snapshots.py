"""A sync snapshot that was lost, edited by hand or restored: the run stops, and says what to do."""

from __future__ import annotations

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META
from tests.stories.project import Ended, Project


@pytest.fixture
def sent(shop: Project) -> Project:
    """Twelve people, all sent in two runs."""
    assert shop.cli("run").code == 0
    shop.sql("UPDATE people SET name = 'Other' WHERE email = 'u1@shop.com'")
    assert shop.cli("run").code == 0
    return shop


def table(shop: Project, kind: str) -> str:
    [(name,)] = shop.sql(f"SELECT table_name FROM information_schema.tables WHERE table_name LIKE '{kind}%'")
    return f"reverse_etl.{name}"


def assert_stopped(shop: Project, iterable: ReferenceServer, *words: str) -> Ended:
    requests = iterable.number
    assert shop.cli("plan").says("would stop", "guard-snapshot", *words)
    ended = shop.cli("run")
    assert ended.code == 1
    assert shop.result()["status"] == "stopped"
    assert iterable.number == requests
    assert ended.says("guard-snapshot", *words, "--full-refresh", "state reset --select people", "--allow snapshot")
    return ended


def goes_on(shop: Project, flag: str, accepted: int) -> None:
    """The way past works, and the next run is an ordinary one."""
    ended = shop.cli("run", *flag.split())
    assert ended.code == 0, ended.err
    assert shop.counts("accepted", "planned") == (accepted, accepted)
    assert shop.cli("run").code == 0
    assert shop.counts("unchanged", "planned") == (12, 0)


@pytest.mark.parametrize("flag", ["--full-refresh", "--allow snapshot"])
def test_a_table_that_is_gone(sent: Project, iterable: ReferenceServer, flag: str) -> None:
    sent.sql(f"DROP TABLE {table(sent, 'snapshot')}")
    assert_stopped(sent, iterable, "its table is gone; 12 rows had been accepted")
    goes_on(sent, flag, 12)


def test_a_table_that_was_emptied(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql(f"DELETE FROM {table(sent, 'snapshot')}")
    assert_stopped(sent, iterable, "12 of its 12 rows are missing")
    goes_on(sent, "--full-refresh", 12)


def test_a_single_entry_that_was_deleted_by_hand(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql(f"DELETE FROM {table(sent, 'snapshot')} WHERE identity = 'u3@shop.com'")
    assert_stopped(sent, iterable, "1 of its 12 rows is missing")
    goes_on(sent, "--allow snapshot", 1)


def test_entries_that_nobody_sent(sent: Project, iterable: ReferenceServer) -> None:
    snapshot = table(sent, "snapshot")
    sent.sql(f"INSERT INTO {snapshot} SELECT * REPLACE ('x' || identity AS identity) FROM {snapshot} LIMIT 2")
    assert_stopped(sent, iterable, "it holds 2 rows more than the last run left")


def test_a_lease_that_is_gone(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql(f"DROP TABLE {table(sent, 'lease')}")
    assert_stopped(sent, iterable, "its lease is gone")
    goes_on(sent, "--full-refresh", 12)


def test_a_lease_that_was_restored_from_an_older_backup(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql(f"UPDATE {table(sent, 'lease')} SET fence = 1, closed_fence = 1")
    assert_stopped(sent, iterable, "newer than its lease")
    sent.sql("UPDATE people SET name = 'Third' WHERE email = 'u1@shop.com'")
    goes_on(sent, "--allow snapshot", 1)


def test_all_tables_of_the_sync_that_are_gone(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql(f"DROP TABLE {table(sent, 'snapshot')}", f"DROP TABLE {table(sent, 'lease')}")
    assert_stopped(sent, iterable, "its tables are gone, although earlier runs got rows accepted")
    goes_on(sent, "--full-refresh", 12)


def test_held_rows_that_are_gone(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql("DROP TABLE reverse_etl.sync_rejections")
    assert_stopped(sent, iterable, "`sync_rejections` is gone")
    goes_on(sent, "--allow snapshot", 0)


def test_forgotten_users_stay_forgotten_although_the_snapshot_is_lost(sent: Project, iterable: ReferenceServer) -> None:
    sent.sql(
        "INSERT INTO reverse_etl.sync_rejections (schema_version, sync, fence, identity, key_text, state, code)"
        " VALUES (1, 'people', 1, 'u5@shop.com', 'x', 'suppressed', 'forgotten-user')",
        f"DROP TABLE {table(sent, 'snapshot')}",
    )
    assert sent.cli("run", "--full-refresh").code == 0
    assert sent.counts("accepted", "quarantined") == (11, 1)


def test_a_snapshot_that_is_empty_by_right_is_no_loss(shop: Project) -> None:
    shop.tag({**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people")
    assert shop.cli("run", "--allow", "empty_model", "--allow", "removed").code == 0
    shop.sql("INSERT INTO people SELECT 'new@shop.com', 'New', NULL")
    assert shop.cli("run").code == 0
    assert shop.counts("accepted", "planned") == (1, 1)
