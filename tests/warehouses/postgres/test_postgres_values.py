"""Postgres's values: what of a type, a collation or a session's habits makes a change, and what arrives of it."""

from __future__ import annotations

import psycopg
import pytest

from reverse_etl.destinations.iterable.fields.column_values import convert_column
from reverse_etl.destinations.operation import Unsendable
from reverse_etl.errors import WarehouseError
from reverse_etl.sync import Field
from reverse_etl.warehouses.columns import ColumnKind
from reverse_etl.warehouses.postgres.errors import ServerMessage, StatementRefused
from reverse_etl.warehouses.postgres.streaming import Stream
from tests.contracts.sync_harness import MODEL_SCHEMA, SyncHarness
from tests.warehouses.postgres.on_postgres import OnPostgres, known, lacks
from tests.warehouses.postgres.postgres_types import EXTENDED, MAKE, REFUSED, TYPES

HABITS = {
    "TimeZone": "America/New_York",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-10",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "search_path": "nowhere",
    "quote_all_identifiers": "on",
    "lc_numeric": "C",
}

# What parts are made of; a name, a domain and an enum are of types that `odd` has.
PARTS = (
    "TIMESTAMP '2026-01-01 10:00:00.5'",
    "TIMESTAMPTZ '1969-12-31 23:59:59.9+02'",
    "DATE '2026-02-03'",
    "TIME '10:00'",
    "TIME '10:00:00.25'",
    "'10:00:00+02'::timetz",
    "'NaN'::float8",
    "10::float8",
    "1e20::float8",
    "'-0'::float8",
    "0.1::real",
    "100::real",
    "5::numeric",
    "5.00::numeric",
    "'NaN'::numeric",
    "5::numeric(10,2)",
    "'NaN'::numeric(5,0)",
    "5::numeric(60,30)",
    "9007199254740993::numeric(20,2)",
    "9007199254740993.00::numeric",
    "'12.00'::money",
    "9223372036854775807::bigint",
    "4294967295::oid",
    "'a'::char(5)",
    "'NaN'::varchar",
    "'2026-01-01T10:00:00'::text",
    "'a'::name",
    "'7F1B6E0C-0000-4000-8000-000000000001'::uuid",
    "'10.0.0.1'::inet",
    "'<a/>'::xml",
    """'{"a": [5.0, "NaN"]}'::jsonb""",
    "true",
    "'it''s'::odd.\"Mixed enum\"",
    "5::odd.small_score",
    "(1, 'x')::odd.\"Pair\"",
)
# Numbers that are not taken back: infinite ones, and the smallest.
INEXACT = {"endless numeric", "negative zero"}


def arrived(harness: SyncHarness, name: str = "v"):
    """The value of the only row as it goes to Iterable."""
    layout = harness.layout()
    value = next(item for item in layout.values if item.field.path == name)
    [batch] = harness.warehouse.batches(f"SELECT {value.expression} AS v FROM {harness.relation}", 10)
    return convert_column(batch.column(0), as_json=value.json)[0]


def tabled(server, made: str) -> None:
    """The model of a harness."""
    server.run(f"CREATE SCHEMA {MODEL_SCHEMA}", f"CREATE TABLE {MODEL_SCHEMA}.users {made}")


