"""SyncPolicy: keys of a definition that say when a run stops and how it sends.

Entries of every object have them, and reverse_etl.yml can set their defaults. A new key here is covered by both.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field as Key

from reverse_etl.definition.guard_keys import GuardsEntry
from reverse_etl.definition.outcome_limit import OutcomeLimitEntry
from reverse_etl.guards.amount import canary
from reverse_etl.guards.amount.canary import CanaryEntry
from reverse_etl.guards.entry_part import EntryPart
from reverse_etl.sync import FirstRun, RunBudget


class BudgetEntry(EntryPart):
    """How much one run may send. What is left waits for the next run; that is no error."""

    max_rows_per_run: int | None = Key(default=None, ge=1, description="most rows that one run sends")
    max_requests: int | None = Key(
        default=None, ge=1, description="most requests that one run makes to send or look up rows, retries included"
    )

    def budget(self) -> RunBudget:
        """Return the budget as a value."""
        return RunBudget(self.max_rows_per_run, self.max_requests)


class SyncPolicy(EntryPart):
    """Defaults for definitions."""

    guards: GuardsEntry = Key(GuardsEntry(), description="which guards can stop a run, and their limits")
    first_run: FirstRun | None = Key(
        None,
        description="what the first run does: send; baseline: take all rows as accepted and send nothing; stop."
        " Default: send, but events and purchases stop if they are old",
    )
    reject_limit: OutcomeLimitEntry = Key(
        OutcomeLimitEntry(), description="how many rejected or invalid rows make a run a warning or an error"
    )
    invalid_limit: OutcomeLimitEntry | None = Key(
        default=None, description="the same for invalid rows only; then `reject_limit` does not count them"
    )
    canary: bool | CanaryEntry | None = Key(default=None, description="short for the key `canary` under `guards`")
    budget: BudgetEntry = Key(BudgetEntry(), description="how much one run may send; the rest waits for the next run")

    def guard_settings(self) -> Mapping[str, object]:
        """Return the setting of each guard, by its name."""
        settings = self.guards.settings()
        return settings if self.canary is None else {**settings, canary.GUARD.name: self.canary}
