"""The date formats that Iterable recognizes in strings, and the format in which it stores dates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
# After a T the time has milliseconds and a zone. After a blank it has whole seconds.
_FORMATS = re.compile(
    rf"{_DAY}(?: {_TIME}(?: [+-][0-9]{{2}}:[0-9]{{2}})?|T{_TIME}\.[0-9]{{3}}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}}))?"
)

# Iterable accepts seconds and milliseconds and documents neither. Seconds reach this size only in the year 5138.
_MILLISECONDS_FROM = 10**11
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800


@lru_cache(maxsize=65_536)
def normalize_date(text: str) -> str | None:
    """Return the date as Iterable stores it, `yyyy-MM-dd HH:mm:ss +00:00`. None if Iterable sees no date in it."""
    if not _FORMATS.fullmatch(text):
        return None
    try:
        time = datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), *_parse_clock(text), tzinfo=timezone.utc)
        return _format(time - _parse_offset(text))
    except (ValueError, OverflowError):
        return None


def format_time(seconds: float) -> str:
    """Return a time, in seconds since 1970, as Iterable writes it."""
    return _format(datetime.fromtimestamp(seconds, tz=timezone.utc))


def parse_unix_time(unix: float) -> float | None:
    """Return seconds since 1970, from seconds or (from 10^11 on) milliseconds. None outside the years 1 to 9999."""
    seconds = unix / 1000 if abs(unix) >= _MILLISECONDS_FROM else float(unix)
    return seconds if _YEAR_1 <= seconds < _YEAR_10000 else None


def _parse_clock(text: str) -> tuple[int, int, int]:
    return (int(text[11:13]), int(text[14:16]), int(text[17:19])) if len(text) > 10 else (0, 0, 0)


def _parse_offset(text: str) -> timedelta:
    zone = text[19:].lstrip(" ")
    if zone.startswith("."):
        zone = zone[4:]
    if zone in {"", "Z"}:
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    size = timedelta(hours=hours, minutes=minutes)
    return -size if zone[0] == "-" else size


def _format(time: datetime) -> str:
    # strftime does not pad years before 1000 on every system, so isoformat is used.
    return time.isoformat(sep=" ", timespec="seconds")[:19] + " +00:00"
