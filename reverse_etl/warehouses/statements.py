"""Several statements of which the last is the one that matters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statements:
    """A statement, and those that first write the temporary tables which it reads."""

    first: tuple[str, ...]
    last: str

    def __str__(self) -> str:
        return "; ".join((*self.first, self.last))
