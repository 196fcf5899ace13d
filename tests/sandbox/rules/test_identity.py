from __future__ import annotations

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"


def list_failures(reply):
    return {name: named for name, named in reply.json()["failedUpdates"].items() if named}


def identities(api):
    return [(profile.email, profile.user_id) for profile in api.project.users.values()]


class TestEmailProject:
    def test_the_email_decides_and_the_user_id_overwrites(self, api):
        api.update(email=ANN, userId="1")
        api.update(email=BOB, userId="2")
        api.bulk({"email": ANN, "userId": "2"})
        assert identities(api) == [(ANN, "2"), (BOB, "2")]

    def test_a_user_id_alone_finds_its_user(self, api):
        api.update(email=ANN, userId="1")
        api.bulk({"userId": "1", "dataFields": {"a": 1}})
        assert api.user(ANN).data == {"a": 1}

    def test_an_unknown_user_id_makes_nobody(self, api):
        reply = api.update(userId="1")
        assert (reply.status_code, reply.json()["code"]) == (400, "UnknownUserIdError")
        assert list_failures(api.bulk({"userId": "1", "preferUserId": False})) == {"notFoundUserIds": ["1"]}
        assert identities(api) == []

    def test_prefer_user_id_makes_a_user_with_a_placeholder_address(self, api):
        api.bulk({"userId": "Kim", "preferUserId": True, "dataFields": {"a": 1}})
        api.bulk({"userId": "Kim", "preferUserId": True, "dataFields": {"a": 2}})
        ((email, user_id),) = identities(api)
        assert (email[:3], email[3:9].isdigit(), email[9:], user_id) == ("kim", True, "@placeholder.email", "Kim")
        assert api.user(email).data == {"a": 2}

    def test_the_user_id_is_set_through_data_fields(self, api):
        api.update(email=ANN)
        api.bulk({"email": ANN, "dataFields": {"userId": "9"}})
        assert identities(api) == [(ANN, "9")]
        assert "userId" not in api.user(ANN).data

    def test_the_email_is_not_changed_through_data_fields(self, api):
        api.update(email=ANN)
        assert list_failures(api.bulk({"email": ANN, "dataFields": {"email": BOB}})) == {}
        assert identities(api) == [(ANN, None)]

    def test_several_may_share_a_user_id_and_are_deleted_together(self, api):
        api.bulk({"email": ANN, "userId": "1"}, {"email": BOB, "userId": "1"}, {"email": "c@shop.com", "userId": "2"})
        assert api.delete("/api/users/byUserId/1").json()["code"] == "Success"
        assert identities(api) == [("c@shop.com", "2")]


class TestUserIdProject:
    @pytest.fixture
    def api(self, project_of):
        return project_of("user_id")

    def test_users_are_made_by_user_id_and_may_share_an_email(self, api):
        reply = api.bulk({"userId": "1", "email": ANN}, {"userId": "2", "dataFields": {"email": "Ann@shop.com"}})
        assert reply.json()["successCount"] == 2
        assert identities(api) == [(ANN, "1"), (ANN, "2")]

    def test_an_email_alone_identifies_nobody(self, api):
        assert list_failures(api.bulk({"email": ANN})) == {"invalidEmails": [ANN]}

    def test_the_user_id_changes_through_data_fields(self, api):
        api.bulk({"userId": "1"}, {"userId": "2"})
        assert list_failures(api.bulk({"userId": "1", "dataFields": {"userId": "3"}})) == {}
        assert list_failures(api.bulk({"userId": "3", "dataFields": {"userId": "2"}})) == {"conflictUserIds": ["2"]}
        assert identities(api) == [(None, "3"), (None, "2")]

    def test_the_email_can_be_cleared_but_not_the_user_id(self, api):
        api.update(userId="1", email=ANN)
        assert list_failures(api.bulk({"userId": "1", "dataFields": {"email": None}})) == {}
        assert list_failures(api.bulk({"userId": "1", "dataFields": {"userId": None}})) == {"invalidDataUserIds": ["1"]}
        assert identities(api) == [(None, "1")]

    def test_deleting_by_email_is_refused(self, api):
        api.update(userId="1", email=ANN)
        assert api.delete("/api/users/ann%40shop.com").json()["code"] == "BadParams"
        assert identities(api) == [(ANN, "1")]


