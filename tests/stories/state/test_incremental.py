"""A sync with `incremental`: quick runs compare recent rows only, and a full comparison finds the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.project import Project

RULE = {"column": "updated_at", "overlap": "1h", "full_every": "1d"}
META = {"object": "users", "email": "email", "fields": {"name": "name"}, "incremental": RULE}
PEOPLE = (
    "CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'A' AS name,"
    " TIMESTAMP '2026-01-01 00:00:00' + to_hours(i) AS updated_at FROM range(10) t(i)"
)
LATER = "TIMESTAMP '2026-02-01 00:00:00'"


def make(folder: Path, iterable: ReferenceServer, meta: object = META) -> Project:
    shop = Project.make(folder / "shop", iterable.url, meta)
    shop.sql(PEOPLE)
    return shop


@pytest.fixture
def people(tmp_path: Path, iterable: ReferenceServer) -> Project:
    """Ten people, all sent, each updated an hour after the one before."""
    shop = make(tmp_path, iterable)
    assert shop.cli("run").code == 0
    return shop


def names(iterable: ReferenceServer) -> dict[str, object]:
    return {email: user.get("name") for email, user in iterable.users.items()}


def age_full_comparison(shop: Project, seconds: int) -> None:
    """Move the last full comparison into the past."""
    lease = "reverse_etl." + str(
        shop.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease%'")[0][0]
    )
    at = "CAST(json_extract(destination, '$.source.incremental.full_at') AS DOUBLE)"
    shop.sql(
        f"UPDATE {lease} SET destination = json_merge_patch(destination,"
        f" json_object('source', json_object('incremental', json_object('full_at', {at} - {seconds}))))"
    )


def mark(shop: Project) -> dict[str, object] | None:
    """The mark that the last run left."""
    import json

    [(table,)] = shop.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'lease%'")
    [(text,)] = shop.sql(f"SELECT destination FROM reverse_etl.{table}")
    found = json.loads(str(text))["source"].get("incremental")
    return None if found is None else dict(found)


def test_a_quick_run_sends_recent_rows_and_a_full_comparison_the_rest(
    people: Project, iterable: ReferenceServer
) -> None:
    people.sql(
        f"UPDATE people SET name = 'B', updated_at = {LATER} WHERE email = 'u2@shop.com'",
        "UPDATE people SET name = 'C' WHERE email = 'u3@shop.com'",
        f"INSERT INTO people VALUES ('new@shop.com', 'N', {LATER})",
    )
    assert people.cli("run").code == 0
    assert people.counts("added", "changed", "accepted") == (1, 1, 2)
    assert names(iterable)["u2@shop.com"] == "B"
    assert names(iterable)["u3@shop.com"] == "A"
    assert people.cli("run", "--full-comparison").code == 0
    assert people.counts("added", "changed", "accepted") == (0, 1, 1)
    assert names(iterable)["u3@shop.com"] == "C"
