"""kill -9 of whole runs on PostgreSQL: every changed row arrives, and nothing that was acknowledged is lost."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.reference_iterable import serve_reference
from tests.stories.doomed import STEPS
from tests.stories.project import WINDOWED
from tests.warehouses.postgres.on_postgres import OnPostgres
from tests.warehouses.postgres.postgres_project import OnServer, on_server

pytestmark = pytest.mark.kills

ROWS = 120
WINDOW = int(WINDOWED["REVERSE_ETL_WINDOW"])
# Most rows change at once.
GUARDS = {"changed": False, "column_drift": False}
META = {"object": "users", "email": "email", "fields": {"name": "name"}, "guards": GUARDS}
PEOPLE = f"""
CREATE TABLE main.people AS
SELECT 'u' || i || '@shop.com' AS email, 'A' AS name FROM generate_series(1, {ROWS}) AS t(i)
"""


@pytest.fixture
def iterable():
    with serve_reference() as reference:
        yield reference


class TestKilled(OnPostgres):
    @pytest.fixture
    def project(self, server, tmp_path, iterable) -> OnServer:
        return on_server(server, tmp_path / "shop", iterable.url, META, PEOPLE)

    def settled(self, project: OnServer, iterable) -> None:
        """Iterable and the sync snapshot hold exactly the model, and a further run sends nothing."""
        expected = dict(project.sql("SELECT email, name FROM main.people"))
        assert {email: user.get("name") for email, user in iterable.users.items()} == expected
        entries = project.state(f"identity, {project.value_column()}, state", "state <> 'absent'")
        assert sorted(entries) == sorted((email, name, "accepted") for email, name in expected.items())
        before = len(iterable.applied)
        assert project.run("run").code == 0
        assert len(iterable.applied) == before

    @pytest.mark.parametrize(("when", "number"), [("before", 1), ("after", 4)])
    def test_while_a_request_is_under_way(self, project, iterable, when, number):
        project.kill_run(iterable, when, number)
        again = project.run("run")
        assert again.code == 0, again.err
        self.settled(project, iterable)
        repeated = sum(times - 1 for times in Counter(email for email, _ in iterable.applied).values())
        assert repeated <= WINDOW

    def test_at_random_moments_while_the_model_changes(self, project, iterable):
        chance = random.Random(1)
        kills = 0
        for name in "BCD":
            project.sql(f"UPDATE main.people SET name = '{name}' WHERE hashtext(email || '{name}') % 2 = 0")
            kills += project.die(chance.randint(1, STEPS))
        again = project.run("run")
        assert again.code == 0, again.err
        self.settled(project, iterable)
        assert len(iterable.applied) <= 4 * ROWS + WINDOW * kills
