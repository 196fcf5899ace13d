"""`plan --cost` estimates what the comparison reads, and compares nothing."""

from __future__ import annotations

import json

from tests.stories.conftest import META
from tests.stories.project import Project

_BLOCK = 262_144


def test_tables_in_a_file_have_a_size_and_no_price(shop: Project) -> None:
    first = json.loads(shop.cli("plan", "--cost", "--output", "json").out)["plans"][0]
    assert shop.cli("run").code == 0
    [plan] = json.loads(shop.cli("plan", "--cost", "--output", "json").out)["plans"]
    [estimate] = plan["costs"]
    assert (estimate["comparison"], estimate["basis"]) == ("full", "size of its tables")
    assert estimate["bytes_read"] > first["costs"][0]["bytes_read"] >= _BLOCK
    assert estimate["bytes_read"] % _BLOCK == 0
    assert [estimate[name] for name in ("bytes_billed", "credits", "dollars")] == [None, None, None]
    assert not plan["counted"]
    assert shop.cli("plan", "--cost").says("full cost", "the comparison reads", "kB", "(size of its tables)")


def test_a_view_has_no_known_size(shop: Project) -> None:
    shop.sql("ALTER TABLE people RENAME TO rows", "CREATE VIEW people AS SELECT * FROM rows")
    assert shop.cli("plan", "--cost").says("full cost", "not known (size of its tables)")


def test_an_incremental_sync_has_two_comparisons(shop: Project) -> None:
    shop.sql("ALTER TABLE people ADD COLUMN updated_at TIMESTAMP DEFAULT '2026-01-01 00:00:00'")
    shop.tag({**META, "incremental": {"column": "updated_at"}})
    assert shop.cli("run").code == 0
    assert shop.cli("plan", "--cost").says("quick cost", "full cost")
