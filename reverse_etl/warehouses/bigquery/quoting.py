"""Quotes names and texts for BigQuery, and reads quoted names back. Opens no connection."""

from __future__ import annotations

import re

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_PART = re.compile(r"`((?:[^`\\]|\\.)*)`|([^`.]+)")


def name(text: str) -> str:
    """Return a text as an identifier."""
    return _quoted(text, "`")


def literal(text: str) -> str:
    """Return a text as a literal."""
    return _quoted(text, "'")


def parts(relation: str) -> list[str]:
    """Return the names in a relation that dbt or we wrote: project, dataset and table, if present.

    dbt quotes each part or none. BigQuery also accepts one pair of quotes around all parts.
    """
    found = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in _PART.findall(relation)]
    return found[0].rsplit(".", 2) if len(found) == 1 else found


def _quoted(text: str, quote: str) -> str:
    escapes = {**_ESCAPES, quote: f"\\{quote}"}
    return quote + "".join(escapes.get(letter, letter) for letter in text) + quote