class TestHybridProject:
    @pytest.fixture
    def api(self, project_of):
        return project_of("hybrid")

    def test_either_identifier_makes_a_user(self, api):
        api.bulk({"email": ANN}, {"userId": "2"})
        assert identities(api) == [(ANN, None), (None, "2")]

    def test_a_known_email_takes_a_new_user_id(self, api):
        api.update(email=ANN)
        api.bulk({"email": ANN, "userId": "1"})
        assert identities(api) == [(ANN, "1")]

    def test_a_known_user_id_takes_a_new_email(self, api):
        api.update(userId="1", email=ANN)
        api.bulk({"userId": "1", "email": BOB})
        assert identities(api) == [(BOB, "1")]

    def test_identifiers_of_two_users_conflict(self, api):
        api.bulk({"email": ANN}, {"userId": "2"})
        reply = api.bulk({"email": "Ann@shop.com", "userId": "2"})
        assert list_failures(reply) == {"conflictEmails": ["Ann@shop.com"]}
        single = api.update(email=ANN, userId="2")
        assert (single.status_code, single.json()["msg"]) == (409, "Email/userId conflict")

    @pytest.mark.parametrize(
        ("row", "arrays"),
        [
            ({"email": ANN, "dataFields": {"email": BOB}}, {"conflictEmails": [BOB]}),
            ({"userId": "1", "dataFields": {"userId": "2"}}, {"conflictUserIds": ["2"]}),
            ({"email": ANN, "dataFields": {"email": "c@shop.com", "userId": "3"}}, {}),
            ({"email": ANN, "dataFields": {"email": "nobody"}}, {"invalidEmails": ["nobody"]}),
            ({"email": ANN, "dataFields": {"userId": "ü"}}, {"invalidUserIds": ["ü"]}),
            ({"email": ANN, "dataFields": {"email": [BOB]}}, {"invalidEmails": [ANN]}),
            ({"email": ANN, "dataFields": {"email": None}}, {}),
            ({"email": ANN, "dataFields": {"email": None, "userId": None}}, {"invalidDataEmails": [ANN]}),
        ],
    )
    def test_identifiers_change_through_data_fields_if_they_are_free(self, api, row, arrays):
        api.bulk({"email": ANN, "userId": "1"}, {"email": BOB, "userId": "2"})
        assert list_failures(api.bulk(row)) == arrays
        changed = row["dataFields"]
        expected = (ANN, "1") if arrays else (changed.get("email", ANN), changed.get("userId", "1"))
        assert identities(api) == [expected, (BOB, "2")]

    def test_the_old_identifier_is_free_after_a_change(self, api):
        api.update(email=ANN)
        api.update(email=ANN, dataFields={"email": BOB})
        api.update(email=ANN)
        assert identities(api) == [(BOB, None), (ANN, None)]

    def test_an_identifier_that_is_no_text_refuses_the_request(self, api):
        assert api.bulk({"email": ANN, "dataFields": {"userId": 5}}).json()["code"] == "RequestFieldsTypesMismatched"


@pytest.mark.parametrize(("setting", "read"), [("empty", {"email": "", "userId": "1"}), ("left_out", {"userId": "1"})])
def test_how_a_user_without_an_email_is_read(project_of, setting, read):
    api = project_of("hybrid", absent_email=setting)
    api.update(userId="1")
    user = api.get("/api/users/byUserId/1").json()["user"]
    assert "email" not in user.pop("dataFields")
    assert user == read
