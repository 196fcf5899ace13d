"""Request bodies on file, byte by byte. REWRITE_SNAPSHOTS=1 writes them again: look at the difference then."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

SNAPSHOTS = Path(__file__).parents[3] / "snapshots" / "iterable"


def is_on_file(case, request):
    """Whether the body of a request is the one on file; written there first, if that was asked for."""
    shown = orjson.dumps(orjson.loads(request.body), option=orjson.OPT_INDENT_2) + b"\n"
    file = SNAPSHOTS / f"{case}.json"
    if os.environ.get("REWRITE_SNAPSHOTS"):
        file.write_bytes(shown)
    return shown == file.read_bytes()


def cases_on_file(prefix):
    return {file.stem for file in SNAPSHOTS.glob(f"{prefix}_*.json")}
