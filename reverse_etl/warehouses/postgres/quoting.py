"""Quotes names and texts for SQL, and turns `?` parameters into psycopg's. Knows no statement."""

from __future__ import annotations

import re

_PARTS = re.compile(r"""E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|/\*.*?\*/|--[^\n]*|\?|%""", re.DOTALL)


def name(text: str) -> str:
    """Return any name as an identifier."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as a literal, for any `standard_conforming_strings`. Postgres has no NUL."""
    quoted = text.replace("\0", "\ufffd").replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in quoted else f"'{quoted}'"


def convert_placeholders(sql: str) -> str:
    """Return a statement with psycopg's form of its `?` parameters; literals, names and comments do not change."""
    return _PARTS.sub(lambda part: "%s" if part[0] == "?" else part[0].replace("%", "%%"), sql)
