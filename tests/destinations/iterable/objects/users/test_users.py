"""Users against a server that gives every reply of Iterable: the object contract, and what only users have."""

from __future__ import annotations

import pytest

from reverse_etl.change import Change, Kind
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.objects.users import BulkUpdate, DeleteUser
from tests.contracts.iterable.bulk import BulkContract
from tests.contracts.iterable.objects import OperationContract
from tests.destinations.iterable.objects.bulk_replies import reply, user
from tests.destinations.iterable.objects.singles import codes_in, sync_of
from tests.doubles.scripted_server import Answer

# Where a column is an identifier, with the type of the project. The contract of warehouses tries each type there.
IDENTIFIER_USES = (
    ("user_id", {"object": "users", "user_id": "COLUMN", "fields": ["other"]}),
    ("email", {"object": "users", "email": "COLUMN", "fields": ["other"]}),
    ("email", {"object": "users", "email": "other", "user_id": "COLUMN", "fields": []}),
    ("hybrid", {"object": "users", "email": "COLUMN", "user_id": "other", "fields": []}),
)


class TestBulkUpdate(BulkContract):
    def operation(self):
        return BulkUpdate("email")

    def changes(self, count):
        return [user(number) for number in range(count)]

    def sent_rows(self, received):
        return [row["dataFields"]["n"] for row in received.json["users"]]

    def good(self, count):
        return reply(count)

    def change_of_bytes(self, ordinal, size):
        bare = user(ordinal, pad="")
        return user(ordinal, pad="x" * (size - len(bare.body)))


class TestDelete(OperationContract):
    def operation(self):
        return DeleteUser("email")

    def changes(self, count):
        return [Change(number, Kind.REMOVED, f"user{number}@example.com", b"") for number in range(count)]

    def sent_rows(self, received):
        return [int(received.path.removeprefix("/api/users/user").split("%40")[0])]

    def good(self, count):
        return {"msg": "", "code": "Success", "params": None}

    @pytest.mark.parametrize(
        "message",
        ["User does not exist. Email:  UserId: X", "No users with userId 42 exist"],
    )
    def test_a_user_who_is_not_there_is_as_good_as_deleted(self, world, server, message):
        server.script(Answer(400, {"msg": message, "code": "BadParams", "params": None}))
        assert world.deliver(DeleteUser("user_id"), [Change(0, Kind.REMOVED, "X", b"")]).accepted == {0}

    def test_a_reply_of_success_that_says_otherwise_is_none(self, world, server):
        server.script(Answer(200, {"msg": "later", "code": "GenericError"}))
        assert world.deliver(self.operation(), self.changes(1)).statuses == {0: "failed"}

    @pytest.mark.parametrize(
        ("key", "identity", "path"),
        [
            ("email", "a/b+c@example.com", "/api/users/a%2Fb%2Bc%40example.com"),
            ("user_id", "a/../b?x#y", "/api/users/byUserId/a%2F..%2Fb%3Fx%23y"),
            ("user_id", "50% é", "/api/users/byUserId/50%25%20%C3%A9"),
        ],
    )
    def test_an_identity_never_leaves_its_place_in_the_path(self, world, server, key, identity, path):
        server.script(Answer(200, self.good(1)))
        world.deliver(DeleteUser(key), [Change(0, Kind.REMOVED, identity, b"")])
        assert [(got.method, got.path, got.body) for got in server.requests] == [("DELETE", path, b"")]


def sync(**keys):
    return sync_of({"object": "users", **(keys if "user_id" in keys else {"email": "email", **keys})})


class TestDefinitions:
    """How a definition is sent, by project type and identifier."""

    @pytest.mark.parametrize(
        ("project", "keys", "key", "asks"),
        [
            ("email", {"email": "e"}, "email", True),
            ("email", {"email": "e", "user_id": "u"}, "email", True),
            ("email", {"user_id": "u"}, "user_id", False),
            ("email", {"user_id": "u", "prefer_user_id": True}, "user_id", True),
            ("user_id", {"user_id": "u"}, "user_id", True),
            ("user_id", {"email": "e", "user_id": "u"}, "user_id", True),
            ("hybrid", {"email": "e"}, "email", True),
            ("hybrid", {"user_id": "u"}, "user_id", True),
            ("hybrid", {"email": "e", "user_id": "u"}, "user_id", True),
        ],
    )
    def test_update_asks_first_unless_iterable_makes_no_user_by_itself(self, project, keys, key, asks):
        definition = sync(mode="update", **keys)
        found = bind(definition, ProjectType(project)).operations
        assert found.write.key == key
        assert found.write.updates_only
        assert (found.lookup is not None) is asks
        assert bind(definition, ProjectType(project)).identity.key == key

    def test_upsert_asks_nothing(self):
        for project in ProjectType:
            assert bind(sync(user_id="u"), project).operations.lookup is None

    @pytest.mark.parametrize(
        ("removed", "kind"), [("ignore", type(None)), ("clear", BulkUpdate), ("delete", DeleteUser)]
    )
    def test_what_happens_to_removed_rows(self, removed, kind):
        found = bind(sync(on_removed=removed), ProjectType.EMAIL).operations
        assert type(found.remove) is kind

    @pytest.mark.parametrize(
        ("project", "changes", "codes"),
        [
            ("email", {}, []),
            ("user_id", {}, ["wrong-identifier"]),
            ("user_id", {"email": "e", "user_id": "u"}, []),
            ("hybrid", {}, []),
            ("email", {"user_id": "u"}, ["wrong-identifier"]),
            ("email", {"user_id": "u", "mode": "update"}, []),
            ("email", {"user_id": "u", "prefer_user_id": True}, []),
            ("email", {"fields": {"itblInternal.x": "a", "email": "b"}}, ["managed-field"] * 2),
            ("email", {"fields": {"signupDate": "a", "userId": "b"}}, []),
        ],
    )
    def test_what_cannot_work_is_refused(self, project, changes, codes):
        assert codes_in(sync(**changes), ProjectType(project)) == codes

    def test_the_other_identifier_is_sent_as_data(self):
        both = sync(email="e", user_id="u")
        extra = {p.value: [(f.path, f.column) for f in bind(both, p).fields] for p in ProjectType}
        assert extra == {"email": [("userId", "u")], "user_id": [("email", "e")], "hybrid": [("email", "e")]}
