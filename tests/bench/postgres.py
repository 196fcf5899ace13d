"""Users on a PostgreSQL of the bench's own: plan and run, compared with the same SQL by hand.

Memory is only our process's; the server's is bounded by its settings, and its work by the machine.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import users
from tests.bench.measured_process import Figures, Sink, command, measure, open_sink, run_figures, say
from tests.bench.result_file import Measurement, Round, measure_rounds
from tests.stories.project import Project
from tests.warehouses.postgres.postgres_project import OnServer
from tests.warehouses.postgres.postgres_server import Server, find_programs, started

# The 12 columns of the other bench, in Postgres's words. E-mails are unique and in no order.
CREATE = """
CREATE TABLE main.people AS SELECT
  substr(md5(i::text), 1, 8) || i || '@' || (ARRAY['a.com', 'b.org', 'c.net'])[1 + h % 3] AS email,
  i AS customer_number,
  'First' || h % 5000 AS first_name,
  CASE WHEN h % 20 <> 0 THEN 'Last' || h % 50000 END AS last_name,
  (ARRAY['DE', 'FR', 'US', 'GB'])[1 + h % 4] AS country,
  (ARRAY['free', 'pro', 'team'])[1 + h % 3] AS plan,
  ((h % 10000000) / 100.0)::numeric(12, 2) AS lifetime_value,
  (h % 1000000) / 7.0::float8 AS score,
  TIMESTAMP '2024-01-01' + (h % 30000000) * INTERVAL '1 second' AS updated_at,
  CASE WHEN h % 50 <> 0 THEN h % 2 = 0 END AS is_subscribed,
  DATE '2020-01-01' + h % 1500 AS last_order,
  jsonb_build_object('city', 'City' || h % 1000, 'tags', ARRAY['t' || h % 9]) AS address
FROM (SELECT i, abs(hashint4(i)) % 1000000007 AS h FROM generate_series(1, {rows}) i) AS numbered
"""
CHANGE = """
UPDATE main.people SET lifetime_value = lifetime_value + 1, updated_at = TIMESTAMP '2025-01-01'
WHERE customer_number % 100 = 0
"""
BY_HAND = """
SELECT count(*) FILTER (WHERE k.email IS NULL), count(*) FILTER (WHERE p.email IS NULL),
  count(*) FILTER (WHERE p.email = k.email AND p IS DISTINCT FROM k)
FROM main.people p FULL OUTER JOIN main.kept k ON p.email = k.email
"""


def name_of(rows: int) -> str:
    return f"postgres-{rows}"


def measure_postgres(rows: int, rounds: int) -> Measurement:
    """Measure every case in each round."""
    programs = find_programs()
    if programs is None:
        raise SystemExit("there is no PostgreSQL on this machine")
    with started(programs) as server, open_sink() as sink:
        version = str(server.run("SELECT version()")[0][0]).split(" on ")[0]
        say(f"{rows:,} users x 12 columns, {version}")
        return measure_rounds({"rows": rows, "server": version}, rounds, lambda: _round(server, rows, sink))


def _round(server: Server, rows: int, sink: Sink) -> Round:
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        settings = {"REVERSE_ETL_REQUESTS_PER_SECOND": "100000"}
        project = OnServer.make(Path(folder) / "shop", sink.url, users.META, settings)
        profile = {"target": "dev", "outputs": {"dev": server.profile(schema="main")}}
        (project.folder / "profiles.yml").write_text(json.dumps({"shop": profile}), encoding="utf-8")
        server.run("DROP SCHEMA IF EXISTS main, reverse_etl CASCADE", "CREATE SCHEMA main")
        server.run(CREATE.format(rows=rows), "ANALYZE main.people")
        return {case: users.show(case, figures) for case, figures in _measured(server, project, rows, sink)}


def _measured(server: Server, project: Project, rows: int, sink: Sink) -> Iterator[tuple[str, Figures]]:
    yield users.FIRST, run_figures(project, sink, rows)
    server.run("CREATE TABLE main.kept AS SELECT * FROM main.people", "ANALYZE")
    yield from _compare(server, project, users.PLAN_SAME, users.HAND_SAME)
    yield users.RUN_SAME, run_figures(project, sink, 0)
    server.run(CHANGE, "ANALYZE main.people")
    yield from _compare(server, project, users.PLAN_CHANGED, users.HAND_CHANGED)
    yield users.RUN_CHANGED, run_figures(project, sink, rows // 100)


def _compare(server: Server, project: Project, plan: str, hand: str) -> Iterator[tuple[str, Figures]]:
    fields = {name: value for name, value in server.profile().items() if name not in ("type", "schema")}
    by_hand = f"import psycopg; print(psycopg.connect(**{fields!r}).execute({BY_HAND!r}).fetchall())"
    yield plan, measure(project, command("plan", "--quiet"))
    yield hand, measure(project, [sys.executable, "-c", by_hand])
