"""BaselineRequest: which rows a command takes as already accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class BaselineMethod(str, Enum):
    """How a baseline finds the rows that the destination holds already."""

    TRUST = "trust"  # all rows of the model
    COMPARE = "compare"  # rows that equal what the destination returns


@dataclass(frozen=True)
class BaselineRequest:
    """A baseline instead of a run that sends. Without a `method`, rows are compared.

    `folder` keeps what a comparison downloads until it is done, so that it can go on after a crash.
    """

    method: BaselineMethod | None = None
    folder: Path | None = None