class TestValues(OnPostgres):
    @pytest.mark.parametrize(
        ("value", "sent"),
        [
            ("1::numeric(18,0)", 1),
            ("(-7)::numeric(38,0)", -7),
            ("'NaN'::numeric(5,0)", None),
            ("1300::numeric(5,-2)", 1300),
            ("1.10::numeric(10,2)", 1.1),
            ("5::numeric", 5),
            ("5.0::numeric", 5.0),
            ("sum(9223372036854775807::bigint)", 9223372036854775807),
            ("avg(5::bigint)", 5.0),
            ("-0.5::numeric", -0.5),
            ("12345678901234567890.5::numeric", 12345678901234567890.5),
            ("5::numeric(60,30)", 5.0),
            ("7::numeric(60,0)", 7),
            ("'NaN'::numeric", None),
            ("'-Infinity'::numeric", None),
            ("'12.50'::money", 12.5),
            ("'$1,234.00'::money", 1234.0),
            ("'NaN'::float8", None),
            ("0.1::real", 0.1),
            ("100::real", 100.0),
            ("true", True),
            ("4294967295::oid", 4294967295),
            ("9223372036854775807", 9223372036854775807),
            ("'a '::char(5)", "a"),
            ("' a '::varchar", " a "),
            ("'it''s'::odd.\"Mixed enum\"", "it's"),
            ("5::odd.small_score", 5),
            ("'10.0.0.1'::inet", "10.0.0.1"),
            ("'10.0.0.0/8'::inet", "10.0.0.0/8"),
            ("'::1'::inet", "::1"),
            ("'10.0.0.1'::cidr", "10.0.0.1/32"),
            ("ARRAY['10.0.0.1', '10.0.0.0/8']::inet[]", ["10.0.0.1", "10.0.0.0/8"]),
            ("DATE '2026-02-03'", "2026-02-03"),
            ("TIMESTAMP '2026-02-03 10:00:00.9'", "2026-02-03 10:00:00 +00:00"),
            ("TIMESTAMPTZ '2026-02-03 10:00:00+02'", "2026-02-03 08:00:00 +00:00"),
            ("TIME '10:00:00'", "10:00:00.000000"),
            ("'10:00:00+02'::timetz", "10:00:00+02"),
            ("'7F1B6E0C-0000-4000-8000-000000000001'::uuid", "7f1b6e0c-0000-4000-8000-000000000001"),
            ("""'{"b": [1, null, 1.5], "a": "x"}'::json""", {"b": [1, None, 1.5], "a": "x"}),
            ("""'{"b": {}}'::jsonb""", {"b": {}}),
            ("ARRAY['a', NULL, 'b c']", ["a", None, "b c"]),
            ("'{}'::integer[]", []),
            ("ARRAY[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
            ("ARRAY[[[10, 0.5], ['NaN', NULL]]]::float8[]", [[[10.0, 0.5], [None, None]]]),
            ("ARRAY[0.5, 'NaN', 'Infinity', NULL]::float8[]", [0.5, None, None, None]),
            ("ARRAY[1.10, 'NaN']::numeric[]", [1.1, None]),
            ("ARRAY[true, NULL]", [True, None]),
            ("ARRAY['NaN', '2026-01-01T10:00:00']", ["NaN", "2026-01-01T10:00:00"]),
            ("ARRAY[DATE '2026-01-01']", ["2026-01-01"]),
            ("ARRAY[TIMESTAMP '2026-01-01 10:00:00.5']", ["2026-01-01 10:00:00 +00:00"]),
            ("ARRAY[TIMESTAMPTZ '2026-01-01 10:00:00+02']", ["2026-01-01 08:00:00 +00:00"]),
            ("ARRAY['it''s'::odd.\"Mixed enum\"]", ["it's"]),
            ("(1, 'x')::odd.\"Pair\"", {"number": 1, "odd name": "x"}),
            ("ARRAY[(NULL, 'x')::odd.\"Pair\"]", [{"number": None, "odd name": "x"}]),
        ],
    )
    def test_value_arrives_as_json(self, server, harness, value, sent):
        server.run(*MAKE)
        known(server, value)
        tabled(server, f"AS SELECT 'a@x.y'::text AS email, {value} AS v")
        found = arrived(harness)
        assert found == sent
        assert type(found) is type(sent)

    def test_parts_are_what_they_are_alone(self, server, harness):
        """In arrays of any depth, in composites, and in arrays of these."""
        server.run(*MAKE)
        values = [value for value in PARTS if not lacks(server, value)]
        alone = ", ".join(f"{value} AS c{n}" for n, value in enumerate(values))
        listed = ", ".join(f"ARRAY[a.c{n}, NULL] AS l{n}, ARRAY[[a.c{n}]] AS d{n}" for n in range(len(values)))
        rows = "a AS one, ARRAY[a, NULL] AS few, ARRAY[[a], [CAST(NULL AS marts.alone)]] AS deep"
        both = "ROW(ARRAY[a], a)::odd.holder AS both"
        server.run(
            "CREATE SCHEMA marts",
            f"CREATE TABLE marts.alone AS SELECT {alone}",
            "CREATE TYPE odd.holder AS (many marts.alone[], one marts.alone)",
        )
        tabled(server, f"AS SELECT 'a'::text AS email, a.*, {listed}, {rows}, {both} FROM marts.alone a")
        sent = {value.field.path: arrived(harness, value.field.path) for value in harness.layout().values}
        row = {f"c{n}": sent[f"c{n}"] for n in range(len(values))}
        for n, value in enumerate(values):
            assert repr(sent[f"l{n}"]) == repr([row[f"c{n}"], None]), value
            assert repr(sent[f"d{n}"]) == repr([[row[f"c{n}"]]]), value
        assert repr(sent["one"]) == repr(row)
        assert repr(sent["few"]) == repr([row, None])
        assert repr(sent["deep"]) == repr([[row], [None]])
        assert repr(sent["both"]) == repr({"many": [row], "one": row})

    @pytest.mark.parametrize("neighbour", ["r", "q", "m", "s", "t", "part", "value"])
    def test_parts_are_those_of_their_own_column(self, server, harness, neighbour):
        server.run(*MAKE)
        tabled(server, f"AS SELECT 'a@x.y'::text AS email, (1, 'x')::odd.\"Pair\" AS v, 0.1 AS {neighbour}")
        assert arrived(harness) == {"number": 1, "odd name": "x"}

    @pytest.mark.parametrize(
        "value", ["DATE 'infinity'", "TIMESTAMPTZ '0044-03-15 00:00+00 BC'", "TIME '24:00'", "1e40"]
    )
    @pytest.mark.parametrize("nested", ["ARRAY[a.v]", "a", "ARRAY[a]", "ARRAY[[[a]]]"])
    def test_part_that_has_no_form_holds_its_row_back(self, server, harness, value, nested):
        server.run("CREATE SCHEMA marts", f"CREATE TABLE marts.alone AS SELECT {value} AS v")
        tabled(server, f"AS SELECT 'a@x.y'::text AS email, {nested} AS v FROM marts.alone a")
        found = arrived(harness)
        assert isinstance(found, Unsendable)
        reason = "nested" if "[[[" in nested else "whole number" if value == "1e40" else "date or time"
        assert reason in found.reason

    @pytest.mark.parametrize(
        "value",
        [
            "1e400::numeric",
            "9223372036854775808::numeric",
            "9223372036854775808::numeric(50,0)",
            "DATE 'infinity'",
            "TIMESTAMP '-infinity'",
            "TIMESTAMPTZ 'infinity'",
            "DATE '0044-03-15 BC'",
            "TIME '24:00'",
        ],
    )
    def test_value_that_has_no_form_holds_its_row_back(self, server, harness, value):
        tabled(server, f"AS SELECT 'a@x.y'::text AS email, {value} AS v")
        assert isinstance(arrived(harness), Unsendable)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("1.0::numeric", "1.00"),
            ("'-0'::float8", "'0'"),
            ("'NaN'::real", "'NaN'"),
            ("'NaN'::numeric", "'NaN'"),
            ("100::numeric", "1e2"),
            ("'a'::char(4)", "'a  '"),
            ("'1'::money", "'1.00'"),
            ("TIMESTAMPTZ '2026-02-03 10:00:00+02'", "'2026-02-03 08:00:00+00'"),
        ],
    )
    def test_equal_values_are_no_change_and_have_equal_hashes(self, server, harness, first, second):
        tabled(server, f"AS SELECT 'a@x.y'::text AS email, {first} AS v")
        harness.run()
        value = harness.layout().values[0]
        hashed = (
            f"SELECT {harness.warehouse.dialect.row_hash([(value.expression, value.type)])} FROM {harness.relation}"
        )
        before = harness.warehouse.query(hashed)
        harness.sql(f"UPDATE {{model}} SET v = {second}")
        assert harness.warehouse.query(hashed) == before
        assert harness.counted() == {}

    @pytest.mark.parametrize("name", EXTENDED)
    def test_types_of_extensions(self, server, harness, name):
        extension, typed = name, EXTENDED[name]
        if not server.run(f"SELECT 1 FROM pg_available_extensions WHERE name = '{extension}'"):
            pytest.skip(f"this PostgreSQL has no {extension}")
        server.run("CREATE SCHEMA odd", f"CREATE EXTENSION {extension} SCHEMA odd")
        tabled(server, f"AS SELECT 'a@x.y'::text AS email, {typed.first} AS v")
        assert harness.warehouse.columns(harness.relation)[1].kind is typed.kind
        harness.run()
        for value in (typed.second, *typed.alike, "NULL"):
            harness.sql(f"UPDATE {{model}} SET v = {value}")
            assert harness.run().changed_fields == {"v": 1}, value
            assert harness.counted() == {}

    @pytest.mark.parametrize("type_name", REFUSED)
    def test_types_that_cannot_be_sent_are_known(self, server, warehouse, type_name):
        server.run("CREATE SCHEMA marts", f"CREATE TABLE marts.users (v {type_name}, a {type_name}[])")
        plain, array = warehouse.columns("marts.users")
        assert (plain.kind, plain.type) == (REFUSED[type_name], type_name)
        assert array.element is REFUSED[type_name]
        server.run(f"CREATE TYPE marts.pair AS (a integer, b {type_name}[])")
        server.run("CREATE TABLE marts.pairs (v marts.pair, a marts.pair[])")
        pair, pairs = warehouse.columns("marts.pairs")
        assert (pair.kind, pairs.element) == (ColumnKind.OTHER, ColumnKind.OTHER)

    @pytest.mark.parametrize("name", sorted(TYPES.keys() - INEXACT))
    def test_what_is_streamed_can_be_loaded_again(self, server, warehouse, name):
        typed = TYPES[name]
        server.run(*MAKE)
        known(server, typed.first)
        server.run("CREATE SCHEMA marts", f"CREATE TABLE marts.typed AS SELECT {typed.first} AS v")
        for value in (typed.second, "NULL"):
            server.run(f"INSERT INTO marts.typed SELECT {value}")
        [column] = warehouse.columns("marts.typed")
        kept = warehouse.dialect.stored_column(column)
        warehouse.execute(f"CREATE TABLE marts.kept AS SELECT {kept.expression} AS v FROM marts.typed")
        warehouse.execute(f"CREATE TABLE marts.loaded (v {warehouse.dialect.column_type(kept.type)})")
        rows = warehouse.batches("SELECT v FROM marts.kept", 2)
        assert warehouse.load("marts.loaded", {"v": kept.type}, rows) == 3
        different = "SELECT * FROM marts.kept EXCEPT ALL SELECT * FROM marts.loaded"
        assert warehouse.query(different) == []

    def test_key_may_be_of_any_type(self, server, harness):
        tabled(server, "(email text, id int4range, v text)")
        server.run(f"INSERT INTO {MODEL_SCHEMA}.users VALUES ('a@x.y', '[1,5)', 'x'), ('b@x.y', '[5,6)', 'x')")
        harness.primary_key, harness.fields = ("id",), (Field("v", "v"),)
        assert harness.run().kinds == {"added": 2}
        harness.sql("UPDATE {model} SET email = 'new@x.y' WHERE id = '[1,5)'")
        assert harness.counted() == {"added": 1, "removed": 1, "identity_changes": 1}

    def test_more_fields_than_a_function_takes(self, harness):
        names = [f"f{number}" for number in range(300)]
        harness.model({"email": "text", **dict.fromkeys(names, "integer")}, [("a@x.y", *range(300))])
        assert harness.run().kinds == {"added": 1}
        harness.sql("UPDATE {model} SET f7 = NULL, f299 = 0")
        assert harness.run().changed_fields == {"f7": 1, "f299": 1}
        assert harness.counted() == {}

    def test_letters_beyond_ascii_are_lowered_too(self, harness):
        harness.model({"email": "text"}, [("ÄRGER@X.Y",), ("INFO@x.y",)])
        assert harness.run().identities("added") == ["info@x.y", "ärger@x.y"]


