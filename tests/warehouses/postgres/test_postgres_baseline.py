"""`baseline --compare` on PostgreSQL: rows that Iterable holds are adopted, and the next run sends the others."""

from __future__ import annotations

import pytest

from reverse_etl.change import SyncStatus
from reverse_etl.delivery.rate_limiter import Time
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from reverse_etl.settings import Settings
from tests.reference_iterable import serve_reference
from tests.stories.baseline.test_compare import Hurrying
from tests.stories.running import run
from tests.warehouses.postgres.on_postgres import OnPostgres

META = {
    "object": "users",
    "email": "email",
    "fields": {"name": "name", "score": "score", "seen": "seen", "day": "day", "tags": "tags", "home": "home"},
}
MODEL = """
CREATE TABLE main.people AS
SELECT 'U' || i || '@shop.com' AS email, 'Zoë ' || i AS name, i::numeric(9, 2) AS score, DATE '2024-05-01' AS day,
TIMESTAMPTZ '2024-05-01 12:00:00+00' AS seen, ARRAY['a', 'b'] AS tags, '{"city": "Bern"}'::jsonb AS home
FROM generate_series(1, 4) AS t(i)
"""
# The same rows as another tool wrote them.
THERE = {
    "score": 1,
    "day": "2024-05-01 00:00:00",
    "seen": "2024-05-01T14:00:00.000+02:00",
    "tags": ["a", "b"],
    "home": {"city": "Bern"},
    "more": 1,
}


class TestBaseline(OnPostgres):
    @pytest.fixture
    def iterable(self):
        with serve_reference() as reference:
            yield reference

    def test_rows_that_differ_are_left_to_the_next_run(self, server, warehouse, iterable, tmp_path):
        server.run("CREATE SCHEMA main", MODEL)
        # The first value of a field decides its type.
        there = [(1, {"score": 0.5}), (1, {}), (2, {"score": 2}), (3, {"score": 3, "tags": ["b", "a"]})]
        for number, more in there:
            user = {"email": f"u{number}@shop.com", "dataFields": {**THERE, "name": f"Zoë {number}", **more}}
            iterable.send_request("POST", "/api/users/update", user)
        settings = Settings(requests_per_second=1000, user_pause=0)
        request = BaselineRequest(BaselineMethod.COMPARE, folder=tmp_path / "downloads")
        hurried = Hurrying()
        clock = Time(hurried.monotonic, hurried.sleep, lambda: 0.5)
        result = run(warehouse, iterable.url, META, settings, clock, baseline=request)
        assert result.problem is None
        report = result.baseline
        assert (report.equal, report.different, report.missing) == (2, 1, 1)
        assert report.different_fields == {"tags": 1}
        result = run(warehouse, iterable.url, META, settings)
        assert (result.status, result.counts.accepted) == (SyncStatus.SUCCESS, 2)
        assert {email for email, _ in iterable.applied[-2:]} == {"u3@shop.com", "u4@shop.com"}
