"""The requests that a plan shows, as text and as JSON, with their structure. Values are masked unless asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

from reverse_etl.counting import plural
from reverse_etl.report.masking import mask
from reverse_etl.report.redaction import printable
from reverse_etl.run.planning.payload_preview import PayloadPreview

_INDENT = " " * 16
_PART = re.compile(r"[^/?&=]+")


def payload_lines(payload: PayloadPreview, *, show_values: bool) -> list[str]:
    """Return one request for a terminal, below the other lines of its plan."""
    shown = payload_dict(payload, show_values=show_values)
    lines = [f"  {'payload':<11} {payload.kind} {printable(shown['key'])}: {payload.reason}"]
    return lines + [f"{_INDENT}{line}" for line in _request_lines(payload, shown)]


def payload_dict(payload: PayloadPreview, *, show_values: bool) -> dict[str, object]:
    """Return one request as JSON."""
    hidden = _Mask(payload, show_values=show_values)
    return {
        "kind": payload.kind,
        "key": hidden.text(payload.key),
        "reason": payload.reason,
        "method": payload.method,
        "path": hidden.path(payload.path),
        "body": hidden.body(),
        "fields": dict(payload.fields),
        "spared": payload.spared,
        "rows_in_request": payload.rows_in_request,
        "lookup": hidden.path(payload.lookup),
        "note": payload.note,
        "problem": payload.problem,
    }


def _request_lines(payload: PayloadPreview, shown: dict[str, object]) -> Iterator[str]:
    if payload.problem:
        yield f"no request: {printable(payload.problem)}"
        return
    if payload.lookup:
        yield f"{printable(shown['lookup'])} asks first whether the row can be sent"
    yield f"{payload.method} {printable(shown['path'])}"
    if payload.body is not None:
        yield from map(printable, json.dumps(shown["body"], indent=2, ensure_ascii=False).splitlines())
    yield from (f"{printable(name)}: {reason}" for name, reason in payload.fields.items())
    if payload.spared:
        yield f"{plural(payload.spared, 'field')} did not change and {'stays' if payload.spared == 1 else 'stay'} out"
    if payload.note:
        yield f"note: {payload.note}"
    if payload.rows_in_request > 1:
        yield f"a request of a run holds up to {plural(payload.rows_in_request, 'row')}"


class _Mask:
    """Masks the values of one payload, in every place."""

    def __init__(self, payload: PayloadPreview, *, show_values: bool) -> None:
        self._payload = payload
        self._show_values = show_values
        self._texts = {payload.key.lower(), *(text.lower() for text in _texts(payload.body))}

    def text(self, value: str) -> str:
        return value if self._show_values else mask(value)

    def path(self, path: str) -> str:
        """Return a path. Its parts that name the row are masked."""
        return path if self._show_values else _PART.sub(self._part, path)

    def body(self) -> object:
        """Return the JSON. Members that do not come from the row keep their values."""
        body = self._payload.body
        if self._show_values:
            return body
        if not isinstance(body, dict):
            return self._value(body)
        own = self._payload.own
        return {name: value if name in own else self._value(value) for name, value in body.items()}

    def _part(self, found: re.Match[str]) -> str:
        text = unquote(found[0])
        return mask(text) if text.lower() in self._texts or "@" in text else found[0]

    def _value(self, value: object) -> object:
        if isinstance(value, dict):
            return {self._name(name): self._value(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner) for inner in value]
        if value is None:
            return None
        return mask(str(value), _kind(value))

    def _name(self, name: str) -> str:
        """Return the name of a member. An identity can be a name as well."""
        return mask(name) if name == self._payload.key else name


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "text"


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of JSON."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
