"""One operation on a project: its definitions, destinations and warehouse, opened and closed, with what to report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from reverse_etl.destinations.base import DestinationConfig
from reverse_etl.errors import ReverseEtlError
from reverse_etl.project.context import ProjectContext, ProjectOptions, unknown_guards
from reverse_etl.project.reporter import Reporter
from reverse_etl.project.run_environment import RunOptions, check_destination, make_environment
from reverse_etl.project.sandboxes.sandbox_use import SandboxUse
from reverse_etl.project.sync_reader import Definitions
from reverse_etl.run.checks.left_out_fields import read_known_fields
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.snapshot.tables import Tables, tables_of
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Reader, Warehouse


class ProjectSession:
    """What one operation works with. It reads dbt's files again, so it sees the last build."""

    def __init__(self, context: ProjectContext, reporter: Reporter) -> None:
        """Nothing is read yet."""
        self.context = context
        self.reporter = reporter

    def select_definitions(self) -> Definitions:
        """Return the selected definitions, including broken ones. Reports if there are none."""
        context = self.context
        selected = context.select_definitions()
        for sentence in context.unread_warnings():
            self.reporter.say("NotRead", sentence, "warn")
        if not list(context.definitions):
            self.reporter.say(
                "NoDefinitions",
                "no model of this project has a `reverse_etl` entry under `config: meta:`, so there is nothing to do;"
                " tag one, run `dbt build`, and see `reverse-etl schema` for what the entry may say",
                "warn",
            )
        elif not list(selected):
            said = _nothing_selected_message(context.options.select, context.options.exclude)
            self.reporter.say("NothingSelected", said, "warn")
        return selected

    def destination(self, name: str) -> DestinationConfig:
        """Return a destination; its key is never printed. Raises ConfigError."""
        destination = self.context.destination(name)
        self.reporter.learn([destination.api_key.reveal()])
        return destination

    def unusable_destinations(self, syncs: Sequence[Sync]) -> dict[str, ReverseEtlError]:
        """Return the destinations that cannot be used, by name: unknown ones, and ones that refuse their key."""
        return {name: error for name in {s.destination: s for s in syncs} for error in self.destination_errors(name)}

    def destination_errors(self, name: str) -> list[ReverseEtlError]:
        """Return what is wrong with a destination. Nothing is sent to find out."""
        try:
            self.destination(name)
            check_destination(self.context, name)
        except ReverseEtlError as error:
            return [error]
        return []

    def make_environment(self, options: RunOptions | None = None) -> RunEnvironment:
        """Return the real world for a run, which reports here."""
        return make_environment(self.context, self.reporter, options or RunOptions())

    @contextmanager
    def open_warehouse(self, *, read_only: bool) -> Iterator[Warehouse]:
        """Open the warehouse of the dbt target, and close it at the end. Raises ConfigError, WarehouseError."""
        self.reporter.learn(self.context.profile.secrets)
        warehouse = self.context.open(read_only=read_only)
        try:
            yield warehouse
        finally:
            warehouse.close()

    @contextmanager
    def open_both_places(self) -> Iterator[tuple[Warehouse, Warehouse]]:
        """Open the warehouse and the file of our tables, both for writing, and close them at the end."""
        self.reporter.learn(self.context.profile.secrets)
        target = self.context.open_target(read_only=False)
        try:
            local = self.context.open_local(target, read_only=False)
            try:
                yield target, local
            finally:
                local.close()
        finally:
            target.close()

    def known_fields(self, reader: Reader, sync: Sync) -> Collection[str] | None:
        """Return the columns of a sync's snapshot, if fields without a column there are left out; else None."""
        allowed = self.context.options.allow
        return read_known_fields(sync, reader, self.tables(reader, sync).snapshot, allowed)

    def tables(self, reader: Reader, sync: Sync | BrokenSync) -> Tables:
        """Return the names of our tables for a sync."""
        return tables_of(reader, self.context.settings_of(sync).state_schema, sync.name)


@contextmanager
def open_session(
    options: ProjectOptions, env: Mapping[str, str], reporter: Reporter, use: SandboxUse
) -> Iterator[ProjectSession]:
    """Open a session of the project; sandboxes that it starts end with it. Raises ConfigError for an unknown guard."""
    wrong = unknown_guards(options.allow)
    if wrong is not None:
        raise wrong
    if use is SandboxUse.NONE:
        context = ProjectContext(options, env)
        reporter.learn(context.secrets)
        yield ProjectSession(context, reporter)
        return
    from reverse_etl.project.sandboxes.sandboxed_project import SandboxedProject

    with SandboxedProject(options, env, use, reporter.say) as sandboxed:
        reporter.learn(sandboxed.secrets)
        yield ProjectSession(sandboxed, reporter)


def _nothing_selected_message(select: Sequence[str], exclude: Sequence[str]) -> str:
    words = f"`{' '.join(select)}`" if select else "what is selected"
    less = f" without `{' '.join(exclude)}`" if exclude else ""
    return f"{words}{less} matches no sync; `reverse-etl list` shows them all"
