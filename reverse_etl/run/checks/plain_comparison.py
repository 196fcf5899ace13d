"""Reports that a comparison could not write a temporary table, because it then costs more."""

from __future__ import annotations

from reverse_etl.events import Event, Listener
from reverse_etl.snapshot.snapshot_reader import SnapshotStatus


def report_plain_comparison(status: SnapshotStatus, sync: str, listener: Listener) -> None:
    """Report it once for each comparison, with the error code of the temporary table."""
    if not status.diff.writes_nothing:
        return
    message = (
        f"sync `{sync}`: no temporary table could be made ({status.diff.refused}), so the comparison reads the model"
        " more often, which can cost more"
    )
    listener(Event("PlainComparison", message, "info", sync, {"reason": status.diff.refused}))
