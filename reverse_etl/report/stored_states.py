"""What is stored of syncs, whether or not a definition names them: as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reverse_etl.counting import plural
from reverse_etl.report.redaction import printable
from reverse_etl.report.tables import table
from reverse_etl.snapshot.stored_syncs import StoredSync

_HEADERS = ("sync", "defined", "entries", "last run (UTC)", "status", "relation", "destination")


@dataclass(frozen=True)
class ListedState:
    """What is stored of one sync. `is_defined`: the project defines it. `is_ours`: this dbt project sent its rows."""

    state: StoredSync
    is_defined: bool
    is_ours: bool

    @property
    def name(self) -> str:
        """Return the name of the sync."""
        return self.state.name


def listed_state_dict(listed: ListedState) -> dict[str, object]:
    """Return one state as JSON."""
    state, run = listed.state, listed.state.last_run
    return {
        "sync": state.name,
        "defined": "yes" if listed.is_defined else "no" if listed.is_ours else "not in this project",
        "entries": state.entries,
        "last_run": run.ended_at if run is not None else None,
        "status": run.status if run is not None else None,
        "relation": state.source.get("relation"),
        "destination": state.remembered.get("host"),
    }


def listed_state_lines(states: Sequence[ListedState]) -> list[str]:
    """Return the states as a table."""
    rows = [listed_state_dict(one) for one in states]
    return table(_HEADERS, [["" if cell is None else printable(str(cell)) for cell in row.values()] for row in rows])


def orphan_line(orphan: ListedState) -> str:
    """Return what `status` says about a state that no definition names."""
    kept = f"{plural(orphan.state.entries, 'entry', 'entries')} and its history are kept"
    return f"no definition: {printable(orphan.name)}: {kept}; `reverse-etl state prune` deletes them"
