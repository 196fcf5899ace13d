"""Users: read, change e-mail, merge, delete and forget. Also channels and message types."""

from __future__ import annotations

import hashlib

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"


def read_refusal(reply):
    return reply.status_code, reply.json()["code"]


def test_a_user_is_read_with_the_fields_that_iterable_adds(api):
    api.update(email=ANN, userId="1", dataFields={"a": 1})
    api.clock.now += 60
    api.update(email=ANN, dataFields={"a": 2})
    by_email = api.get("/api/users/ann%40shop.com").json()
    assert by_email == {
        "user": {
            "email": ANN,
            "userId": "1",
            "dataFields": {
                "email": ANN,
                "userId": "1",
                "a": 2,
                "signupDate": "2026-01-01 12:00:00 +00:00",
                "signupSource": "API",
                "profileUpdatedAt": "2026-01-01 12:01:00 +00:00",
                "itblInternal": {
                    "documentCreatedAt": "2026-01-01 12:00:00 +00:00",
                    "documentUpdatedAt": "2026-01-01 12:01:00 +00:00",
                    "emailDomain": "shop.com",
                },
            },
        }
    }
    for path, params in (("getByEmail", {"email": "Ann@shop.com"}), ("byUserId", {"userId": "1"}), ("byUserId/1", {})):
        assert api.get(f"/api/users/{path}", params=params).json() == by_email


@pytest.mark.parametrize(
    "email", ["a/b@shop.com", "a+b@shop.com", "a%2fb@shop.com", "jürgen@shop.com", "a?b#c@shop.com"]
)
def test_any_character_may_stand_in_a_path_when_encoded(api, email):
    from urllib.parse import quote

    api.update(email=email)
    path = "/api/users/" + quote(email, safe="")
    assert api.get(path).json()["user"]["email"] == email
    assert api.get("/api/users/getByEmail", params={"email": email}).json()["user"]["email"] == email
    assert api.delete(path).status_code == 200
    assert not api.project.users


def test_a_user_id_with_a_slash_can_be_read_and_deleted(project_of):
    api = project_of("user_id")
    api.update(userId="a/b c")
    assert api.get("/api/users/byUserId/a%2Fb%20c").json()["user"]["userId"] == "a/b c"
    assert api.delete("/api/users/byUserId/a%2Fb%20c").status_code == 200
    assert not api.project.users


def test_an_unknown_email_reads_as_nothing_and_a_malformed_one_is_refused(api):
    assert api.get("/api/users/ann%40shop.com").json() == {}
    assert read_refusal(api.get("/api/users/nobody")) == (400, "InvalidEmailAddressError")


def test_an_unknown_user_id_has_the_other_error_shape(project_of):
    reply = project_of().get("/api/users/byUserId/7")
    assert read_refusal(reply) == (400, "error.users.noUserWithIdExists")
    assert (set(reply.json()), reply.json()["data"]) == ({"error", "message", "code", "data"}, {"args": ["7"]})
    assert project_of(unknown_user_id_status=500).get("/api/users/byUserId?userId=7").status_code == 500


def test_the_fixed_resources_have_their_documented_members(api):
    channel = api.get("/api/channels").json()["channels"][0]
    assert set(channel) == {"id", "name", "channelType", "messageMedium"}
    kind = api.get("/api/messageTypes").json()["messageTypes"][0]
    assert {"id", "name", "channelId", "createdAt", "updatedAt", "subscriptionPolicy"} == set(kind)
    assert kind["channelId"] == channel["id"]
    assert {"id", "name", "createdAt", "listType"} == set(api.get("/api/lists").json()["lists"][0])


