"""The result file of one invocation: what was asked, where it ran, and how its syncs ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import cast

from reverse_etl.change import Problem, RunResult
from reverse_etl.errors import ConfigError, ReverseEtlError
from reverse_etl.project.context import ProjectContext
from reverse_etl.project.session import ProjectSession
from reverse_etl.report.result_file import result_file_content, write_result_file
from reverse_etl.version import __version__


class ResultRecorder:
    """Knows when the invocation began, and writes its file once."""

    def __init__(self, session: ProjectSession, flags: Mapping[str, object]) -> None:
        """`flags` are the run's own flags; the project's flags are added."""
        self._context = session.context
        self._redactor = session.reporter.redactor
        self._flags = flags
        self._started = _utc_now()
        self._began = time.monotonic()

    def content(
        self, results: Sequence[RunResult], problems: Sequence[Problem], invocation_id: str
    ) -> Mapping[str, object]:
        """Return the values of the file, without any secret."""
        values = self._redactor.values(result_file_content(self._metadata(invocation_id), results, problems))
        return cast("Mapping[str, object]", values)

    def write(self, content: Mapping[str, object]) -> ConfigError | None:
        """Write the file; return why it could not be written."""
        try:
            write_result_file(self._context.locations.target_path, content)
        except ConfigError as error:
            return error
        return None

    def _metadata(self, invocation_id: str) -> dict[str, object]:
        context = self._context
        return {
            "reverse_etl_version": __version__,
            "invocation_id": invocation_id,
            "generated_at": _utc_now(),
            "started_at": self._started,
            "elapsed": round(time.monotonic() - self._began, 3),
            "dbt_version": _read_or_none(lambda: context.manifest.dbt_version),
            "dbt_invocation_id": _read_or_none(lambda: context.manifest.invocation_id),
            "target": _read_or_none(lambda: context.profile.target),
            "profile": _read_or_none(lambda: context.profile.name),
            "warehouse": _read_or_none(lambda: context.profile.type),
            "args": {"command": "run", **_project_args(context), **self._flags},
        }


def _read_or_none(read: Callable[[], str | None]) -> str | None:
    """Return what is read; None if the project's files are what is wrong."""
    try:
        return read()
    except ReverseEtlError:
        return None


def _project_args(context: ProjectContext) -> dict[str, object]:
    options = context.options
    names = ("project_dir", "profiles_dir", "profile", "target", "target_path", "manifest")
    args: dict[str, object] = {name: getattr(options, name) for name in names}
    args = {name: str(value) if isinstance(value, Path) else value for name, value in args.items()}
    return {**args, "select": list(options.select), "exclude": list(options.exclude), "allow": sorted(options.allow)}


def _utc_now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
