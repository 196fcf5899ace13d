"""Operations of one user a request: the contract that they share, and the definitions they come from."""

from __future__ import annotations

import orjson
import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.iterable import bind, entries
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.operation import Row
from tests.contracts.iterable.objects import OperationContract
from tests.doubles.scripted_server import Answer, refusal

MODEL = TaggedModel("people", "model.shop.people", '"people"', "models/people.yml")
SUCCESS = {"msg": "", "code": "Success", "params": None}
FORGOTTEN = [refusal(400, "ForgottenUserError"), refusal(409, "ForgottenUserError")]

EMAIL_CHANGE = {"object": "email_changes", "current_email": "old", "new_email": "new"}
MERGE = {"object": "user_merges", "source": "old", "destination": "new"}
DELETION = {"object": "user_deletions", "mode": "delete", "email": "email", "allow_destructive": True}


def change(number, **body):
    return Change(number, Kind.ADDED, f"user{number}@example.com", orjson.dumps(body))


def read(meta):
    syncs, broken = read_definitions(MODEL, meta, lambda _: entries())
    return syncs[0] if syncs else None, [fault.code for one in broken for fault in one.faults]


def sync_of(meta):
    sync, faults = read(meta)
    assert faults == []
    return sync


class SingleContract(OperationContract):
    def good(self, count):
        return SUCCESS

    @pytest.mark.parametrize("body", [{"msg": "later", "code": "GenericError"}, {}, {"code": "Success!"}])
    def test_a_reply_of_success_that_says_otherwise_is_none(self, world, server, body):
        server.script(Answer(200, body))
        assert world.deliver(self.operation(), self.changes(1)).statuses == {0: "failed"}

    def fate(self, world, server, answer):
        server.script(answer)
        done = world.deliver(self.operation(), self.changes(1))
        return "accepted" if done.accepted else f"{done.outcomes[0].status.value} {done.outcomes[0].code}"


def faults_in_project(meta, project):
    sync = sync_of(meta)
    return codes_in(sync, project)


def codes_in(sync, project):
    """Codes of what is wrong with a sync in a project of this type."""
    return [fault.code for fault in bind(sync, project).check(sync)]


def sent(meta, project, **own):
    """Path and body of the request for a row with identity `a`."""
    sync, project = sync_of(meta), ProjectType(project)
    json = bind(sync, project).body(Row("a", key_values=own))
    request = bind(sync, project).operations.write.build([Change(0, Kind.ADDED, "a", orjson.dumps(json))])
    return request.endpoint.method, request.path, json
