"""What an operation needs of the sandbox that stands in for a destination."""

from __future__ import annotations

from enum import Enum


class SandboxUse(Enum):
    """How far an operation uses a sandbox."""

    NONE = "none"
    LOOK = "look"  # only its sync snapshots
    ASK = "ask"  # answers to questions; the sandbox keeps nothing
    SEND = "send"  # a place for rows
