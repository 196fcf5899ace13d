"""DuckDB's types, each with values that differ and values that are easily confused."""

from __future__ import annotations

from reverse_etl.warehouses.columns import ColumnKind as K
from tests.contracts.warehouse import Typed

WIDE = "{}::DECIMAL(38,2)"
TYPES = {
    "text": Typed("'a'", "'A'", K.TEXT, ("''", "' '", "'NULL'", "chr(0)"), sent=("a", "A")),
    "enum": Typed("CAST('a' AS ENUM('a', 'it''s'))", "CAST('it''s' AS ENUM('a', 'it''s'))", K.TEXT, sent=("a", "it's")),
    "tinyint": Typed("1::TINYINT", "-1::TINYINT", K.INTEGER, ("0",), sent=(1, -1)),
    "integer": Typed("1", "2", K.INTEGER, ("0", "-1", "-2"), sent=(1, 2)),
    "bigint": Typed(
        "9223372036854775807",
        "9223372036854775806",
        K.INTEGER,
        ("0", "-1"),
        sent=(9223372036854775807, 9223372036854775806),
    ),
    "ubigint": Typed("18446744073709551615", "0::UBIGINT", K.INTEGER, sent=("unsendable-value", 0)),
    "hugeint": Typed(
        "0::HUGEINT", "-1::HUGEINT", K.INTEGER, ("1", "-2", "18446744073709551616", "1::HUGEINT << 100"), sent=(0, -1)
    ),
    "uhugeint": Typed(
        "340282366920938463463374607431768211455::UHUGEINT",
        "5::UHUGEINT",
        K.INTEGER,
        ("0", "18446744073709551616"),
        sent=("unsendable-value", 5),
    ),
    "decimal": Typed("1.10::DECIMAL(10,2)", "1.11::DECIMAL(10,2)", K.DECIMAL, ("0", "-0.01"), sent=(1.1, 1.11)),
    "wide decimal": Typed(
        WIDE.format(0), WIDE.format(-0.01), K.DECIMAL, ("0.01", "-0.02", "12345678901234567890.12"), sent=(0.0, -0.01)
    ),
    "float": Typed("0.1::FLOAT", "0.2::FLOAT", K.FLOAT, ("0",), sent=(0.1, 0.2)),
    "double": Typed("0.1::DOUBLE", "0.30000000000000004::DOUBLE", K.FLOAT, ("0.3",), sent=(0.1, 0.30000000000000004)),
    "nan": Typed("'nan'::DOUBLE", "'inf'::DOUBLE", K.FLOAT, ("'-inf'", "0"), sent=(None, None)),
    "negative zero": Typed("-0.0::DOUBLE", "5e-324::DOUBLE", K.FLOAT, sent=(-0.0, 5e-324)),
    "boolean": Typed("true", "false", K.BOOLEAN, sent=(True, False)),
    "date": Typed(
        "DATE '2026-01-01'", "DATE '0001-01-01'", K.DATE, ("DATE '1970-01-01'",), sent=("2026-01-01", "0001-01-01")
    ),
    "time": Typed(
        "TIME '10:00:00.000001'",
        "TIME '10:00:00'",
        K.TIME,
        ("TIME '00:00:00'",),
        sent=("10:00:00.000001", "10:00:00.000000"),
    ),
    "timestamp": Typed(
        "TIMESTAMP '2026-01-01 10:00:00.000001'",
        "TIMESTAMP '1969-12-31 23:59:59.999999'",
        K.TIMESTAMP,
        sent=("2026-01-01 10:00:00 +00:00", "1969-12-31 23:59:59 +00:00"),
    ),
    "timestamp_ns": Typed(
        "TIMESTAMP_NS '2026-01-01 10:00:00.000000001'",
        "TIMESTAMP_NS '2026-01-01'",
        K.TIMESTAMP,
        sent=("2026-01-01 10:00:00 +00:00", "2026-01-01 00:00:00 +00:00"),
    ),
    "timestamptz": Typed(
        "TIMESTAMPTZ '2026-01-01 10:00:00+02'",
        "TIMESTAMPTZ '2026-01-01 10:00:00+01'",
        K.TIMESTAMP,
        sent=("2026-01-01 08:00:00 +00:00", "2026-01-01 09:00:00 +00:00"),
    ),
    "uuid": Typed(
        "'7f1b6e0c-0000-4000-8000-000000000001'::UUID",
        "'7f1b6e0c-0000-4000-8000-000000000002'",
        K.UUID,
        sent=("7f1b6e0c-0000-4000-8000-000000000001", "7f1b6e0c-0000-4000-8000-000000000002"),
    ),
    "json": Typed(
        """'{"a": [1, null]}'::JSON""",
        """'{"a": [1]}'::JSON""",
        K.JSON,
        ("'null'", "'{}'", "'[]'"),
        sent=({"a": [1, None]}, {"a": [1]}),
    ),
    "list": Typed(
        "['a', NULL]",
        "[NULL, 'a']",
        K.ARRAY,
        ("[]", "[NULL]", "[NULL, NULL]", "['']", "['NULL']"),
        sent=(["a", None], [None, "a"]),
    ),
    "array": Typed(
        "[1, 2]::INTEGER[2]",
        "[2, 1]::INTEGER[2]",
        K.ARRAY,
        ("[1, NULL]", "[NULL, 1]", "[NULL, NULL]"),
        sent=([1, 2], [2, 1]),
    ),
    "list of lists": Typed(
        "[[1], [2]]",
        "[[1, 2]]",
        K.ARRAY,
        ("[[]]", "[]", "[NULL]", "[[NULL]]", "[[1], [2], []]"),
        sent=([[1], [2]], [[1, 2]]),
    ),
    "struct": Typed(
        "{'a': 1, 'b': 'x'}",
        "{'a': NULL::INTEGER, 'b': 'x'}",
        K.OBJECT,
        ("{'a': NULL, 'b': NULL}",),
        sent=({"a": 1, "b": "x"}, {"a": None, "b": "x"}),
    ),
    "deep struct": Typed(
        "{'a': 0::HUGEINT, 'b c': ['x']}",
        "{'a': -1::HUGEINT, 'b c': ['x']}",
        K.OBJECT,
        ("{'a': NULL, 'b c': NULL}", "{'a': NULL, 'b c': []}", "{'a': NULL, 'b c': [NULL]}"),
        sent=({"a": 0, "b c": ["x"]}, {"a": -1, "b c": ["x"]}),
    ),
    "list of structs": Typed(
        "[{'a': NULL::INTEGER}]", "[{'a': 1}]", K.ARRAY, ("[]", "[NULL]"), sent=([{"a": None}], [{"a": 1}])
    ),
    "map": Typed(
        "MAP {'a': 1, 'b': NULL}",
        "MAP {'a': 1}",
        K.OBJECT,
        ("MAP {}", "MAP {'a': NULL}", "MAP {'b': 1}"),
        sent=({"a": 1, "b": None}, {"a": 1}),
    ),
}
# Values of types that cannot be sent.
UNSENDABLE = {
    "blob": "'a'::BLOB",
    "Odd blobs": "['a'::BLOB, 'b'::BLOB]",
    "bit": "'101'::BIT",
    "interval": "INTERVAL 90 MINUTE",
    "union": "union_value(a := 1)",
}
