"""Names and texts as BigQuery writes them, and names read back; knows no connection."""

from __future__ import annotations

import re

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_PART = re.compile(r"`((?:[^`\\]|\\.)*)`|([^`.]+)")


def name(text: str) -> str:
    """A text as an identifier."""
    return _quoted(text, "`")


def literal(text: str) -> str:
    """A text as a literal."""
    return _quoted(text, "'")


def parts(relation: str) -> list[str]:
    """The names in a relation as dbt or we write it: project, dataset and table, as far as they are there.

    dbt quotes each part, or none; BigQuery takes one pair of quotes round all of them as well.
    """
    found = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in _PART.findall(relation)]
    return found[0].rsplit(".", 2) if len(found) == 1 else found


def _quoted(text: str, quote: str) -> str:
    escapes = {**_ESCAPES, quote: f"\\{quote}"}
    return quote + "".join(escapes.get(letter, letter) for letter in text) + quote
