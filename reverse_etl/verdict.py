"""Verdict: how the last dbt command that built or tested one node ended for it."""

from __future__ import annotations

from dataclasses import dataclass

# Our own words beside those of dbt: built without data, or not in the results of a command that selected it.
EMPTY, SAMPLE, MISSING = "empty", "sample", "missing"
# dbt's word for what it left out because something before it failed.
SKIPPED = "skipped"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One node of dbt, by its id and the relation that it builds or tests, which differs from target to target.

    `status` is dbt's word, or one of ours. `at` is UTC, as text that sorts. `lasting`: worth remembering after dbt has
    written other results.
    """

    unique_id: str
    relation: str
    status: str
    at: str
    invocation_id: str
    command: str
    lasting: bool = True

    @property
    def key(self) -> Key:
        return self.unique_id, self.relation
