"""What Postgres refuses: rights that are missing, connections that are lost, errors that would show values."""

from __future__ import annotations

import threading
import time

import pytest

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses import open_warehouse
from tests.contracts.sync_harness import MODEL_SCHEMA, STATE_SCHEMA, SyncHarness
from tests.warehouses.postgres.on_postgres import OnPostgres, connection
from tests.warehouses.postgres.postgres_server import PASSWORD

SECRET = "jo@example.com"


def shown(error: BaseException) -> str:
    """Everything that could be printed of an error, its causes included."""
    texts = []
    link: BaseException | None = error
    while link is not None:
        texts.append(f"{link} {getattr(link, 'context', '')} {getattr(link, 'hint', '')}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return " ".join(texts)


class TestRights(OnPostgres):
    @pytest.fixture
    def runner(self, server, reopen):
        """A role with no right at all."""
        server.run(
            f"CREATE ROLE \"The Runner\" LOGIN PASSWORD '{PASSWORD}'",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            f"CREATE SCHEMA {MODEL_SCHEMA}",
            f"CREATE TABLE {MODEL_SCHEMA}.users AS SELECT 'a@x.y'::text AS email",
        )
        yield reopen(user="The Runner")
        server.run('DROP OWNED BY "The Runner"', 'DROP ROLE "The Runner"')

    def refused(self, work) -> WarehouseError:
        with pytest.raises(WarehouseError) as raised:
            work()
        assert raised.value.code == "permission-denied"
        return raised.value

    def granted(self, server, error: WarehouseError) -> None:
        """Do what the hint says, word for word."""
        server.run(error.hint.partition("run: ")[2])

    def test_each_missing_right_is_named_and_its_hint_grants_it(self, server, runner):
        """From no right to a first run, by doing what each error says."""
        error = self.refused(lambda: runner.columns(f'"shop"."{MODEL_SCHEMA}"."users"'))
        assert error.context["right"] == "USAGE on the schema"
        self.granted(server, error)
        error = self.refused(lambda: runner.query(f'SELECT 1 FROM "{MODEL_SCHEMA}"."users"'))
        assert error.context["right"] == "SELECT on the table"
        assert error.context["statement"] == f'`SELECT 1 FROM "{MODEL_SCHEMA}"."users"`'
        self.granted(server, error)
        harness = SyncHarness(runner, builder=runner)
        error = self.refused(harness.run)
        assert error.context["right"] == "CREATE on the database"
        assert error.hint.endswith(f'run: CREATE SCHEMA "{STATE_SCHEMA}" AUTHORIZATION "The Runner";')
        self.granted(server, error)
        assert harness.run().kinds == {"added": 1}

    def test_schema_of_somebody_else_needs_a_right_to_create(self, server, runner):
        server.run("CREATE SCHEMA ours")
        runner.create_schema("ours")
        error = self.refused(lambda: runner.execute('CREATE TABLE "ours"."t" (a text)'))
        assert error.context["right"] == "USAGE, CREATE on the schema"
        self.granted(server, error)
        runner.execute('CREATE TABLE "ours"."t" (a text)')

    @pytest.mark.parametrize(
        ("statement", "right"),
        [
            ("UPDATE ours.t SET a = '1'", "UPDATE on the table"),
            ("DELETE FROM ours.t", "DELETE on the table"),
            ("INSERT INTO ours.t VALUES ('1')", "INSERT on the table"),
            ("ALTER TABLE ours.t ADD COLUMN b text", "ownership"),
            ("DROP TABLE IF EXISTS ours.t", "ownership"),
        ],
    )
    def test_table_of_somebody_else(self, server, runner, statement, right):
        server.run("CREATE SCHEMA ours", "CREATE TABLE ours.t (a text)", 'GRANT USAGE ON SCHEMA ours TO "The Runner"')
        error = self.refused(lambda: runner.execute(statement))
        assert error.context["right"] == right
        server.run('GRANT CREATE, USAGE ON SCHEMA ours TO "The Runner"')
        self.granted(server, error)
        runner.execute(statement)

    def test_rights_are_those_of_the_role(self, server, runner, reopen):
        server.run(
            "CREATE ROLE builder", f"GRANT ALL ON SCHEMA {MODEL_SCHEMA} TO builder", 'GRANT builder TO "The Runner"'
        )
        as_builder = reopen(user="The Runner", role="Builder")
        as_builder.execute(f"CREATE TABLE {MODEL_SCHEMA}.built AS SELECT 1 AS a")
        assert server.run("SELECT tableowner FROM pg_tables WHERE tablename = 'built'") == [("builder",)]
        [batch] = as_builder.batches(f"SELECT a, current_user::text AS who FROM {MODEL_SCHEMA}.built", 10)
        assert batch.to_pylist() == [{"a": 1, "who": "builder"}]
        server.run("DROP OWNED BY builder")

    def test_role_that_one_may_not_take(self, server, runner, reopen):
        server.run("CREATE ROLE builder")
        error = self.refused(lambda: reopen(user="The Runner", role='"builder"').query("SELECT 1"))
        assert error.hint.endswith('run: GRANT "builder" TO "The Runner";')

    def test_stream_without_right(self, server, runner):
        server.run(f'GRANT USAGE ON SCHEMA {MODEL_SCHEMA} TO "The Runner"')
        error = self.refused(lambda: list(runner.batches(f"SELECT * FROM {MODEL_SCHEMA}.users", 10)))
        assert error.context["right"] == "SELECT on the table"


class TestLostConnection(OnPostgres):
    def cut(self, server, *, asleep: bool = False) -> None:
        """End every session but one's own; wait for one that is asleep."""
        others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        while asleep and not server.run(f"SELECT 1 {others} AND wait_event = 'PgSleep'"):
            time.sleep(0.01)
        server.run(f"SELECT pg_terminate_backend(pid) {others}")

    def lost(self, work) -> WarehouseError:
        with pytest.raises(WarehouseError) as raised:
            work()
        assert raised.value.code == "connection-lost", shown(raised.value)
        assert PASSWORD not in shown(raised.value)
        return raised.value

    def test_between_two_statements(self, server, warehouse):
        warehouse.query("SELECT 1")
        self.cut(server)
        self.lost(lambda: warehouse.query("SELECT 2"))
        assert warehouse.query("SELECT 3") == [(3,)]

    def test_while_reading(self, server, warehouse):
        batches = warehouse.batches("SELECT g, repeat('x', 1000) FROM generate_series(1, 10000000) g", 1000)
        next(batches)
        self.cut(server)
        self.lost(lambda: list(batches))
        self.lost(lambda: warehouse.query("SELECT 1"))
        assert sum(batch.num_rows for batch in warehouse.batches("SELECT 1 AS one", 10)) == 1

    @pytest.mark.parametrize(
        "statement", ["CREATE TABLE public.loaded AS SELECT pg_sleep(600) IS NULL", "SELECT pg_sleep(600)"]
    )
    def test_while_loading(self, server, warehouse, statement):
        cutting = threading.Thread(target=self.cut, args=(server,), kwargs={"asleep": True})
        cutting.start()
        error = self.lost(lambda: warehouse.execute(statement))
        cutting.join()
        assert statement[:20] in error.message
        assert warehouse.columns("public.loaded") is None

    def test_while_committing(self, server, harness):
        """The merge holds as a whole or not at all; the next run puts everything right."""
        harness.model({"email": "text"}, [("a@x.y",), ("b@x.y",)])
        append = harness.warehouse.dialect.append
        harness.warehouse.dialect.append = lambda *parts: f"{append(*parts)} AND pg_sleep(600) IS NOT NULL"
        cutting = threading.Thread(target=self.cut, args=(server,), kwargs={"asleep": True})
        cutting.start()
        self.lost(harness.run)
        cutting.join()
        del harness.warehouse.dialect.append
        assert harness.states() == {}
        harness.expire()
        harness.run()
        assert harness.states() == {"a@x.y": "accepted", "b@x.y": "accepted"}
        assert harness.lying_entries() == []

    def test_server_that_does_not_answer(self, postgres):
        warehouse = open_warehouse(connection(postgres.profile(port=1, retries=2)))
        with pytest.raises(WarehouseError) as raised:
            warehouse.query("SELECT 1")
        assert raised.value.code == "database-not-opened"
        assert raised.value.context["tries"] == 3
        assert PASSWORD not in shown(raised.value)

    def test_statement_that_takes_too_long(self, server, warehouse):
        server.run("ALTER DATABASE shop SET statement_timeout = '3s'")
        with pytest.raises(WarehouseError) as raised:
            warehouse.query("SELECT pg_sleep(600)")
        assert raised.value.code == "statement-cancelled"


class TestWords(OnPostgres):
    @pytest.mark.parametrize(
        "statement",
        [
            f"SELECT CAST('{SECRET}' AS integer)",
            f"SELECT CAST(x AS integer) FROM (VALUES ('{SECRET}')) t(x)",
            f"INSERT INTO public.once VALUES ('{SECRET}')",
            f"SELECT to_timestamp('{SECRET}', 'YYYY')",
            f"SELECT 1 FROM nowhere WHERE x = '{SECRET}'",
            f"SELEKT '{SECRET}'",
        ],
    )
    def test_errors_show_no_values(self, server, warehouse, statement):
        server.run("CREATE TABLE public.once (v text PRIMARY KEY)", f"INSERT INTO public.once VALUES ('{SECRET}')")
        for work in (
            lambda: warehouse.query(statement),
            lambda: warehouse.query(statement.replace(SECRET, "%") + " AND ?"),
        ):
            with pytest.raises(WarehouseError) as raised:
                work()
            assert SECRET not in shown(raised.value)

    def test_errors_of_a_stream_show_no_values(self, server, warehouse):
        server.run(f"CREATE TABLE public.texts AS SELECT '{SECRET}'::text AS v FROM generate_series(1, 3)")
        with pytest.raises(WarehouseError) as raised:
            list(warehouse.batches("SELECT CAST(v AS integer) FROM public.texts", 10))
        assert raised.value.code == "postgres-error"
        assert SECRET not in shown(raised.value)
        assert "integer" in raised.value.context["reason"]

    def test_stream_of_a_missing_table(self, warehouse):
        with pytest.raises(WarehouseError) as raised:
            list(warehouse.batches("SELECT * FROM nowhere", 10))
        assert raised.value.code == "relation-not-found"

    def test_table_of_another_database_is_missing(self, warehouse):
        assert warehouse.columns('"nowhere"."marts"."users"') is None

    @pytest.mark.parametrize("statement", ["ALTER TABLE t ALTER COLUMN a TYPE bigint", "DROP TABLE t"])
    def test_what_depends_on_a_table_of_ours_is_told(self, warehouse, statement):
        warehouse.execute("CREATE TABLE public.t (a integer)")
        warehouse.execute("CREATE VIEW public.dashboard AS SELECT a FROM public.t")
        with pytest.raises(WarehouseError) as raised:
            warehouse.execute(statement.replace(" t", " public.t"))
        assert raised.value.code == "postgres-error"
        assert "dashboard" in raised.value.context["reason"]
        assert raised.value.hint.startswith("Drop what depends on our table")

    def test_stream_is_never_read_ahead(self, warehouse):
        """A result that has no end gives its first rows, and lets itself be broken off."""
        endless = "generate_series(1, 100000) a, generate_series(1, 100000) b"
        batches = warehouse.batches(f"SELECT a, repeat('x', 1000) AS text FROM {endless}", 1000)
        assert next(batches).num_rows == 1000
        batches.close()
        assert warehouse.query("SELECT 1") == [(1,)]

    def test_long_names_of_tables_stay_apart(self, warehouse):
        names = [warehouse.table("s", "x" * 63 + end) for end in ("", "a", "b")]
        assert len(set(names)) == 3
        assert all(len(name.split(".")[1]) <= 65 for name in names)

    def test_statements_of_a_run_can_be_told_in_the_servers_own_view(self, server, warehouse):
        from reverse_etl.warehouses.mark import Mark

        with warehouse.session(Mark("a1b2", "users", "plan")):
            told = warehouse.query("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            assert "/* reverse_etl invocation=a1b2 sync=users step=plan */ SELECT query" in told[0][0]
