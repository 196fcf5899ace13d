"""`sandbox`: a local Iterable, until a signal comes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from reverse_etl.cli.session import Session
from reverse_etl.errors import ConfigError


class ProjectType(str, Enum):
    """What identifies a user."""

    EMAIL = "email"
    USER_ID = "user_id"
    HYBRID = "hybrid"


def sandbox(
    session: Session,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: a free one.")] = 8085,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", file_okay=False, help="Keep its state here; else it ends with the process."),
    ] = None,
    project_type: Annotated[
        ProjectType, typer.Option("--project-type", envvar="ITERABLE_PROJECT_TYPE", help="What identifies a user.")
    ] = ProjectType.EMAIL,
    rate_limit: Annotated[
        bool, typer.Option("--rate-limit/--no-rate-limit", help="Iterable's documented rates.")
    ] = True,
) -> None:
    """Run a local Iterable to send to. It shows what arrived on a page, and listens only on this machine."""
    from reverse_etl.sandbox import SandboxError, SandboxOptions, serve

    options = SandboxOptions(port=port, data_dir=data_dir, project_type=project_type.value, rate_limit=rate_limit)
    try:
        serve(options, lambda url: _announce(session, url, project_type.value))
    except ImportError as error:
        raise ConfigError(
            "missing-extra",
            "the sandbox's server is not installed",
            context={"missing": error.name},
            hint='Install it: pip install "reverse-etl[sandbox]"',
        ) from error
    except SandboxError as error:
        said, hint = {"port": port}, "Name another folder with `--data-dir`."
        raise ConfigError("sandbox-not-started", str(error), context=said, hint=hint) from error
    except OSError as error:
        raise ConfigError(
            "port-taken",
            f"the sandbox cannot listen on port {port}",
            context={"reason": error.strerror or error},
            hint="Name another port with `--port`, or 0 for a free one.",
        ) from error


def _announce(session: Session, url: str, project_type: str) -> None:
    session.console.lines([url])
    session.console.say(
        "SandboxListens",
        f"the sandbox listens; Ctrl-C ends it. To send to it: export ITERABLE_BASE_URL={url}"
        f" ITERABLE_API_KEY=sandbox-trial ITERABLE_PROJECT_TYPE={project_type}",
    )
