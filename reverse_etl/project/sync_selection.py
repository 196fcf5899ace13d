"""Which of the selected syncs can run, and what is wrong with each of the others. One sync never stops another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from reverse_etl.change import Problem
from reverse_etl.errors import ReverseEtlError, all_of
from reverse_etl.guards.inputs import build
from reverse_etl.project.build_checks import BuildChecks
from reverse_etl.project.session import ProjectSession
from reverse_etl.run.runnable_sync import RunnableSync, resolve_syncs
from reverse_etl.sync import BrokenSync, Sync
from reverse_etl.warehouses.base import Reader, Warehouse


class SyncSelection:
    """The selected syncs with what is known of them before any of them runs.

    `blocked` are the syncs that the build guard skips, `runnable_syncs` the ones that `match_columns` found.
    """

    def __init__(self, session: ProjectSession, *, destinations: bool = True) -> None:
        """Check definitions and, if wanted, destinations. The warehouse is not opened."""
        self._session = session
        self.definitions = session.select_definitions()
        self.blocked: dict[str, Problem] = {}
        self.runnable_syncs: dict[str, RunnableSync] = {}
        self._errors: dict[tuple[str, str], Sequence[ReverseEtlError]] = {}
        for broken in self.definitions.broken:
            self._errors[broken.unique_id, broken.name] = broken.faults
        unusable = session.unusable_destinations(self.definitions.syncs) if destinations else {}
        for sync in self.definitions.syncs:
            if sync.destination in unusable:
                self._add_errors(sync, [unusable[sync.destination]])

    @property
    def sound_syncs(self) -> list[Sync]:
        """Return the syncs with which nothing is wrong so far."""
        return [sync for sync in self.definitions.syncs if not self.errors(sync) and sync.name not in self.blocked]

    @property
    def failure(self) -> ReverseEtlError | None:
        """Return what ends the operation: every fault, if no definition is left that could run."""
        definitions = list(self.definitions)
        if not definitions or not all(map(self.errors, definitions)):
            return None
        return all_of(self._faults)

    def errors(self, definition: Sync | BrokenSync) -> Sequence[ReverseEtlError]:
        """Return what is wrong with one of the definitions."""
        return self._errors.get((definition.unique_id, definition.name), ())

    def faults_of_some(self) -> list[ReverseEtlError]:
        """Return what is wrong with some syncs, each fault once. Raises it if no sync is left to work on."""
        if self.failure is not None:
            raise self.failure
        return self._faults

    def check_builds(self, reader: Reader, *, remember: Warehouse | None = None) -> None:
        """Find the syncs whose model or tests failed when dbt last ran them, unless that is allowed.

        `remember` is where to keep what dbt's last results say.
        """
        try:
            checks = BuildChecks(self._session, self.sound_syncs, reader)
        except ReverseEtlError as error:
            allowed = self._session.context.options.allow
            for sync in [one for one in self.sound_syncs if not build.GUARD.is_off(one, allowed)]:
                self._add_errors(sync, [error])
            return
        if remember is not None:
            checks.remember(remember)
        self.blocked = checks.problems()

    def match_columns(self, reader: Reader) -> Mapping[str, RunnableSync]:
        """Match every runnable sync with the columns of its model; return the matching ones, by name."""
        session = self._session
        known_fields = partial(session.known_fields, reader)
        with reader.session(reader.mark):
            made, wrong = resolve_syncs(self.sound_syncs, session.destination, reader, known_fields)
        self.runnable_syncs = {one.sync.name: one for one in made}
        for sync in self.sound_syncs:
            self._add_errors(sync, wrong.get(sync.name, ()))
        return self.runnable_syncs

    @property
    def _faults(self) -> list[ReverseEtlError]:
        """Return everything that is wrong, once, in the order of the definitions."""
        found = [error for one in self.definitions for error in self.errors(one)]
        return list({(error.message, error.hint): error for error in found}.values())

    def _add_errors(self, sync: Sync, errors: Sequence[ReverseEtlError]) -> None:
        if errors:
            self._errors[sync.unique_id, sync.name] = errors
