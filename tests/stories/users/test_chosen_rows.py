"""`--only KEY`: one person end to end, while every other row is as if it were not there."""

from __future__ import annotations

import json
from pathlib import Path

from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META, PEOPLE
from tests.stories.project import Project


def states(shop: Project) -> dict[str, int]:
    """How many entries the sync snapshot holds, by state."""
    [table] = shop.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'snapshot__%'")
    return {
        str(state): int(str(n))
        for state, n in shop.sql(f"SELECT state, count(*) FROM reverse_etl.{table[0]} GROUP BY 1")
    }


def test_only_the_named_rows_are_planned_and_sent(shop: Project, iterable: ReferenceServer) -> None:
    plan = json.loads(shop.cli("plan", "--only", " U3@Shop.com", "--only", "u5@shop.com", "--output", "json").out)
    [one] = plan["plans"]
    assert (one["added"], one["unchanged"], one["to_send"]) == (2, 0, 2)
    assert shop.cli("run", "--only", " U3@Shop.com", "--only", "u5@shop.com").code == 0
    assert shop.counts("planned", "accepted", "unchanged") == (2, 2, 0)
    assert sorted(email for email, _ in iterable.applied) == ["u3@shop.com", "u5@shop.com"]
    assert shop.cli("run").code == 0
    assert shop.counts("planned", "accepted", "unchanged") == (10, 10, 2)


def test_rows_that_are_not_named_are_neither_removed_nor_counted_nor_marked(
    tmp_path: Path, iterable: ReferenceServer
) -> None:
    shop = Project.make(tmp_path / "shop", iterable.url, {**META, "on_removed": "clear"})
    shop.sql(PEOPLE.format(rows=12))
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people WHERE email IN ('u1@shop.com', 'u2@shop.com')", "UPDATE people SET name = 'New'")
    assert shop.cli("run", "--only", "u1@shop.com", "--only", "u7@shop.com").code == 0
    assert shop.counts("changed", "removed", "planned", "accepted") == (1, 1, 2, 2)
    assert shop.cli("run").code == 0
    assert shop.counts("changed", "removed", "resent", "accepted") == (9, 1, 0, 10)


def test_a_full_refresh_of_one_row_sends_it_whole_and_no_other(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    before = len(iterable.applied)
    quiet = shop.cli("run", "--only", "u3@shop.com")
    assert quiet.code == 0
    assert quiet.says("1 chosen row did not change, so nothing is sent for it", "--full-refresh")
    assert len(iterable.applied) == before
    for changed in ("Name 3", "Another"):
        shop.sql(f"UPDATE people SET name = '{changed}' WHERE email = 'u3@shop.com'")
        assert (
            json.loads(shop.cli("plan", "--only", "u3@shop.com", "-f", "--output", "json").out)["plans"][0]["to_send"]
            == 1
        )
        assert shop.cli("run", "--only", "u3@shop.com", "--full-refresh").code == 0
        assert shop.counts("planned", "accepted") == (1, 1)
        email, fields = iterable.applied[-1]
        assert (email, set(fields)) == ("u3@shop.com", {"name", "plan"})
        assert states(shop) == {"accepted": 12}
    assert len(iterable.applied) == before + 2


def test_a_key_that_no_row_has_is_named_and_nothing_is_sent(shop: Project, iterable: ReferenceServer) -> None:
    key = "o'brien\"; DROP TABLE people; --@shop.com"
    for command in ("plan", "run"):
        ended = shop.cli(command, "--only", key)
        assert ended.code == 0
        assert ended.says(f"no row has the key `{key.strip()}`")
    assert not iterable.applied
    result = shop.result()
    assert result["status"] == "warn"
    assert "brien" not in json.dumps(result)
    assert shop.cli("run", "--only", key, "--only", "u1@shop.com").code == 0
    assert shop.counts("planned", "accepted") == (1, 1)


def test_events_are_chosen_by_their_user_or_by_their_id(tmp_path: Path, iterable: ReferenceServer) -> None:
    meta = {
        "object": "events",
        "event_name": {"value": "Bought"},
        "email": "email",
        "event_id": "n",
        "fields": {"amount": "amount"},
    }
    shop = Project.make(tmp_path / "shop", iterable.url, meta)
    shop.sql(
        "CREATE TABLE people AS SELECT i AS n, 'U' || i % 3 || '@shop.com' AS email, i AS amount FROM range(9) t(i)"
    )
    ended = shop.cli("run", "--only", "u1@shop.com", "--only", "3")
    assert ended.code == 0, ended.out + ended.err
    # Iterable does not know these users, so their events are skipped.
    assert shop.counts("planned", "skipped") == (4, 4)


def test_invalid_rows_that_are_not_named_stay_listed(shop: Project) -> None:
    shop.sql("UPDATE people SET email = 'broken' WHERE email = 'u1@shop.com'")
    assert shop.cli("run").code == 0
    assert shop.cli("run", "--only", "u2@shop.com", "--full-refresh").code == 0
    assert shop.counts("planned", "accepted", "invalid") == (1, 1, 0)
    assert shop.cli("rejected", "--show-values").says("broken")
