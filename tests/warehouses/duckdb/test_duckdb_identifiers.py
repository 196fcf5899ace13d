"""The warehouse contract on duckdb: each type as the identifier of each object."""

from __future__ import annotations

from typing import ClassVar

from tests.contracts.identifier_types import HELD, REFUSED, IdentifierTypesContract
from tests.warehouses.duckdb.on_duckdb import OnDuckDB


class TestIdentifierTypes(OnDuckDB, IdentifierTypesContract):
    IDENTIFIERS: ClassVar = {
        "plain_text": ("'jo'", "jo"),
        "null_text": ("CAST(NULL AS VARCHAR)", None),
        "enum": ("CAST('a' AS ENUM('a', 'b'))", "a"),
        "uuid": ("UUID '00000000-0000-0000-0000-00000000000a'", "00000000-0000-0000-0000-00000000000a"),
        "whole": ("101", "101"),
        "huge": ("CAST(5 AS HUGEINT)", "5"),
        "uhuge": ("CAST(5 AS UHUGEINT)", "5"),
        "decimal_0": ("CAST(101 AS DECIMAL(10,0))", "101"),
        "decimal_whole": ("CAST(101 AS DECIMAL(10,2))", "101"),
        "decimal_part": ("CAST(101.5 AS DECIMAL(10,2))", HELD),
        "decimal_null": ("CAST(NULL AS DECIMAL(10,2))", None),
        "double_whole": ("CAST(101 AS DOUBLE)", "101"),
        "double_large": ("CAST(1e15 AS DOUBLE)", "1000000000000000"),
        "double_part": ("CAST(0.5 AS DOUBLE)", HELD),
        "double_inexact": ("CAST(1e17 AS DOUBLE)", HELD),
        "nan": ("CAST('nan' AS DOUBLE)", HELD),
        "infinite": ("CAST('inf' AS DOUBLE)", HELD),
        "double_null": ("CAST(NULL AS DOUBLE)", None),
        "float_whole": ("CAST(7 AS FLOAT)", "7"),
        "float_inexact": ("CAST(16777217 AS FLOAT)", HELD),
        "float_largest": ("CAST(16777215 AS FLOAT)", "16777215"),
        "json_text": ("CAST('\"jo\"' AS JSON)", "jo"),
        "json_quotes": ('CAST(\'"j\\"o"\' AS JSON)', 'j"o'),
        "json_whole": ("CAST('101' AS JSON)", "101"),
        "json_zeros": ("CAST('101.0' AS JSON)", "101"),
        "json_part": ("CAST('101.5' AS JSON)", HELD),
        "json_null": ("CAST('null' AS JSON)", None),
        "json_sql_null": ("CAST(NULL AS JSON)", None),
        "json_true": ("CAST('true' AS JSON)", HELD),
        "json_object": ("CAST('{\"a\": 1}' AS JSON)", HELD),
        "json_array": ("CAST('[1]' AS JSON)", HELD),
        "json_inside": ("CAST('{\"email\": \"jo\"}' AS JSON)->'$.email'", "jo"),
        "boolean": ("true", REFUSED),
        "date": ("DATE '2026-01-01'", REFUSED),
        "time": ("TIME '10:00:00'", REFUSED),
        "timestamp": ("TIMESTAMP '2026-01-01'", REFUSED),
        "zoned": ("TIMESTAMPTZ '2026-01-01 00:00:00+00'", REFUSED),
        "list": ("['a']", REFUSED),
        "struct": ("{'a': 1}", REFUSED),
        "map": ("MAP {'a': 1}", REFUSED),
        "blob": ("CAST('a' AS BLOB)", REFUSED),
        "interval": ("INTERVAL 1 DAY", REFUSED),
    }
