"""The guard `new_fields`: `fields` is left out, and the model has columns that the sync has never sent."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Literal

from reverse_etl.change import Problem
from reverse_etl.counting import agree, plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.sync import Sync

_NAME = "new_fields"
_SKIP = "skip"
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z_]\w*", re.IGNORECASE)


def skips_new_fields(sync: Sync, allowed: Collection[str]) -> bool:
    """Return whether the sync leaves out new columns, so that a run continues without them."""
    return sync.fields is None and sync.guards.get(_NAME) == _SKIP and _NAME not in allowed


def _check(context: SendGuardContext) -> Problem | None:
    sync, new, known = context.sync, context.new_fields, context.known_fields
    if not new:
        return None
    them = agree(len(new), "it", "them")
    return Problem(
        "guard-new-fields",
        f"sync `{sync.name}`: `fields` is left out, and {plural(len(new), 'column')}"
        f" {agree(len(new), 'is', 'are')} new to the sync: {', '.join(f'`{name}`' for name in new)}",
        f"To send {them}, run once with `--allow new_fields`, or list {them} in the definition:"
        f" `fields: [{_listed((*known, *new))}]`. To send the other columns only, list those:"
        f" `fields: [{_listed(known)}]`. Or set `guards: {{new_fields: skip}}`, which leaves out new columns with a"
        " warning.",
        {
            **{f"rows with a value in `{name}`": context.changed_fields.get(name, 0) for name in new},
            "columns sent so far": len(known),
            "model": sync.model,
            "file": sync.file,
        },
    )


def _listed(names: Collection[str]) -> str:
    """Return names as the items of a list in YAML."""
    return ", ".join(name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in names)


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "`fields` is left out, and the model has a column that the sync has never sent",
    _check,
    Literal[True, False, "stop", "skip"],
    for_baseline=True,
)
