"""Reads a file that declares journeys, as YAML or JSON."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, Final

from reverse_etl.sandbox.rules.journeys import HAS_NAMES, NEEDS_NAMES, START_KINDS, Journey

_FIRST_ID: Final = 501
_NUMBERS: Final = ("lifetime_limit", "simultaneous_limit")
_SWITCHES: Final = ("enabled", "archived", "new_users")
_KEYS: Final = ("name", "starts_with", "of", *_SWITCHES, *_NUMBERS, "stay_hours", "id")


def parse_journeys(text: str) -> tuple[Journey, ...]:
    """Return the journeys of a file: a list, or the key `journeys` with a list.

    Raises ValueError with a sentence that names the journey and says what is allowed.
    """
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"the file of journeys is neither YAML nor JSON: {error}") from None
    entries = content.get("journeys") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise ValueError(  # noqa: TRY004  a wrong value of a file
            "the file of journeys must hold a list, or the key `journeys` with a list"
        )
    journeys = tuple(_parse_journey(number, entry) for number, entry in enumerate(entries))
    if len({journey.id for journey in journeys}) < len(journeys):
        raise ValueError("two journeys have the same id")
    return journeys


def _parse_journey(number: int, entry: object) -> Journey:
    at = f"journey {number + 1}"
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise ValueError(f"{at}: `name` is missing, or it is not text")
    at = f"journey '{entry['name']}'"
    for key in entry:
        if key not in _KEYS:
            raise ValueError(f"{at}: {key!r} is not a key{_suggest(str(key), _KEYS)}")
    kind = entry.get("starts_with")
    if kind not in START_KINDS:
        words = ", ".join(START_KINDS)
        raise ValueError(f"{at}: `starts_with` is {kind!r}{_suggest(str(kind), START_KINDS)}; allowed: {words}")
    return Journey(
        id=_parse_number(at, entry, "id") or _FIRST_ID + number,
        name=entry["name"],
        starts_with=kind,
        of=_parse_names(at, kind, entry.get("of")),
        lifetime_limit=_parse_number(at, entry, "lifetime_limit"),
        simultaneous_limit=_parse_number(at, entry, "simultaneous_limit"),
        stay_hours=_parse_hours(at, entry.get("stay_hours", 24)),
        **{name: _parse_switch(at, entry, name) for name in _SWITCHES if name in entry},
    )


def _parse_names(at: str, kind: str, given: object) -> tuple[str, ...]:
    several = given if isinstance(given, list) else [] if given is None else [given]
    if any(isinstance(one, bool) or not isinstance(one, (str, int)) for one in several):
        raise ValueError(f"{at}: `of` takes a name, an id, or a list of them")
    if kind in NEEDS_NAMES and not several:
        raise ValueError(f"{at}: `starts_with: {kind}` needs `of`: the name of an event or field, or a list of names")
    if kind not in HAS_NAMES and several:
        raise ValueError(f"{at}: `starts_with: {kind}` has no `of`")
    return tuple(str(one) for one in several)


def _parse_number(at: str, entry: Mapping[str, Any], key: str) -> int | None:
    value = entry.get(key)
    if value is not None and (type(value) is not int or value < 1):
        raise ValueError(f"{at}: `{key}` takes a whole number from 1")
    return value


def _parse_hours(at: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{at}: `stay_hours` takes a number of hours from 0")
    return float(value)


def _parse_switch(at: str, entry: Mapping[str, Any], key: str) -> bool:
    value = entry[key]
    if not isinstance(value, bool):
        raise ValueError(f"{at}: `{key}` takes true or false")  # noqa: TRY004  a wrong value of a file
    return value


def _suggest(word: str, known: Collection[str]) -> str:
    nearest = difflib.get_close_matches(word.lower().replace("-", "_"), known, 1, cutoff=0.5)
    return f"; did you mean {nearest[0]}?" if nearest else ""
