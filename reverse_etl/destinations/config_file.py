"""Reads the destinations of reverse_etl.yml: their names, their kinds, and their entries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reverse_etl.destinations import DEFAULT, DESTINATIONS
from reverse_etl.errors import ConfigError, did_you_mean
from reverse_etl.settings import FILE, read_file

_KIND = "type"


def destination_kind(name: str, project_dir: Path) -> str:
    """Return the kind of the destination `name`: its `type`, else its name if that is a kind, or the default.

    A file that cannot be read is reported when the destination is resolved.
    """
    try:
        entry = _entries(project_dir).get(name)
    except ConfigError:
        entry = None
    said = entry.get(_KIND) if isinstance(entry, Mapping) else None
    if said in DESTINATIONS:
        return str(said)
    return name if name in DESTINATIONS else DEFAULT


def read_entry(name: str, project_dir: Path) -> object:
    """Return the entry of a destination in the file, without its kind. Raises ConfigError."""
    entries = _entries(project_dir)
    if name not in entries and (name not in DESTINATIONS or entries):
        raise ConfigError(
            "unknown-destination",
            f"there is no destination `{name}`{did_you_mean(name, entries)}",
            context={"known": ", ".join(entries) or f"{DEFAULT}, from the environment"},
            hint=f"Name it under `destinations:` in {FILE}, or correct `destination:` in the definition.",
        )
    entry = entries.get(name) or {}
    if not isinstance(entry, dict):
        return entry
    _check_kind(name, entry)
    return {key: value for key, value in entry.items() if key != _KIND}


def _entries(project_dir: Path) -> Mapping[str, object]:
    entries = read_file(project_dir).get("destinations") or {}
    if not isinstance(entries, dict):
        raise ConfigError(
            "broken-settings-file",
            f"`destinations` in {FILE} holds no names",
            context={"file": project_dir / FILE, "key": "destinations"},
            hint="Write `name:` and its keys.",
        )
    return entries


def _check_kind(name: str, entry: Mapping[str, object]) -> None:
    if _KIND in entry and entry[_KIND] not in DESTINATIONS:
        kinds = ", ".join(DESTINATIONS)
        raise ConfigError(
            "wrong-destination",
            f"destination `{name}` in {FILE} has an unknown type{did_you_mean(str(entry[_KIND]), DESTINATIONS)}",
            context={"allowed": kinds},
            hint=f"Set `type` to one of {kinds}, or leave it out.",
        )
