"""`baseline --trust`: the rows of the model count as accepted, and only what changes later is sent."""

from __future__ import annotations

import itertools
from pathlib import Path

from reverse_etl.change import RunResult, SyncStatus
from reverse_etl.run.baseline.request import BaselineMethod, BaselineRequest
from tests.reference_iterable import ReferenceServer
from tests.stories.faults.test_crash_points import META, SETTINGS, Dying, Killed, begin, change
from tests.stories.project import Project, values
from tests.stories.running import opened, run

TRUST = BaselineRequest(BaselineMethod.TRUST)


def adopt(project: Project, iterable: ReferenceServer, at: int = -1) -> RunResult:
    """A baseline that trusts, which dies before its statement number `at`."""
    warehouse = opened(Dying, project.folder)
    warehouse.at = at
    try:
        return run(warehouse, iterable.url, META, SETTINGS, baseline=TRUST)
    finally:
        warehouse.close()


def send(project: Project, iterable: ReferenceServer) -> dict[str, object]:
    """A run, which succeeds; the users that it sent, with their names."""
    iterable.clear()
    result = run(opened(Dying, project.folder), iterable.url, META, SETTINGS)
    assert result.status is SyncStatus.SUCCESS, result.problem
    return {email: user.get("name") for email, user in iterable.users.items()}


def test_killed_before_a_statement_it_harms_nothing(tmp_path: Path, iterable: ReferenceServer) -> None:
    """The next run sends all rows, or only what changed since: as if the baseline had ended, or never begun."""
    for at in itertools.count(2, 4):
        project = Project.make(tmp_path / f"shop{at}" / "shop", iterable.url, META)
        begin(project)
        model = values(project.sql("SELECT email, name FROM people"))
        try:
            result = adopt(project, iterable, at)
        except Killed:
            project.let_time_pass()
        else:
            assert (result.counts.adopted, result.counts.accepted, at > 10) == (7, 0, True)
            return
        adopted = values(project.state("identity, " + project.value_column(), "state = 'accepted'")) if at > 9 else {}
        assert adopted in ({}, model)
        change(project)
        again = values(project.sql("SELECT email, name FROM people"))
        expected = {email: name for email, name in again.items() if adopted.get(email) != name}
        assert send(project, iterable) == expected, at
        assert project.state("identity", "state = 'unknown'") == []
