"""The result of one dbt node: what the last dbt command that built or tested it said."""

from __future__ import annotations

from dataclasses import dataclass

# Statuses that dbt does not have: built without data, or missing in the results of a command that selected the node.
EMPTY, SAMPLE, MISSING = "empty", "sample", "missing"
# dbt's status of a node that was not run because an earlier node failed.
SKIPPED = "skipped"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The result of one dbt node, by its id and the relation that it builds or tests.

    `status` is a status of dbt, or one of the statuses above. `at` is UTC, as text that sorts. `lasting`: it still
    counts after dbt has written other results. The relation of a node depends on the target.
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
