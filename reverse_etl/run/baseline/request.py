"""BaselineRequest: which rows a command takes as already accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class BaselineMethod(str, Enum):
    """How a baseline finds the rows that the destination holds already."""

    TRUST = "trust"  # all rows of the model
    COMPARE = "compare"  # rows that equal what the destination returns


@dataclass(frozen=True)
class BaselineRequest:
    """A baseline instead of a run that sends. Without a `method`, rows are compared."""

    method: BaselineMethod | None = None
