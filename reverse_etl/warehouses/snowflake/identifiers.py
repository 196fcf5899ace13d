"""Names as Snowflake stores them, and as one writes them without quotes; knows no connection.

An unquoted name is stored in upper case. Here a stored `EMAIL` is called `email`, as it is written in a model, and a
stored `email`, which only quotes can make, is called `EMAIL`; a name of mixed case or with other characters is itself.
"""

from __future__ import annotations

import re

_UPPER = re.compile(r"[A-Z_][A-Z0-9_$]*")
_LOWER = re.compile(r"[a-z_][a-z0-9_$]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
# A part of a qualified name, quoted or not.
_PART = re.compile(r'"(?:[^"]|"")*"|[^".]+')


def folded(name: str) -> str:
    """The stored name of a called one, and the other way round."""
    if _LOWER.fullmatch(name):
        return name.upper()
    return name.lower() if _UPPER.fullmatch(name) else name


def quoted(name: str) -> str:
    """Return any stored name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def placed(name: str) -> str:
    """A database, schema or role as an identifier: a plain one in any letter case means the stored upper case."""
    return quoted(name.upper() if _PLAIN.fullmatch(name) else name)


def parts(relation: str) -> list[str]:
    """The identifiers of a qualified name."""
    return _PART.findall(relation)


def beside(relation: str, name: str) -> str:
    """A plain name in the schema of a relation."""
    return ".".join([*parts(relation)[:-1], name])
