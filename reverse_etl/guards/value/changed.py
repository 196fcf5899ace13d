"""The guard `changed`: too many rows changed at once."""

from __future__ import annotations

from pydantic import Field as Key

from reverse_etl.change import Problem
from reverse_etl.counting import plural
from reverse_etl.guards.guard import Guard, Phase, SendGuardContext
from reverse_etl.guards.share import ShareEntry, percentage, setting_of

_NAME = "changed"


class ChangedEntry(ShareEntry):
    """A limit for rows that changed at once: more than both `percent` and `rows`, or more than `max_rows`."""

    max_rows: int | None = Key(default=None, ge=0, description="most changed rows, for any share; default: any number")

    def __str__(self) -> str:
        """Return the text for messages: `50 % and 50 rows, or 5,000 rows`."""
        most = "" if self.max_rows is None else f", or {plural(self.max_rows, 'row')}"
        return f"{super().__str__()}{most}"

    def exceeded(self, count: int, total: int) -> bool:
        return super().exceeded(count, total) or (self.max_rows is not None and count > self.max_rows)


def _check(context: SendGuardContext) -> Problem | None:
    sync, limit, total = context.sync, setting_of(context.sync.guards, _NAME, ChangedEntry()), context.compared
    changed = context.changed - context.edited
    if not limit.exceeded(_unexplained(context, changed), total):
        return None
    edit = {
        "fields of the edited mapping": ", ".join(context.edited_fields),
        "changed only in these fields, not counted": context.edited,
    }
    return Problem(
        "guard-changed",
        f"sync `{sync.name}`: {changed:,} of {plural(total, 'row')} ({percentage(changed, total)}) changed at once"
        f"{_aside(context)}",
        "`plan` shows old and new values. If they are right, run with `--allow changed`, or raise `guards: {changed:"
        " {percent: …, rows: …, max_rows: …}}` in the definition.",
        {
            "changed": changed,
            **(edit if context.edited_fields else {}),
            **({"columns of another type": ", ".join(context.retyped_fields)} if context.retyped_fields else {}),
            "most changed fields": _most_changed(context),
            "rows compared": total,
            "limit": str(limit),
        },
    )


def _aside(context: SendGuardContext) -> str:
    """Return what the sentence says about rows that changed because the mapping was edited."""
    if not context.edited:
        return ""
    return f", not counting {plural(context.edited, 'row')} that changed because the mapping was edited"


def _unexplained(context: SendGuardContext, changed: int) -> int:
    """Return how many rows changed at least, apart from changes that `--allow column_drift` lets pass."""
    if "column_drift" not in context.allowed:
        return changed
    return changed - sum(context.changed_fields.get(drift.field, 0) for drift in context.drifts)


def _most_changed(context: SendGuardContext) -> str:
    """Return the fields that changed in most rows, with their counts."""
    found = sorted(context.changed_fields.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{field} ({count:,})" for field, count in found)


GUARD = Guard(
    _NAME,
    Phase.SEND,
    "too many rows changed at once, except by an edit of the mapping",
    _check,
    bool | ChangedEntry,
    ChangedEntry(),
)