class TestUpdateEmail:
    def move(self, api, **body):
        return api.post("/api/users/updateEmail", body)

    def test_the_profile_moves_and_looks_new(self, api):
        api.update(email=ANN, dataFields={"a": 1})
        api.clock.now += 60
        assert self.move(api, currentEmail="ANN@shop.com", newEmail="Bob@Shop.com").json()["code"] == "Success"
        assert api.get("/api/users/ann%40shop.com").json() == {}
        assert (api.user(BOB).data, api.user(BOB).created) == ({"a": 1}, api.clock.now)

    @pytest.mark.parametrize("taken", [False, True])
    def test_a_new_address_can_come_late_and_is_lost_if_somebody_else_has_it_by_then(self, project_of, taken):
        api = project_of("email", email_change_delay=10)
        api.update(email=ANN, userId="1")
        assert self.move(api, currentEmail=ANN, newEmail=BOB).json()["code"] == "Success"
        assert api.get("/api/users/ann%40shop.com").json()["user"]["userId"] == "1"
        if taken:
            api.update(email=BOB, userId="2")
        api.clock.now += 10
        assert api.get("/api/users/bob%40shop.com").json()["user"]["userId"] == ("2" if taken else "1")
        assert bool(api.get("/api/users/ann%40shop.com").json()) is taken

    def test_the_current_user_may_be_named_by_id(self, api):
        api.update(email=ANN, userId="1")
        assert self.move(api, currentUserId="1", newEmail=BOB).status_code == 200
        assert list(api.project.users_by_email) == [BOB]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"currentEmail": "ghost@shop.com", "newEmail": "c@shop.com"}, "BadParams"),
            ({"newEmail": "c@shop.com"}, "BadParams"),
            ({"currentEmail": ANN, "newEmail": BOB}, "EmailAlreadyExists"),
            ({"currentEmail": ANN, "newEmail": "foo@"}, "InvalidEmailAddressError"),
            ({"currentEmail": "sayan", "newEmail": BOB}, "InvalidEmailAddressError"),
        ],
    )
    def test_refusals(self, api, body, code):
        api.bulk({"email": ANN}, {"email": BOB})
        assert read_refusal(self.move(api, **body)) == (400, code)
        assert list(api.project.users_by_email) == [ANN, BOB]

    def test_a_forgotten_address_is_refused(self, api):
        api.update(email=ANN)
        api.post("/api/users/forget", {"email": BOB})
        assert read_refusal(self.move(api, currentEmail=ANN, newEmail=BOB)) == (409, "ForgottenUserError")

    def test_other_project_types_have_another_way(self, project_of):
        api = project_of("hybrid")
        api.update(email=ANN)
        assert read_refusal(self.move(api, currentEmail=ANN, newEmail=BOB)) == (400, "BadParams")


class TestMerge:
    def merge(self, api, **body):
        return api.post("/api/users/merge", body)

    def test_the_destination_wins_and_the_source_goes(self, api):
        api.update(email=ANN, userId="1", dataFields={"a": 1, "b": {"x": 1}, "c": 1})
        api.update(email=BOB, dataFields={"a": 2, "b": {"y": 1}})
        assert self.merge(api, sourceEmail=ANN, destinationEmail=BOB).status_code == 200
        assert list(api.project.users_by_email) == [BOB]
        assert (api.user(BOB).data, api.user(BOB).user_id) == ({"a": 2, "b": {"y": 1}, "c": 1}, "1")

    def test_arrays_join_where_asked(self, api):
        api.update(email=ANN, dataFields={"tags": ["a", "b"], "pets": [{"id": 1}, {"id": 2}], "left": [1]})
        api.update(email=BOB, dataFields={"tags": ["b"], "pets": [{"id": 1, "old": True}], "left": [2]})
        rules = [{"field": "tags"}, {"field": "pets", "dedupeBy": "id"}]
        self.merge(api, sourceEmail=ANN, destinationEmail=BOB, arrayMerge=rules)
        expected = {"tags": ["b", "a", "b"], "pets": [{"id": 1, "old": True}, {"id": 2}], "left": [2]}
        assert api.user(BOB).data == expected

    def test_a_missing_destination_renames_the_source(self, api):
        api.update(email=ANN, dataFields={"a": 1})
        self.merge(api, sourceEmail=ANN, destinationEmail=BOB)
        assert (list(api.project.users_by_email), api.user(BOB).data) == ([BOB], {"a": 1})

    def test_a_rename_takes_no_identifier_from_another_user(self, project_of):
        api = project_of("hybrid")
        api.bulk({"email": ANN, "userId": "1"}, {"userId": "2"})
        self.merge(api, sourceEmail=ANN, destinationEmail=BOB, destinationUserId="2")
        assert [(user.email, user.user_id) for user in api.project.users.values()] == [(BOB, "1"), (None, "2")]

    def test_a_user_merged_with_itself_stays(self, api):
        api.update(email=ANN, userId="1")
        self.merge(api, sourceEmail=ANN, destinationUserId="1")
        assert list(api.project.users_by_email) == [ANN]

    def test_refusals(self, api):
        api.update(email=ANN)
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        assert read_refusal(self.merge(api, sourceEmail=BOB, destinationEmail=ANN)) == (400, "BadParams")
        assert read_refusal(self.merge(api, sourceEmail=ANN)) == (400, "BadParams")
        assert read_refusal(self.merge(api, sourceEmail=ANN, destinationEmail="gone@shop.com")) == (
            409,
            "ForgottenUserError",
        )
        assert read_refusal(self.merge(api, sourceEmail="x", destinationEmail=ANN)) == (400, "InvalidEmailAddressError")


