"""The rows of an export: which users, events or purchases, which of their fields, as JSON lines or CSV."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.replies import ApiRefusal
from reverse_etl.sandbox.rules.dates import format_time, normalize_date
from reverse_etl.sandbox.state.export_jobs import EARLIEST, LATEST, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reverse_etl.sandbox.state.events import Event
    from reverse_etl.sandbox.state.project import Project

JSON_LINES: Final = "application/x-json-stream"
CSV: Final = "text/csv"

# What Iterable also exports. The sandbox sends no messages, so these exports are empty.
_MESSAGE_TYPES: Final = """
    anonSession emailBounce emailClick emailComplaint emailOpen emailSend emailSendSkip emailSubscribe emailUnSubscribe
    embeddedClick embeddedImpression embeddedReceived embeddedSend embeddedSendSkip embeddedSession
    hostedUnsubscribeClick inAppClick inAppClose inAppDelete inAppDelivery inAppOpen inAppRecall inAppSend
    inAppSendSkip inboxMessageImpression inboxSession journeyExit pushBounce pushOpen pushSend pushSendSkip
    pushUninstall rcsSend rcsSendSkip smsBounce smsClick smsReceived smsSend smsSendSkip smsUsageInfo webPushClick
    webPushSend webPushSendSkip whatsAppBounce whatsAppClick whatsAppReceived whatsAppSeen whatsAppSend
    whatsAppSendSkip whatsAppUsageInfo
"""
_EVENT_TYPES: Final = ("customEvent", "purchase")
_RANGES: Final = ("Today", "Yesterday", "BeforeToday", "All")

Row = dict[str, Any]


def parse_selection(params: Mapping[str, Any], now: float, default_range: str) -> Selection:
    """Return the selection of a query or of a job's body. Raises ApiRefusal if a parameter is wrong."""
    data_type, delimiter = params.get("dataTypeName"), params.get("delimiter") or ","
    if data_type not in {"user", *_EVENT_TYPES, *_MESSAGE_TYPES.split()}:
        raise ApiRefusal(400, "BadParams", f"Invalid dataTypeName: {data_type}")
    if len(delimiter) != 1:
        raise ApiRefusal(400, "BadParams", "delimiter must be one character")
    start, end = _parse_time_span(params, now, default_range)
    campaign = params.get("campaignId")
    if campaign is not None and not str(campaign).isdecimal():
        raise ApiRefusal(400, "BadParams", f"Invalid campaignId: {campaign}")
    only, omit = (tuple(filter(None, (params.get(name) or "").split(","))) for name in ("onlyFields", "omitFields"))
    return Selection(data_type, start, end, only, omit, None if campaign is None else int(campaign), delimiter)


def select_rows(project: Project, selection: Selection) -> Iterator[Row]:
    """Yield the selected users or events, each with the selected fields."""
    for time, row in _iterate_rows(project, selection):
        if selection.start <= time < selection.end:
            selected = {name: row[name] for name in selection.only if name in row} if selection.only else row
            yield {name: value for name, value in selected.items() if name not in selection.omit}


def format_event(project: Project, event: Event) -> Row:
    """Return an event as exports show it: its fields next to what Iterable adds."""
    members = event.to_api(project.users[event.user].get_identifiers())
    fields, type_ = members.pop("dataFields"), members.pop("eventType")
    return {**fields, **members, "_type": type_}


def format_json_lines(rows: Iterable[Row]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def list_columns(selection: Selection, rows: Iterable[Row]) -> list[str]:
    """Return the selected columns, or every field of any row if none were selected."""
    return list(selection.only or dict.fromkeys(name for row in rows for name in row))


def format_csv(columns: list[str], delimiter: str, rows: Iterable[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_format_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode()


def _iterate_rows(project: Project, selection: Selection) -> Iterator[tuple[str, Row]]:
    """Yield (time, row) of every user or event of the data type. The time is a date as Iterable stores it."""
    if selection.data_type == "user":
        for profile in project.users.values():
            yield format_time(profile.updated), project.format_user(profile)["dataFields"]
    for event in project.events if selection.data_type in _EVENT_TYPES else ():
        if event.type == selection.data_type and selection.campaign_id in {None, event.campaign_id}:
            yield format_time(event.created), format_event(project, event)


def _parse_time_span(params: Mapping[str, Any], now: float, default_range: str) -> tuple[str, str]:
    if params.get("startDateTime") is not None or params.get("endDateTime") is not None:
        return _parse_date(params, "startDateTime") or EARLIEST, _parse_date(params, "endDateTime") or LATEST
    range_ = params.get("range") or default_range
    if range_ not in _RANGES:
        raise ApiRefusal(400, "BadParams", f"range must be one of {', '.join(_RANGES)}")
    midnight = datetime.fromtimestamp(now, tz=timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday, today, tomorrow = (format_time((midnight + timedelta(days=day)).timestamp()) for day in (-1, 0, 1))
    spans = {"Today": (today, tomorrow), "Yesterday": (yesterday, today), "BeforeToday": (EARLIEST, today)}
    return spans.get(range_, (EARLIEST, LATEST))


def _parse_date(params: Mapping[str, Any], name: str) -> str | None:
    text = params.get(name)
    date = normalize_date(text) if text is not None else None
    if text is not None and date is None:
        raise ApiRefusal(400, "BadParams", f"{name} must be yyyy-MM-dd HH:mm:ss [ZZ]")
    return date


def _format_cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()
