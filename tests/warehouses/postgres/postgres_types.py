"""Postgres's types, each with values that differ and values that are easily confused."""

from __future__ import annotations

from dataclasses import replace

from reverse_etl.warehouses.columns import ColumnKind as K
from tests.contracts.warehouse import Typed

UUID = "CAST('7f1b6e0c-0000-4000-8000-00000000000{}' AS uuid)"
_TYPES = {
    "text": Typed("'a'::text", "'A'", K.TEXT, ("''", "' '", "'NULL'", "'='", "E'a\\n'", "'a '")),
    "varchar": Typed("'a'::varchar(4)", "'a '", K.TEXT, ("''",)),
    "char": Typed("'a'::char(4)", "'A'", K.TEXT, ("''",)),
    "one char": Typed("'a'::\"char\"", "'A'", K.TEXT),
    "name": Typed("'a'::name", "'A'", K.TEXT),
    "enum": Typed("'a'::odd.\"Mixed enum\"", "'it''s'", K.TEXT),
    "xml": Typed("'<a/>'::xml", "'<a></a>'", K.TEXT),
    "inet": Typed("'10.0.0.1'::inet", "'10.0.0.1/8'", K.TEXT),
    "cidr": Typed("'10.0.0.0/8'::cidr", "'10.0.0.0/9'", K.TEXT),
    "macaddr": Typed("'08:00:2b:01:02:03'::macaddr", "'08:00:2b:01:02:04'", K.TEXT),
    "domain of text": Typed("'a'::odd.address", "'A'", K.TEXT, ("''",)),
    "domain of a domain": Typed("5::odd.small_score", "6", K.INTEGER),
    "smallint": Typed("1::smallint", "-1", K.INTEGER, ("0",)),
    "integer": Typed("1", "2", K.INTEGER, ("0", "-1", "-2")),
    "bigint": Typed("9223372036854775807", "9223372036854775806", K.INTEGER, ("0", "4294967297", "1", "4294967296")),
    "oid": Typed("1::oid", "4294967295::oid", K.INTEGER),
    "whole numeric": Typed("1::numeric(38,0)", "-1", K.INTEGER, ("99999999999999999999999999999999999999", "'NaN'")),
    "rounded numeric": Typed("1200::numeric(5,-2)", "1300", K.INTEGER),
    "numeric with a scale": Typed("1.10::numeric(10,2)", "1.11", K.DECIMAL, ("0", "-0.01", "0.01", "-1.10", "'NaN'")),
    "numeric": Typed("1.10::numeric", "1.1000000000000000000000000001", K.NUMBER, ("0", "100", "-1.1", "'NaN'")),
    "sum of whole numbers": Typed("5::numeric", "12345678901234567890", K.NUMBER, ("12345678901234567891",)),
    "endless numeric": Typed("'Infinity'::numeric", "'-Infinity'", K.NUMBER, ("1e400", "1e-400", "'NaN'")),
    "money": Typed("'1.10'::money", "'-1.10'", K.DECIMAL),
    "real": Typed("0.1::real", "0.2::real", K.FLOAT, ("0", "'NaN'")),
    "double": Typed("0.1::float8", "0.30000000000000004::float8", K.FLOAT, ("0.3", "0")),
    "nan": Typed("'NaN'::float8", "'Infinity'", K.FLOAT, ("'-Infinity'", "0")),
    "negative zero": Typed("'-0'::float8", "'5e-324'", K.FLOAT),
    "boolean": Typed("true", "false", K.BOOLEAN),
    "date": Typed("DATE '2026-01-01'", "DATE '0001-01-01'", K.DATE, ("'1970-01-01'", "'infinity'", "'4713-01-01 BC'")),
    "time": Typed("TIME '10:00:00.000001'", "TIME '10:00:00'", K.TIME, ("'00:00:00'", "'24:00:00'")),
    "timetz": Typed("'10:00:00+02'::timetz", "'08:00:00+00'", K.TIME),
    "timestamp": Typed(
        "TIMESTAMP '2026-01-01 10:00:00.000001'",
        "'1969-12-31 23:59:59.999999'",
        K.TIMESTAMP,
        ("'infinity'", "'-infinity'", "'294276-12-31'"),
    ),
    "timestamp of seconds": Typed("'2026-01-01 10:00:00'::timestamp(0)", "'2026-01-01 10:00:01'", K.TIMESTAMP),
    "timestamptz": Typed(
        "TIMESTAMPTZ '2026-01-01 10:00:00+02'", "'2026-01-01 10:00:00+01'", K.TIMESTAMP, ("'infinity'",)
    ),
    "timestamptz of seconds": Typed(
        "'2026-01-01 10:00:00+02'::timestamptz(0)", "'2026-01-01 10:00:00+01'", K.TIMESTAMP
    ),
    "uuid": Typed(UUID.format(1), UUID.format(2), K.UUID),
    "json": Typed("""'{"a": [1, null]}'::json""", """'{"a": [1]}'""", K.JSON, ("'null'", "'{}'", "'[]'", "'\"\"'")),
    "jsonb": Typed("""'{"a": [1, null]}'::jsonb""", """'{"a": [1]}'""", K.JSON, ("'null'", "'{}'", "'[]'", "'\"\"'")),
    "array": Typed("ARRAY['a', NULL]", "ARRAY[NULL, 'a']", K.ARRAY, ("'{}'", "'{NULL}'", "'{\"\"}'", "'{\"NULL\"}'")),
    "array of arrays": Typed("ARRAY[[1, 2], [3, 4]]", "ARRAY[1, 2, 3, 4]", K.ARRAY, ("ARRAY[[1, 2, 3, 4]]", "'{}'")),
    "array of numbers": Typed("ARRAY[0.1, NULL]::float8[]", "ARRAY[0.1]::float8[]", K.ARRAY, ("'{NaN}'", "'{}'")),
    "array of times": Typed("ARRAY[TIMESTAMP '2026-01-01 10:00']", "ARRAY[TIMESTAMP '2026-01-01 11:00']", K.ARRAY),
    "array of domains": Typed("ARRAY['a'::odd.address]", "ARRAY['A'::odd.address]", K.ARRAY),
    "array of composites": Typed("ARRAY[(1, 'x')::odd.\"Pair\"]", "ARRAY[(1, 'y')::odd.\"Pair\"]", K.ARRAY, ("'{}'",)),
    "composite of times and floats": Typed(
        "(TIMESTAMPTZ '2026-01-01 10:00:00.5+02', ARRAY[10, 'NaN']::float8[])::odd.\"Seen\"",
        '(NULL, NULL)::odd."Seen"',
        K.OBJECT,
        ("('infinity', '{}')::odd.\"Seen\"",),
    ),
    "composite": Typed("(1, 'x')::odd.\"Pair\"", "(NULL, 'x')::odd.\"Pair\"", K.OBJECT, ('(NULL, NULL)::odd."Pair"',)),
}
# What Iterable receives of the two values of each.
HELD = "unsendable-value"
SENT = {
    **dict.fromkeys(("text", "one char", "name", "domain of text", "char"), ("a", "A")),
    "varchar": ("a", "a "),
    "enum": ("a", "it's"),
    "xml": ("<a/>", "<a></a>"),
    "inet": ("10.0.0.1", "10.0.0.1/8"),
    "cidr": ("10.0.0.0/8", "10.0.0.0/9"),
    "macaddr": ("08:00:2b:01:02:03", "08:00:2b:01:02:04"),
    "domain of a domain": (5, 6),
    "smallint": (1, -1),
    "integer": (1, 2),
    "bigint": (9223372036854775807, 9223372036854775806),
    "oid": (1, 4294967295),
    "whole numeric": (1, -1),
    "rounded numeric": (1200, 1300),
    "numeric with a scale": (1.1, 1.11),
    "numeric": (1.1, 1.1),
    "sum of whole numbers": (5, HELD),
    "endless numeric": (None, None),
    "money": (1.1, -1.1),
    "real": (0.1, 0.2),
    "double": (0.1, 0.30000000000000004),
    "nan": (None, None),
    "negative zero": (-0.0, 5e-324),
    "boolean": (True, False),
    "date": ("2026-01-01", "0001-01-01"),
    "time": ("10:00:00.000001", "10:00:00.000000"),
    "timetz": ("10:00:00+02", "08:00:00+00"),
    "timestamp": ("2026-01-01 10:00:00 +00:00", "1969-12-31 23:59:59 +00:00"),
    "timestamp of seconds": ("2026-01-01 10:00:00 +00:00", "2026-01-01 10:00:01 +00:00"),
    **dict.fromkeys(
        ("timestamptz", "timestamptz of seconds"), ("2026-01-01 08:00:00 +00:00", "2026-01-01 09:00:00 +00:00")
    ),
    "uuid": tuple(f"7f1b6e0c-0000-4000-8000-00000000000{n}" for n in (1, 2)),
    **dict.fromkeys(("json", "jsonb"), ({"a": [1, None]}, {"a": [1]})),
    "array": (["a", None], [None, "a"]),
    "array of arrays": ([[1, 2], [3, 4]], [1, 2, 3, 4]),
    "array of numbers": ([0.1, None], [0.1]),
    "array of times": (["2026-01-01 10:00:00 +00:00"], ["2026-01-01 11:00:00 +00:00"]),
    "array of domains": (["a"], ["A"]),
    "array of composites": ([{"number": 1, "odd name": "x"}], [{"number": 1, "odd name": "y"}]),
    "composite": ({"number": 1, "odd name": "x"}, {"number": None, "odd name": "x"}),
    "composite of times and floats": (
        {"at": "2026-01-01 08:00:00 +00:00", "readings": [10.0, None]},
        {"at": None, "readings": None},
    ),
}
TYPES = {name: replace(typed, sent=SENT[name]) for name, typed in _TYPES.items()}
EXTENDED = {
    "citext": Typed("'a'::odd.citext", "'A'", K.TEXT, ("''",)),
    "hstore": Typed("'a=>1'::odd.hstore", "'a=>NULL'", K.OBJECT, ("''", "'b=>1'")),
}
# What cannot go to Iterable, by what it holds.
REFUSED = {
    "bytea": K.BINARY,
    "bit(3)": K.BINARY,
    "bit varying": K.BINARY,
    "interval": K.INTERVAL,
    "int4range": K.OTHER,
    "tstzrange": K.OTHER,
    "tsvector": K.OTHER,
    "point": K.OTHER,
    "polygon": K.OTHER,
    "pg_lsn": K.OTHER,
    "int2vector": K.OTHER,
}
# Types that `odd` has of its own.
MAKE = (
    "CREATE SCHEMA odd",
    "CREATE TYPE odd.\"Mixed enum\" AS ENUM ('a', 'it''s')",
    'CREATE TYPE odd."Pair" AS (number integer, "odd name" text)',
    'CREATE TYPE odd."Seen" AS (at timestamptz, readings float8[])',
    "CREATE DOMAIN odd.address AS varchar(40)",
    "CREATE DOMAIN odd.score AS integer CHECK (VALUE >= 0)",
    "CREATE DOMAIN odd.small_score AS odd.score CHECK (VALUE < 100)",
)
# Values of such types.
UNSENDABLE = {
    "bytea": r"'\x00ff'::bytea",
    "Odd byteas": r"ARRAY['\x00ff']::bytea[]",
    "bit": "B'101'",
    "interval": "interval '90 minutes'",
    "range": "int4range(1, 5)",
    "several": "ARRAY[int4range(1, 5)]",
    "words": "to_tsvector('simple', 'a b')",
    "point": "point(1, 2)",
}
