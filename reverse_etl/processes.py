"""Processes: whether the holder of a lease is still there, where that can be told."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path


def start_time(pid: int) -> str:
    """When a process began, in ticks of the kernel; empty where that cannot be told. Tells a reused number apart."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


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
    began = start_time(pid)
    return not (began and note.get("process_started")) or began == note.get("process_started")
