"""Record: the result file of one invocation: what it was asked, where it ran, and how its syncs ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from reverse_etl import __version__
from reverse_etl.change import Problem, RunResult
from reverse_etl.cli.console import Console
from reverse_etl.errors import ReverseEtlError
from reverse_etl.project.context import ProjectContext
from reverse_etl.report.artifact import artifact, write_artifact


class Record:
    """Knows when the invocation began; writes its file once."""

    def __init__(self, project: ProjectContext, flags: Mapping[str, object]) -> None:
        """`flags` are those of the command itself; those of the project are added."""
        self._project = project
        self._flags = flags
        self._started = _utc_now()
        self._began = time.monotonic()

    def content(self, results: Sequence[RunResult], problems: Sequence[Problem], console: Console) -> object:
        """The values of the file, without any secret."""
        return console.redact.values(artifact(self._metadata(console.invocation_id), results, problems))

    def write(self, content: object, console: Console) -> bool:
        """Write the file; what is wrong with that is told. Without a project there is no place for it, nor a run."""
        try:
            write_artifact(self._project.locations.target_path, content)
        except ReverseEtlError as error:
            console.fail(error)
            return False
        return True

    def _metadata(self, invocation_id: str) -> dict[str, object]:
        project = self._project
        return {
            "reverse_etl_version": __version__,
            "invocation_id": invocation_id,
            "generated_at": _utc_now(),
            "started_at": self._started,
            "elapsed": round(time.monotonic() - self._began, 3),
            "dbt_version": _known(lambda: project.manifest.dbt_version),
            "dbt_invocation_id": _known(lambda: project.manifest.invocation_id),
            "target": _known(lambda: project.profile.target),
            "profile": _known(lambda: project.profile.name),
            "warehouse": _known(lambda: project.profile.type),
            "args": {"command": "run", **_said(project), **self._flags},
        }


def _known(read: Callable[[], str | None]) -> str | None:
    """What can be told of a project whose files may be what is wrong."""
    try:
        return read()
    except ReverseEtlError:
        return None


def _said(project: ProjectContext) -> dict[str, object]:
    flags = project.flags
    names = ("project_dir", "profiles_dir", "profile", "target", "target_path", "manifest")
    said: dict[str, object] = {name: getattr(flags, name) for name in names}
    said = {name: str(value) if isinstance(value, Path) else value for name, value in said.items()}
    return {**said, "select": list(flags.select), "exclude": list(flags.exclude), "allow": sorted(flags.allow)}


def _utc_now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