class TestHabits(OnPostgres):
    @pytest.fixture
    def warehouse(self, server, reopen):
        """For a user whose sessions begin with every habit that could matter."""
        server.run(
            "CREATE ROLE odd LOGIN SUPERUSER PASSWORD 'hush-hush'",
            *(f"ALTER ROLE odd SET {name} = '{value}'" for name, value in HABITS.items()),
        )
        return reopen(user="odd")

    def test_session_does_not_matter(self, server, harness, reopen):
        columns = {
            "email": "text",
            "at": "timestamptz",
            "day": "date",
            "number": "double precision",
            "text": "text",
            "times": "timestamptz[]",
            "enum": 'odd."Mixed enum"',
        }
        server.run(*MAKE)
        harness.model(columns, [("a@x.y", "2026-07-01 10:00:00+00", "2026-02-03", 0.1 + 0.2, "back\\slash", None, "a")])
        harness.sql("UPDATE {model} SET times = ARRAY[TIMESTAMPTZ '2026-07-01 10:00:00+00']")
        assert arrived(harness, "at") == "2026-07-01 10:00:00 +00:00"
        assert arrived(harness, "times") == ["2026-07-01 10:00:00 +00:00"]
        assert arrived(harness, "number") == 0.1 + 0.2
        [row] = harness.run().rows
        assert row.values["text"] == "back\\slash"
        assert harness.counted() == {}
        plain = SyncHarness(reopen(user="owner"))
        assert plain.counted() == {}
        assert plain.warehouse.columns(plain.relation) == harness.warehouse.columns(harness.relation)

    def test_pool_that_refuses_a_sessions_settings_is_told_with_what_to_run(self, warehouse, monkeypatch):
        begin = Stream._open

        def refuse(stream):
            if "options=" in stream._conninfo:
                raise StatementRefused(
                    ServerMessage(
                        "", "connection to server failed: unsupported startup parameter", connection_lost=True
                    )
                )
            return begin(stream)

        monkeypatch.setattr(Stream, "_open", refuse)
        for _ in range(2):
            with pytest.raises(WarehouseError) as raised:
                list(warehouse.batches("SELECT 1 AS one", 10))
            assert raised.value.code == "postgres-error"
            assert "RESET quote_all_identifiers" in raised.value.context["reason"]

    def test_backslash_in_a_literal(self, warehouse):
        for text in ("back\\slash", "it's \\' ? %s", "nul\0", "\\"):
            literal = warehouse.dialect.literal(text)
            assert warehouse.query(f"SELECT {literal}, ?", (text,)) == [(text.replace("\0", "\ufffd"),) * 2]


