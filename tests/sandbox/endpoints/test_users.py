from __future__ import annotations

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"
TEN = {
    f"{reason}{kind}"
    for reason in ("invalid", "notFound", "invalidData", "conflict", "forgotten")
    for kind in ("Emails", "UserIds")
}


def list_failures(reply):
    """Return the arrays of failedUpdates that are not empty."""
    return {name: named for name, named in reply.json()["failedUpdates"].items() if named}


def test_a_bulk_reply_has_every_array_even_when_all_is_well(api):
    reply = api.bulk({"email": ANN, "dataFields": {"a": 1}})
    body = reply.json()
    assert set(body.pop("failedUpdates")) == TEN
    assert body == {
        "successCount": 1,
        "failCount": 0,
        "createdFields": ["a"],
        "filteredOutFields": [],
        "invalidEmails": [],
        "invalidUserIds": [],
        "noOpEmails": [],
        "noOpUserIds": [],
    }


def test_rows_fail_one_by_one_with_status_200(api):
    reply = api.bulk({"email": "shrouti"}, {"email": ANN}, {"userId": "x" * 53}, {"userId": "ghost"}, {})
    body = reply.json()
    assert (reply.status_code, body["successCount"], body["failCount"]) == (200, 1, 4)
    assert list_failures(reply) == {
        "invalidEmails": ["shrouti", ""],
        "invalidUserIds": ["x" * 53],
        "notFoundUserIds": ["ghost"],
    }
    assert (body["invalidEmails"], body["invalidUserIds"]) == (["shrouti", ""], ["x" * 53, "ghost"])


def test_an_old_answer_has_no_failed_updates(project_of):
    body = project_of(failed_updates=False).bulk({"email": "shrouti"}).json()
    assert "failedUpdates" not in body
    assert body["invalidEmails"] == ["shrouti"]


def test_a_new_answer_can_go_without_the_deprecated_arrays(project_of):
    body = project_of(deprecated_arrays=False).bulk({"userId": "ghost"}).json()
    assert not {"invalidEmails", "invalidUserIds"} & set(body)


def test_the_deprecated_array_need_not_repeat_unknown_ids(project_of):
    body = project_of(unknown_user_ids_are_invalid_too=False).bulk({"userId": "ghost"}).json()
    assert (body["invalidUserIds"], body["failedUpdates"]["notFoundUserIds"]) == ([], ["ghost"])


def test_an_empty_batch_is_refused(api):
    reply = api.bulk()
    assert (reply.status_code, reply.json()["code"]) == (400, "InvalidEmailAddressError")
    assert reply.json()["msg"] == "Emails invalid: "


@pytest.mark.parametrize(("project_type", "key"), [("email", "email"), ("user_id", "userId"), ("hybrid", "userId")])
def test_fields_overwrite_null_clears_and_the_rest_stays(project_of, project_type, key):
    api = project_of(project_type)
    who = {key: ANN}
    api.bulk({**who, "dataFields": {"a": 1, "b": "x", "c": [1, 2], "d": {"e": 1}}})
    api.bulk({**who, "dataFields": {"a": 2, "b": None, "c": [3], "d": {"f": None, "g": 1}}})
    (profile,) = api.project.users.values()
    assert profile.data == {"a": 2, "c": [3], "d": {"g": 1}}


def test_nested_objects_merge_one_level_when_asked(api):
    api.update(email=ANN, dataFields={"home": {"city": "Rome", "zip": "1", "at": {"x": 1, "y": 2}, "tags": ["a", "b"]}})
    change = {"home": {"zip": None, "at": {"x": 3}, "tags": ["c"]}}
    api.bulk({"email": ANN, "mergeNestedObjects": True, "dataFields": change})
    assert api.user(ANN).data == {"home": {"city": "Rome", "at": {"x": 3}, "tags": ["c"]}}
    api.bulk({"email": ANN, "dataFields": {"home": {"zip": "9"}}})
    assert api.user(ANN).data == {"home": {"zip": "9"}}


def test_flags_of_one_row_do_not_touch_another(api):
    for email in (ANN, BOB):
        api.update(email=email, dataFields={"home": {"city": "Rome"}})
    rows = [{"email": email, "dataFields": {"home": {"zip": "1"}}} for email in (ANN, BOB)]
    api.bulk({**rows[0], "mergeNestedObjects": True}, rows[1])
    assert (api.user(ANN).data, api.user(BOB).data) == ({"home": {"city": "Rome", "zip": "1"}}, {"home": {"zip": "1"}})


def test_rows_of_one_user_apply_in_order(api):
    reply = api.bulk({"email": ANN, "dataFields": {"a": 1}}, {"email": "ANN@shop.com", "dataFields": {"a": 2}})
    assert reply.json()["successCount"] == 2
    assert (len(api.project.users), api.user(ANN).data) == (1, {"a": 2})


def test_emails_are_stored_lower_case_and_echoed_as_sent(api):
    assert list_failures(api.bulk({"email": "Ann@Shop.COM"}, {"email": "No@"})) == {"invalidEmails": ["No@"]}
    assert list(api.project.users_by_email) == [ANN]


