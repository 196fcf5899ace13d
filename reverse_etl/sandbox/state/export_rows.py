"""What an export holds: which users, events or purchases, which of their fields, written as JSON lines or CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import orjson

from reverse_etl.sandbox.http.replies import refusal
from reverse_etl.sandbox.rules.dates import stored_date, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reverse_etl.sandbox.state.events import Event
    from reverse_etl.sandbox.state.project import Project

JSON_LINES: Final = "application/x-json-stream"
CSV: Final = "text/csv"

# What Iterable exports beside users, events and purchases; the sandbox sends no messages, so it has none of these.
_MESSAGES: Final = """
    anonSession emailBounce emailClick emailComplaint emailOpen emailSend emailSendSkip emailSubscribe emailUnSubscribe
    embeddedClick embeddedImpression embeddedReceived embeddedSend embeddedSendSkip embeddedSession
    hostedUnsubscribeClick inAppClick inAppClose inAppDelete inAppDelivery inAppOpen inAppRecall inAppSend
    inAppSendSkip inboxMessageImpression inboxSession journeyExit pushBounce pushOpen pushSend pushSendSkip
    pushUninstall rcsSend rcsSendSkip smsBounce smsClick smsReceived smsSend smsSendSkip smsUsageInfo webPushClick
    webPushSend webPushSendSkip whatsAppBounce whatsAppClick whatsAppReceived whatsAppSeen whatsAppSend
    whatsAppSendSkip whatsAppUsageInfo
"""
_EVENTS: Final = ("customEvent", "purchase")
_RANGES: Final = ("Today", "Yesterday", "BeforeToday", "All")
# Before and after any date, as text.
_FIRST, _LAST = "", "~"

Line = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """What an export is asked for. `start` (inclusive) and `end` (exclusive) are dates as Iterable stores them.

    For users they are about the last update, for events about the time of the event.
    """

    data_type: str
    start: str = _FIRST
    end: str = _LAST
    only: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    campaign_id: int | None = None
    delimiter: str = ","

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "only": list(self.only), "omit": list(self.omit)}


def selection(asked: Mapping[str, Any], now: float, default_range: str) -> Selection:
    """Read the members that a query and the body of a job have in common; raises the refusal of wrong ones."""
    data_type, delimiter = asked.get("dataTypeName"), asked.get("delimiter") or ","
    if data_type not in {"user", *_EVENTS, *_MESSAGES.split()}:
        raise refusal(400, "BadParams", f"Invalid dataTypeName: {data_type}")
    if len(delimiter) != 1:
        raise refusal(400, "BadParams", "delimiter must be one character")
    start, end = _span(asked, now, default_range)
    campaign = asked.get("campaignId")
    if campaign is not None and not str(campaign).isdecimal():
        raise refusal(400, "BadParams", f"Invalid campaignId: {campaign}")
    only, omit = (tuple(filter(None, (asked.get(name) or "").split(","))) for name in ("onlyFields", "omitFields"))
    return Selection(data_type, start, end, only, omit, None if campaign is None else int(campaign), delimiter)


def lines(project: Project, selected: Selection) -> Iterator[Line]:
    """The users or events that were selected, each with the fields that were."""
    for time, line in _all(project, selected):
        if selected.start <= time < selected.end:
            kept = {name: line[name] for name in selected.only if name in line} if selected.only else line
            yield {name: value for name, value in kept.items() if name not in selected.omit}


def event_line(project: Project, event: Event) -> Line:
    """An event as exports show it: its fields beside what Iterable says of it."""
    read = event.as_read(project.users[event.user].identifiers())
    fields, kind = read.pop("dataFields"), read.pop("eventType")
    return {**fields, **read, "_type": kind}


def in_json(some: Iterable[Line]) -> bytes:
    return b"".join(orjson.dumps(line) + b"\n" for line in some)


def columns(selected: Selection, some: Iterable[Line]) -> list[str]:
    """Those that were asked for, else every field that any line has."""
    return list(selected.only or dict.fromkeys(name for line in some for name in line))


def in_csv(names: list[str], delimiter: str, some: Iterable[Line]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(line.get(name)) for name in names] for line in some)
    return text.getvalue().encode()


def _all(project: Project, selected: Selection) -> Iterator[tuple[str, Line]]:
    if selected.data_type == "user":
        for profile in project.users.values():
            yield written(profile.updated), project.read(profile)["dataFields"]
    for event in project.events if selected.data_type in _EVENTS else ():
        if event.type == selected.data_type and selected.campaign_id in {None, event.campaign_id}:
            yield written(event.created), event_line(project, event)


def _span(asked: Mapping[str, Any], now: float, default_range: str) -> tuple[str, str]:
    if asked.get("startDateTime") is not None or asked.get("endDateTime") is not None:
        return _date(asked, "startDateTime") or _FIRST, _date(asked, "endDateTime") or _LAST
    span = asked.get("range") or default_range
    if span not in _RANGES:
        raise refusal(400, "BadParams", f"range must be one of {', '.join(_RANGES)}")
    today = datetime.fromtimestamp(now, tz=timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday, morning, tomorrow = (written((today + timedelta(days=day)).timestamp()) for day in (-1, 0, 1))
    spans = {"Today": (morning, tomorrow), "Yesterday": (yesterday, morning), "BeforeToday": (_FIRST, morning)}
    return spans.get(span, (_FIRST, _LAST))


def _date(asked: Mapping[str, Any], name: str) -> str | None:
    text = asked.get(name)
    stored = stored_date(text) if text is not None else None
    if text is not None and stored is None:
        raise refusal(400, "BadParams", f"{name} must be yyyy-MM-dd HH:mm:ss [ZZ]")
    return stored


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()
