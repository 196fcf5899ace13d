"""The guard `column_drift`: most values of a column became NULL, constant or of another shape, or most identifiers."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.share import ShareEntry, percentage, setting_of
from reverse_etl.guards.value.drift import Drift
from reverse_etl.sync import Sync

_NAME = "column_drift"
_REMEDY = (
    "If that is right, run with `--allow column_drift`, or raise `guards: {column_drift: {percent: …, rows: …}}` in the"
    " definition."
)


class DriftEntry(ShareEntry):
    """A limit for the rows with a value in a column whose values became NULL, constant or of another shape."""

    percent: float = Key(default=50, ge=0, le=100, description="of the rows that had a value")


def drift_limit(sync: Sync) -> DriftEntry | None:
    """Return the limit of a sync; None if its definition turns the guard off."""
    return None if sync.guards.get(_NAME) is False else setting_of(sync.guards, _NAME, DriftEntry())


def _check(context: SendGuardContext) -> Problem | None:
    limit = setting_of(context.sync.guards, _NAME, DriftEntry())
    if context.drifts:
        return _of_fields(context, limit)
    # If removed rows are sent, the guard `removed` judges the identifiers that are gone.
    if context.sync.on_removed != "ignore" or not limit.exceeded(context.renamed, context.rows_before):
        return None
    return Problem(
        "guard-column-drift",
        f"sync `{context.sync.name}`: most identifiers are new: {context.renamed:,} of"
        f" {plural(context.rows_before, 'row')} ({percentage(context.renamed, context.rows_before)}) have left the"
        " model, and as many came with others",
        _REMEDY,
        {
            "identifier": ", ".join(context.sync.identifiers.values()),
            "added": context.added,
            "left the model": context.removed,
            "limit": str(limit),
        },
    )


def _of_fields(context: SendGuardContext, limit: DriftEntry) -> Problem:
    several = sorted(context.drifts, key=lambda drift: -drift.rows)
    first, more = several[0], len(several) - 1
    others = f", and {more} more {'field' if more == 1 else 'fields'} drifted" if more else ""
    return Problem(
        "guard-column-drift",
        f"sync `{context.sync.name}`: field `{first.field}`: {_sentence(first)}{others}",
        f"Check the model. `plan` shows old and new values. {_REMEDY}",
        {**{f"field {drift.field}": _sentence(drift) for drift in several[:10]}, "limit": str(limit)},
    )


def _sentence(drift: Drift) -> str:
    share = percentage(drift.rows, drift.values_before)
    figures = f"{drift.rows:,} of {plural(drift.values_before, 'row')} that had a value ({share})"
    return f"{drift.before} became {drift.after} in {figures}"


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "most values of a column became NULL, constant or of another shape, a truth value flipped in most rows, or most"
    " identifiers were replaced",
    _check,
    bool | DriftEntry,
    DriftEntry(),
)
