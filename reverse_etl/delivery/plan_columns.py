"""The columns of a batch of the plan as Python values, for rows that are encoded one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

PLAN_COLUMNS = ("ordinal", "kind", "identity")


@dataclass(frozen=True)
class PlanColumns:
    """The columns of a batch. Each is converted when it is needed; `encode` returns the values of a source."""

    batch: pa.RecordBatch
    encode: Callable[[int], Sequence[Any]]
    _encoded: dict[int, Sequence[Any]] = field(default_factory=dict)

    @cached_property
    def heads(self) -> Sequence[Sequence[Any]]:
        """Return ordinals, kinds and identities."""
        return [self.batch.column(name).to_pylist() for name in PLAN_COLUMNS]

    def values(self, positions: Sequence[int]) -> Mapping[int, Sequence[Any]]:
        """Return the values of some sources by position."""
        for position in positions:
            if position not in self._encoded:
                self._encoded[position] = self.encode(position)
        return {position: self._encoded[position] for position in positions}


def pick_rows(values: Sequence[Any], rows: Sequence[int]) -> list[Any]:
    """Return the values of rows with these numbers."""
    return [values[row] for row in rows]
