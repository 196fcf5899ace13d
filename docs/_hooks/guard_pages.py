"""The page of guards, from the table of guards; notes on some of them stand in `guard_notes.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from markdown_pieces import code, table

from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.guards.guard import Guard
from reverse_etl.guards.table import GUARDS

_INTRO = """# Guards

Guards are checked before the first row is sent, and the guard `canary` after the first rows. All except `journeys`
are on by default. A guard that stops a run gives the sync the status `stopped` (`build`: `skipped`), and the command
the exit code 1. Other syncs continue. `--allow GUARD` lets one guard pass for one command. `plan` shows which guard
would stop the run.

"""
_NOTES = Path(__file__).parent / "guard_notes.md"
_ENDS = {
    "manifest": "The command, with exit code 2",
    "definition": "The sync: `error`, a fault of its definition",
    "build": "The sync: `skipped`",
    "send": "The sync: `stopped`",
    "canary": "The sync: `error`, after its first rows",
}


def guards_page() -> str:
    """Return every guard with when it stops a run, and how to turn it off."""
    heads = ("Guard", "Stops if", "What stops", "For one command", "In the definition")
    return _INTRO + table(heads, [_row(guard) for guard in GUARDS]) + "\n" + _NOTES.read_text(encoding="utf-8")


def _row(guard: Guard[Any]) -> tuple[str, ...]:
    allow = code(f"--allow {guard.name}") if guard.can_be_allowed else "cannot be allowed"
    stops = guard.stops_when[:1].upper() + guard.stops_when[1:]
    return code(guard.name), stops, _ENDS[guard.phase.value], allow, _key(guard)


def _key(guard: Guard[Any]) -> str:
    if guard.setting:
        return code(guard.setting)
    if guard.key is None:
        return "cannot be turned off"
    off = " or ".join(code(f"guards: {{{guard.name}: {word}}}") for word in ("false", *_words(guard)))
    if guard.default is False:
        return f"{off} (the default)"
    if not isinstance(guard.default, EntryPart):
        return off
    defaults = ", ".join(f"{name}: {_shown(value)}" for name, value in guard.default)
    return f"{off}, or limits; the defaults: {code(f'guards: {{{guard.name}: {{{defaults}}}}}')}"


def _words(guard: Guard[Any]) -> list[str]:
    """Return the words that the key takes, besides true and false, without the default."""
    return [word for word in get_args(guard.key) if isinstance(word, str) and word not in (guard.default, "stop")]


def _shown(value: object) -> str:
    return "…" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