class TestCollation(OnPostgres):
    @pytest.fixture
    def collations(self, server):
        server.run("CREATE SCHEMA odd")
        try:
            for name, level in (("no_case", "level2"), ("no_accent", "level1")):
                server.run(
                    f"CREATE COLLATION odd.{name} (provider = icu, locale = 'und-u-ks-{level}', deterministic = false)"
                )
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this PostgreSQL has no ICU")

    @pytest.mark.parametrize("collation", ["no_case", "no_accent"])
    def test_collation_hides_no_change(self, collations, harness, collation):
        harness.model(
            {"email": f"text COLLATE odd.{collation}", "v": f"text COLLATE odd.{collation}"}, [("a@x.y", "e")]
        )
        harness.run()
        harness.sql("UPDATE {model} SET v = 'E'")
        assert harness.run().changed_fields == {"v": 1}
        harness.sql("UPDATE {model} SET v = 'É'")
        assert harness.run().changed_fields == {"v": 1}
        assert harness.counted() == {}

    def test_collated_keys_and_identities_are_compared_exactly(self, collations, harness):
        harness.primary_key = ("id",)
        columns = {"email": "text COLLATE odd.no_accent", "id": "varchar COLLATE odd.no_case"}
        harness.model(columns, [("a@x.y", "k"), ("á@x.y", "K")])
        assert harness.run().kinds == {"added": 2}
        assert harness.counted() == {}

    def test_pattern_is_that_of_bytes(self, collations, harness):
        harness.model({"email": "text COLLATE odd.no_case"}, [("NO@ONE",), ("not an address",)])
        assert harness.read_status().counts.invalid == {"invalid-email": 2}


