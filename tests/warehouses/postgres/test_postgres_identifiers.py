"""The warehouse contract on postgres: each type as the identifier of each object."""

from __future__ import annotations

from typing import ClassVar

from reverse_etl.destinations.iterable.identity import EMAIL
from reverse_etl.warehouses.postgres.dialect import PostgresDialect
from tests.contracts.identifier_types import HELD, REFUSED, IdentifierTypesContract
from tests.warehouses.postgres.on_postgres import OnPostgres


class TestIdentifierTypes(OnPostgres, IdentifierTypesContract):
    IDENTIFIERS: ClassVar = {
        "plain_text": ("CAST('jo' AS text)", "jo"),
        "varchar": ("CAST('jo' AS varchar(9))", "jo"),
        "null_text": ("CAST(NULL AS text)", None),
        "uuid": ("CAST('00000000-0000-0000-0000-00000000000a' AS uuid)", "00000000-0000-0000-0000-00000000000a"),
        "small": ("CAST(101 AS smallint)", "101"),
        "whole": ("CAST(101 AS bigint)", "101"),
        "numeric_0": ("CAST(101 AS numeric(10,0))", "101"),
        "numeric_whole": ("CAST(101 AS numeric(10,2))", "101"),
        "numeric_part": ("CAST(101.5 AS numeric(10,2))", HELD),
        "numeric_free": ("CAST(101.00 AS numeric)", "101"),
        "numeric_nan": ("CAST('NaN' AS numeric)", HELD),
        "numeric_null": ("CAST(NULL AS numeric(10,2))", None),
        "double_whole": ("CAST(101 AS double precision)", "101"),
        "double_large": ("CAST(1e15 AS double precision)", "1000000000000000"),
        "double_part": ("CAST(0.5 AS double precision)", HELD),
        "double_inexact": ("CAST(1e17 AS double precision)", HELD),
        "nan": ("CAST('NaN' AS double precision)", HELD),
        "infinite": ("CAST('Infinity' AS double precision)", HELD),
        "real_whole": ("CAST(7 AS real)", "7"),
        "real_inexact": ("CAST(-16777216 AS real)", HELD),
        "real_largest": ("CAST(16777215 AS real)", "16777215"),
        "json_string": ("CAST('\"jo\"' AS json)", "jo"),
        "json_quotes": ('CAST(\'"j\\"o"\' AS json)', 'j"o'),
        "json_whole": ("CAST('101' AS json)", "101"),
        "json_zeros": ("CAST(' 101.0 ' AS json)", "101"),
        "json_part": ("CAST('101.5' AS json)", HELD),
        "json_null": ("CAST('null' AS json)", None),
        "json_true": ("CAST('true' AS json)", HELD),
        "json_object": ("CAST('{\"a\": 1}' AS json)", HELD),
        "json_array": ("CAST('[1]' AS json)", HELD),
        "jsonb_string": ("CAST('\"jo\"' AS jsonb)", "jo"),
        "jsonb_quotes": ('CAST(\'"j\\"o"\' AS jsonb)', 'j"o'),
        "jsonb_whole": ("CAST('101' AS jsonb)", "101"),
        "jsonb_zeros": ("CAST(' 101.0 ' AS jsonb)", "101"),
        "jsonb_part": ("CAST('101.5' AS jsonb)", HELD),
        "jsonb_null": ("CAST('null' AS jsonb)", None),
        "jsonb_true": ("CAST('true' AS jsonb)", HELD),
        "jsonb_object": ("CAST('{\"a\": 1}' AS jsonb)", HELD),
        "jsonb_array": ("CAST('[1]' AS jsonb)", HELD),
        "json_nul": ("CAST('\"a\\u0000\"' AS json)", HELD),
        "json_inside": ("CAST('{\"email\": \"jo\"}' AS jsonb)->'email'", "jo"),
        "boolean": ("true", REFUSED),
        "date": ("DATE '2026-01-01'", REFUSED),
        "time": ("TIME '10:00:00'", REFUSED),
        "timestamp": ("TIMESTAMP '2026-01-01'", REFUSED),
        "zoned": ("TIMESTAMPTZ '2026-01-01 00:00:00+00'", REFUSED),
        "list": ("ARRAY['a']", REFUSED),
        "bytes": ("CAST('a' AS bytea)", REFUSED),
        "interval": ("INTERVAL '1 day'", REFUSED),
    }


class TestEncodings(OnPostgres):
    def test_addresses_of_a_database_whose_encoding_lacks_the_letters_in_question(self, server):
        server.run("DROP DATABASE IF EXISTS latin")
        server.run("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        dialect = PostgresDialect()
        lowered = dialect.lower("t")
        rows = server.run(
            f"SELECT {lowered}, {dialect.matches(lowered, EMAIL)} FROM (VALUES ('Jo@x.com'), ('mailto:a@b.com')) v(t)",
            database="latin",
        )
        assert rows == [("jo@x.com", True), ("mailto:a@b.com", False)]
        server.run("DROP DATABASE latin")
