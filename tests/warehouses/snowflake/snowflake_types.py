"""Snowflake's types, each with values that differ and values that are easily confused."""

from __future__ import annotations

from reverse_etl.warehouses.columns import ColumnKind as K
from tests.contracts.warehouse import REFUSED, Typed

WIDE = "CAST({} AS NUMBER(38,2))"
TYPES = {
    "text": Typed("CAST('a' AS VARCHAR)", "'A'", K.TEXT, ("''", "' '", "'NULL'"), sent=("a", "A")),
    "integer": Typed("CAST(1 AS NUMBER(38,0))", "2", K.INTEGER, ("0", "-1", "-2"), sent=(1, 2)),
    "bigint": Typed(
        "9223372036854775807",
        "9223372036854775806",
        K.INTEGER,
        ("0", "-1"),
        sent=(9223372036854775807, 9223372036854775806),
    ),
    "decimal": Typed(
        "CAST(1.10 AS NUMBER(10,2))", "CAST(1.11 AS NUMBER(10,2))", K.DECIMAL, ("0", "-0.01"), sent=(1.1, 1.11)
    ),
    "wide decimal": Typed(
        WIDE.format("0"), WIDE.format("-0.01"), K.DECIMAL, ("0.01", "12345678901234567890.12"), sent=(0.0, -0.01)
    ),
    "float": Typed(
        "CAST(0.1 AS FLOAT)",
        "CAST(0.30000000000000004 AS FLOAT)",
        K.FLOAT,
        ("0.3", "0"),
        sent=(0.1, 0.30000000000000004),
    ),
    "nan": Typed(
        "CAST('nan' AS FLOAT)", "CAST('inf' AS FLOAT)", K.FLOAT, ("CAST('-inf' AS FLOAT)", "0"), sent=(None, None)
    ),
    "boolean": Typed("TRUE", "FALSE", K.BOOLEAN, sent=(True, False)),
    "date": Typed(
        "CAST('2026-01-01' AS DATE)",
        "CAST('0001-01-01' AS DATE)",
        K.DATE,
        ("CAST('1970-01-01' AS DATE)",),
        sent=("2026-01-01", "0001-01-01"),
    ),
    "time": Typed(
        "CAST('10:00:00.000001' AS TIME)",
        "CAST('10:00:00' AS TIME)",
        K.TIME,
        ("CAST('00:00:00' AS TIME)",),
        sent=("10:00:00.000001", "10:00:00.000000"),
    ),
    "timestamp_ntz": Typed(
        "CAST('2026-01-01 10:00:00.000001' AS TIMESTAMP_NTZ)",
        "CAST('1969-12-31 23:59:59.999999' AS TIMESTAMP_NTZ)",
        K.TIMESTAMP,
        sent=("2026-01-01 10:00:00 +00:00", "1969-12-31 23:59:59 +00:00"),
    ),
    "timestamp of a far year": Typed(
        "CAST('0001-01-01 00:00:00' AS TIMESTAMP_NTZ)",
        "CAST('9999-12-31 23:59:59' AS TIMESTAMP_NTZ)",
        K.TIMESTAMP,
        sent=("0001-01-01 00:00:00 +00:00", "9999-12-31 23:59:59 +00:00"),
    ),
    "timestamp_tz": Typed(
        "CAST('2026-01-01 10:00:00 +02:00' AS TIMESTAMP_TZ)",
        "CAST('2026-01-01 10:00:00 +01:00' AS TIMESTAMP_TZ)",
        K.TIMESTAMP,
        sent=("2026-01-01 08:00:00 +00:00", "2026-01-01 09:00:00 +00:00"),
    ),
    "timestamp_ltz": Typed(
        "CAST('2026-01-01 10:00:00' AS TIMESTAMP_LTZ)",
        "CAST('2026-01-01 10:00:01' AS TIMESTAMP_LTZ)",
        K.TIMESTAMP,
        sent=("2026-01-01 10:00:00 +00:00", "2026-01-01 10:00:01 +00:00"),
    ),
    "binary": Typed(
        "TO_BINARY('00ff', 'HEX')", "TO_BINARY('00fe', 'HEX')", K.BINARY, ("TO_BINARY('', 'HEX')",), sent=REFUSED
    ),
    "variant": Typed(
        """PARSE_JSON('{"a": [1, null]}')""",
        """PARSE_JSON('{"a": [1]}')""",
        K.JSON,
        ("PARSE_JSON('{}')", "PARSE_JSON('[]')"),
        sent=({"a": [1, None]}, {"a": [1]}),
    ),
    "object": Typed(
        "OBJECT_CONSTRUCT('a', 1)",
        "OBJECT_CONSTRUCT('a', 2)",
        K.OBJECT,
        ("OBJECT_CONSTRUCT()",),
        sent=({"a": 1}, {"a": 2}),
    ),
    "array": Typed(
        "CAST(PARSE_JSON('[\"a\", null]') AS ARRAY)",
        "CAST(PARSE_JSON('[null, \"a\"]') AS ARRAY)",
        K.ARRAY,
        ("CAST(PARSE_JSON('[]') AS ARRAY)", "CAST(PARSE_JSON('[null]') AS ARRAY)"),
        sent=(["a", None], [None, "a"]),
    ),
}
# What the emulator has no values of: only for accounts.
MORE_TYPES = {
    "decfloat": Typed(
        "CAST('1.5' AS DECFLOAT)",
        "CAST('1.25' AS DECFLOAT)",
        K.DECIMAL,
        ("CAST('1E300' AS DECFLOAT)",),
        sent=(1.5, 1.25),
    ),
    "number of 38 digits": Typed(
        "12345678901234567890123456789012345678",
        "0",
        K.INTEGER,
        ("-1", "18446744073709551616"),
        sent=("unsendable-value", 0),
    ),
    "nanoseconds": Typed(
        "CAST('2026-01-01 10:00:00.000000001' AS TIMESTAMP_NTZ(9))",
        "CAST('2026-01-01 10:00:00.000000002' AS TIMESTAMP_NTZ(9))",
        K.TIMESTAMP,
        sent=("2026-01-01 10:00:00 +00:00", "2026-01-01 10:00:00 +00:00"),
    ),
    "vector": Typed(
        "CAST([1.5, 2] AS VECTOR(FLOAT, 2))",
        "CAST([1.5, 3] AS VECTOR(FLOAT, 2))",
        K.ARRAY,
        sent=([1.5, 2.0], [1.5, 3.0]),
    ),
    "geography": Typed(
        "TO_GEOGRAPHY('POINT(1 2)')",
        "TO_GEOGRAPHY('POINT(2 1)')",
        K.OBJECT,
        sent=({"lat": 2, "lon": 1}, {"lat": 1, "lon": 2}),
    ),
    "geometry": Typed(
        "TO_GEOMETRY('POINT(1 2)')",
        "TO_GEOMETRY('LINESTRING(1 2, 3 4)')",
        K.OBJECT,
        sent=({"coordinates": [1, 2], "type": "Point"}, {"coordinates": [[1, 2], [3, 4]], "type": "LineString"}),
    ),
    "structured array": Typed(
        "CAST([1, 2] AS ARRAY(NUMBER(38,0)))", "CAST([12] AS ARRAY(NUMBER(38,0)))", K.ARRAY, sent=([1, 2], [12])
    ),
    "map": Typed(
        "CAST({'a': 1} AS MAP(VARCHAR, NUMBER(38,0)))",
        "CAST({'a': 2} AS MAP(VARCHAR, NUMBER(38,0)))",
        K.OBJECT,
        sent=({"a": 1}, {"a": 2}),
    ),
    "variant null": Typed("PARSE_JSON('null')", "PARSE_JSON('0')", K.JSON, sent=(None, 0)),
}