class TestLocale(OnPostgres):
    """In a database where the small letter of I is another one, and numbers and words have other forms."""

    @pytest.fixture
    def warehouse(self, server, reopen):
        try:
            server.run("CREATE DATABASE turkish TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'")
        except (psycopg.errors.SyntaxError, psycopg.errors.FeatureNotSupported) as error:
            pytest.skip(f"this PostgreSQL: {error.diag.message_primary}")
        yield (opened := reopen(dbname="turkish"))
        opened.close()
        server.run("DROP DATABASE turkish WITH (FORCE)")

    def test_locale_and_number_format_do_not_matter(self, harness):
        columns = {"email": "text", "name": "text", "spent": "numeric", "paid": "money", "at": "timestamptz"}
        harness.model(columns, [("INFO@SHOP.COM", "I", "1234.5", "$1,234.50", "2026-02-03 10:00:00+00")])
        assert harness.warehouse.query("SELECT lower('I')") == [("\u0131",)]
        assert harness.run().identities("added") == ["info@shop.com"]
        found = [arrived(harness, name) for name in ("name", "spent", "paid", "at")]
        assert found == ["I", 1234.5, 1234.5, "2026-02-03 10:00:00 +00:00"]
        harness.sql("UPDATE {model} SET name = 'i'")
        assert harness.run().changed_fields == {"name": 1}
        assert harness.counted() == {}
