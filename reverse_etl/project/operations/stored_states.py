"""`state list`, `state prune`, `state reset`: what is stored of syncs, and how it is deleted on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from reverse_etl.errors import ConfigError
from reverse_etl.project.results import DeletedState, Results
from reverse_etl.project.session import ProjectSession
from reverse_etl.project.sync_selection import SyncSelection
from reverse_etl.report.redaction import printable
from reverse_etl.report.stored_states import ListedState
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.maintenance.reset_state import reset_sync
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.stored_syncs import StoredSync, drop_stored_sync, find_stored_syncs, find_undefined_syncs
from reverse_etl.warehouses.base import Reader, Warehouse


def read_stored_states(session: ProjectSession) -> list[ListedState]:
    """Return what is stored of every sync that has run. Raises ConfigError, WarehouseError."""
    with session.open_warehouse(read_only=True) as reader:
        states = [one for schema in session.context.state_schemas() for one in find_stored_syncs(reader, schema)]
    return _list_states(session, states)


def list_orphans(session: ProjectSession, reader: Reader) -> list[ListedState]:
    """Return what is stored of syncs that no definition names, including syncs of other dbt projects."""
    defined = {one.name for one in session.context.definitions}
    schemas = session.context.state_schemas()
    return _list_states(session, [one for schema in schemas for one in find_undefined_syncs(reader, schema, defined)])


def prune_states(session: ProjectSession, names: Sequence[str]) -> list[DeletedState]:
    """Delete what is stored of syncs that no definition names: `names`, or all that this project sent for this target.

    Raises ConfigError if there is nothing of such a name, or if a run of it may be alive. Nothing is deleted then.
    """
    with session.open_warehouse(read_only=False) as warehouse:
        found = list_orphans(session, warehouse)
        chosen = [one for one in found if (one.name in names if names else _is_of_target(session, one))]
        _refuse_unknown(names, found)
        for one in chosen:
            _refuse_running(session, one.state)
        for one in chosen:
            drop_stored_sync(warehouse, one.state)
    _report_kept(session, [one for one in found if not names and one not in chosen])
    if not found:
        session.reporter.say("NothingToPrune", "every sync that has run has its definition")
    return [DeletedState(one.name, one.state.entries) for one in chosen]


def reset_states(session: ProjectSession) -> Results[DeletedState]:
    """Forget what was accepted of the selected syncs, so that the next run sends every row.

    Raises ConfigError if nothing is selected, or if no sync can run.
    """
    if not session.context.options.select:
        raise ConfigError(
            "selection-required",
            "`state reset` forgets what was accepted, so it needs the names of the syncs",
            context={"selected": "nothing"},
            hint="Name them: `reverse-etl state reset --select SYNC`.",
        )
    selection = SyncSelection(session)
    selection.faults_of_some()
    environment = session.make_environment()
    with session.open_warehouse(read_only=False) as warehouse:
        selection.match_columns(warehouse)
        done: Results[DeletedState] = Results(selection.faults_of_some())
        for runnable in selection.runnable_syncs.values():
            mine = replace(environment, settings=session.context.settings_of(runnable.sync))
            done.attempt(partial(_reset_state, runnable, warehouse, mine))
    return done


def _reset_state(runnable: RunnableSync, warehouse: Warehouse, environment: RunEnvironment) -> DeletedState:
    return DeletedState(runnable.sync.name, reset_sync(runnable, warehouse, environment))


def _list_states(session: ProjectSession, states: Sequence[StoredSync]) -> list[ListedState]:
    if not states:
        return []
    defined = {one.name for one in session.context.definitions}
    # Several dbt projects may share one schema.
    packages = {unique_id.split(".")[1] for unique_id in session.context.manifest.nodes}
    return [ListedState(state, state.name in defined, state.package in packages) for state in states]


def _report_kept(session: ProjectSession, states: Sequence[ListedState]) -> None:
    for one in states:
        name = printable(one.name)
        session.reporter.say(
            "StateKept",
            f"`{name}` {_describe_owner(one)}; to delete it, run `reverse-etl state prune '{name}'`",
            "warn",
        )


def _is_of_target(session: ProjectSession, one: ListedState) -> bool:
    """Return whether a state is this project's, and this target's: other targets may have definitions of their own."""
    return one.is_ours and one.state.source.get("target") in (None, "", session.context.target)


def _describe_owner(one: ListedState) -> str:
    if one.is_ours:
        return f"belongs to target `{printable(str(one.state.source['target']))}`"
    return "is of another dbt project, or its project is not known"


def _refuse_unknown(names: Sequence[str], found: Sequence[ListedState]) -> None:
    unknown = [name for name in names if name not in {one.name for one in found}]
    if unknown:
        raise ConfigError(
            "unknown-state",
            f"there is nothing to delete of `{unknown[0]}`: it has never run, or a definition has this name",
            context={"without a definition": ", ".join(one.name for one in found) or "none"},
            hint="See `reverse-etl state list`. To start a sync again that has a definition, run `state reset`.",
        )


def _refuse_running(session: ProjectSession, state: StoredSync) -> None:
    lease, late = state.lease, session.context.settings.late_request_bound
    if lease is not None and lease.holder is not None and lease.free_in(late) > 0:
        raise ConfigError(
            "state-in-use",
            f"`{state.name}` is in use: a run of it may be active",
            context={"free in": f"{lease.free_in(late):.0f} s"},
            hint="Stop that run, or wait until its lease is free.",
        )
