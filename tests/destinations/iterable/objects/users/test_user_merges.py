"""Merges of users: the object contract, their order, and what a definition may say."""

from __future__ import annotations

import pytest

from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.user_merges import MergeUsers
from reverse_etl.destinations.operation import Row, UnfitRow
from tests.destinations.iterable.objects.singles import (
    FORGOTTEN,
    MERGE,
    SUCCESS,
    SingleContract,
    change,
    faults_in_project,
    read,
    sent,
    sync_of,
)
from tests.doubles.scripted_server import Answer

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (
    ("user_id", {"object": "user_merges", "source": "COLUMN", "destination": "other"}),
    ("user_id", {"object": "user_merges", "source": "other", "destination": "COLUMN"}),
)


class TestMerge(SingleContract):
    def operation(self):
        return MergeUsers()

    def changes(self, count):
        return [change(n, sourceEmail=f"user{n}@example.com", destinationEmail="one@example.com") for n in range(count)]

    def sent_rows(self, received):
        return [int(received.json["sourceEmail"][4:].split("@")[0])]

    def test_a_forgotten_user_is_terminal(self, world, server):
        assert self.fate(world, server, FORGOTTEN[1]) == "rejected forgotten-user"

    def test_users_that_become_one_are_merged_one_after_another(self, world, server):
        server.answer = lambda got: Answer(200, SUCCESS)
        rows = [row._replace(user="one@example.com") for row in self.changes(3)]
        assert world.deliver(self.operation(), rows).accepted == {0, 1, 2}
        assert [self.sent_rows(got)[0] for got in server.requests] == [0, 1, 2]


class TestDefinitions:
    @pytest.mark.parametrize(
        ("meta", "codes"),
        [
            (MERGE, []),
            ({**MERGE, "source": {"email": "a"}, "destination": {"user_id": "b"}}, []),
            ({**MERGE, "source": {"mail": "a"}}, ["wrong-value"]),
            ({**MERGE, "destination": 5}, ["wrong-value"]),
            ({"object": "user_merges", "source": "a"}, ["missing-key"]),
            ({**MERGE, "array_merge": ["tags", {"field": "orders", "dedupe_by": "id"}]}, []),
            ({**MERGE, "array_merge": [{"dedupe_by": "id"}]}, ["missing-key"]),
        ],
    )
    def test_what_a_definition_may_say(self, meta, codes):
        assert read(meta)[1] == codes

    @pytest.mark.parametrize(
        ("meta", "project", "codes"),
        [
            (MERGE, "email", []),
            (MERGE, "user_id", []),
            (MERGE, "hybrid", ["wrong-identifier"] * 2),
            ({**MERGE, "source": {"email": "a"}}, "user_id", ["wrong-identifier"]),
            ({**MERGE, "source": {"email": "a"}, "destination": {"user_id": "b"}}, "hybrid", []),
        ],
    )
    def test_what_a_project_takes(self, meta, project, codes):
        assert faults_in_project(meta, project) == codes

    @pytest.mark.parametrize(
        ("meta", "project", "path", "body"),
        [
            (MERGE, "email", "/api/users/merge", {"sourceEmail": "a", "destinationEmail": "b"}),
            (
                {**MERGE, "array_merge": ["tags", {"field": "orders", "dedupe_by": "id"}]},
                "user_id",
                "/api/users/merge",
                {
                    "sourceUserId": "a",
                    "destinationUserId": "b",
                    "arrayMerge": [{"field": "tags"}, {"field": "orders", "dedupeBy": "id"}],
                },
            ),
        ],
    )
    def test_what_is_sent_where(self, meta, project, path, body):
        assert sent(meta, project, new_email="b", destination="b") == ("POST", path, body)

    def test_a_user_is_not_merged_with_itself(self):
        with pytest.raises(UnfitRow, match="one user"):
            bind(sync_of(MERGE), ProjectType.EMAIL).body(Row("a", key_values={"destination": "a"}))

    def test_the_destination_of_iterable_has_a_key_of_its_own(self):
        assert sync_of(MERGE).destination == "iterable"
        assert sync_of({**MERGE, "iterable_destination": "brand"}).destination == "brand"