class TestDelete:
    def test_by_email_also_when_there_is_nobody(self, api):
        api.update(email=ANN)
        for _ in range(2):
            assert api.delete("/api/users/ANN%40shop.com").json() == {"msg": "", "code": "Success", "params": None}
        assert not api.project.users
        assert api.update(email=ANN).status_code == 200

    def test_by_user_id_only_when_there_is_somebody(self, api):
        api.update(email=ANN, userId="1")
        assert (
            api.delete("/api/users/byUserId/1").json()["msg"] == "All users associated with 1 were successfully deleted"
        )
        reply = api.delete("/api/users/byUserId/1")
        assert read_refusal(reply) == (400, "BadParams")
        assert reply.json()["msg"] == "User does not exist. Email:  UserId: 1"


class TestForget:
    @pytest.mark.parametrize(
        ("project_type", "who", "array"),
        [
            ("email", {"email": ANN}, "forgottenEmails"),
            ("user_id", {"userId": "1"}, "forgottenUserIds"),
            ("hybrid", {"email": ANN}, "forgottenEmails"),
            ("hybrid", {"userId": "1"}, "forgottenUserIds"),
        ],
    )
    def test_forgotten_users_go_and_stay_away_until_unforgotten(self, project_of, project_type, who, array):
        api = project_of(project_type)
        api.update(**who)
        assert api.post("/api/users/forget", who).json()["code"] == "Success"
        assert not api.project.users
        reply = api.bulk(who)
        assert (reply.json()["failCount"], reply.json()["failedUpdates"][array]) == (1, list(who.values()))
        assert read_refusal(api.update(**who)) == (409, "ForgottenUserError")
        api.post("/api/users/unforget", who)
        assert api.update(**who).status_code == 200

    def test_the_hashes_are_listed_where_the_identifier_is_unique(self, project_of):
        api = project_of("hybrid")
        api.post("/api/users/forget", {"email": "Ann@shop.com"})
        api.post("/api/users/forget", {"userId": "One"})
        hashed = [hashlib.sha256(text).hexdigest() for text in (b"ann@shop.com", b"one")]
        assert api.get("/api/users/forgotten").json() == {"hashedEmails": hashed[:1]}
        assert api.get("/api/users/forgottenUserIds").json() == {"hashedUserIds": hashed[1:]}

    @pytest.mark.parametrize(
        ("project_type", "path", "body"),
        [("email", "forgottenUserIds", {"userId": "1"}), ("user_id", "forgotten", {"email": ANN})],
    )
    def test_the_other_identifier_is_refused(self, project_of, project_type, path, body):
        api = project_of(project_type)
        assert read_refusal(api.get(f"/api/users/{path}")) == (400, "BadParams")
        assert read_refusal(api.post("/api/users/forget", body)) == (400, "BadParams")

    def test_a_change_to_a_forgotten_identifier_is_refused(self, project_of):
        api = project_of("hybrid", forgotten_status=400)
        api.post("/api/users/forget", {"email": BOB})
        row = {"email": ANN, "dataFields": {"email": "Bob@shop.com"}}
        assert api.bulk(row).json()["failedUpdates"]["forgottenEmails"] == ["Bob@shop.com"]
        assert read_refusal(api.update(**row)) == (400, "ForgottenUserError")
