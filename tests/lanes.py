"""Lanes: what a test needs beyond this process and quick servers, seen as it happens, whoever asks for it."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Mapping

# Fixtures, and the marker of every test that asks for one of them, directly or not.
RESOURCES: Mapping[str, str] = {
    "snowflake_port": "emulator",
    "bigquery": "emulator",
    "browser": "browser",
    # What holds on DuckDB is shown there; this takes as long again.
    "postgres": "slow",
    "real_dbt": "slow",
}
_PROGRAMS = {
    re.compile(r"[\\/]\.emulators[\\/]"): "emulator",
    re.compile(r"\bchromedriver\b"): "browser",
}
_KILLS = (signal.SIGKILL, signal.SIGSTOP)


class Watch:
    """`needed` are the markers of what happened since `begin`, in this process and in any of its threads."""

    def __init__(self) -> None:
        self.needed: set[str] = set()
        # It stays for good: Python has no way to remove it.
        sys.addaudithook(self._see)

    def begin(self) -> None:
        self.needed.clear()

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in ("os.kill", "os.killpg") and arguments[1] in _KILLS:
            self.needed.add("kills")
        elif event == "subprocess.Popen":
            command = f"{arguments[0]} {arguments[1]}"
            self.needed.update(marker for program, marker in _PROGRAMS.items() if program.search(command))
