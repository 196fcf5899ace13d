"""Readmission: when a sync lets users back in, the rows about them that other syncs hold back are sent again."""

from __future__ import annotations

from collections.abc import Sequence

from reverse_etl.errors import Faults, ReverseEtlError
from reverse_etl.run.context import ApprovedRun
from reverse_etl.run.runnable_sync import RunnableSync, resolve_sync
from reverse_etl.snapshot.readmissions import SyncPeople, find_syncs_with_forgotten_users, readmit_people
from reverse_etl.snapshot.tables import tables_of
from reverse_etl.sync import Sync
from reverse_etl.warehouses.local import LocalState


def release_readmitted_rows(context: ApprovedRun) -> Sequence[str]:
    """Release held rows of all syncs to the same destination. Return a warning for each sync where that failed.

    Raises WarehouseError if the rows of this sync fail.
    With a local state file the other models cannot be read, so only rows with the same identity are released.
    """
    runnable, warehouse, tables = context.runnable, context.warehouse, context.store.tables
    syncs = {one.name: one for one in context.environment.project.to_destination(runnable.sync.destination)}
    context.rejections.readmit(list(syncs))
    if isinstance(warehouse, LocalState):
        return ()
    found = find_syncs_with_forgotten_users(warehouse, tables, list(syncs))
    return list(filter(None, (_release_rows_of(syncs[name], context) for name in found)))


def _release_rows_of(sync: Sync, context: ApprovedRun) -> str:
    """Release the held rows of another sync. Return a warning if it failed, otherwise an empty text."""
    runnable, warehouse = context.runnable, context.warehouse
    try:
        held = resolve_sync(sync, runnable.destination, warehouse)
        readmit_people(warehouse, _people(context, held), _people(context, runnable))
    except ReverseEtlError as error:
        reasons = "; ".join(one.message for one in (error.faults if isinstance(error, Faults) else [error]))
        return (
            f"held rows of sync `{sync.name}` could not all be released: {reasons}. Correct that sync, and then"
            f" run `reverse-etl requeue --select sync:{sync.name}`, with the keys of forgotten users"
        )
    return ""


def _people(context: ApprovedRun, runnable: RunnableSync) -> SyncPeople:
    tables = tables_of(context.warehouse, context.store.tables.schema, runnable.sync.name)
    return SyncPeople(tables, runnable.layout, runnable.bound.people)
