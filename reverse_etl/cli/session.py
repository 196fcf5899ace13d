"""Session: what one command works with, resolved as it asks for it; and how a function becomes a command."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import typer

from reverse_etl.cli.console import Console, standard_console
from reverse_etl.cli.options import LogFlags, ProjectFlags, SandboxUse
from reverse_etl.errors import ReverseEtlError

if TYPE_CHECKING:
    from reverse_etl.definition.destination import Destination
    from reverse_etl.project.context import ProjectContext
    from reverse_etl.project.sync_reader import Definitions
    from reverse_etl.snapshot.tables import Tables
    from reverse_etl.sync import BrokenSync, Sync
    from reverse_etl.warehouses.base import Reader, Warehouse

Result = TypeVar("Result")


class Session:
    """One command: its console, its environment, and the dbt project its flags name."""

    def __init__(self, console: Console, options: ProjectFlags | None, env: Mapping[str, str]) -> None:
        """Nothing is read yet. `settings` are those that flags set, by name."""
        self.console = console
        self.env = env
        self.settings: dict[str, object] = {}
        self.error_code: int | None = None
        self._codes: list[int] = []
        self._sandbox = SandboxUse.NONE
        self._ending = ExitStack()
        self._options = options or ProjectFlags()

    @cached_property
    def project(self) -> ProjectContext:
        """The project. Raises ConfigError where a guard is named that there is not."""
        from reverse_etl.dbt.variables import read_variables
        from reverse_etl.project.context import ProjectContext, ProjectOptions, unknown_guards

        o = self._options
        allow = [name for text in o.allow or () for name in text.split()]
        wrong = unknown_guards(allow)
        if wrong is not None:
            raise wrong
        flags = ProjectOptions(
            project_dir=o.project_dir,
            profiles_dir=o.profiles_dir,
            profile=o.profile,
            target=o.target,
            variables=read_variables(o.variables),
            target_path=o.target_path,
            manifest=o.manifest,
            select=o.select or (),
            exclude=o.exclude or (),
            allow=allow,
            settings=self.settings,
        )
        if self._sandbox is SandboxUse.NONE:
            project = ProjectContext(flags, self.env)
        else:
            from reverse_etl.cli.sandboxed import SandboxedProject

            sandboxed = SandboxedProject(flags, self.env, self._sandbox, self.console.say)
            project = self._ending.enter_context(sandboxed)
        self.console.redact.learn(project.secrets)
        return project

    def use_sandbox(self, use: SandboxUse, *, wanted: bool) -> None:
        """Let sandboxes stand in for the destinations. To be said before the project is asked for."""
        self._sandbox = use if wanted else SandboxUse.NONE

    def close(self) -> None:
        """End what the command has started."""
        self._ending.close()

    def selected(self) -> Definitions:
        """The selected definitions, those too that cannot run; says so where there are none."""
        project = self.project
        selected = project.selected()
        for sentence in project.unread():
            self.console.say("NotRead", sentence, "warn")
        if not list(project.definitions):
            self.console.say(
                "NoDefinitions",
                "no model of this project has a `reverse_etl` entry under `config: meta:`, so there is nothing to do;"
                " tag one, run `dbt build`, and see `reverse-etl schema` for what the entry may say",
                "warn",
            )
        elif not list(selected):
            self.console.say("NothingSelected", _nothing_selected(project.flags.select, project.flags.exclude), "warn")
        return selected

    def fail(self, error: ReverseEtlError) -> None:
        """Print an error that leaves the rest of the command to be done."""
        self._codes.append(self.console.fail(error))

    def fail_in_part(self, errors: Sequence[ReverseEtlError]) -> None:
        """Print errors of some syncs, beside which there are sound ones."""
        for error in errors:
            self.fail(error)
        if errors:
            self._codes.append(0)

    def end_with(self, error: Exception) -> int:
        """Print what ends the command; its exit code, which `error_code` may have set."""
        code = self.console.fail(error)
        return code if self.error_code is None else self.error_code

    def attempt(
        self, work: Callable[[], Result], otherwise: Callable[[ReverseEtlError], Result] | None = None
    ) -> list[Result]:
        """Return what the work for one sync gives, or `otherwise` if it fails. The other syncs continue."""
        try:
            found = [work()]
        except ReverseEtlError as error:
            self.fail(error)
            return [otherwise(error)] if otherwise else []
        self._codes.append(0)
        return found

    @property
    def exit_code(self) -> int:
        """1 where something of the command failed, and what the error asks for where everything did."""
        if not any(self._codes):
            return 0
        return self.error_code or (1 if 0 in self._codes else max(self._codes))

    def destination(self, name: str) -> Destination:
        """A destination, with its key kept out of everything that is printed. Raises ConfigError."""
        destination = self.project.destination(name)
        self.console.redact.learn([destination.api_key.reveal()])
        return destination

    def unusable_destinations(self, syncs: Sequence[Sync]) -> dict[str, ReverseEtlError]:
        """By name, the destinations that cannot be used: one that is not there, or whose key must not go there."""
        return {name: error for name in {s.destination: s for s in syncs} for error in self.destination_errors(name)}

    def destination_errors(self, name: str) -> list[ReverseEtlError]:
        """What is wrong with a destination; nothing is sent to find that out."""
        from reverse_etl.project.wiring import check_destination

        try:
            self.destination(name)
            check_destination(self.project, name)
        except ReverseEtlError as error:
            return [error]
        return []

    @contextmanager
    def warehouse(self, *, read_only: bool) -> Iterator[Warehouse]:
        """The warehouse of the dbt target, closed at the end."""
        self.console.redact.learn(self.project.profile.secrets)
        warehouse = self.project.open(read_only=read_only)
        try:
            yield warehouse
        finally:
            warehouse.close()

    @contextmanager
    def both_places(self) -> Iterator[tuple[Warehouse, Warehouse]]:
        """The warehouse and, beside it, the file of our tables, both to be written; closed at the end."""
        self.console.redact.learn(self.project.profile.secrets)
        target = self.project.open_target(read_only=False)
        try:
            local = self.project.open_local(target, read_only=False)
            try:
                yield target, local
            finally:
                local.close()
        finally:
            target.close()

    def tables(self, reader: Reader, sync: Sync | BrokenSync) -> Tables:
        """The names of our tables for a sync."""
        from reverse_etl.snapshot.tables import tables_of

        return tables_of(reader, self.project.settings_of(sync).state_schema, sync.name)


def _nothing_selected(select: Sequence[str], exclude: Sequence[str]) -> str:
    words = f"`{' '.join(select)}`" if select else "what is selected"
    less = f" without `{' '.join(exclude)}`" if exclude else ""
    return f"{words}{less} matches no sync; `reverse-etl list` shows them all"


def command(function: Callable[..., int | None], group: type | None = None) -> Callable[..., None]:
    """A function of a Session and flags of its own as a command, which takes the shared flags too."""
    groups = [one for one in (group, LogFlags) if one is not None]

    @wraps(function)
    def call(**said: Any) -> None:
        values = [one(**{item.name: said.pop(item.name) for item in fields(one)}) for one in groups]
        console = standard_console(values[-1])
        session = Session(console, values[0] if group is not None else None, dict(os.environ))
        raise typer.Exit(_ended(lambda: function(session, **said), session))

    _take_flags(call, function, groups)
    return call


def project_command(function: Callable[..., int | None]) -> Callable[..., None]:
    """The same for a command that works on a dbt project."""
    return command(function, ProjectFlags)


def _ended(work: Callable[[], int | None], session: Session) -> int:
    try:
        return work() or session.exit_code
    except (BrokenPipeError, typer.Exit):
        raise
    except Exception as error:  # noqa: BLE001  the door of the whole program
        return session.end_with(error)
    finally:
        session.close()
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
