"""What Snowflake may do to a run, through the real connector: refuse without a right, lose replies, be gone."""

from __future__ import annotations

import re
import threading

import pytest

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.run.runnable_sync import resolve_sync
from reverse_etl.snapshot.counting.changed_rows import read_changed_rows
from tests.contracts.change_detection import PEOPLE, ROWS
from tests.contracts.sent_values import DESTINATION
from tests.contracts.sync_harness import SyncHarness
from tests.warehouses.snowflake.on_snowflake import OnEmulator, local
from tests.warehouses.snowflake.snowflake_proxy import between, refused

# In the service's own words: docs.snowflake.com and its users' reports.
DENIED = "SQL access control error:\nInsufficient privileges to operate on {}"
UNSEEN = "SQL compilation error:\n{} does not exist or not authorized."
# A step of a run, and how its statement begins.
STEPS = {
    "reading": r"SELECT ordinal",
    "loading": r"INSERT INTO \S+SYNC_REJECTIONS",
    "committing": r"MERGE INTO",
}


class Behind(OnEmulator):
    """The local server, with a proxy before it."""

    @pytest.fixture
    def proxy(self, snowflake_port):
        with between(snowflake_port) as proxy:
            yield proxy

    # Seconds until a statement or a login is given up.
    wait = 600

    @pytest.fixture
    def profile(self, proxy):
        bounds = {"statement_timeout": self.wait, "login_timeout": self.wait, "connect_retries": 0}
        return local(proxy.port, role="sender", **bounds)


class TestRights(Behind):
    @pytest.mark.parametrize(
        ("statement", "words", "right", "grant"),
        [
            (
                r"CREATE SCHEMA",
                DENIED.format("database 'TEST'"),
                "CREATE SCHEMA on the database",
                r"GRANT OWNERSHIP ON SCHEMA \S+\"REVERSE_ETL_TEST_STATE\w*\" TO ROLE \"SENDER\";",
            ),
            (
                r"CREATE TABLE",
                DENIED.format("schema 'REVERSE_ETL_TEST_STATE'"),
                "USAGE, CREATE TABLE on the schema",
                'GRANT USAGE, CREATE TABLE ON SCHEMA REVERSE_ETL_TEST_STATE TO ROLE "SENDER";',
            ),
            (
                r"UPDATE",
                DENIED.format("table 'LEASE__USERS'"),
                "SELECT, UPDATE on the table",
                'GRANT SELECT, UPDATE ON TABLE LEASE__USERS TO ROLE "SENDER";',
            ),
            (
                r"MERGE",
                DENIED.format("table 'SNAPSHOT__USERS'"),
                "SELECT, INSERT, UPDATE on the table",
                'GRANT SELECT, INSERT, UPDATE ON TABLE SNAPSHOT__USERS TO ROLE "SENDER";',
            ),
        ],
        ids=lambda given: given if given in ("UPDATE", "MERGE") else None,
    )
    def test_missing_right_is_named_with_the_statement_and_the_grant(
        self, harness, proxy, statement, words, right, grant
    ):
        harness.model(PEOPLE, ROWS)
        proxy.before = lambda asked: refused(3001, words) if re.match(statement, asked.sql) else None
        with pytest.raises(WarehouseError) as raised:
            harness.run()
        error = raised.value
        assert (error.code, error.context["right"]) == ("permission-denied", right)
        assert re.search(grant, error.hint), error.hint
        assert re.match(statement, error.context["statement"].lstrip("`"))

    def test_model_that_may_not_be_seen_is_told_from_both_sides(self, harness, proxy):
        harness.model(PEOPLE, ROWS)
        unseen = refused(2003, UNSEEN.format(f"Table '{harness.relation}'"), "42S02")
        proxy.before = lambda asked: unseen if asked.sql.startswith("DESCRIBE") else None
        with pytest.raises(ConfigError) as raised:
            resolve_sync(harness.sync, DESTINATION, harness.warehouse)
        error = raised.value
        assert error.code == "missing-table"
        assert "does not exist in this target, or is not visible to this role" in error.message
        assert "dbt build --select users" in error.hint
        for part in (f"SELECT ON TABLE {harness.relation}", f"USAGE ON SCHEMA {harness.relation.rpartition('.')[0]}"):
            assert f'GRANT {part} TO ROLE "SENDER";' in error.hint


TEMPORARY = "CREATE OR REPLACE TEMPORARY TABLE"


