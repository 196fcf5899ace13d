"""The baseline that trusts: planned rows count as accepted, as they are in the model."""

from __future__ import annotations

from collections.abc import Iterator

from reverse_etl.change import BaselineReport
from reverse_etl.errors import ConfigError
from reverse_etl.run.baseline.adopter import BaselineRun
from reverse_etl.run.baseline.request import BaselineMethod
from reverse_etl.run.baseline.until import UntilTime
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.columns.row_layout import RowLayout
from reverse_etl.snapshot.sql.commit.adoption import ALL_ROWS, Adoption
from reverse_etl.snapshot.sql.row_times import epoch_seconds, has_time
from reverse_etl.warehouses.dialect import Dialect


class TrustingAdopter:
    """Adopts the rows of a plan: all of them, or the rows up to the time `until`. Removed rows count as removed."""

    def __init__(self, until: UntilTime | None = None, label: str = "", *, only_added: bool = False) -> None:
        """`label` is the field that says when a row happened; it is needed with `until`.

        `only_added`: leave the changes of rows that were sent, and rows that may have arrived, to the next run.
        """
        self._only_added = only_added
        self._until = until
        self._label = label
        self.report = BaselineReport(BaselineMethod.TRUST.value, until="" if until is None else str(until))

    def find(self, run: BaselineRun) -> Iterator[Adoption]:
        """Yield all the rows at once."""
        if self._only_added:
            yield Adoption(ALL_ROWS, run.planned_rows.get("added", 0), "p.kind = 'added'")
            return
        if self._until is None:
            rows = sum(count for kind, count in run.planned_rows.items() if kind != "invalid")
            yield Adoption(ALL_ROWS, rows)
            return
        condition = until_condition(run.store.warehouse.dialect, run.store.layout, self._label, self._until)
        yield Adoption(ALL_ROWS, run.store.count_planned(run.fence, condition), condition)


def until_condition(dialect: Dialect, layout: RowLayout, label: str, until: UntilTime) -> str:
    """Return SQL over rows `p` of a plan: the row happened at or before a time."""
    value = layout.value_of(label)
    return f"{epoch_seconds(dialect, value, f'p.{value.name}')} <= {until.epoch}"


def check_until(runnable: RunnableSync) -> None:
    """Refuse `--until` for a sync whose rows have no time. Raises ConfigError."""
    label = runnable.bound.time_field
    if label and has_time(runnable.layout.value_of(label)):
        return
    sync = runnable.sync
    raise ConfigError(
        "until-without-time",
        f"sync `{sync.name}`: `--until` needs rows with a time, and no column of this sync says when a row happened",
        context={"object": sync.object, "model": sync.model, "file": sync.file},
        hint="Leave `--until` out, or set `created_at` of an event or a purchase to a column.",
    )
