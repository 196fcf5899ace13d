"""A statement that takes longer than a lease lasts: the run keeps its lease, and no other one takes over."""

from __future__ import annotations

import subprocess
import time
from collections import Counter

import psycopg
import pytest

from tests.reference_iterable import serve_reference
from tests.warehouses.postgres.on_postgres import OnPostgres
from tests.warehouses.postgres.postgres_project import OnServer, on_server
from tests.warehouses.postgres.postgres_server import Server

ROWS = 20
META = {"object": "users", "email": "email", "fields": {"name": "name"}}
PEOPLE = f"""
CREATE TABLE main.people AS
SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM generate_series(1, {ROWS}) AS t(i)
"""
# A statement that passes the gate waits until the test opens it.
_WAIT = "LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7);"
# The look, which holds no lease, makes temporary tables.
_WAIT_OF_PLAN = _WAIT.replace("PERFORM", "IF current_query() NOT LIKE '%TEMP TABLE%' THEN PERFORM") + " END IF;"
GATES = {
    "plan": (
        f"CREATE FUNCTION main.gate() RETURNS event_trigger {_WAIT_OF_PLAN} END $$",
        "CREATE EVENT TRIGGER gate ON ddl_command_start WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION main.gate()",
    ),
    "merge": (
        f"CREATE FUNCTION main.gate() RETURNS trigger {_WAIT} RETURN NULL; END $$",
        "CREATE TRIGGER gate BEFORE INSERT OR UPDATE ON {snapshot} FOR EACH STATEMENT EXECUTE FUNCTION main.gate()",
    ),
}
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"
RENEWED = "SELECT 1 FROM {lease} WHERE expires_at > CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"
# Longer than anything that a test waits for; only a fault takes so long.
AT_MOST = 120


@pytest.fixture
def iterable():
    with serve_reference() as reference:
        yield reference


class TestSlow(OnPostgres):
    @pytest.fixture
    def project(self, server, tmp_path, iterable) -> OnServer:
        project = on_server(server, tmp_path / "shop", iterable.url, META, PEOPLE)
        assert project.run("run").code == 0
        project.sql("UPDATE main.people SET name = 'B'")
        return project

    def ours(self, server: Server, statement: str) -> str:
        """A statement with the names of our tables."""
        found = server.run("SELECT table_name FROM information_schema.tables WHERE table_schema = 'reverse_etl'")
        names = {name.partition("__")[0]: f"reverse_etl.{name}" for (name,) in found}
        return statement.format(**names)

    def wait_until(self, server: Server, question: str, process: subprocess.Popen[str]) -> None:
        """Until the question has an answer, while the process goes on."""
        until = time.monotonic() + AT_MOST
        while not server.run(question):
            assert process.poll() is None
            assert time.monotonic() < until, question

    @pytest.mark.parametrize("step", GATES)
    def test_run_keeps_its_lease_while_a_statement_takes_longer_than_it_lasts(self, server, project, iterable, step):
        server.run(*(self.ours(server, statement) for statement in GATES[step]))
        project.environment["REVERSE_ETL_HEARTBEAT"] = "0.1"
        access = {name: server.profile()[name] for name in ("host", "port", "user", "password", "dbname")}
        with psycopg.connect(**access, autocommit=True) as gate:
            gate.execute("SELECT pg_advisory_lock(7)")
            slow = project.start("run")
            self.wait_until(server, WAITING, slow)
            project.let_time_pass()
            self.wait_until(server, self.ours(server, RENEWED), slow)
            other = project.run("run")
        _, err = slow.communicate()
        server.run("DROP EVENT TRIGGER IF EXISTS gate")
        assert other.says("lease-held"), other.err
        assert (other.code, slow.returncode) == (1, 0), err
        assert Counter(data["name"] for _, data in iterable.applied) == {"A": ROWS, "B": ROWS}
        assert set(project.state("state")) == {("accepted",)}
