"""Secret: a value that cannot be printed, and the words that may be."""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn


class Secret:
    """One secret text. `str`, `repr` and formatting give asterisks; `reveal()` is the only way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text as it is: nothing is stripped."""
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def fingerprint(self, salt: str) -> str:
        """32 hex digits that tell two secrets apart and cannot be turned back; equal for equal secret and salt."""
        return hmac.new(salt.encode(), self._text.encode(), hashlib.sha256).hexdigest()[:32]

    def has_odd_characters(self) -> bool:
        """Whether it holds blanks or control characters, which HTTP libraries print in their errors."""
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
