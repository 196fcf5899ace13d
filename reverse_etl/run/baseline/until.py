"""Parses the time after `--until`: a date, or a date and a time, with or without a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from reverse_etl.errors import ConfigError

_FORM = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<time>\d\d:\d\d)(?P<seconds>:\d\d)?(?P<fraction>\.\d{1,6})?)?"
    r"(?: ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?))?"
)


@dataclass(frozen=True)
class UntilTime:
    """A time in UTC. It can be written as a number of seconds since 1970, without rounding."""

    time: datetime

    def __str__(self) -> str:
        """Return the time for people: `2026-11-01 00:00:00 UTC`."""
        return f"{self.time.replace(tzinfo=None).isoformat(sep=' ')} UTC"

    @property
    def epoch(self) -> str:
        """Return the seconds since 1970 as a decimal number."""
        since = self.time - datetime(1970, 1, 1, tzinfo=timezone.utc)
        micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return format(Decimal(micros) / 1_000_000, "f")


def parse_until(text: str) -> UntilTime:
    """Return the time that a text names; without a zone it is UTC, and a date is its midnight. Raises ConfigError."""
    match = _FORM.fullmatch(text.strip())
    try:
        if match is not None and (match["time"] or not match["zone"]):
            return UntilTime(_read_time(match))
    except ValueError:  # the thirtieth of February
        pass
    raise ConfigError(
        "wrong-until",
        f"`--until {text}` is no time",
        context={"found": text},
        hint="Write a date or a time: `--until '2026-11-01'`, `--until '2026-11-01 12:30:00'` (UTC) or"
        " `--until '2026-11-01 12:30:00+02:00'`.",
    )


def _read_time(match: re.Match[str]) -> datetime:
    zone = (match["zone"] or "").replace("Z", "").replace("UTC", "").replace(":", "")
    offset = f"{zone[:3]}:{zone[3:] or '00'}" if zone else "+00:00"
    fraction = (match["fraction"] or ".").ljust(7, "0")
    written = f"{match['date']}T{match['time'] or '00:00'}{match['seconds'] or ':00'}{fraction}{offset}"
    return datetime.fromisoformat(written).astimezone(timezone.utc)
