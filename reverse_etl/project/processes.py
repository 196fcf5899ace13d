"""What this machine knows of processes: who runs this one, and whether the one that holds a lease still runs."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path

# States of a process that has ended, and whose exit code its parent has not read.
_ENDED = (["Z"], ["X"])


def start_time(pid: int) -> str:
    """Return when a process began, in ticks of the kernel, or an empty text. A reused process id has another value."""
    stat = _read_stat(pid)
    return stat[19] if stat else ""


def user_name() -> str:
    """Return the user of this process: LOGNAME or USER of the environment, or the name that the system has."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run with a user id that has no name
        return str(os.getuid())


def _read_stat(pid: int) -> list[str]:
    """Return the fields of `/proc/PID/stat` from the state on; an empty list if there are none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def is_alive(note: Mapping[str, object]) -> bool | None:
    """Return whether the process that wrote this note still runs; None if it is on another host or not known."""
    pid = note.get("pid")
    if note.get("host") != socket.gethostname() or not isinstance(pid, int):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    if _read_stat(pid)[:1] in _ENDED:
        return False
    began = start_time(pid)
    return not (began and note.get("process_started")) or began == note.get("process_started")
