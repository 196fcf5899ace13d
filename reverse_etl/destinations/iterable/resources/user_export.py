"""Exports the users of a project as files, by POST /api/export/start.

Documented (Swagger document): one request a second for each organization, four jobs at a time, later ones wait; files
of 10 MB at most, links that are valid for half an hour, 100 GB in all. A job that runs may be enqueued again.

Not documented, and assumed here, in one place:
- Without a time span, a job of /api/export/start exports all users. The other export endpoints demand a span.
- `onlyFields` takes names of fields at the top of a profile, so an object comes whole. A name with a comma cannot be
  chosen, and then all fields are exported.
- A job and its files are kept for at least a day.
- States may be spelled in any letter case; an unknown state means that the job still runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from reverse_etl.counting import plural
from reverse_etl.destinations.request import Endpoint, Reply, Request
from reverse_etl.destinations.stored_rows import ReadingRoom
from reverse_etl.errors import DestinationError

START = Endpoint("POST", "/api/export/start", 1)
FILES = Endpoint("GET", "/api/export/{jobId}/files", 1)
# The links lead to another host, which has no documented limit.
LINK = Endpoint("GET", "export file", 10)
_LONGEST_AGE = timedelta(days=1)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 20.0
# No file of Iterable can have this name: see `_parse_page`.
_NOTE = ".export"


@dataclass(frozen=True)
class _Page:
    """One answer about a job: its state in small letters, and links by file name."""

    state: str
    links: Mapping[str, str]
    is_truncated: bool


class UserExport:
    """The users of a project with some of their fields. What was downloaded before a crash is not read again."""

    def __init__(self, room: ReadingRoom, fields: Sequence[str]) -> None:
        """`fields` are names at the top of a profile."""
        self._room = room
        self._fields = tuple(fields)

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the fields of every user. Raises DestinationError."""
        for path in self._download(self._find_job() or self._start()):
            with path.open("rb") as lines:
                yield from (_parse_user(line) for line in lines if line.strip())

    @property
    def _body(self) -> dict[str, str]:
        body = {"dataTypeName": "user", "outputFormat": "application/x-json-stream"}
        if any("," in name for name in self._fields):
            return body
        return {**body, "onlyFields": ",".join(self._fields)}

    def _find_job(self) -> int | None:
        """Return the job that an earlier run started for the same fields, if Iterable still knows it."""
        try:
            note = json.loads((self._room.folder / _NOTE).read_text())
            job, body = int(note["job"]), note["body"]
            age = datetime.fromisoformat(self._room.wall()) - datetime.fromisoformat(note["started"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if age > _LONGEST_AGE or body != self._body:
            return None
        reply = self._ask(job)
        page = _parse_page(reply) if reply.status == 200 else None
        if page is None or page.state in ("failed", "cancelled"):
            return None
        self._room.report(f"continues with export {job} of Iterable, which an earlier run started")
        return job

    def _start(self) -> int:
        """Start a job and return its number. A job that was started twice does no harm."""
        for path in self._room.folder.iterdir():
            path.unlink()
        body = self._body
        reply = self._room.caller.ask(Request(START, START.path, orjson.dumps(body)))
        job = reply.body.get("jobId") if isinstance(reply.body, dict) and reply.status == 200 else None
        if type(job) is not int:
            raise _not_exported("Iterable did not start an export of its users", reply)
        note = {"job": job, "started": self._room.wall(), "body": body}
        (self._room.folder / _NOTE).write_text(json.dumps(note))
        self._room.report(f"Iterable prepares export {job} of its users")
        return job

    def _ask(self, job: int, after: str = "") -> Reply:
        tail = f"?startAfter={quote(after, safe='')}" if after else ""
        return self._room.caller.ask(Request(FILES, f"/api/export/{job}/files{tail}"))

    def _page(self, job: int, after: str = "") -> _Page:
        reply = self._ask(job, after)
        page = _parse_page(reply) if reply.status == 200 else None
        if page is None:
            raise _not_exported(f"Iterable did not return the files of export {job}", reply)
        if page.state in ("failed", "cancelled"):
            raise _not_exported(f"export {job} of Iterable ended as `{page.state}`", reply)
        return page

    def _download(self, job: int) -> list[Path]:
        """Return all files of the job, in order, after it is completed. Files are fetched while it runs."""
        pause, last, page = _FIRST_PAUSE, "", self._page(job)
        while page.state != "completed":
            if any(name > last for name in page.links):
                last, pause = self._save(job, page, last), _FIRST_PAUSE
            else:
                self._room.wait(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
            page = self._page(job, last)
        # From the start again: a file could have been added before one that was read.
        paths, last, page = [], "", self._page(job)
        while any(name > last for name in page.links):
            paths += [self._room.folder / name for name in sorted(page.links) if name > last]
            last = self._save(job, page, last)
            page = self._page(job, last)
        if page.is_truncated:
            raise DestinationError(
                "export-truncated",
                f"export {job} of Iterable is cut off, because it is larger than Iterable allows (100 GB)",
                context={"job": job, "files": len(paths)},
                hint="Map fewer fields, or run `baseline --trust`.",
            )
        return paths

    def _save(self, job: int, page: _Page, after: str) -> str:
        """Download the files of a page that are not here yet. Return the name of the last one."""
        links = dict(page.links)
        for name in sorted(page.links):
            path = self._room.folder / name
            for _ in range(2):
                if path.exists():
                    break
                self._fetch(job, name, links[name], path)
                # If the link has expired, the same page has new ones.
                links |= {} if path.exists() else self._page(job, after).links
            if not path.exists():
                raise _not_exported(f"file {name} of export {job} could not be downloaded", Reply(0))
        have = sum(path.suffix != ".part" and path.name != _NOTE for path in self._room.folder.iterdir())
        self._room.report(f"export {job} of Iterable: downloaded {plural(have, 'file')}")
        return max(page.links, default=after)

    def _fetch(self, job: int, name: str, link: str, path: Path) -> None:
        reply = self._room.caller.download(Request(LINK, link), path)
        if reply.status not in (200, 403, 404, 410):
            raise _not_exported(f"file {name} of export {job} could not be downloaded", reply)


def _parse_page(reply: Reply) -> _Page | None:
    """Return what a reply says of a job; None if it says nothing."""
    body = reply.body if isinstance(reply.body, dict) else {}
    state, files = body.get("jobState"), body.get("files")
    if not isinstance(state, str) or not isinstance(files, list):
        return None
    links = {str(one["file"]): str(one["url"]) for one in files if isinstance(one, dict) and {"file", "url"} <= {*one}}
    # A name is part of a path here.
    if any(not name or "/" in name or "\\" in name or name.startswith(".") for name in links):
        return None
    return _Page(state.lower(), links, body.get("exportTruncated") is True)


def _parse_user(line: bytes) -> dict[str, Any]:
    try:
        user = orjson.loads(line)
    except orjson.JSONDecodeError:
        user = None
    if not isinstance(user, dict):
        raise DestinationError(
            "export-unreadable",
            "a line of the export of users is no JSON object",
            context={"bytes": len(line)},
            hint="Run again. If it happens again, report it.",
        )
    return user


def _not_exported(message: str, reply: Reply) -> DestinationError:
    return DestinationError(
        "users-not-exported",
        message,
        context={"status": reply.status, "code": reply.code or "none", "request": reply.request_id or "unnamed"},
        hint="Run again later: nothing was sent. Check in Iterable that the key can export data.",
    )
