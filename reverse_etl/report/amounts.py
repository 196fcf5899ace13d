"""Numbers and durations as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from reverse_etl.counting import plural


def resent_sentence(count: int) -> str:
    """Return `3 rows, although nothing differs`; empty for none."""
    return f"{plural(count, 'row')}, although nothing differs" if count else ""


def size(count: int) -> str:
    """Return the bytes as `512 B`, `61.2 kB`, `3.9 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def payload_sentence(fields_sent: int, fields_spared: int) -> str:
    """Return `37 sent, 185 left out (unchanged)`; empty if no field is sent or left out."""
    if not fields_sent + fields_spared:
        return ""
    return f"{fields_sent:,} sent" + (f", {fields_spared:,} left out (unchanged)" if fields_spared else "")


def duration(seconds: float) -> str:
    """Return the seconds as `0.42 s`, `12 s`, `3 min`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def list_counts(counts: Mapping[str, int], *, all_of_them: bool = False) -> str:
    """Return `3 added, 7 changed`; zeros are left out unless `all_of_them`."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or all_of_them)


def iso_time(moment: str) -> str | None:
    """Return a time in the warehouse's form (UTC, a blank, no zone) in the form of ISO 8601; None for an empty text."""
    return f"{moment.replace(' ', 'T')}Z" if moment else None
