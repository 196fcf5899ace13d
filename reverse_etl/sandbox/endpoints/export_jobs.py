"""POST export/start, the files of a job, the list of jobs, and cancelling one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http import bodies
from reverse_etl.sandbox.http.call import number
from reverse_etl.sandbox.http.replies import ACTION_NOT_FOUND, Refusal, Reply, refusal, resource, success
from reverse_etl.sandbox.rules.dates import written
from reverse_etl.sandbox.state import export_rows
from reverse_etl.sandbox.state.export_rows import CSV, JSON_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverse_etl.sandbox.http.call import Call
    from reverse_etl.sandbox.state.export_rows import Line
    from reverse_etl.sandbox.state.jobs import Job
    from reverse_etl.sandbox.state.project import Project

LINK_SECONDS: Final = 1800
_START: Final[bodies.Shape] = {
    "dataTypeName": str,
    "outputFormat": str,
    "onlyFields": str,
    "omitFields": str,
    "startDateTime": str,
    "endDateTime": str,
    "campaignId": int,
    "delimiter": str,
}
_ENDINGS: Final = {CSV: "csv", JSON_LINES: "json"}
_STATES: Final = {"enqueued", "queued", "running", "completed", "failed", "cancelling", "cancelled"}


def start(call: Call) -> Reply:
    body, project = call.body, call.project
    bodies.require(body, _START, call.path, "dataTypeName", "outputFormat")
    if body["outputFormat"] not in _ENDINGS:
        raise refusal(400, "BadParams", f"outputFormat must be {' or '.join(_ENDINGS)}")
    selected = export_rows.selection(body, project.clock(), "All")
    seconds = project.options.behaviour.export_seconds
    job = project.jobs.start(selected, body["outputFormat"], project.clock(), seconds)
    return resource({"jobId": job.id}, f"job {job.id}")


def jobs(call: Call) -> Reply:
    wanted = call.query.get("jobState", "").lower()
    if wanted and wanted not in _STATES:
        raise refusal(400, "BadParams", f"Invalid jobState: {wanted}")
    every = (_finished(call.project, job) for job in call.project.jobs)
    shown = [_shown(call.project, job) for job in every]
    return resource({"jobs": [job for job in shown if wanted in {"", job["jobState"]}]})


def files(call: Call) -> Reply:
    """Those of a page, after the file named `startAfter`; none before the job is completed."""
    job, behaviour = _finished(call.project, _found(call, call.argument)), call.project.options.behaviour
    after = call.query.get("startAfter", "")
    page = [name for name in sorted(job.files or ()) if name > after][: behaviour.export_files_read]
    expires = int(call.project.clock()) + LINK_SECONDS
    links = [{"file": name, "url": f"{call.origin}/exports/{job.id}/{quote(name)}?expires={expires}"} for name in page]
    answer = {"jobId": job.id, "jobState": _state(call.project, job), "exportTruncated": False, "files": links}
    return resource(answer, plural(len(page), "file"))


def cancel(call: Call) -> Reply:
    job = _found(call, call.argument)
    if job.cancelled or call.project.clock() >= job.ends:
        raise refusal(400, "BadParams", f"Export job {job.id} has ended and cannot be cancelled")
    call.project.jobs.cancel(job)
    return success()


def download(call: Call) -> Reply:
    """One file, by a link that needs no key and is good for half an hour."""
    job = call.project.jobs.get(number(call.arguments[0], 0))
    if job is None or not job.files or call.argument not in job.files:
        raise Refusal(ACTION_NOT_FOUND)
    expires = call.query.get("expires", "")
    if not expires.isdecimal() or call.project.clock() >= float(expires):
        return Reply(403, b"the link has expired\n", "text/plain")
    return Reply(200, job.files[call.argument].encode(), job.output)


def _found(call: Call, text: str) -> Job:
    job = call.project.jobs.get(number(text, 0))
    if job is None:
        raise refusal(404, "NotFound", f"Export job {text} does not exist")
    return job


def _finished(project: Project, job: Job) -> Job:
    """The job with its files, if it has run to its end: they hold what there is when they are first asked for."""
    if job.cancelled or job.files is not None or project.clock() < job.ends:
        return job
    return project.jobs.finish(job, _files(project, job))


def _files(project: Project, job: Job) -> dict[str, str]:
    found = list(export_rows.lines(project, job.selected))
    names = export_rows.columns(job.selected, found)

    def text(part: list[Line]) -> bytes:
        if job.output == JSON_LINES:
            return export_rows.in_json(part)
        return export_rows.in_csv(names, job.selected.delimiter, part)

    ended, ending = int(job.ends * 1000), _ENDINGS[job.output]
    parts = _parts([(line, len(text([line]))) for line in found], project.options.behaviour.export_file_bytes)
    return {f"file-{ended + index}.{ending}": text(part).decode() for index, part in enumerate(parts)}


def _parts(sized: list[tuple[Line, int]], most: int) -> Iterator[list[Line]]:
    """Lines in parts of at most so many bytes, or of one line."""
    part: list[Line] = []
    size = 0
    for line, length in sized:
        if part and size + length > most:
            yield part
            part, size = [], 0
        part.append(line)
        size += length
    if part:
        yield part


def _state(project: Project, job: Job) -> str:
    if job.cancelled:
        return project.options.behaviour.cancelled_job_state
    now = project.clock()
    return "enqueued" if now < job.starts else "running" if now < job.ends else "completed"


def _shown(project: Project, job: Job) -> dict[str, Any]:
    shown = {
        "id": job.id,
        "dataTypeName": job.selected.data_type,
        "jobState": _state(project, job),
        "scheduledStartTime": written(job.starts),
    }
    if job.files is None:
        return shown
    return {
        **shown,
        "endTime": written(job.ends),
        "bytesExported": sum(len(text.encode()) for text in job.files.values()),
    }
