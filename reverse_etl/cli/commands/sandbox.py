"""`sandbox`: a local Iterable, until a signal comes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.console import Console
from reverse_etl.cli.session import Session
from reverse_etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


# Every Iterable project has a list that can be changed, so readers that take the first list find one here too.
_LISTS = ((300, "Newsletter"),)


class ProjectType(str, Enum):
    """What identifies a user."""

    EMAIL = "email"
    USER_ID = "user_id"
    HYBRID = "hybrid"


Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: a free one.")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", file_okay=False, help="Keep its state here; else it ends with the process.")
]
Kind = Annotated[
    ProjectType, typer.Option("--project-type", envvar="ITERABLE_PROJECT_TYPE", help="What identifies a user.")
]
RateLimit = Annotated[bool, typer.Option("--rate-limit/--no-rate-limit", help="Iterable's documented rates.")]
CreateFields = Annotated[
    bool,
    typer.Option(
        "--create-new-fields/--no-create-new-fields", help="Whether the project takes fields it has not seen."
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="What it does where Iterable is silent, see --settings."),
]
Wrong = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="NAME[:SHARE]", help="What goes wrong, as 429:0.05, html-502 or slow:200ms."),
]
Seed = Annotated[int, typer.Option("--seed", help="Decides which requests meet the faults.")]
Listing = Annotated[
    bool, typer.Option("--settings", help="List the settings and the faults with their meanings, and end.")
]


def sandbox(
    session: Session,
    port: Port = 8085,
    data_dir: DataDir = None,
    project_type: Kind = ProjectType.EMAIL,
    rate_limit: RateLimit = True,
    create_new_fields: CreateFields = True,
    changes: Changes = None,
    faults: Wrong = None,
    seed: Seed = 0,
    settings: Listing = False,
) -> None:
    """Run a local Iterable to send to. It shows what arrived on a page, and listens only on this machine."""
    from reverse_etl.sandbox import SandboxOptions, behaviour_of, serve

    if settings:
        _list_settings(session.console)
        return
    with _told_as_wrong_option():
        options = SandboxOptions(
            port=port,
            data_dir=data_dir,
            project_type=project_type.value,
            rate_limit=rate_limit,
            lists=_LISTS,
            create_new_fields=create_new_fields,
            behaviour=behaviour_of(changes or ()),
            faults=tuple(faults or ()),
            seed=seed,
        )
    with told_as_not_started(port, "Name another folder with `--data-dir`."):
        serve(options, lambda url: _announce(session.console, url, project_type.value))


def _list_settings(console: Console) -> None:
    from reverse_etl.sandbox import FAULTS, list_settings

    settings = list_settings()
    if console.is_json:
        console.json({"settings": [asdict(setting) for setting in settings], "faults": dict(FAULTS)}, indent=2)
        return
    console.lines(["Settings, for --set NAME=VALUE"])
    for setting in settings:
        console.lines([f"  {setting.name}={setting.default}  ({setting.values})", f"      {setting.meaning}"])
    console.lines(["Faults, for --fault NAME or NAME:SHARE"])
    console.lines(f"  {name:<15} {meaning}" for name, meaning in FAULTS.items())


@contextmanager
def _told_as_wrong_option() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        hint = "`reverse-etl sandbox --help` names the flags, `reverse-etl sandbox --settings` what `--set` can set."
        raise ConfigError("wrong-sandbox-option", str(error), context={}, hint=hint) from error


@contextmanager
def told_as_not_started(port: int, hint: str) -> Iterator[None]:
    """Turn what keeps a sandbox from starting into ConfigError; `hint` is for a folder that cannot be used."""
    from reverse_etl.sandbox import SandboxError

    try:
        yield
    except ImportError as error:
        raise ConfigError(
            "missing-extra",
            "the sandbox's server is not installed",
            context={"missing": error.name},
            hint='Install it: pip install "reverse-etl[sandbox]"',
        ) from error
    except SandboxError as error:
        raise ConfigError("sandbox-not-started", str(error), context={"port": port}, hint=hint) from error
    except OSError as error:
        raise ConfigError(
            "port-taken",
            f"the sandbox cannot listen on port {port}",
            context={"reason": error.strerror or error},
            hint="Name another port with `--port`, or 0 for a free one.",
        ) from error


def _announce(console: Console, url: str, project_type: str) -> None:
    console.lines([url])
    console.say(
        "SandboxListens",
        f"the sandbox listens; Ctrl-C ends it. To send to it: export ITERABLE_BASE_URL={url}"
        f" ITERABLE_API_KEY=sandbox-trial ITERABLE_PROJECT_TYPE={project_type}"
        " REVERSE_ETL_STATE_SCHEMA=reverse_etl_trial (a schema of its own: what the sandbox accepts, Iterable has not)",
    )
