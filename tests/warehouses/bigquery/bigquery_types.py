"""BigQuery's types, each with values that differ and values that are easily confused."""

from __future__ import annotations

from reverse_etl.warehouses.columns import ColumnKind as K
from tests.contracts.warehouse import REFUSED, Typed

# BigQuery lets no name have quotes or semicolons, and a dataset's only letters, digits and underscores.
ODD_NAMES = ("select", "Mixed Case", "größe-ü", "it's <50 %", "identity", "row_hash", "state", "m")
AT = "CAST('2026-01-01 {}' AS TIMESTAMP)"
POINT = "ST_GEOGPOINT({}, {})"
INSTANT = "2026-01-01 {} +00:00"
TYPES = {
    "string": Typed("'a'", "'A'", K.TEXT, ("''", "' '", "'NULL'", "'null'"), sent=("a", "A")),
    "int64": Typed(
        "9223372036854775807",
        "9223372036854775806",
        K.INTEGER,
        ("0", "-1", "-9223372036854775808"),
        sent=(9223372036854775807, 9223372036854775806),
    ),
    "numeric": Typed(
        "NUMERIC '1.1'", "NUMERIC '1.11'", K.DECIMAL, ("NUMERIC '0'", "NUMERIC '-0.01'"), sent=(1.1, 1.11)
    ),
    "large numeric": Typed("NUMERIC '9007199254740993'", "NUMERIC '5'", K.DECIMAL, sent=(9007199254740993, 5.0)),
    "bignumeric": Typed(
        "BIGNUMERIC '1.1'", "BIGNUMERIC '1.11'", K.DECIMAL, ("BIGNUMERIC '0'", "BIGNUMERIC '-0.01'"), sent=(1.1, 1.11)
    ),
    "float64": Typed("0.1", "0.30000000000000004", K.FLOAT, ("0.3", "0.0"), sent=(0.1, 0.30000000000000004)),
    "nan": Typed(
        "CAST('nan' AS FLOAT64)",
        "CAST('inf' AS FLOAT64)",
        K.FLOAT,
        ("CAST('-inf' AS FLOAT64)", "0.0"),
        sent=(None, None),
    ),
    "negative zero": Typed("CAST('-0.0' AS FLOAT64)", "5e-324", K.FLOAT, sent=(-0.0, 5e-324)),
    "bool": Typed("true", "false", K.BOOLEAN, sent=(True, False)),
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
    "datetime": Typed(
        "DATETIME '2026-01-01 10:00:00.000001'",
        "DATETIME '1969-12-31 23:59:59.999999'",
        K.TIMESTAMP,
        sent=(INSTANT.format("10:00:00"), "1969-12-31 23:59:59 +00:00"),
    ),
    "timestamp": Typed(
        AT.format("10:00:00+02"),
        AT.format("10:00:00+01"),
        K.TIMESTAMP,
        sent=(INSTANT.format("08:00:00"), INSTANT.format("09:00:00")),
    ),
    "bytes": Typed("b'a'", "b'A'", K.BINARY, ("b''", "b' '"), sent=REFUSED),
    "json": Typed(
        """JSON '{"a": [1, null]}'""",
        """JSON '{"a": [1]}'""",
        K.JSON,
        ("JSON '{}'", "JSON '[]'"),
        sent=({"a": [1, None]}, {"a": [1]}),
    ),
    "array": Typed("['a', 'b']", "['b', 'a']", K.ARRAY, ("['']", "['a,b']", "['ab']"), sent=(["a", "b"], ["b", "a"])),
    "array of timestamps": Typed(
        f"[{AT.format('10:00:00Z')}]",
        f"[{AT.format('10:00:01Z')}]",
        K.ARRAY,
        sent=([INSTANT.format("10:00:00")], [INSTANT.format("10:00:01")]),
    ),
    "array of floats": Typed("[0.5, CAST('nan' AS FLOAT64)]", "[0.5]", K.ARRAY, ("[1.5]",), sent=([0.5, None], [0.5])),
    "array of structs": Typed(
        "[STRUCT(1 AS a)]",
        "[STRUCT(2 AS a)]",
        K.ARRAY,
        ("[STRUCT(CAST(NULL AS INT64) AS a)]",),
        sent=([{"a": 1}], [{"a": 2}]),
    ),
    "struct": Typed(
        "STRUCT(1 AS a, 'x' AS b)",
        "STRUCT(CAST(NULL AS INT64) AS a, 'x' AS b)",
        K.OBJECT,
        ("STRUCT(CAST(NULL AS INT64) AS a, CAST(NULL AS STRING) AS b)",),
        sent=({"a": 1, "b": "x"}, {"a": None, "b": "x"}),
    ),
    "struct of bytes": Typed("STRUCT(b'a' AS a)", "STRUCT(b'A' AS a)", K.OTHER, sent=REFUSED),
    "struct of arrays": Typed(
        "STRUCT([1, 2] AS a)",
        "STRUCT([12] AS a)",
        K.OBJECT,
        ("STRUCT([1] AS a)",),
        sent=({"a": [1, 2]}, {"a": [12]}),
    ),
    "geography": Typed(
        POINT.format(1, 2),
        POINT.format(2, 1),
        K.OBJECT,
        sent=({"lat": 2.0, "lon": 1.0}, {"lat": 1.0, "lon": 2.0}),
    ),
    "interval": Typed("INTERVAL 1 DAY", "INTERVAL 1 MONTH", K.INTERVAL, sent=REFUSED),
    "range": Typed(
        "RANGE(DATE '2026-01-01', DATE '2026-02-01')",
        "RANGE(DATE '2026-01-01', NULL)",
        K.OBJECT,
        ("RANGE(CAST(NULL AS DATE), DATE '2026-02-01')",),
        sent=({"start": "2026-01-01", "end": "2026-02-01"}, {"start": "2026-01-01", "end": None}),
    ),
}
