"""The warehouse contract on Snowflake's real connector and a local server, and what is Snowflake's own."""

from __future__ import annotations

import math
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses.columns import ColumnKind as K
from reverse_etl.warehouses.snowflake.errors import ServerMessage, refusal
from reverse_etl.warehouses.snowflake.profile import read_options
from reverse_etl.warehouses.snowflake.types import column_of, stored_column
from tests.contracts.change_detection import ChangeDetectionContract, KeysContract
from tests.contracts.commits import CommitsContract
from tests.contracts.definition_changes import DefinitionChangesContract
from tests.contracts.leases import LeasesContract
from tests.contracts.quarantine import QuarantineContract
from tests.contracts.row_identity import RowIdentityContract
from tests.contracts.table_versions import TableVersionsContract
from tests.contracts.text_samples import TextSamplesContract
from tests.contracts.warehouse import SCHEMA, AdapterContract
from tests.emulators.processes import served
from tests.warehouses.snowflake.on_snowflake import SERVER, OnEmulator, emulator_python, local

NTZ = "TIMESTAMP_NTZ(9)"


class TestAdapter(OnEmulator, AdapterContract):
    pass


class TestComparing(OnEmulator, ChangeDetectionContract):
    pass


class TestKeys(OnEmulator, KeysContract):
    pass


class TestIdentifying(OnEmulator, RowIdentityContract):
    pass


class TestMapping(OnEmulator, DefinitionChangesContract):
    pass


class TestCommitting(OnEmulator, CommitsContract):
    pass


class TestHolding(OnEmulator, QuarantineContract):
    pass


class TestLeasing(OnEmulator, LeasesContract):
    pass


class TestSampling(OnEmulator, TextSamplesContract):
    pass


class TestVersions(OnEmulator, TableVersionsContract):
    pass


class TestNames(OnEmulator):
    def test_names_are_as_one_writes_them_without_quotes(self, warehouse):
        warehouse.create_schema("marts")
        named = 'email VARCHAR, "lower" VARCHAR, "Mixed" VARCHAR, "with blank" VARCHAR'
        warehouse.execute(f"CREATE TABLE marts.Users ({named})")
        relation = warehouse.table("marts", "users")
        assert relation.endswith('."MARTS"."USERS"')
        names = [column.name for column in warehouse.columns("marts.users")]
        assert names == ["email", "LOWER", "Mixed", "with blank"]
        quoted = ", ".join(map(warehouse.dialect.quote, names))
        warehouse.execute(f"INSERT INTO marts.users ({quoted}) VALUES ('a', 'b', 'c', 'd')")
        (batch,) = warehouse.batches(f"SELECT * FROM {relation}", 10)
        assert batch.to_pylist() == [{"email": "a", "LOWER": "b", "Mixed": "c", "with blank": "d"}]

    def test_schema_of_our_tables_may_be_written_in_any_letter_case(self, warehouse):
        for schema in ("reverse_etl", "REVERSE_ETL", "Reverse_Etl"):
            assert '."REVERSE_ETL"."SYNC_RUNS"' in warehouse.table(schema, "sync_runs")
        assert '."my schema"."SYNC_RUNS"' in warehouse.table("my schema", "sync_runs")

    def test_plan_is_transient_and_keeps_no_history(self, warehouse):
        made = warehouse.dialect.create_plan("t", "SELECT 1 AS a")
        assert made.startswith("CREATE TRANSIENT TABLE t DATA_RETENTION_TIME_IN_DAYS = 0 ")


