"""New addresses of users: the object contract, each refusal, and what a definition may say."""

from __future__ import annotations

import pytest

from reverse_etl.destinations.iterable.objects.email_changes import UpdateEmail
from tests.destinations.iterable.objects.singles import (
    EMAIL_CHANGE,
    FORGOTTEN,
    SingleContract,
    change,
    faults_in_project,
    read,
    sent,
)
from tests.doubles.scripted_server import Answer, refusal

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (
    ("user_id", {"object": "email_changes", "user_id": "COLUMN", "new_email": "other"}),
    ("email", {"object": "email_changes", "current_email": "other", "new_email": "COLUMN"}),
)


class TestUpdateEmail(SingleContract):
    def operation(self):
        return UpdateEmail()

    def changes(self, count):
        return [change(n, currentEmail=f"user{n}@example.com", newEmail=f"new{n}@example.com") for n in range(count)]

    def sent_rows(self, received):
        return [int(received.json["newEmail"][3:].split("@")[0])]

    @pytest.mark.parametrize(
        ("answer", "fate"),
        [
            (refusal(400, "EmailAlreadyExists"), "rejected identity-conflict"),
            (Answer(400, {"msg": "Cannot change user Some(a) to b. User does not exist", "code": "BadParams"}), "s"),
            (refusal(400, "InvalidEmailAddressError"), "rejected invalid-identifier"),
            *((answer, "rejected forgotten-user") for answer in FORGOTTEN),
            (refusal(400, "BadParams"), "rejected bad-params"),
        ],
    )
    def test_each_refusal_of_an_address(self, world, server, answer, fate):
        assert self.fate(world, server, answer) == ("skipped unknown-user" if fate == "s" else fate)


class TestDefinitions:
    @pytest.mark.parametrize(
        ("meta", "codes"),
        [
            (EMAIL_CHANGE, []),
            ({"object": "email_changes", "new_email": "n"}, ["missing-identifier"]),
            ({"object": "email_changes", "current_email": "n"}, ["missing-key"]),
        ],
    )
    def test_what_a_definition_may_say(self, meta, codes):
        assert read(meta)[1] == codes

    @pytest.mark.parametrize(
        ("meta", "project", "codes"),
        [(EMAIL_CHANGE, "user_id", ["wrong-identifier"]), ({**EMAIL_CHANGE, "user_id": "id"}, "user_id", [])],
    )
    def test_what_a_project_takes(self, meta, project, codes):
        assert faults_in_project(meta, project) == codes

    @pytest.mark.parametrize(
        ("meta", "project", "path", "body"),
        [
            (EMAIL_CHANGE, "email", "/api/users/updateEmail", {"currentEmail": "a", "newEmail": "b"}),
            (
                {**EMAIL_CHANGE, "current_email": None, "user_id": "id"},
                "email",
                "/api/users/updateEmail",
                {"currentUserId": "a", "newEmail": "b"},
            ),
            (EMAIL_CHANGE, "hybrid", "/api/users/bulkUpdate", {"email": "a", "dataFields": {"email": "b"}}),
            (
                {**EMAIL_CHANGE, "user_id": "id"},
                "user_id",
                "/api/users/bulkUpdate",
                {"userId": "a", "dataFields": {"email": "b"}},
            ),
        ],
    )
    def test_what_is_sent_where(self, meta, project, path, body):
        assert sent(meta, project, new_email="b", destination="b") == ("POST", path, body)
