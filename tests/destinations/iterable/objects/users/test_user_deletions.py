"""Deletions of users: the object contract, what is done already, and what a definition may say."""

from __future__ import annotations

import pytest

from reverse_etl.change import Kind, Status
from reverse_etl.destinations.iterable.objects.user_deletions import Delete, Forget, Unforget, UserIsThere
from reverse_etl.destinations.operation import Send
from reverse_etl.destinations.request import Reply
from tests.destinations.iterable.objects.singles import (
    DELETION,
    FORGOTTEN,
    SingleContract,
    change,
    faults_in_project,
    read,
    sent,
)
from tests.doubles.scripted_server import Answer

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (
    ("user_id", {"object": "user_deletions", "mode": "delete", "user_id": "COLUMN", "allow_destructive": True}),
    ("email", {"object": "user_deletions", "mode": "forget", "email": "COLUMN", "allow_destructive": True}),
)


class TestForget(SingleContract):
    def operation(self):
        return Forget()

    def changes(self, count):
        return [change(n, email=f"user{n}@example.com") for n in range(count)]

    def sent_rows(self, received):
        return [int(received.json["email"][4:].split("@")[0])]

    @pytest.mark.parametrize("answer", FORGOTTEN)
    def test_a_user_who_is_forgotten_already_is_done(self, world, server, answer):
        assert self.fate(world, server, answer) == "accepted"

    def test_the_documented_limit_of_a_day(self):
        assert (self.operation().endpoint.per_second, self.operation().endpoint.per_day) == (3, 1000)


class TestUnforget(TestForget):
    def operation(self):
        return Unforget()

    @pytest.mark.parametrize("answer", FORGOTTEN)
    def test_a_user_who_is_forgotten_already_is_done(self, world, server, answer):
        assert self.fate(world, server, answer) == "rejected forgotten-user"


@pytest.mark.parametrize("answer", FORGOTTEN)
def test_a_forgotten_user_is_as_good_as_deleted(world, server, answer):
    server.script(answer)
    assert world.deliver(Delete("email"), [change(0)]).accepted == {0}


GONE = Answer(400, {"msg": "User does not exist. Email:  UserId: X", "code": "BadParams"})
THERE = Answer(200, {"user": {"email": "user0@example.com", "dataFields": {}}})


@pytest.mark.parametrize(("kind", "fate"), [(Kind.ADDED, Status.SKIPPED), (Kind.RESENT, Status.ACCEPTED)])
def test_who_is_not_there_was_deleted_only_if_it_was_sent_before(kind, fate):
    row = change(0)._replace(kind=kind)
    lookup = UserIsThere("email")
    assert lookup.read(row, lookup.build(row), Reply(200, {})).status is fate
    assert lookup.read(row, lookup.build(row), Reply(200, THERE.body)) is Send.SEND
    assert lookup.read(row, lookup.build(row), Reply(500, None)) is None


def test_who_was_there_and_is_gone_is_deleted(world, server):
    """Between the question and the deletion, or by an attempt without an answer."""
    server.script(GONE)
    assert world.deliver(Delete("user_id"), [change(0)]).accepted == {0}


class TestDefinitions:
    @pytest.mark.parametrize(
        ("meta", "codes"),
        [
            (DELETION, []),
            ({**DELETION, "allow_destructive": False}, ["destructive-not-allowed"]),
            ({"object": "user_deletions", "mode": "forget", "email": "e"}, ["destructive-not-allowed"]),
            ({**DELETION, "mode": None}, ["missing-key"]),
            ({**DELETION, "mode": "drop"}, ["unknown-mode"]),
            ({**DELETION, "email": None}, ["missing-identifier"]),
            ({**DELETION, "fields": ["a"]}, ["unknown-key"]),
        ],
    )
    def test_what_a_definition_may_say(self, meta, codes):
        assert read(meta)[1] == codes

    @pytest.mark.parametrize(
        ("meta", "project", "codes"),
        [
            (DELETION, "email", []),
            (DELETION, "user_id", ["wrong-identifier"]),
            ({**DELETION, "email": None, "user_id": "id"}, "email", []),
            ({**DELETION, "email": None, "user_id": "id", "mode": "forget"}, "email", ["wrong-identifier"]),
            ({**DELETION, "user_id": "id", "mode": "unforget"}, "hybrid", []),
        ],
    )
    def test_what_a_project_takes(self, meta, project, codes):
        assert faults_in_project(meta, project) == codes

    @pytest.mark.parametrize(
        ("meta", "project", "path", "body"),
        [
            ({**DELETION, "mode": "forget"}, "email", "/api/users/forget", {"email": "a"}),
            ({**DELETION, "user_id": "id", "mode": "unforget"}, "hybrid", "/api/users/unforget", {"userId": "a"}),
        ],
    )
    def test_what_is_sent_where(self, meta, project, path, body):
        assert sent(meta, project, new_email="b", destination="b") == ("POST", path, body)
