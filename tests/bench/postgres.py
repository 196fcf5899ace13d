"""Measure plan and run on a PostgreSQL of its own: `python -m tests.bench.postgres [ROWS]`, by default 1,000,000.

Memory is only our process's; the server's is bounded by its settings, and its work by the machine.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from tests.bench.__main__ import META, ROUNDS, command, measure, say, send, sink
from tests.stories.project import Project
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


def compare(project: Project, server: Server, label: str) -> None:
    """`reverse-etl plan`, and the same question asked by hand, one after the other."""
    fields = {name: value for name, value in server.profile().items() if name not in ("type", "schema")}
    by_hand = f"import psycopg; print(psycopg.connect(**{fields!r}).execute({BY_HAND!r}).fetchall())"
    plans, hands = [], []
    for _ in range(ROUNDS):
        plans.append(measure(project, command("plan", "--quiet")))
        hands.append(measure(project, [sys.executable, "-c", by_hand]))
    plan, hand = (statistics.median(item.wall for item in items) for items in (plans, hands))
    peak = max(item.peak for item in plans)
    say(f"  plan, {label:<12} {plan:7.2f} s   by hand {hand:7.2f} s   ratio {plan / hand:.2f}   {peak:.0f} MB")


def bench(server: Server, rows: int, url: str) -> None:
    """All figures for a model of so many rows."""
    say(f"{rows:,} rows x 12 columns, {server.run('SELECT version()')[0][0].split(' on ')[0]}")
    with tempfile.TemporaryDirectory(prefix="reverse-etl-bench-") as folder:
        project = Project.make(Path(folder) / "shop", url, META, {"REVERSE_ETL_REQUESTS_PER_SECOND": "100000"})
        profile = {"target": "dev", "outputs": {"dev": server.profile(schema="main")}}
        (project.folder / "profiles.yml").write_text(json.dumps({"shop": profile}), encoding="utf-8")
        server.run("CREATE SCHEMA main", CREATE.format(rows=rows), "ANALYZE main.people")
        send(project, rows, "every row")
        server.run("CREATE TABLE main.kept AS SELECT * FROM main.people", "ANALYZE")
        compare(project, server, "no change")
        server.run(CHANGE, "ANALYZE main.people")
        compare(project, server, "1 % changed")
        send(project, rows // 100, "1 % changed")


def main() -> None:
    """Bench one size."""
    programs = find_programs()
    if programs is None:
        raise SystemExit("there is no PostgreSQL on this machine")
    with sink() as url, started(programs) as server:
        bench(server, int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000, url)


if __name__ == "__main__":
    main()
