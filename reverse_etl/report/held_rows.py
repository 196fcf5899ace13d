"""Rows that were not accepted: as text for people, and as JSON; keys are masked unless asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reverse_etl.change import Response
from reverse_etl.report.masking import mask, mask_within
from reverse_etl.report.results import response_dict
from reverse_etl.report.tables import table
from reverse_etl.snapshot.held_rows import Rejection

_HEADERS = ("sync", "key", "state", "code", "reason", "last seen (UTC)", "times", "Iterable answered")
_NAMES = ("sync", "key", "state", "code", "reason", "last_seen", "times")


def held_row_lines(rows: Sequence[tuple[str, Rejection]], *, show_values: bool) -> list[str]:
    """Return the rows as a table, each with the name of its sync."""
    cells = []
    for sync, held in rows:
        response = _response(held, show_values=show_values)
        shown = ["null" if cell is None else cell for cell in _cells(sync, held, show_values=show_values)]
        cells.append([*shown, "" if response is None else str(response)])
    return table(_HEADERS, cells)


def held_row_dict(sync: str, held: Rejection, *, show_values: bool) -> dict[str, object]:
    """Return one row as JSON."""
    values = dict(zip(_NAMES, _cells(sync, held, show_values=show_values), strict=True))
    return {**values, **response_dict(_response(held, show_values=show_values) or Response(0))}


def _cells(sync: str, held: Rejection, *, show_values: bool) -> list[object]:
    if held.identity is None:
        return [sync, None, held.state, held.code, held.reason, held.last_seen, held.attempts]
    key = held.identity if show_values else mask(held.identity)
    reason = held.reason if show_values else mask_within(held.reason, held.identity)
    return [sync, key, held.state, held.code, reason, held.last_seen, held.attempts]


def _response(held: Rejection, *, show_values: bool) -> Response | None:
    """Return what the destination answered; its words may quote the key."""
    if held.response is None or show_values or held.identity is None:
        return held.response
    return replace(held.response, message=mask_within(held.response.message, held.identity))
