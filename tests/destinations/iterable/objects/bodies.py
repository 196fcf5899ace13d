"""Request bodies on file, byte by byte. REWRITE_SNAPSHOTS=1 writes them again: look at the difference then."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

SNAPSHOTS = Path(__file__).parents[3] / "snapshots" / "iterable"


def is_on_file(name: str, *bodies: bytes) -> bool:
    """Whether the bodies that one definition makes are those on file under this name."""
    shown = b"".join(orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2) + b"\n" for body in bodies)
    file = SNAPSHOTS / f"{name}.json"
    if os.environ.get("REWRITE_SNAPSHOTS"):
        file.write_bytes(shown)
    return shown == file.read_bytes()


def names_on_file(start: str) -> set[str]:
    return {file.stem for file in SNAPSHOTS.glob(f"{start}_*.json")}
