"""Plain comparison: tells that a comparison could write no temporary table, since it costs more without."""

from __future__ import annotations

from reverse_etl.events import Event, Listener
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def report_plain_comparison(look: SnapshotStatus, sync: str, listener: Listener) -> None:
    """Tell it once a look, with the code of the error that came for the temporary table."""
    if not look.diff.writes_nothing:
        return
    message = (
        f"sync `{sync}`: no temporary table could be made ({look.diff.refused}), so the comparison reads the model more"
        " often, which can cost more"
    )
    listener(Event("PlainComparison", message, "info", sync, {"reason": look.diff.refused}))
