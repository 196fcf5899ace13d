"""Exports: section 13. A job lists its files while it runs; links need no key and expire.

`Settings.export_states` are the states that the next calls of `files` report, before the job is completed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.reference_iterable.endpoints.users import format_user
from tests.reference_iterable.project_memory import ExportJob
from tests.reference_iterable.replies import Refusal, Reply, bad_params, refusal, reply_success
from tests.reference_iterable.request import Call
from tests.reference_iterable.rules.bodies import INTEGER, STRING

LINK_SECONDS = 1800
LINES, CSV = "application/x-json-stream", "text/csv"
STATES = ("enqueued", "running", "completed", "failed", "cancelling", "cancelled")
_BODY = {
    "dataTypeName!": STRING,
    "outputFormat!": STRING,
    "onlyFields": STRING,
    "omitFields": STRING,
    "startDateTime": STRING,
    "endDateTime": STRING,
    "campaignId": INTEGER,
    "delimiter": STRING,
}


def start_export(call: Call) -> Reply:
    """Start a job. Its files hold the data of this moment. Only users as lines of JSON are supported."""
    body = call.check_body(_BODY)
    if body["outputFormat"] not in (LINES, CSV):
        raise bad_params(f"Invalid outputFormat: {body['outputFormat']}")
    if body["dataTypeName"] != "user" or body["outputFormat"] == CSV:
        raise bad_params("This server exports users as lines of JSON")
    running = [job for job in call.memory.export_jobs.values() if job.state in ("enqueued", "running")]
    if len(running) >= 4:
        call.note("exports: more than 4 jobs at a time, so this one waits")
    job = ExportJob(call.memory.next_number(), "enqueued", _write_files(call, _select_fields(body)))
    call.memory.export_jobs[job.id] = job
    return Reply(200, {"jobId": job.id})


def _select_fields(body: dict[str, Any]) -> tuple[list[str], list[str]]:
    only, omit = (list(filter(None, body.get(name, "").split(","))) for name in ("onlyFields", "omitFields"))
    return only, omit


def _write_files(call: Call, fields: tuple[list[str], list[str]]) -> dict[str, bytes]:
    """Return the files by name, each of at most `Settings.export_bytes`, a longer line apart."""
    files: list[bytes] = []
    for line in _format_lines(call, *fields):
        if not files or len(files[-1]) + len(line) > call.memory.settings.export_bytes:
            files.append(b"")
        files[-1] += line
    return {f"file-{1679086247925 + number}.json": content for number, content in enumerate(files)}


def _format_lines(call: Call, only: list[str], omit: list[str]) -> Iterator[bytes]:
    for user in call.memory.profiles:
        row = format_user(call.memory, user)["dataFields"]
        kept = {name: value for name, value in row.items() if (not only or name in only) and name not in omit}
        yield json.dumps(kept).encode() + b"\n"


def list_jobs(call: Call) -> Reply:
    wanted = call.values.get("jobState", "").lower()
    if wanted and wanted not in STATES:
        raise bad_params(f"Invalid jobState: {wanted}")
    jobs = [
        {
            "id": job.id,
            "dataTypeName": "user",
            "jobState": job.state,
            "bytesExported": sum(map(len, job.files.values())),
        }
        for job in call.memory.export_jobs.values()
    ]
    return Reply(200, {"jobs": [job for job in jobs if wanted in ("", job["jobState"])]})


def list_files(call: Call) -> Reply:
    """Return one page of files, those after `startAfter`. A job that runs has some of its files."""
    job, settings = _require_job(call), call.memory.settings
    if job.state not in ("failed", "cancelled", "completed"):
        job.state = settings.export_states.pop(0) if settings.export_states else "completed"
    names = sorted(job.files)
    ready = {"completed": len(names), "running": len(names) // 2}.get(job.state, 0)
    after = call.values.get("startAfter", "")
    page = [name for name in names[:ready] if name > after][: settings.export_page]
    expires = int(call.memory.clock()) + LINK_SECONDS
    links = [{"file": name, "url": f"{call.memory.url}/download/{job.id}/{name}?until={expires}"} for name in page]
    # The Swagger document has states with a capital, the official client in small letters.
    state = job.state.capitalize()
    return Reply(200, {"jobId": job.id, "jobState": state, "exportTruncated": job.truncated, "files": links})


def cancel_export(call: Call) -> Reply:
    job = _require_job(call)
    if job.state not in ("enqueued", "running"):
        raise bad_params(f"Job {job.id} is {job.state}")
    job.state = "cancelled"
    return reply_success()


def _require_job(call: Call) -> ExportJob:
    job = call.memory.export_jobs.get(call.get_number("jobId"))
    if job is None:
        raise Refusal(refusal(404, "NotFound", "No such export job"))
    return job


def download_file(call: Call) -> Reply:
    """Return a file to every client that has its link, until the link expires."""
    job = call.memory.export_jobs.get(call.get_number("jobId"))
    name = call.get_value("file")
    if job is None or name not in job.files or call.get_number("until") <= call.memory.clock():
        return Reply(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
    return Reply(200, job.files[name], LINES)
