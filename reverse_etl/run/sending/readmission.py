"""Readmission: when a sync lets users back in, the rows about them that other syncs hold back are sent again."""

from __future__ import annotations

from contextlib import suppress

from reverse_etl.errors import ReverseEtlError
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.runnable_sync import RunnableSync, resolve_sync
from reverse_etl.snapshot.readmissions import SyncPeople, find_syncs_with_forgotten_users, readmit_people
from reverse_etl.snapshot.tables import tables_of
from reverse_etl.warehouses.local import LocalState


def release_readmitted_rows(context: ApprovedRun) -> None:
    """Release held rows of all syncs to the same destination. Raises WarehouseError.

    With a local state file the other models cannot be read, so only rows with the same identity are released.
    """
    runnable, warehouse, tables = context.runnable, context.warehouse, context.store.tables
    syncs = {one.name: one for one in context.environment.project.to_destination(runnable.sync.destination)}
    context.rejections.readmit(list(syncs))
    if isinstance(warehouse, LocalState):
        return
    for name in find_syncs_with_forgotten_users(warehouse, tables, list(syncs)):
        # If the other sync has a fault, its own run reports it.
        with suppress(ReverseEtlError):
            held = resolve_sync(syncs[name], runnable.destination, warehouse)
            readmit_people(warehouse, _people(context, held), _people(context, runnable))


def _people(context: ApprovedRun, runnable: RunnableSync) -> SyncPeople:
    tables = tables_of(context.warehouse, context.store.tables.schema, runnable.sync.name)
    return SyncPeople(tables, runnable.layout, runnable.bound.people)
