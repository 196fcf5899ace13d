"""`sandbox`: runs a local Iterable until Ctrl-C."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.cli.console import Console
from reverse_etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


# Every Iterable project has a list that can be changed, so programs that use the first list work here too.
_LISTS = ((300, "Newsletter"),)


class ProjectTypeChoice(str, Enum):
    """The identifiers of users in a project."""

    EMAIL = "email"
    USER_ID = "user_id"
    HYBRID = "hybrid"


Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on. 0 picks a free one.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        file_okay=False,
        help="Store its data in this folder. Without it, data is lost when the sandbox stops.",
    ),
]
ProjectTypeOption = Annotated[
    ProjectTypeChoice, typer.Option("--project-type", envvar="ITERABLE_PROJECT_TYPE", help="What identifies a user.")
]
RateLimit = Annotated[
    bool, typer.Option("--rate-limit/--no-rate-limit", help="Apply Iterable's documented rate limits.")
]
CreateFields = Annotated[
    bool,
    typer.Option("--create-new-fields/--no-create-new-fields", help="Whether requests can create new fields."),
]
SettingTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change how it behaves where Iterable's documentation is unclear. See --settings.",
    ),
]
JourneyFile = Annotated[
    Path | None,
    typer.Option(
        "--journeys",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Declare journeys in this YAML or JSON file. Pages show which ones each request would have started.",
    ),
]
FaultTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="NAME[:SHARE]",
        help="Make requests fail, for example 429:0.05, html-502 or slow:200ms. See --settings.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed that decides which requests get the faults.")]
ListSettings = Annotated[
    bool, typer.Option("--settings", help="List all settings and faults with their meanings, and exit.")
]


def sandbox(
    session: Session,
    port: Port = 8085,
    data_dir: DataDir = None,
    project_type: ProjectTypeOption = ProjectTypeChoice.EMAIL,
    rate_limit: RateLimit = True,
    create_new_fields: CreateFields = True,
    journeys: JourneyFile = None,
    setting_texts: SettingTexts = None,
    faults: FaultTexts = None,
    seed: Seed = 0,
    settings: ListSettings = False,
) -> None:
    """Run a local Iterable for tests. It shows what it received on web pages and listens only on this machine."""
    from reverse_etl.project.sandboxes.start_errors import report_start_failure
    from reverse_etl.sandbox import SandboxOptions, parse_behaviour, parse_journeys, serve_sandbox

    if settings:
        _list_settings(session.console)
        return
    with _report_wrong_option():
        options = SandboxOptions(
            port=port,
            data_dir=data_dir,
            project_type=project_type.value,
            rate_limit=rate_limit,
            lists=_LISTS,
            create_new_fields=create_new_fields,
            journeys=parse_journeys(journeys.read_text(encoding="utf-8")) if journeys else (),
            behaviour=parse_behaviour(setting_texts or ()),
            faults=tuple(faults or ()),
            seed=seed,
        )
    with report_start_failure(port, "Choose another folder with `--data-dir`."):
        serve_sandbox(options, lambda url: _announce(session.console, url, project_type.value))


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
def _report_wrong_option() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        hint = "`reverse-etl sandbox --help` lists the flags, `reverse-etl sandbox --settings` lists the settings."
        raise ConfigError("wrong-sandbox-option", str(error), context={}, hint=hint) from error


def _announce(console: Console, url: str, project_type: str) -> None:
    console.lines([url])
    console.say(
        "SandboxListens",
        f"the sandbox is running; press Ctrl-C to stop it. To send to it: export ITERABLE_BASE_URL={url}"
        f" ITERABLE_API_KEY=sandbox-trial ITERABLE_PROJECT_TYPE={project_type}"
        " REVERSE_ETL_STATE_SCHEMA=reverse_etl_trial (a separate schema, because Iterable does not have these rows)",
    )
