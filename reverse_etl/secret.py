"""A value that cannot be printed by accident, such as an API key."""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn


class Secret:
    """One secret text. `str`, `repr` and formatting return asterisks; only `reveal()` returns the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text unchanged, blanks included."""
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the only place that sends it."""
        return self._text

    def fingerprint(self, salt: str) -> str:
        """Return a salted hash of 32 hex digits. Equal secrets with equal salts have equal fingerprints."""
        return hmac.new(salt.encode(), self._text.encode(), hashlib.sha256).hexdigest()[:32]

    def has_odd_characters(self) -> bool:
        """Return whether the text holds blanks or control characters. HTTP libraries print such values in errors."""
        return any(not char.isprintable() or char.isspace() or not char.isascii() for char in self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")
