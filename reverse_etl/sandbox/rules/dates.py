"""The date formats that Iterable recognises in strings, and the one it stores. Knows no field."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
# Fractions only after a T, and then exactly milliseconds and a zone; a blank admits whole seconds alone.
_FORMATS = re.compile(
    rf"{_DAY}(?: {_TIME}(?: [+-][0-9]{{2}}:[0-9]{{2}})?|T{_TIME}\.[0-9]{{3}}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}}))?"
)

# Iterable takes both units and documents neither; by magnitude, as in the year 5138 at the latest.
_MILLISECONDS_FROM = 10**11
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800


@lru_cache(maxsize=65_536)
def stored_date(text: str) -> str | None:
    """The text as Iterable stores it, `yyyy-MM-dd HH:mm:ss +00:00`; None when it is no date it accepts."""
    if not _FORMATS.fullmatch(text):
        return None
    try:
        moment = datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), *_clock(text), tzinfo=timezone.utc)
        return _written(moment - _offset(text))
    except (ValueError, OverflowError):
        return None


def written(seconds: float) -> str:
    """A moment, in seconds since 1970, as Iterable writes it."""
    return _written(datetime.fromtimestamp(seconds, tz=timezone.utc))


def moment(unix: float) -> float | None:
    """Seconds since 1970 of a Unix time in seconds or, from 10^11 on, milliseconds; None where no calendar has it."""
    seconds = unix / 1000 if abs(unix) >= _MILLISECONDS_FROM else float(unix)
    return seconds if _YEAR_1 <= seconds < _YEAR_10000 else None


def _clock(text: str) -> tuple[int, int, int]:
    return (int(text[11:13]), int(text[14:16]), int(text[17:19])) if len(text) > 10 else (0, 0, 0)


def _offset(text: str) -> timedelta:
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


def _written(moment: datetime) -> str:
    # isoformat, since strftime does not pad years before 1000 everywhere.
    return moment.isoformat(sep=" ", timespec="seconds")[:19] + " +00:00"
