"""The warehouse contract on snowflake: each type as the identifier of each object."""

from __future__ import annotations

from typing import ClassVar

from tests.contracts.identifier_types import HELD, REFUSED, IdentifierTypesContract
from tests.warehouses.snowflake.on_snowflake import OnEmulator


class TestIdentifierTypes(OnEmulator, IdentifierTypesContract):
    IDENTIFIERS: ClassVar = {
        "plain_text": ("'jo'", "jo"),
        "whole": ("CAST(101 AS NUMBER(38,0))", "101"),
        "decimal_whole": ("CAST(101 AS NUMBER(10,2))", "101"),
        "decimal_part": ("CAST(101.5 AS NUMBER(10,2))", HELD),
        "decimal_null": ("CAST(NULL AS NUMBER(10,2))", None),
        "double_whole": ("CAST(101 AS FLOAT)", "101"),
        "double_part": ("CAST(0.5 AS FLOAT)", HELD),
        "double_inexact": ("CAST(1e17 AS FLOAT)", HELD),
        "variant_text": ("PARSE_JSON('\"jo\"')", "jo"),
        "variant_whole": ("PARSE_JSON('101')", "101"),
        "variant_part": ("PARSE_JSON('101.5')", HELD),
        "variant_null": ("PARSE_JSON('null')", None),
        "variant_true": ("PARSE_JSON('true')", HELD),
        "variant_object": ("PARSE_JSON('{\"a\": 1}')", HELD),
        "variant_array": ("PARSE_JSON('[1]')", HELD),
        "boolean": ("TRUE", REFUSED),
        "date": ("CAST('2026-01-01' AS DATE)", REFUSED),
        "time": ("CAST('10:00:00' AS TIME)", REFUSED),
        "timestamp": ("CAST('2026-01-01' AS TIMESTAMP_NTZ)", REFUSED),
        "bytes": ("TO_BINARY('61', 'HEX')", REFUSED),
    }
