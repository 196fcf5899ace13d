"""Environments apart from the project's own, such as a local warehouse's: built once from a locked file, then kept.

`python -m tests.emulators.environment fakesnow` builds one ahead of time, as `make emulators` does.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
KEPT = FOLDER.parents[1] / ".emulators"


class NotBuilt(Exception):
    """The environment could not be built, most likely because there is no package index."""


def python_of(name: str, folder: Path = FOLDER) -> Path:
    """The interpreter of the environment that a file of `folder` locks; it is built if missing. Raises NotBuilt."""
    requirements = folder / f"{name}.txt"
    locked = requirements.read_bytes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = KEPT / f"{name}-{version}-{hashlib.sha256(locked).hexdigest()[:12]}"
    python = home / "bin" / "python"
    KEPT.mkdir(exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        # Tests run in several processes. The first one builds it for all.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            _build(home, python, requirements)
            (home / "complete").touch()
    return python


def _build(home: Path, python: Path, locked: Path) -> None:
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(python), "--require-hashes"]
    for command in ([sys.executable, "-m", "venv", str(home)], [*install, "-r", str(locked)]):
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if ended.returncode:
            raise NotBuilt(f"{locked.name}: {ended.stderr.strip()[-500:]}")


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        sys.stdout.write(f"{python_of(wanted)}\n")