class TestLoading(OnEmulator):
    def test_rows_are_loaded_with_the_types_of_their_columns(self, warehouse):
        import pyarrow as pa

        warehouse.create_schema(SCHEMA)
        table = warehouse.table(SCHEMA, "loaded")
        types = {"t": "VARCHAR", "n": "NUMBER(38,0)", "d": "NUMBER(10,2)", "f": "FLOAT", "b": "BOOLEAN", "w": NTZ}
        warehouse.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
        rows = [
            ("it's \\ ?", 7, Decimal("1.50"), 0.1, True, datetime(2026, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001  # without zone
            (None, None, None, math.inf, None, None),
        ]
        columns = [pa.array(column) for column in zip(*rows, strict=True)]
        assert warehouse.load(table, types, [pa.record_batch(columns, names=list(types))]) == 2
        assert warehouse.query(f"SELECT * FROM {table} ORDER BY n") == rows


def private_key() -> bytes:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*form, serialization.NoEncryption())


class TestConnecting(OnEmulator):
    def test_missing_driver_names_the_extra(self, warehouse, monkeypatch):
        monkeypatch.setitem(sys.modules, "snowflake.connector", None)
        with pytest.raises(ConfigError) as raised:
            warehouse.query("SELECT 1")
        assert raised.value.code == "missing-extra"
        assert "reverse-etl[snowflake]" in raised.value.hint

    @pytest.mark.parametrize(
        "signing",
        [
            {"authenticator": "oauth", "token": "t"},
            {"authenticator": "programmatic_access_token", "token": "t"},
            {"authenticator": "username_password_mfa", "password": "hush-hush"},
            {"private_key_path": "key.p8"},
            {"password": "hush-hush", "insecure_mode": True, "role": "r", "client_session_keep_alive": True},
        ],
        ids=lambda signing: " ".join(map(str, signing.values())),
    )
    @pytest.mark.filterwarnings("error")
    def test_connector_takes_each_way_to_sign_in(self, profile, reopen, tmp_path, signing):
        (tmp_path / "key.p8").write_bytes(private_key())
        del profile["password"]
        assert reopen(**signing).query("SELECT 1") == [(1,)]

    @pytest.mark.kills
    def test_lost_connection_is_told_and_begun_again(self, reopen):
        with served([emulator_python(), SERVER]) as (port, process):
            warehouse = reopen(**local(port), statement_timeout=3, login_timeout=3, connect_retries=0)
            warehouse.create_schema(SCHEMA)
            numbers = warehouse.table(SCHEMA, "numbers")
            warehouse.execute(f"CREATE TABLE {numbers} AS {self.SERIES}")
            process.kill()
            for work in (
                lambda: warehouse.query("SELECT 'secret value'"),
                lambda: warehouse.execute(f"DELETE FROM {numbers}"),
                lambda: list(warehouse.batches(f"SELECT * FROM {numbers}", 10)),
            ):
                with pytest.raises(WarehouseError) as raised:
                    work()
                assert raised.value.code in ("connection-lost", "database-not-opened")
                assert "hush" not in f"{raised.value.context}{raised.value.__cause__}"
                assert "secret value" not in f"{raised.value} {raised.value.context}"

    def test_server_that_is_not_there_is_tried_as_often_as_the_profile_says(self, reopen):
        warehouse = reopen(port=1, login_timeout=1, connect_timeout=0, connect_retries=1)
        with pytest.raises(WarehouseError) as raised:
            warehouse.query("SELECT 1")
        assert raised.value.code == "database-not-opened"
        assert raised.value.context["tries"] == 2
        assert "hush" not in str(raised.value.context)

    def test_stream_is_never_read_ahead(self, warehouse, monkeypatch):
        """A large result comes in pieces. The emulator has only one."""
        import pyarrow as pa
        import snowflake.connector as driver

        fetched = []

        def pieces(*_, **__):
            for number in range(50):
                fetched.append(number)
                yield pa.table({"A": [number] * 10})

        monkeypatch.setattr(driver.cursor.SnowflakeCursor, "fetch_arrow_batches", pieces)
        batches = warehouse.batches("SELECT 1 AS a", 5)
        for _ in range(3):
            assert next(batches).num_rows == 5
        assert fetched == [0, 1]
        batches.close()

    def test_whatever_the_connector_lets_through_is_told_without_its_words(self, warehouse, monkeypatch):
        """Such as a type that it does not know, in the middle of a stream."""
        import snowflake.connector as driver

        def pieces(*_, **__):
            raise TypeError("unknown Snowflake type in 'ann@example.com'")
            yield

        monkeypatch.setattr(driver.cursor.SnowflakeCursor, "fetch_arrow_batches", pieces)
        with pytest.raises(WarehouseError) as raised:
            list(warehouse.batches("SELECT 1 AS a", 10))
        assert raised.value.code == "snowflake-error"
        assert "TypeError" in raised.value.context["reason"]
        assert "ann@example.com" not in f"{raised.value} {raised.value.context} {raised.value.__cause__}"

    def test_errors_show_no_value_of_a_row(self, warehouse):
        warehouse.create_schema(SCHEMA)
        with pytest.raises(WarehouseError) as raised:
            warehouse.query("SELECT CAST(x AS INTEGER) FROM (VALUES ('ann@example.com')) t(x)")
        assert raised.value.code == "snowflake-error"
        assert "ann@example.com" not in f"{raised.value} {raised.value.context}"


ACCESS = read_options(
    {"account": "a_b", "user": "me", "password": "hush", "database": "db", "role": "sender"}, Path("/nowhere")
)


class TestRefusals:
    @pytest.mark.parametrize(
        ("said", "sql", "code", "hint"),
        [
            (
                ServerMessage(2003, "Object 'X' does not exist or not authorized."),
                "SELECT 1",
                "relation-not-found",
                "GRANT SELECT",
            ),
            (
                ServerMessage(3001, "Insufficient privileges to operate on schema 'REVERSE_ETL'."),
                "CREATE TABLE t (a INT)",
                "permission-denied",
                'GRANT USAGE, CREATE TABLE ON SCHEMA REVERSE_ETL TO ROLE "SENDER";',
            ),
            (
                ServerMessage(3001, "Insufficient privileges to operate on table 'SYNC_RUNS'"),
                "/* x */ UPDATE t SET a = 'secret'",
                "permission-denied",
                'GRANT SELECT, UPDATE ON TABLE SYNC_RUNS TO ROLE "SENDER";',
            ),
            (
                ServerMessage(3001, "Insufficient privileges to operate on table 'SNAPSHOT'"),
                "ALTER TABLE t ADD COLUMN a INT",
                "permission-denied",
                'GRANT OWNERSHIP ON TABLE SNAPSHOT TO ROLE "SENDER" COPY CURRENT GRANTS;',
            ),
            (
                ServerMessage(606, "No active warehouse selected"),
                "SELECT 1",
                "no-virtual-warehouse",
                "GRANT USAGE ON WAREHOUSE",
            ),
            (
                ServerMessage(630, "Statement reached its timeout"),
                "SELECT 1",
                "statement-cancelled",
                "STATEMENT_TIMEOUT",
            ),
            (ServerMessage(625, "has locked table 'LEASE'"), "UPDATE t", "statement-cancelled", "lock"),
            (ServerMessage(390112, "Your session has expired"), "SELECT 1", "connection-lost", "nothing is lost"),
            (ServerMessage(100035, "Row Values: [1, \"ann\"] and 'bob'"), "MERGE", "snowflake-error", "Snowsight"),
        ],
    )
    def test_each_refusal_says_what_to_do(self, said, sql, code, hint):
        error = refusal(said, sql, ACCESS)
        assert (error.code, hint in error.hint) == (code, True), error.hint
        assert "secret" not in f"{error} {error.context}"
        assert "ann" not in str(error.context)
        assert "bob" not in str(error.context)

    def test_secrets_are_struck_out_of_the_connectors_words(self):
        error = refusal(ServerMessage(100, "failed with password hush"), "SELECT 1", ACCESS)
        assert "hush" not in str(error.context)


class TestTypes:
    @pytest.mark.parametrize(
        ("type_name", "spelled", "kind", "element", "expression"),
        [
            ("VARCHAR(16777216)", "VARCHAR", K.TEXT, None, "c"),
            ("VARCHAR(134217728)", "VARCHAR", K.TEXT, None, "c"),
            ("VARCHAR(10) COLLATE 'en-ci'", "VARCHAR COLLATE 'en-ci'", K.TEXT, None, "COLLATE(c, '')"),
            ("NUMBER(38,0)", "NUMBER(38,0)", K.INTEGER, None, "c"),
            ("NUMBER(10,2)", "NUMBER(10,2)", K.DECIMAL, None, "c"),
            ("DECFLOAT(38)", "DECFLOAT(38)", K.DECIMAL, None, "CAST(c AS FLOAT)"),
            ("FLOAT", "FLOAT", K.FLOAT, None, "c"),
            ("BINARY(8388608)", "BINARY", K.BINARY, None, "c"),
            ("TIMESTAMP_LTZ(9)", "TIMESTAMP_LTZ(9)", K.TIMESTAMP, None, "c"),
            ("VARIANT", "VARIANT", K.JSON, None, "TO_JSON(c)"),
            ("OBJECT", "OBJECT", K.OBJECT, None, "TO_JSON(c)"),
            ("ARRAY", "ARRAY", K.ARRAY, None, "TO_JSON(c)"),
            ("ARRAY(NUMBER(38,0) NOT NULL)", None, K.ARRAY, K.INTEGER, "TO_JSON(CAST(c AS VARIANT))"),
            ("OBJECT(a NUMBER(38,0))", None, K.OBJECT, None, "TO_JSON(CAST(c AS VARIANT))"),
            ("MAP(VARCHAR(16777216), NUMBER(38,0))", None, K.OBJECT, None, "TO_JSON(CAST(c AS VARIANT))"),
            ("VECTOR(FLOAT, 3)", None, K.ARRAY, K.FLOAT, "TO_JSON(CAST(c AS ARRAY))"),
            ("VECTOR(INT, 3)", None, K.ARRAY, K.INTEGER, "TO_JSON(CAST(c AS ARRAY))"),
            ("GEOMETRY", None, K.OBJECT, None, "TO_JSON(ST_ASGEOJSON(c))"),
            ("UUID", None, K.UUID, None, "CAST(c AS VARCHAR)"),
            ("INTERVAL DAY TO SECOND", None, K.INTERVAL, None, "CAST(c AS VARCHAR)"),
            ("FILE", None, K.OTHER, None, "c"),
        ],
    )
    def test_kinds_of_types_and_how_they_are_kept(self, type_name, spelled, kind, element, expression):
        column = column_of("C", type_name)
        assert (column.name, column.type, column.kind, column.element) == ("c", spelled or type_name, kind, element)
        assert stored_column(column, "c").expression == expression
        assert stored_column(column, "c").json is expression.startswith("TO_JSON")

    def test_point_on_the_earth_is_a_place_and_other_shapes_are_geojson(self):
        said = stored_column(column_of("C", "GEOGRAPHY"), "c").expression
        assert "OBJECT_CONSTRUCT('lat', GET(GET(ST_ASGEOJSON(c), 'coordinates'), 1), 'lon'" in said
        assert said.endswith("ELSE TO_JSON(ST_ASGEOJSON(c)) END")
