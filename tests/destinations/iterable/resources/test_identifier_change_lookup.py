"""What is asked before a user is moved; what a run that died may have done already is not done twice."""

from __future__ import annotations

import orjson
import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.delivery.row_lookups import RowLookups
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.operation import Row
from tests.destinations.iterable.objects.singles import (
    EMAIL_CHANGE,
    MERGE,
    sync_of,
)
from tests.doubles.scripted_server import Answer


def user(**fields):
    return Answer(200, {"user": {**fields, "dataFields": {}}})


NOBODY = Answer(200, {})


class TestWhatIsAskedBeforeAUserIsMoved:
    """By the current address; what a run that died may have done already is not done twice."""

    @pytest.fixture
    def ask(self, world, server):
        def ask(answers, meta=EMAIL_CHANGE, project=ProjectType.EMAIL, own="new@x.com"):
            sync = sync_of(meta)
            row = Row(
                "old@x.com" if project is ProjectType.EMAIL else "u1", key_values={"new_email": own, "destination": own}
            )
            body = orjson.dumps(bind(sync, project).body(row))
            server.script(*answers)
            client = world.client()
            lookups = RowLookups(bind(sync, project).operations.lookup, world.line(client), world.limiter())
            outcomes = [o for o in lookups.run([Change(0, Kind.ADDED, row.identity, body)]) if o is not None]
            client.close()
            return "sent" if lookups.to_send else f"{outcomes[0].status.value} {outcomes[0].code}".strip()

        return ask

    @pytest.mark.parametrize("meta", [EMAIL_CHANGE, MERGE])
    def test_somebody_who_has_the_old_address_is_moved(self, ask, server, meta):
        assert ask([user(email="old@x.com")], meta) == "sent"
        assert [got.path for got in server.requests] == ["/api/users/getByEmail?email=old%40x.com"]

    @pytest.mark.parametrize("meta", [EMAIL_CHANGE, MERGE])
    def test_where_somebody_has_the_new_address_alone_it_was_done_before(self, ask, server, meta):
        assert ask([NOBODY, user(email="new@x.com")], meta) == "accepted"
        assert server.requests[1].path == "/api/users/getByEmail?email=new%40x.com"

    @pytest.mark.parametrize("meta", [EMAIL_CHANGE, MERGE])
    def test_where_nobody_has_either_there_is_nobody_to_move(self, ask, meta):
        assert ask([NOBODY, NOBODY], meta) == "skipped unknown-user"

    def test_an_address_that_stays_is_done(self, ask, server):
        assert ask([user(email="OLD@x.com")], own="old@x.com") == "accepted"
        assert ask([NOBODY], own="old@x.com") == "skipped unknown-user"

    def test_by_user_id_the_address_of_somebody_else_proves_nothing(self, ask, server):
        meta = {"object": "email_changes", "user_id": "id", "new_email": "new"}
        assert ask([NOBODY], meta, ProjectType.HYBRID) == "skipped unknown-user"
        assert ask([user(email="old@x.com", userId="u1")], meta, ProjectType.HYBRID) == "sent"
        assert ask([user(email="NEW@x.com", userId="u1")], meta, ProjectType.HYBRID) == "accepted"
        assert {got.path for got in server.requests} == {"/api/users/byUserId?userId=u1"}