class TestTemporaryTables(Behind):
    """What a comparison writes only for itself."""

    REFUSALS = (
        (3001, DENIED.format("schema 'MARTS'")),
        (2003, UNSEEN.format("Schema 'TEST.MARTS'")),
        (3, "SQL compilation error:\nDatabase is read only."),
    )

    @pytest.mark.parametrize(("number", "words"), REFUSALS, ids=["no right", "not seen", "read-only database"])
    @pytest.mark.parametrize("keys", [(), ("name",)], ids=["plain", "keyed"])
    def test_role_that_may_make_none_compares_without_them(self, harness, proxy, number, words, keys):
        harness.primary_key = keys
        harness.model(PEOPLE, ROWS[:2])
        proxy.before = lambda asked: refused(number, words) if asked.sql.startswith(TEMPORARY) else None
        harness.run()
        assert {email: fields["points"] for email, fields in harness.sent.items()} == {"a@x.y": 1, "b@x.y": 2}
        assert harness.counted() == {}
        assert [asked for asked in proxy.asked if asked.sql.startswith(TEMPORARY)]

    def test_what_is_wrong_with_the_model_itself_is_told(self, harness, proxy):
        harness.model(PEOPLE, ROWS)
        unseen = refused(3001, DENIED.format("table 'USERS'"))
        proxy.before = lambda asked: unseen if "WITH model" in asked.sql else None
        with pytest.raises(WarehouseError) as raised:
            harness.read_status()
        assert (raised.value.code, raised.value.context["right"]) == ("permission-denied", "SELECT on the table")

    def test_command_that_only_looks_writes_nothing_else(self, harness, proxy, reopen):
        harness.model(PEOPLE, ROWS)
        harness.run()
        harness.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        proxy.asked.clear()
        store = SyncHarness(
            reopen(read_only=True, database=harness.warehouse.table("s", "t").split(".")[0].strip('"'))
        ).store()
        look = store.read_status()
        assert (look.counts.changed, len(read_changed_rows(store.warehouse, look.diff, 5))) == (1, 1)
        told = [asked.sql for asked in proxy.asked if asked.sql]
        assert all(sql.startswith(("SELECT", "WITH", "DESCRIBE", TEMPORARY)) for sql in told)
        assert len([sql for sql in told if sql.startswith(TEMPORARY)]) == 3
        assert not look.diff.writes_nothing

    def test_model_that_moves_during_a_comparison_plans_nobody_twice(self, harness, proxy, reopen):
        """A statement sees the model as it is when it begins."""
        harness.model(PEOPLE, ROWS)
        harness.run()
        harness.sql("UPDATE {model} SET points = 9 WHERE email = 'a@x.y'")
        gone = ROWS[1][0]
        harness.sql(f"DELETE FROM {{model}} WHERE email = '{gone}'")
        moves = ["a@x.y", gone]

        def move(asked):
            if asked.sql.startswith(TEMPORARY) and "_suspects" in asked.sql:
                while moves:
                    harness.sql(f"INSERT INTO {{model}} SELECT '{moves.pop()}' AS email, 'New' AS name, 5 AS points")

        ahead = SyncHarness(reopen(database=harness.warehouse.table("s", "t").split(".")[0].strip('"'))).store()
        proxy.before = move
        look = ahead.compare(None, resends=True)
        assert (look.counts.removed, look.counts.invalid) == (0, {"duplicate-key": 2})
        assert moves == []


class TestLosing(Behind):
    # The connector asks again until then.
    wait = 12

    @pytest.mark.parametrize(
        ("step", "done"),
        [("reading", True), ("loading", True), ("committing", True), ("committing", False)],
        ids=["while reading", "while loading", "once committed", "before it is committed"],
    )
    def test_connection_lost_in_the_middle_loses_nothing(self, harness, proxy, step, done):
        harness.model(PEOPLE, ROWS)
        hit = []

        def here(asked) -> bool:
            found = bool(re.match(STEPS[step], asked.sql))
            hit.extend([asked.sql] * found)
            return found

        setattr(proxy, "lose" if done else "gone", here)
        with pytest.raises(WarehouseError) as raised:
            harness.run()
        assert hit
        assert raised.value.code in ("connection-lost", "database-not-opened"), raised.value.context
        assert "hush-hush" not in f"{raised.value} {raised.value.context}"
        proxy.lose = proxy.gone = lambda asked: False
        harness.expire()
        harness.run()
        assert harness.lying_entries() == []
        assert set(harness.states().values()) == {"accepted"}
        assert harness.sent == {email: {"name": name, "points": points} for email, name, points in ROWS}
        assert harness.counted() == {}


class TestTwo(OnEmulator):
    def test_of_two_connections_at_once_one_gets_the_lease(self, reopen):
        harnesses = [SyncHarness(reopen()) for _ in range(2)]
        harnesses[0].model(PEOPLE, ROWS)
        harnesses[0].store().prepare_lease("lineage", "salt")
        begin = threading.Barrier(2)
        won: list[bool] = []

        def contend(harness: SyncHarness) -> None:
            lease = harness.lease()
            begin.wait()
            try:
                won.append(lease.acquire())
            except WarehouseError:
                won.append(False)  # DuckDB, in the emulator, refuses the second of two updates; Snowflake lets it wait

        threads = [threading.Thread(target=contend, args=(harness,)) for harness in harnesses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == [False, True]


class TestSigningIn(Behind):
    def test_session_is_told_what_texts_and_comparisons_depend_on(self, warehouse, proxy):
        warehouse.query("SELECT 1")
        [told] = [asked.login["SESSION_PARAMETERS"] for asked in proxy.asked if asked.login]
        expected = {
            "TIMEZONE": "UTC",
            "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
            "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF9",
            "TIMESTAMP_TZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM",
            "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
            "TIME_OUTPUT_FORMAT": "HH24:MI:SS.FF9",
            "BINARY_OUTPUT_FORMAT": "HEX",
            "STATEMENT_TIMEOUT_IN_SECONDS": str(self.wait),
            "LOCK_TIMEOUT": "600",
        }
        assert {name: str(told[name]) for name in expected} == expected
        assert str(told["ABORT_DETACHED_QUERY"]).lower() == "true"
        assert str(told["QUOTED_IDENTIFIERS_IGNORE_CASE"]).lower() == "false"

    @pytest.mark.parametrize(("fields", "tries"), [({}, 1), ({"retry_all": True}, 3)])
    def test_wrong_password_is_tried_once_and_never_told(self, reopen, proxy, fields, tries):
        words = "Incorrect username or password was specified: hush-\n  hush"
        proxy.before = lambda asked: refused(390100, words, "28000") if asked.login else None
        warehouse = reopen(password="hush- hush", connect_retries=2, **fields)
        with pytest.raises(WarehouseError) as raised:
            warehouse.query("SELECT 1")
        error = raised.value
        assert (error.code, error.context["tries"]) == ("database-not-opened", tries)
        assert len([asked for asked in proxy.asked if asked.login]) == tries
        assert "specified: …" in error.context["reason"]
        assert "hush" not in f"{error} {error.context} {error.__cause__}"
