"""What a command works with, and how a function becomes a command."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypedDict, get_type_hints

import typer

from reverse_etl.cli.console import Console, make_console
from reverse_etl.cli.options import LogFlags, ProjectFlags

if TYPE_CHECKING:
    from reverse_etl import Project, ReverseEtlError


class Selection(TypedDict):
    """Which syncs a command is about, and which guards stop nothing this time."""

    select: Sequence[str]
    exclude: Sequence[str]
    allow: Sequence[str]


class Session:
    """One command: its console, its environment, and the dbt project that its flags name."""

    def __init__(self, console: Console, flags: ProjectFlags | None, env: Mapping[str, str]) -> None:
        """Nothing is read yet."""
        self.console = console
        self.env = env
        self.error_code: int | None = None
        self._flags = flags or ProjectFlags()

    def project(self, *, sandbox: bool = False) -> Project:
        """Load the project. Raises ConfigError."""
        from reverse_etl.api.project import Project

        flags = self._flags
        project = Project.load(
            flags.project_dir,
            target=flags.target,
            profile=flags.profile,
            profiles_dir=flags.profiles_dir,
            variables=flags.variables,
            target_path=flags.target_path,
            manifest=flags.manifest,
            sandbox=sandbox,
            env=self.env,
            on_event=self.console.print_event,
        )
        self.console.redact = project.redactor
        return project

    @property
    def selection(self) -> Selection:
        """Return the syncs and guards that the flags name."""
        flags = self._flags
        return Selection(select=flags.select or (), exclude=flags.exclude or (), allow=flags.allow or ())

    def print_errors(self, errors: Sequence[ReverseEtlError], *, partial: bool) -> int:
        """Print what was wrong with some syncs; return the exit code. `partial`: other syncs could be worked on."""
        codes = [self.console.fail(error) for error in errors]
        if not codes:
            return 0
        return self.error_code or (1 if partial else max(codes))

    def end_with(self, error: Exception) -> int:
        """Print what ends the command; return its exit code, which `error_code` may have set."""
        code = self.console.fail(error)
        return code if self.error_code is None else self.error_code


def command(function: Callable[..., int | None], group: type | None = None) -> Callable[..., None]:
    """Turn a function of a Session and flags into a command, which takes the shared flags too."""
    groups = [one for one in (group, LogFlags) if one is not None]

    @wraps(function)
    def call(**given: Any) -> None:
        values = [one(**{item.name: given.pop(item.name) for item in fields(one)}) for one in groups]
        console = make_console(values[-1])
        session = Session(console, values[0] if group is not None else None, dict(os.environ))
        raise typer.Exit(_run_command(lambda: function(session, **given), session))

    _take_flags(call, function, groups)
    return call


def project_command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Turn a function into a command that works on a dbt project."""
    return command(function, ProjectFlags)


def _run_command(work: Callable[[], int | None], session: Session) -> int:
    try:
        return work() or 0
    except (BrokenPipeError, typer.Exit):
        raise
    except Exception as error:  # noqa: BLE001  the door of the whole program
        return session.end_with(error)
    finally:
        session.console.close()


def _take_flags(call: Any, function: Callable[..., int | None], groups: Sequence[type]) -> None:
    """Give the command a signature that holds its own flags and the shared ones: typer reads nothing else."""
    hints = get_type_hints(function, include_extras=True)
    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    for group in groups:
        shared = get_type_hints(group, include_extras=True)
        parameters += [
            inspect.Parameter(
                item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=shared[item.name]
            )
            for item in fields(group)
        ]
    call.__signature__ = inspect.Signature(parameters)
    call.__annotations__ = {one.name: one.annotation for one in parameters}
