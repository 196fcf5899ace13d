"""Several statements with one result: the last statement's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statements:
    """A statement, and the statements that first write the temporary tables that it reads."""

    first: tuple[str, ...]
    last: str

    def __str__(self) -> str:
        return "; ".join((*self.first, self.last))
