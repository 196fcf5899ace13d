"""Triage: which of the selected syncs can run, and what keeps back each of the others; one never keeps back another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reverse_etl.cli.session import Session
from reverse_etl.cli.unbuilt import Unbuilt
from reverse_etl.errors import Faults, ReverseEtlError

if TYPE_CHECKING:
    from reverse_etl.change import Problem
    from reverse_etl.run.runnable_sync import RunnableSync
    from reverse_etl.sync import BrokenSync, Sync
    from reverse_etl.warehouses.base import Reader, Warehouse


class Triage:
    """What is known of the selected syncs before any of them runs.

    `blocked` are syncs by name that the build guard skips, `ready` those that `fit` found nothing wrong with.
    """

    def __init__(self, session: Session, *, destinations: bool = True) -> None:
        """Look at definitions and, if wanted, at destinations; the warehouse is not opened."""
        self._session = session
        self.definitions = session.selected()
        self.blocked: dict[str, Problem] = {}
        self.ready: dict[str, RunnableSync] = {}
        self._errors: dict[tuple[str, str], Sequence[ReverseEtlError]] = {}
        for broken in self.definitions.broken:
            self._errors[broken.unique_id, broken.name] = broken.faults
        unusable = session.unusable_destinations(self.definitions.syncs) if destinations else {}
        for sync in self.definitions.syncs:
            if sync.destination in unusable:
                self._note(sync, [unusable[sync.destination]])

    @property
    def open(self) -> list[Sync]:
        """The syncs that nothing is wrong with so far."""
        return [sync for sync in self.definitions.syncs if not self.errors(sync) and sync.name not in self.blocked]

    @property
    def failure(self) -> ReverseEtlError | None:
        """What ends the command: every fault there is, where no definition is left that could run."""
        definitions = list(self.definitions)
        if not definitions or not all(map(self.errors, definitions)):
            return None
        return all_of(self.faults)

    @property
    def faults(self) -> list[ReverseEtlError]:
        """Everything that is wrong, once, in the order of the definitions."""
        found = [error for one in self.definitions for error in self.errors(one)]
        return list({(error.message, error.hint): error for error in found}.values())

    def errors(self, definition: Sync | BrokenSync) -> Sequence[ReverseEtlError]:
        """What is wrong with one of the definitions."""
        return self._errors.get((definition.unique_id, definition.name), ())

    def check_builds(self, reader: Reader, *, remember: Warehouse | None = None) -> None:
        """Find the syncs whose model or tests failed when dbt last ran them, unless that is allowed.

        `remember`: where to keep what dbt's last results say.
        """
        from reverse_etl.guards.build import GUARD

        try:
            unbuilt = Unbuilt(self._session, self.open, reader)
        except ReverseEtlError as error:
            allowed = self._session.project.flags.allow
            for sync in [one for one in self.open if not GUARD.is_off(one, allowed)]:
                self._note(sync, [error])
            return
        if remember is not None:
            unbuilt.remember(remember)
        self.blocked = unbuilt.problems()

    def fit(self, reader: Reader) -> Mapping[str, RunnableSync]:
        """Look at the columns of every model whose sync is open; those that fit, by name."""
        from reverse_etl.run.runnable_sync import resolve_syncs

        made: tuple[list[RunnableSync], Mapping[str, Sequence[ReverseEtlError]]]
        with reader.session(reader.mark):
            made = resolve_syncs(self.open, self._session.destination, reader)
        self.ready = {one.sync.name: one for one in made[0]}
        for sync in self.open:
            self._note(sync, made[1].get(sync.name, ()))
        return self.ready

    def tell(self) -> None:
        """Print what is wrong with some of the syncs. Raises it instead where nothing is left to work on."""
        if self.failure is not None:
            raise self.failure
        self._session.fail_in_part(self.faults)

    def _note(self, sync: Sync, errors: Sequence[ReverseEtlError]) -> None:
        if errors:
            self._errors[sync.unique_id, sync.name] = errors


def all_of(errors: Sequence[ReverseEtlError]) -> ReverseEtlError:
    """The error there is, or all of them together."""
    return errors[0] if len(errors) == 1 else Faults(errors)
