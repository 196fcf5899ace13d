"""Renaming: a sync without a snapshot whose rows another name, which nobody defines any more, has sent already."""

from __future__ import annotations

from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.ready import Ready
from reverse_etl.snapshot.states import orphans
from reverse_etl.warehouses.base import Reader


def rename_warning(ready: Ready, reader: Reader, environment: RunEnvironment) -> str:
    """What to say of the first run of a sync that seems to have had another name; empty if there is nothing to say."""
    now, schema = ready.remembered(""), environment.settings.state_schema
    old = [
        state.name
        for state in orphans(reader, schema, {*environment.project.names(), ready.sync.name})
        if state.is_like(now)
    ]
    if not old:
        return ""
    return (
        f"`{ready.sync.name}` has never run, and `{old[0]}`, which no definition names any more, sent the same relation"
        f" as the same object to the same destination. If only the name changed, add the line `name: {old[0]}` to the"
        " definition. Without it, every row is sent again"
    )
