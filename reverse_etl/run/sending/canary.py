"""The canary: the first rows of a large plan. Their outcomes decide whether the others are sent."""

from __future__ import annotations

from dataclasses import dataclass

from reverse_etl.change import Problem, Status
from reverse_etl.guards.amount import canary
from reverse_etl.guards.guard import CanaryGuardContext
from reverse_etl.run.environment import RunEnvironment
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.run.sending.row_outcomes import RowOutcomes

_LEAST_PLAN = 1_000
_LEAST, _MOST = 100, 1_000
_SETTLED = (Status.ACCEPTED, Status.SKIPPED, Status.REJECTED, Status.FAILED)


@dataclass(frozen=True)
class Canary:
    """The canary of one plan. The run may send `planned` rows."""

    runnable: RunnableSync
    planned: int

    @property
    def rows(self) -> int:
        """Return how many rows go first: 1 %, but at least 100 and at most 1,000."""
        return min(_MOST, max(_LEAST, self.planned // 100))

    def judge(self, outcomes: RowOutcomes) -> Problem | None:
        """Return the problem that the outcomes of these rows show. Rows about forgotten users show none."""
        rejected = outcomes.counts[Status.REJECTED] - outcomes.forgotten
        sent = sum(outcomes.counts[status] for status in _SETTLED) - outcomes.forgotten
        rejections = [one for one in outcomes.samples() if one.status == Status.REJECTED.value]
        reason = f"{rejections[0].code}: {rejections[0].reason}" if rejections else ""
        flags = self.runnable.destination.flag
        return canary.GUARD.check(
            CanaryGuardContext(self.runnable.sync, sent, rejected, self.planned, reason, command_flags=flags)
        )


def choose_canary(runnable: RunnableSync, environment: RunEnvironment, planned: int) -> Canary | None:
    """Return the canary of a plan; None if the plan is small or the guard is off."""
    is_off = canary.GUARD.is_off(runnable.sync, environment.invocation.passed_guards)
    return None if is_off or planned <= _LEAST_PLAN else Canary(runnable, planned)
