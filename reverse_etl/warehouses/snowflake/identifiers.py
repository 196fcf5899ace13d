"""Names as Snowflake stores them, and as people write them without quotes. Opens no connection.

Snowflake stores an unquoted name in upper case. Here a stored `EMAIL` is called `email`, as a model writes it. A stored
`email`, which only quotes can make, is called `EMAIL`. Other names stay as they are.
"""

from __future__ import annotations

import re

_UPPER = re.compile(r"[A-Z_][A-Z0-9_$]*")
_LOWER = re.compile(r"[a-z_][a-z0-9_$]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
# A part of a qualified name, quoted or not.
_PART = re.compile(r'"(?:[^"]|"")*"|[^".]+')


def folded(name: str) -> str:
    """Return the stored name of a name as written, and the other way round."""
    if _LOWER.fullmatch(name):
        return name.upper()
    return name.lower() if _UPPER.fullmatch(name) else name


def quoted(name: str) -> str:
    """Return any stored name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_place(name: str) -> str:
    """Return a database, schema or role as an identifier. A plain name in any letter case means upper case."""
    return quoted(name.upper() if _PLAIN.fullmatch(name) else name)


def parts(relation: str) -> list[str]:
    """Return the identifiers of a qualified name."""
    return _PART.findall(relation)


def beside(relation: str, name: str) -> str:
    """Return a plain name in the schema of a relation."""
    return ".".join([*parts(relation)[:-1], name])
