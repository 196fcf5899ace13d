"""The flags that commands share, with dbt's names. Each group is one frozen value. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class LogFormat(str, Enum):
    """The format of log messages."""

    TEXT = "text"
    JSON = "json"


class Output(str, Enum):
    """The format of results."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class LogFlags:
    """How a command logs."""

    log_format: Annotated[
        LogFormat,
        typer.Option("--log-format", envvar="REVERSE_ETL_LOG_FORMAT", help="Format of log messages on stderr."),
    ] = LogFormat.TEXT
    quiet: Annotated[bool, typer.Option("--quiet", "-q", envvar="REVERSE_ETL_QUIET", help="Print only errors.")] = False
    debug: Annotated[
        bool, typer.Option("--debug", "-d", envvar="REVERSE_ETL_DEBUG", help="Print everything, with tracebacks.")
    ] = False
    use_colors: Annotated[
        bool,
        typer.Option(
            "--use-colors/--no-use-colors", envvar="REVERSE_ETL_USE_COLORS", help="Use colours, unless NO_COLOR is set."
        ),
    ] = True


@dataclass(frozen=True)
class ProjectFlags:
    """Which project, which target and which syncs."""

    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", "-s", envvar="REVERSE_ETL_SELECT", metavar="SELECTOR", help="Models or syncs, as in dbt."
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            envvar="REVERSE_ETL_EXCLUDE",
            metavar="SELECTOR",
            help="Models or syncs to leave out, as in dbt.",
        ),
    ] = None
    project_dir: Annotated[
        Path | None, typer.Option("--project-dir", help="Folder of dbt_project.yml. [env var: DBT_PROJECT_DIR]")
    ] = None
    profiles_dir: Annotated[
        Path | None, typer.Option("--profiles-dir", help="Folder of profiles.yml. [env var: DBT_PROFILES_DIR]")
    ] = None
    profile: Annotated[str | None, typer.Option("--profile", help="dbt's profile. [env var: DBT_PROFILE]")] = None
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="Target of the profile. [env var: DBT_TARGET]")
    ] = None
    variables: Annotated[
        str | None, typer.Option("--vars", metavar="YAML", help="Variables for profiles.yml, as dbt takes them.")
    ] = None
    target_path: Annotated[
        Path | None, typer.Option("--target-path", help="Folder dbt writes to. [env var: DBT_TARGET_PATH]")
    ] = None
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", envvar="REVERSE_ETL_MANIFEST", help="manifest.json, if it is not in that folder."),
    ] = None
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", envvar="REVERSE_ETL_ALLOW", metavar="GUARD", help="Guards that stop nothing this time."
        ),
    ] = None


FullRefresh = Annotated[
    bool, typer.Option("--full-refresh", "-f", envvar="REVERSE_ETL_FULL_REFRESH", help="Send every row again.")
]
FullComparison = Annotated[
    bool, typer.Option("--full-comparison", help="Compare all rows, also of syncs that are `incremental`.")
]
RowLimit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", help="Send only the first N rows of each sync; the rest waits."),
]
OnlyKeys = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KEY", help="Send only rows with this e-mail, user id or key; can be repeated."),
]
LeaseWait = Annotated[
    float | None, typer.Option("--wait", metavar="SECONDS", help="How long to wait for the lease of a crashed run.")
]
Sandboxed = Annotated[
    bool, typer.Option("--sandbox", help="Send to a local sandbox instead of Iterable. It has its own sync snapshots.")
]
ShowValues = Annotated[bool, typer.Option("--show-values", help="Show keys and values instead of masking them.")]
OutputFormat = Annotated[Output, typer.Option("--output", help="Format of the results.")]
