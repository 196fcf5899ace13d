"""Personal values as they are shown: at most the first character, and what kind of value it is."""

from __future__ import annotations

_TEXT = ("text", "uuid")
_NUMBERS = ("integer", "decimal", "number", "float")
_ELLIPSIS = "…"


def mask(value: str | None, kind: str = "text") -> str:
    """A value of a column of this kind: `j…@s…` for an e-mail, `J…` for a text, `•••` for a number, else the kind."""
    if value is None:
        return "null"
    if kind in _NUMBERS:
        return "•••"
    if kind not in _TEXT:
        return f"<{kind}>"
    name, at, host = value.strip().partition("@")
    return f"{_first(name)}@{_first(host)}" if at else _first(name)


def mask_within(text: str, identity: str) -> str:
    """Return a text in which this identity may be quoted, with the identity masked."""
    return text.replace(identity, mask(identity)) if identity else text


def _first(text: str) -> str:
    """Return the first character, unless that would be most of the text."""
    return (text[0] if len(text) > 2 else "") + _ELLIPSIS
