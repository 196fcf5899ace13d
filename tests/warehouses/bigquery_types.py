"""BigQuery's types, each with values that differ and values that are easily confused."""

from __future__ import annotations

from reverse_etl.warehouses.base import ColumnKind as K
from tests.contracts.warehouse import Typed

# BigQuery lets no name have quotes or semicolons, and a dataset's only letters, digits and underscores.
ODD_NAMES = ("select", "Mixed Case", "größe-ü", "it's <50 %", "identity", "row_hash", "state", "m")
AT = "CAST('2026-01-01 {}' AS TIMESTAMP)"
POINT = "ST_GEOGPOINT({}, {})"
TYPES = {
    "string": Typed("'a'", "'A'", K.TEXT, ("''", "' '", "'NULL'", "'null'")),
    "int64": Typed("9223372036854775807", "9223372036854775806", K.INTEGER, ("0", "-1", "-9223372036854775808")),
    "numeric": Typed("NUMERIC '1.1'", "NUMERIC '1.11'", K.DECIMAL, ("NUMERIC '0'", "NUMERIC '-0.01'")),
    "bignumeric": Typed("BIGNUMERIC '1.1'", "BIGNUMERIC '1.11'", K.DECIMAL, ("BIGNUMERIC '0'", "BIGNUMERIC '-0.01'")),
    "float64": Typed("0.1", "0.30000000000000004", K.FLOAT, ("0.3", "0.0")),
    "nan": Typed("CAST('nan' AS FLOAT64)", "CAST('inf' AS FLOAT64)", K.FLOAT, ("CAST('-inf' AS FLOAT64)", "0.0")),
    "negative zero": Typed("CAST('-0.0' AS FLOAT64)", "5e-324", K.FLOAT),
    "bool": Typed("true", "false", K.BOOLEAN),
    "date": Typed("DATE '2026-01-01'", "DATE '0001-01-01'", K.DATE, ("DATE '1970-01-01'",)),
    "time": Typed("TIME '10:00:00.000001'", "TIME '10:00:00'", K.TIME, ("TIME '00:00:00'",)),
    "datetime": Typed("DATETIME '2026-01-01 10:00:00.000001'", "DATETIME '1969-12-31 23:59:59.999999'", K.TIMESTAMP),
    "timestamp": Typed(AT.format("10:00:00+02"), AT.format("10:00:00+01"), K.TIMESTAMP),
    "bytes": Typed("b'a'", "b'A'", K.BINARY, ("b''", "b' '")),
    "json": Typed("""JSON '{"a": [1, null]}'""", """JSON '{"a": [1]}'""", K.JSON, ("JSON '{}'", "JSON '[]'")),
    "array": Typed("['a', 'b']", "['b', 'a']", K.ARRAY, ("['']", "['a,b']", "['ab']")),
    "array of timestamps": Typed(f"[{AT.format('10:00:00Z')}]", f"[{AT.format('10:00:01Z')}]", K.ARRAY),
    "array of floats": Typed("[0.5, CAST('nan' AS FLOAT64)]", "[0.5]", K.ARRAY, ("[1.5]",)),
    "array of structs": Typed("[STRUCT(1 AS a)]", "[STRUCT(2 AS a)]", K.ARRAY, ("[STRUCT(CAST(NULL AS INT64) AS a)]",)),
    "struct": Typed(
        "STRUCT(1 AS a, 'x' AS b)",
        "STRUCT(CAST(NULL AS INT64) AS a, 'x' AS b)",
        K.OBJECT,
        ("STRUCT(CAST(NULL AS INT64) AS a, CAST(NULL AS STRING) AS b)",),
    ),
    "struct of arrays": Typed("STRUCT([1, 2] AS a)", "STRUCT([12] AS a)", K.OBJECT, ("STRUCT([1] AS a)",)),
    "geography": Typed(POINT.format(1, 2), POINT.format(2, 1), K.OBJECT),
    "interval": Typed("INTERVAL 1 DAY", "INTERVAL 1 MONTH", K.INTERVAL),
    "range": Typed(
        "RANGE(DATE '2026-01-01', DATE '2026-02-01')",
        "RANGE(DATE '2026-01-01', NULL)",
        K.OBJECT,
        ("RANGE(CAST(NULL AS DATE), DATE '2026-02-01')",),
    ),
}
