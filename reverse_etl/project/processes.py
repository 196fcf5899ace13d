"""Processes: whether the holder of a lease is still there, where that can be told."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

# States of a process that has ended, and that nobody has asked for its exit code.
_ENDED = (["Z"], ["X"])


def start_time(pid: int) -> str:
    """When a process began, in ticks of the kernel; empty where that cannot be told. Tells a reused number apart."""
    stat = _stat(pid)
    return stat[19] if stat else ""


def _stat(pid: int) -> list[str]:
    """What the kernel tells of a process, from its state on; nothing where it does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def is_alive(note: Mapping[str, object]) -> bool | None:
    """Whether the process that wrote this note runs; None where it is on another host, or nothing is known of it."""
    pid = note.get("pid")
    if note.get("host") != socket.gethostname() or not isinstance(pid, int):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    if _stat(pid)[:1] in _ENDED:
        return False
    began = start_time(pid)
    return not (began and note.get("process_started")) or began == note.get("process_started")
