"""Session: what one command works with, resolved as it asks for it; and how a function becomes a command."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from reverse_etl.cli.console import Console, standard_console
from reverse_etl.cli.options import ProjectOptions, SandboxUse, TalkOptions
from reverse_etl.errors import Faults, ReverseEtlError

if TYPE_CHECKING:
    from reverse_etl.assemble import Project
    from reverse_etl.destination import Destination
    from reverse_etl.run.ready import Ready
    from reverse_etl.snapshot.tables import Tables
    from reverse_etl.sync import Sync
    from reverse_etl.warehouses.base import Reader, Warehouse


class Session:
    """One command: its console, its environment, and the dbt project its flags name."""

    def __init__(self, console: Console, options: ProjectOptions | None, env: Mapping[str, str]) -> None:
        """Nothing is read yet. `settings` are those that flags set, by name."""
        self.console = console
        self.env = env
        self.settings: dict[str, object] = {}
        self._sandbox = SandboxUse.NONE
        self._ending = ExitStack()
        self._options = options or ProjectOptions()

    @cached_property
    def project(self) -> Project:
        """The project. Raises ConfigError where a guard is named that there is not."""
        from reverse_etl.assemble import Flags, Project, unknown_guards
        from reverse_etl.guards import GUARDS

        o = self._options
        allow = [name for text in o.allow or () for name in text.split()]
        wrong = unknown_guards(allow, GUARDS)
        if wrong is not None:
            raise wrong
        flags = Flags(
            project_dir=o.project_dir,
            profiles_dir=o.profiles_dir,
            profile=o.profile,
            target=o.target,
            target_path=o.target_path,
            manifest=o.manifest,
            select=o.select or (),
            exclude=o.exclude or (),
            allow=allow,
            settings=self.settings,
        )
        if self._sandbox is SandboxUse.NONE:
            return Project(flags, self.env)
        from reverse_etl.cli.sandboxed import SandboxedProject

        return self._ending.enter_context(SandboxedProject(flags, self.env, self._sandbox, self.console.say))

    def use_sandbox(self, use: SandboxUse, *, wanted: bool) -> None:
        """Let sandboxes stand in for the destinations. To be said before the project is asked for."""
        self._sandbox = use if wanted else SandboxUse.NONE

    def close(self) -> None:
        """End what the command has started."""
        self._ending.close()

    def syncs(self) -> list[Sync]:
        """The selected syncs; says so where there are none. Raises Faults with everything wrong in the definitions."""
        project = self.project
        selected = project.selected()
        if not project.syncs:
            self.console.say(
                "NoDefinitions",
                "no model of this project has a `reverse_etl` entry under `config: meta:`, so there is nothing to do;"
                " tag one, run `dbt build`, and see `reverse-etl schema` for what the entry may say",
                "warn",
            )
        elif not selected:
            self.console.say("NothingSelected", _nothing_selected(project.flags.select, project.flags.exclude), "warn")
        return selected

    def destination(self, name: str) -> Destination:
        """A destination, with its key kept out of everything that is printed. Raises ConfigError."""
        destination = self.project.destination(name)
        self.console.redact.learn([destination.api_key.reveal()])
        return destination

    def check_destinations(self, syncs: Sequence[Sync]) -> None:
        """Refuse a key that must not go where it would. Raises ConfigError."""
        from reverse_etl.assemble import check_destinations

        for sync in syncs:
            self.destination(sync.destination)
        check_destinations(self.project, syncs)

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

    def tables(self, reader: Reader, sync: Sync) -> Tables:
        """The names of our tables for a sync."""
        from reverse_etl.snapshot.tables import tables_of

        return tables_of(reader, self.project.settings_of(sync).state_schema, sync.name)

    def ready(self, syncs: Sequence[Sync], reader: Reader) -> list[Ready]:
        """The syncs fitted to their models' columns. Raises everything that is wrong with any of them."""
        from reverse_etl.run.ready import make_all_ready

        ready, errors = make_all_ready(syncs, self.destination, reader)
        raise_all(errors)
        return ready


def _nothing_selected(select: Sequence[str], exclude: Sequence[str]) -> str:
    words = f"`{' '.join(select)}`" if select else "what is selected"
    less = f" without `{' '.join(exclude)}`" if exclude else ""
    return f"{words}{less} matches no sync; `reverse-etl list` shows them all"


def raise_all(errors: Sequence[ReverseEtlError]) -> None:
    """Raise the error there is, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Faults(errors)


def command(function: Callable[..., int | None], group: type | None = None) -> Callable[..., None]:
    """A function of a Session and flags of its own as a command, which takes the shared flags too."""
    groups = [one for one in (group, TalkOptions) if one is not None]

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
    return command(function, ProjectOptions)


def _ended(work: Callable[[], int | None], session: Session) -> int:
    try:
        return work() or 0
    except (BrokenPipeError, typer.Exit):
        raise
    except Exception as error:  # noqa: BLE001  the door of the whole program
        return session.console.fail(error)
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
