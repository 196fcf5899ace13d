"""Warns if a sync that never ran seems to be a renamed one: a sync that is gone sent the same rows."""

from __future__ import annotations

from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.stored_syncs import find_undefined_syncs
from reverse_etl.warehouses.base import Reader


def rename_warning(runnable: RunnableSync, reader: Reader, environment: RunEnvironment) -> str:
    """Return the warning for a sync that seems to have had another name; empty if no old name is found."""
    now, schema = runnable.remembered(""), environment.settings.state_schema
    old = [
        state.name
        for state in find_undefined_syncs(reader, schema, {*environment.project.names(), runnable.sync.name})
        if state.is_like(now)
    ]
    if not old:
        return ""
    return (
        f"`{runnable.sync.name}` has never run, and `{old[0]}`, which no definition names any more, sent the same"
        f" relation as the same object to the same destination. If only the name changed, add the line `name: {old[0]}`"
        " to the definition. Without it, every row is sent again"
    )
