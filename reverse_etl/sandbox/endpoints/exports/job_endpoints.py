"""POST export/start, GET export/jobs and export/{id}/files, DELETE export/{id}, and the download of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from reverse_etl.sandbox.endpoints import request_bodies
from reverse_etl.sandbox.endpoints.call import parse_number
from reverse_etl.sandbox.endpoints.exports import export_rows
from reverse_etl.sandbox.endpoints.exports.export_rows import CSV, JSON_LINES
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, ApiRefusal, Refusal, Reply, reply_json, reply_success
from reverse_etl.sandbox.rules.dates import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverse_etl.sandbox.endpoints.call import Call
    from reverse_etl.sandbox.endpoints.exports.export_rows import Row
    from reverse_etl.sandbox.state.export_jobs import ExportJob
    from reverse_etl.sandbox.state.project import Project

LINK_SECONDS: Final = 1800
_START: Final[request_bodies.Shape] = {
    "dataTypeName": str,
    "outputFormat": str,
    "onlyFields": str,
    "omitFields": str,
    "startDateTime": str,
    "endDateTime": str,
    "campaignId": int,
    "delimiter": str,
}
_FILE_ENDINGS: Final = {CSV: "csv", JSON_LINES: "json"}
_STATES: Final = {"enqueued", "queued", "running", "completed", "failed", "cancelling", "cancelled"}


def start_job(call: Call) -> Reply:
    body, project = call.body, call.project
    request_bodies.check_body(body, _START, call.path, "dataTypeName", "outputFormat")
    if body["outputFormat"] not in _FILE_ENDINGS:
        raise ApiRefusal(400, "BadParams", f"outputFormat must be {' or '.join(_FILE_ENDINGS)}")
    selection = export_rows.parse_selection(body, project.clock(), "All")
    seconds = project.options.behaviour.export_seconds
    job = project.export_jobs.start(selection, body["outputFormat"], project.clock(), seconds)
    return reply_json({"jobId": job.id}, f"job {job.id}")


def list_jobs(call: Call) -> Reply:
    state = call.query.get("jobState", "").lower()
    if state and state not in _STATES:
        raise ApiRefusal(400, "BadParams", f"Invalid jobState: {state}")
    finished = (_finish_job(call.project, job) for job in call.project.export_jobs)
    jobs = [_format_job(call.project, job) for job in finished]
    return reply_json({"jobs": [job for job in jobs if state in {"", job["jobState"]}]})


def list_files(call: Call) -> Reply:
    """Return one page of files, after the file `startAfter`. A job that is not completed has no files."""
    job, behaviour = _finish_job(call.project, _require_job(call, call.argument)), call.project.options.behaviour
    after = call.query.get("startAfter", "")
    page = [name for name in sorted(job.files or ()) if name > after][: behaviour.export_files_read]
    expires = int(call.project.clock()) + LINK_SECONDS
    links = [{"file": name, "url": f"{call.origin}/exports/{job.id}/{quote(name)}?expires={expires}"} for name in page]
    body = {"jobId": job.id, "jobState": _get_state(call.project, job), "exportTruncated": False, "files": links}
    return reply_json(body, pluralize(len(page), "file"))


def cancel_job(call: Call) -> Reply:
    job = _require_job(call, call.argument)
    if job.cancelled or call.project.clock() >= job.ends:
        raise ApiRefusal(400, "BadParams", f"Export job {job.id} has ended and cannot be cancelled")
    call.project.export_jobs.cancel(job)
    return reply_success()


def download_file(call: Call) -> Reply:
    """Return one file. The link needs no key and is valid for half an hour."""
    job = call.project.export_jobs.find(parse_number(call.arguments[0], 0))
    if job is None or not job.files or call.argument not in job.files:
        raise Refusal(ACTION_NOT_FOUND)
    expires = call.query.get("expires", "")
    if not expires.isdecimal() or call.project.clock() >= float(expires):
        return Reply(403, b"the link has expired\n", "text/plain")
    return Reply(200, job.files[call.argument].encode(), job.output)


def _require_job(call: Call, text: str) -> ExportJob:
    job = call.project.export_jobs.find(parse_number(text, 0))
    if job is None:
        raise ApiRefusal(404, "NotFound", f"Export job {text} does not exist")
    return job


def _finish_job(project: Project, job: ExportJob) -> ExportJob:
    """Return the job with its files, if it has ended. The files hold the data at the first call."""
    if job.cancelled or job.files is not None or project.clock() < job.ends:
        return job
    return project.export_jobs.finish(job, _build_files(project, job))


def _build_files(project: Project, job: ExportJob) -> dict[str, str]:
    rows = list(export_rows.select_rows(project, job.selection))
    columns = export_rows.list_columns(job.selection, rows)

    def format_rows(part: list[Row]) -> bytes:
        if job.output == JSON_LINES:
            return export_rows.format_json_lines(part)
        return export_rows.format_csv(columns, job.selection.delimiter, part)

    ended, ending = int(job.ends * 1000), _FILE_ENDINGS[job.output]
    sized_rows = [(row, len(format_rows([row]))) for row in rows]
    parts = _split_rows(sized_rows, project.options.behaviour.export_file_bytes)
    return {f"file-{ended + index}.{ending}": format_rows(part).decode() for index, part in enumerate(parts)}


def _split_rows(sized_rows: list[tuple[Row, int]], max_bytes: int) -> Iterator[list[Row]]:
    """Yield parts of at most this many bytes. A larger row is a part of its own."""
    part: list[Row] = []
    size = 0
    for row, length in sized_rows:
        if part and size + length > max_bytes:
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def _get_state(project: Project, job: ExportJob) -> str:
    if job.cancelled:
        return project.options.behaviour.cancelled_job_state
    now = project.clock()
    return "enqueued" if now < job.starts else "running" if now < job.ends else "completed"


def _format_job(project: Project, job: ExportJob) -> dict[str, Any]:
    body = {
        "id": job.id,
        "dataTypeName": job.selection.data_type,
        "jobState": _get_state(project, job),
        "scheduledStartTime": format_time(job.starts),
    }
    if job.files is None:
        return body
    return {
        **body,
        "endTime": format_time(job.ends),
        "bytesExported": sum(len(text.encode()) for text in job.files.values()),
    }