def test_emails_can_be_echoed_as_stored(project_of):
    assert list_failures(project_of(lowercase_echo=True).bulk({"email": "No@"})) == {"invalidEmails": ["no@"]}


@pytest.mark.parametrize(
    "email",
    [
        "",
        "foo@",
        "bad@",
        "000",
        "a @b.com",
        " a@b.com",
        "a@b.com ",
        "a@b",
        "a@-b.com",
        "a..b@c.com",
        ".a@c.com",
        "a@b.c",
        "a@b.invalid",
        "a@shop.test",
        "a@@b.com",
        "a@b..com",
        "a,b@c.com",
        "x" * 65 + "@b.com",
        "a@b.123",
        "a\u0000@b.com",
    ],
)
def test_malformed_emails_are_refused(api, email):
    assert list_failures(api.bulk({"email": email})) == {"invalidEmails": [email]}
    reply = api.update(email=email)
    assert (reply.status_code, reply.json()["code"]) == (400, "InvalidEmailAddressError")
    assert (reply.json()["msg"], reply.json()["params"]) == (f"Invalid email: {email}", None)


@pytest.mark.parametrize(
    "email",
    ["a@b.com", "o'hara+x@mail.shop.co.uk", '"a b"@c.com', "jürgen@c.com", "a@bücher.de", "a_b-c@x.photography"],
)
def test_unusual_emails_are_accepted(api, email):
    assert list_failures(api.bulk({"email": email})) == {}


@pytest.mark.parametrize("user_id", ["", "x" * 53, "naïve", "a\tb", "a ", "a\n"])
@pytest.mark.parametrize("project_type", ["email", "user_id", "hybrid"])
def test_malformed_user_ids_are_refused(project_of, project_type, user_id):
    api = project_of(project_type)
    assert list_failures(api.bulk({"userId": user_id, "preferUserId": True})) == {"invalidUserIds": [user_id]}
    assert api.update(userId=user_id).json()["code"] == "InvalidUserIdError"


def test_user_ids_keep_their_case_and_may_have_52_characters(project_of):
    api = project_of("user_id")
    api.bulk({"userId": "x" * 52}, {"userId": "Ab c/d?"}, {"userId": "ab c/d?"})
    assert list(api.project.users_by_user_id) == ["x" * 52, "Ab c/d?", "ab c/d?"]


@pytest.mark.parametrize("body", [{}, {"dataFields": {"a": 1}}, {"email": None}])
def test_a_single_update_needs_an_identifier(api, body):
    reply = api.post("/api/users/update", body)
    assert (reply.status_code, reply.json()["code"]) == (400, "BadParams")


def test_a_single_update_answers_with_an_envelope(api):
    reply = api.update(email=ANN, dataFields={"a": 1})
    assert (reply.status_code, reply.json()) == (200, {"msg": "", "code": "Success", "params": None})


def test_skipped_users_are_neither_made_nor_failed(api):
    api.update(email=ANN, userId="1")
    rows = [
        {"email": ANN, "dataFields": {"a": 1}},
        {"email": BOB},
        {"userId": "9", "preferUserId": True},
        {"email": "x"},
    ]
    body = api.bulk(*rows, updateOnly=True).json()
    assert (body["successCount"], body["failCount"]) == (1, 1)
    assert (body["noOpEmails"], body["noOpUserIds"]) == ([BOB], ["9"])
    assert list(api.project.users_by_email) == [ANN]


def test_update_only_may_be_ignored_or_counted_otherwise(project_of):
    assert project_of(honour_update_only=False).bulk({"email": BOB}, updateOnly=True).json()["noOpEmails"] == []
    assert project_of(count_skipped_as_success=True).bulk({"email": BOB}, updateOnly=True).json()["successCount"] == 1


def test_managed_fields_cannot_be_overwritten(api):
    fields = {"profileUpdatedAt": "2001-01-01", "itblInternal": {"emailDomain": "x"}, "signupDate": "2001-01-01"}
    api.update(email=ANN, dataFields=fields)
    shown = api.get("/api/users/getByEmail", params={"email": ANN}).json()["user"]["dataFields"]
    assert (shown["profileUpdatedAt"], shown["signupDate"]) == (
        "2026-01-01 12:00:00 +00:00",
        "2001-01-01 00:00:00 +00:00",
    )
    assert shown["itblInternal"]["emailDomain"] == "shop.com"


def test_the_history_tells_what_each_write_altered(api):
    api.update(email=ANN, dataFields={"a": 1, "b": 1})
    api.clock.now += 60
    api.update(email=ANN, userId="7", dataFields={"a": 2, "b": 1})
    api.update(email=ANN, dataFields={"a": 2})
    first, second = api.user(ANN).history
    assert (first.what, first.fields) == ("created", {})
    assert (second.what, second.fields) == ("updated", {"a": (1, 2), "userId": (None, "7")})
    assert second.time - first.time == 60


def test_the_history_keeps_the_latest_writes(api):
    for number in range(30):
        api.update(email=ANN, dataFields={"a": number})
    history = api.user(ANN).history
    assert (len(history), history[-1].fields) == (20, {"a": (28, 29)})
