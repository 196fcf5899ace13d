"""The baseline that trusts: every planned row counts as accepted, as it is in the model."""

from __future__ import annotations

from collections.abc import Iterator

from reverse_etl.change import BaselineReport
from reverse_etl.run.baseline.adopter import BaselineRun
from reverse_etl.run.baseline.request import BaselineMethod
from reverse_etl.snapshot.sql.adoption import ALL_ROWS, Adoption


class TrustingAdopter:
    """Adopts all rows of a plan. Removed rows count as removed."""

    report = BaselineReport(BaselineMethod.TRUST.value)

    def find(self, run: BaselineRun) -> Iterator[Adoption]:
        """Yield all rows of the plan at once."""
        rows = sum(count for kind, count in run.planned_rows.items() if kind != "invalid")
        yield Adoption(ALL_ROWS, rows)
