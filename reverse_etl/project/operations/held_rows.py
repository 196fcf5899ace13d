"""`rejected` and `requeue`: rows that were held back or refused, and how they are sent again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from reverse_etl.errors import ConfigError
from reverse_etl.project.project_types import identity_rules
from reverse_etl.project.results import HeldRow, RequeuedRows, Results
from reverse_etl.project.session import ProjectSession
from reverse_etl.snapshot.columns.chosen_rows import stored_identities
from reverse_etl.snapshot.held_rows import list_rejections, requeue
from reverse_etl.snapshot.lease import check_not_moved, read_lease
from reverse_etl.sync import BrokenSync, IdentityRule, Sync
from reverse_etl.warehouses.base import Warehouse


def list_held_rows(session: ProjectSession, limit: int) -> list[HeldRow]:
    """Return the rows of each selected sync that were not accepted, the newest first, `limit` of each at most.

    Raises ConfigError, WarehouseError.
    """
    syncs = _select_stored_syncs(session)
    found: list[HeldRow] = []
    if not syncs:
        return found
    with session.open_warehouse(read_only=True) as reader:
        for sync in syncs:
            table = session.tables(reader, sync).rejections
            if reader.columns(table):
                found += [HeldRow(sync.name, one) for one in list_rejections(reader, table, sync.name, limit)]
    return found


def requeue_rows(session: ProjectSession, keys: Sequence[str]) -> Results[RequeuedRows]:
    """Let the next run send refused rows again: rows with one of `keys`, or all rows of the selected syncs.

    Raises ConfigError, WarehouseError.
    """
    requeued: Results[RequeuedRows] = Results()
    syncs = _select_stored_syncs(session)
    if not syncs:
        return requeued
    with session.open_warehouse(read_only=False) as warehouse:
        for sync in syncs:
            requeued.attempt(partial(_requeue, session, sync, warehouse, keys))
    return requeued


def _requeue(
    session: ProjectSession, sync: Sync | BrokenSync, warehouse: Warehouse, keys: Sequence[str]
) -> RequeuedRows:
    tables = session.tables(warehouse, sync)
    if warehouse.columns(tables.lease):
        check_not_moved(sync.name, read_lease(warehouse, tables))
    if not warehouse.columns(tables.rejections):
        return RequeuedRows(sync.name, 0)
    rules: Sequence[IdentityRule] = ()
    if keys and not isinstance(sync, BrokenSync):
        rules = identity_rules(sync, _project_types(session, sync), session.context.vendor(sync.destination))
    identities = stored_identities(keys, rules)
    return RequeuedRows(sync.name, requeue(warehouse, tables.rejections, sync.name, identities))


def _project_types(session: ProjectSession, sync: Sync) -> Sequence[str]:
    """Return the types that the project of a sync can have, as far as its destination says so."""
    try:
        return session.context.offline_destination(sync.destination).project_types
    except ConfigError:
        return session.context.vendor(sync.destination).project_types


def _select_stored_syncs(session: ProjectSession) -> list[Sync | BrokenSync]:
    """Return the selected definitions, including broken ones: they can have held rows too."""
    return list({one.name: one for one in session.select_definitions()}.values())
