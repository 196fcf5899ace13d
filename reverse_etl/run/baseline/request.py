"""BaselineRequest: which rows a command takes as already accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from reverse_etl.run.baseline.until import UntilTime


class BaselineMethod(str, Enum):
    """How a baseline finds the rows that the destination holds already."""

    TRUST = "trust"  # all rows of the model
    COMPARE = "compare"  # rows that equal what the destination returns


@dataclass(frozen=True)
class BaselineRequest:
    """A baseline instead of a run that sends. Without a `method`, rows are compared.

    With `until`, which needs the method `trust`, only rows that happened up to then are taken. `only_added`: only rows
    that no run has sent yet.

    `folder` keeps what a comparison downloads until it is done, so that it can continue after a crash.
    """

    method: BaselineMethod | None = None
    until: UntilTime | None = None
    only_added: bool = False
    folder: Path | None = None

    @property
    def args(self) -> Mapping[str, object]:
        """Return the command and its flags as the result file has them."""
        method = None if self.method is None else self.method.value
        return {"command": "baseline", "method": method, "until": None if self.until is None else str(self.until)}
