"""What the rows of a plan may start at the destination, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.counting import plural
from reverse_etl.report.redaction import printable
from reverse_etl.run.journeys.journey_forecast import JourneyForecast, JourneyStart, PossibleStart

_MOST_NAMES = 5


def journey_sentences(forecast: JourneyForecast | None) -> list[str]:
    """Return one sentence for each journey that may start, and what is not known. Nothing if no journey is enabled."""
    if forecast is None:
        return []
    sentences = [_describe_start(start) for start in forecast.starts]
    sentences += [_describe_possible(possible, forecast.enabled) for possible in forecast.possible]
    if forecast.enabled and not sentences:
        sentences = [f"these rows start none of the {plural(forecast.enabled, 'enabled journey')}"]
    if forecast.unread:
        sentences.append(f"the journeys could not be read, so more may start: {printable(forecast.unread)}")
    return sentences


def _describe_start(start: JourneyStart) -> str:
    verb = "may enter" if start.doubt else "enters" if start.rows == 1 else "enter"
    limits = " and ".join(
        text
        for limit, text in (
            (start.lifetime_limit, f"{start.lifetime_limit} per user"),
            (start.simultaneous_limit, f"{start.simultaneous_limit} per user at the same time"),
        )
        if limit is not None
    )
    sentence = f"{_rows(start.rows, start.event)} {verb} the enabled journey '{printable(start.journey)}'"
    doubt = f": {start.doubt}" if start.doubt else ""
    return f"{sentence} ({f'limits: {limits}' if limits else 'no limits'}){doubt}"


def _describe_possible(possible: PossibleStart, enabled: int) -> str:
    rows, unnamed = _rows(possible.rows, possible.event), _list_journeys(possible.journeys)
    if not possible.doubt:
        journeys = plural(len(possible.journeys), "enabled journey that names", "enabled journeys that name")
        return f"{rows} may enter {journeys} no event: {unnamed}"
    verb = "goes" if possible.rows == 1 else "go"
    fields = f" with {_list_names(possible.fields)}" if possible.fields else ""
    name_none = f" ({unnamed}: no event is named)" if possible.journeys else ""
    are_enabled = plural(enabled, "journey is", "journeys are")
    return f"{rows} {verb}{fields}. {possible.doubt}; {are_enabled} enabled{name_none}"


def _rows(count: int, event: str) -> str:
    return f"{count:,} {printable(event)}"


def _list_journeys(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{printable(name)}'" for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _list_names(names: Sequence[str]) -> str:
    """Return `field a`, or `fields a, b`."""
    noun = "field" if len(names) == 1 else "fields"
    shown = f"{noun} " + ", ".join(printable(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown
