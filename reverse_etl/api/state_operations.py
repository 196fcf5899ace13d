"""The operations on what is stored of syncs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reverse_etl.api.opened_project import Names, OpenedProject, names_in
from reverse_etl.project.sandboxes.sandbox_use import SandboxUse

if TYPE_CHECKING:
    from reverse_etl.project.operations.state_migration import StatePlace
    from reverse_etl.project.results import AcceptedDestination, DeletedState, MigratedState, Results
    from reverse_etl.report.stored_states import ListedState


class StateOperations(OpenedProject):
    """Operations that change what is stored about accepted rows, and send nothing."""

    def accept_destination(
        self,
        select: Names = (),
        exclude: Names = (),
        *,
        allow: Names = (),
        to: Names = (),
        relations: Names = (),
        full_refresh: bool = False,
    ) -> Results[AcceptedDestination]:
        """Let the accepted rows count as accepted by the present destination and relation; send nothing.

        `to` and `relations` name the host or project and the relation, if they are other ones than before.
        `full_refresh`: the next run sends every row again. Raises ConfigError or Faults if no sync can run.
        """
        from reverse_etl.project.operations.destination_acceptance import accept_destinations
        from reverse_etl.run.maintenance.accept_destination import TypedNames

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return accept_destinations(session, TypedNames(names_in(to), names_in(relations), full_refresh))

    def list_states(self, *, allow: Names = ()) -> Sequence[ListedState]:
        """Return what is stored of every sync that has run, including syncs that no definition names."""
        from reverse_etl.project.operations.stored_states import read_stored_states

        with self._open(SandboxUse.LOOK, (), (), allow) as session:
            return read_stored_states(session)

    def prune_states(self, names: Names = (), *, allow: Names = ()) -> Sequence[DeletedState]:
        """Delete what is stored of syncs that no definition names: `names`, or all of this project and target."""
        from reverse_etl.project.operations.stored_states import prune_states

        with self._open(SandboxUse.LOOK, (), (), allow) as session:
            return prune_states(session, names_in(names))

    def reset_states(self, select: Names, exclude: Names = (), *, allow: Names = ()) -> Results[DeletedState]:
        """Forget what was accepted of the selected syncs, so that the next run sends every row."""
        from reverse_etl.project.operations.stored_states import reset_states

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return reset_states(session)

    def migrate_states(
        self, to: StatePlace, select: Names = (), exclude: Names = (), *, allow: Names = (), overwrite: bool = False
    ) -> Results[MigratedState]:
        """Move the state of each sync to `local` or `warehouse`. `overwrite`: replace what is there already."""
        from reverse_etl.project.operations.state_migration import migrate_states

        with self._open(SandboxUse.LOOK, select, exclude, allow) as session:
            return migrate_states(session, to, overwrite=overwrite)
