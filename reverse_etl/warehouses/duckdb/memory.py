"""How much memory DuckDB may use, and how the default grows with the width of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULT_MEGABYTES = 200
DEFAULT_LIMIT = f"{DEFAULT_MEGABYTES}MB"
# Up to this width the default is enough.
_USUAL_COLUMNS = 100


def options_of(memory_limit: str, *, read_only: bool, config: Mapping[str, object] | None = None) -> Mapping[str, Any]:
    """Return the options to open a file with. `config` is from the profile; we set what limits our memory."""
    return {
        "read_only": read_only,
        "config": {**(config or {}), "memory_limit": memory_limit, "preserve_insertion_order": "false"},
    }


def limit_of(options: Mapping[str, Any]) -> str:
    """Return the memory limit of these options; empty if they have none."""
    return str(options.get("config", {}).get("memory_limit", ""))


def grown_options(options: Mapping[str, Any], columns: int) -> Mapping[str, Any]:
    """Return the options with room for a table of so many columns: each operator buffers 2,000 values of each column.

    The limit in `options` is the default, or was grown from it: it is in MB.
    """
    needed = DEFAULT_MEGABYTES + 3 * max(0, columns - _USUAL_COLUMNS) // 2
    if needed <= int(limit_of(options).removesuffix("MB")):
        return options
    return {**options, "config": {**options["config"], "memory_limit": f"{needed}MB"}}
