"""Subscriptions: updates by row, changes of one list, channel or message type, and reads."""

from __future__ import annotations

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"
SIX = {"successCount", "failCount", "invalidEmails", "invalidUserIds", "validEmailFailures", "validUserIdFailures"}
ARRAYS = ("unsubscribedChannelIds", "unsubscribedMessageTypeIds", "subscribedMessageTypeIds")


def update(api, **row):
    return api.post("/api/users/updateSubscriptions", row)


def bulk(api, *rows):
    return api.post("/api/users/bulkUpdateSubscriptions", {"updateSubscriptionsRequests": list(rows)})


def read_refusal(reply):
    return reply.status_code, reply.json()["code"]


def stored(api):
    return api.get("/sandbox/subscriptions").json()


def list_named_users(reply):
    """Return the arrays of a bulk response that are not empty."""
    return {name: value for name, value in reply.json().items() if isinstance(value, list) and value}


@pytest.fixture
def make_lists(project_of):
    """A project and the ids of three lists: `lists(project_type, **behaviour)`."""

    def make(project_type="email", **behaviour):
        api = project_of(project_type, **behaviour)
        return api, [api.post("/api/lists", {"name": name}).json()["listId"] for name in ("a", "b", "c")]

    return make


class TestSingle:
    def test_an_answer_is_an_envelope(self, api):
        reply = update(api, email=ANN, unsubscribedChannelIds=[101])
        assert (reply.status_code, reply.json()) == (200, {"msg": "", "code": "Success", "params": None})

    def test_an_array_that_is_given_replaces_and_one_that_is_not_stays(self, make_lists):
        api, (a, b, c) = make_lists(opt_in_message_types=True)
        row = {"email": ANN, "emailListIds": [a, b], "unsubscribedChannelIds": [103]}
        update(api, **row, unsubscribedMessageTypeIds=[203, 205], subscribedMessageTypeIds=[204])
        update(api, email=ANN, emailListIds=[b, c], unsubscribedChannelIds=None, unsubscribedMessageTypeIds=[201])
        assert stored(api) == [
            {
                "email": ANN,
                "emailListIds": [b, c],
                "unsubscribedChannelIds": [103],
                "unsubscribedMessageTypeIds": [201],
                "subscribedMessageTypeIds": [204],
            }
        ]
        update(api, email=ANN, emailListIds=[], unsubscribedChannelIds=[], unsubscribedMessageTypeIds=[])
        update(api, email=ANN, subscribedMessageTypeIds=[])
        assert stored(api) == [{"email": ANN, "emailListIds": [], **{name: [] for name in ARRAYS}}]

    def test_a_profile_shows_them_and_its_history_what_changed(self, make_lists):
        api, (a, *_) = make_lists()
        update(api, email=ANN, emailListIds=[a], unsubscribedChannelIds=[101, 101])
        shown = api.get("/api/users/ann%40shop.com").json()["user"]["dataFields"]
        assert (shown["emailListIds"], shown["unsubscribedChannelIds"]) == ([a], [101])
        update(api, email=ANN, unsubscribedChannelIds=[101])
        update(api, email=ANN, unsubscribedChannelIds=[])
        created, first, second = api.user(ANN).history
        assert (created.what, first.what, second.what) == ("created", *["subscriptions updated"] * 2)
        assert first.fields == {"emailListIds": ([], [a]), "unsubscribedChannelIds": ([], [101])}
        assert second.fields == {"unsubscribedChannelIds": ([101], [])}

    def test_members_of_a_list_are_those_who_chose_it(self, make_lists):
        api, (a, b, c) = make_lists()
        update(api, email=ANN, emailListIds=[a])
        update(api, email=BOB, emailListIds=[a, b])
        update(api, email=ANN, emailListIds=[b])
        update(api, email=BOB, emailListIds=[b, a])
        api.clock.now += 60
        update(api, email=BOB, emailListIds=[b, c])
        members = [api.get("/api/lists/getUsers", params={"listId": number}).text.split() for number in (a, b, c)]
        assert members == [[], [BOB, ANN], [BOB]]
        (member,) = (one for one in api.project.lists.get_memberships(b).values() if one.profile_id == api.user(BOB).id)
        assert member.since == api.clock.now - 60

    @pytest.mark.parametrize(
        ("row", "status", "code"),
        [
            ({}, 400, "BadParams"),
            ({"email": "bad@"}, 400, "InvalidEmailAddressError"),
            ({"userId": "x" * 53}, 400, "InvalidUserIdError"),
            ({"userId": "9"}, 400, "UnknownUserIdError"),
            ({"email": "gone@shop.com"}, 409, "ForgottenUserError"),
            ({"email": ANN, "unsubscribedChannelIds": [101, 999]}, 400, "BadParams"),
            ({"email": ANN, "unsubscribedMessageTypeIds": [101]}, 400, "BadParams"),
            ({"email": ANN, "emailListIds": [999]}, 400, "BadParams"),
            ({"email": ANN, "emailListIds": [301]}, 400, "BadParams"),
            ({"email": ANN, "subscribedMessageTypeIds": [204]}, 400, "BadParams"),
            ({"email": ANN, "subscribedMessageTypeIds": []}, 400, "BadParams"),
        ],
    )
    def test_refusals_change_nothing_and_make_nobody(self, api, row, status, code):
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        assert read_refusal(update(api, **row)) == (status, code)
        assert (stored(api), api.project.users) == ([], {})

    def test_identifiers_of_two_users_conflict(self, project_of):
        api = project_of("hybrid")
        api.bulk({"email": ANN}, {"userId": "2"})
        assert read_refusal(update(api, email=ANN, userId="2")) == (409, "ExternalKeyConflict")


class TestBulk:
    def test_an_answer_has_all_six_members(self, api):
        reply = bulk(api, {"email": ANN, "unsubscribedChannelIds": [101]})
        assert set(reply.json()) == SIX
        assert (reply.json()["successCount"], reply.json()["failCount"], list_named_users(reply)) == (1, 0, {})

    def test_rows_fail_one_by_one_with_status_200(self, api):
        api.update(email=BOB, userId="1")
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        reply = bulk(
            api,
            {"email": "foo@"},
            {"email": ANN, "unsubscribedChannelIds": [101]},
            {"userId": "x" * 53},
            {"userId": "9"},
            {"email": "gone@shop.com"},
            {"email": "Bob@shop.com", "unsubscribedChannelIds": [999]},
            {"userId": "1", "subscribedMessageTypeIds": [204]},
            {},
        )
        assert (reply.status_code, reply.json()["successCount"], reply.json()["failCount"]) == (200, 1, 7)
        assert list_named_users(reply) == {
            "invalidEmails": ["foo@", ""],
            "invalidUserIds": ["x" * 53],
            "validEmailFailures": ["gone@shop.com", "Bob@shop.com"],
            "validUserIdFailures": ["9", "1"],
        }
        assert [(user["email"], user["unsubscribedChannelIds"]) for user in stored(api)] == [(ANN, [101])]

    def test_a_conflict_is_a_failure_of_its_row(self, project_of):
        api = project_of("hybrid")
        api.bulk({"email": ANN}, {"userId": "2"})
        reply = bulk(api, {"email": ANN, "userId": "2"})
        assert (reply.json()["failCount"], list_named_users(reply)) == (1, {"validEmailFailures": [ANN]})

    def test_an_empty_batch_is_a_success_of_nothing(self, api):
        assert (bulk(api).json()["successCount"], bulk(api).json()["failCount"]) == (0, 0)

    def test_a_cap_on_items_can_be_switched_on(self, project_of):
        assert read_refusal(bulk(project_of(max_batch_items=1), {"email": ANN}, {"email": BOB})) == (
            400,
            "BatchTooLarge",
        )


@pytest.mark.parametrize(
    ("project_type", "row", "made"),
    [
        ("email", {"email": "Ann@shop.com"}, [(ANN, None)]),
        ("user_id", {"userId": "1"}, [(None, "1")]),
        ("hybrid", {"email": ANN}, [(ANN, None)]),
        ("hybrid", {"userId": "1"}, [(None, "1")]),
    ],
)
@pytest.mark.parametrize("send", [lambda api, row: update(api, **row), bulk], ids=["single", "bulk"])
def test_users_are_made_as_the_project_type_does(project_of, send, project_type, row, made):
    api = project_of(project_type)
    assert send(api, {**row, "unsubscribedChannelIds": [101]}).status_code == 200
    assert [(profile.email, profile.user_id) for profile in api.project.users.values()] == made
    assert stored(api)[0]["unsubscribedChannelIds"] == [101]


@pytest.mark.parametrize("name", ["emailListIds", "userListIds"])
@pytest.mark.parametrize(("project_type", "shown"), [("email", "emailListIds"), ("hybrid", "userListIds")])
def test_lists_may_be_given_under_either_name(make_lists, project_type, shown, name):
    api, (a, *_) = make_lists(project_type)
    assert update(api, email=ANN, **{name: [a]}).status_code == 200
    assert stored(api)[0][shown] == [a]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"email": 5}, {"email": "String value expected"}),
        ({"emailListIds": 5}, {"emailListIds": "Array value expected"}),
        ({"emailListIds": ["5"]}, {"emailListIds[0]": "Number value expected"}),
        ({"unsubscribedChannelIds": [1, 1.5]}, {"unsubscribedChannelIds[1]": "Number value expected"}),
        ({"unsubscribedMessageTypeIds": {}}, {"unsubscribedMessageTypeIds": "Array value expected"}),
        ({"subscribedMessageTypeIds": [None]}, {"subscribedMessageTypeIds[0]": "Number value expected"}),
        ({"campaignId": "1"}, {"campaignId": "Number value expected"}),
        ({"templateId": True}, {"templateId": "Number value expected"}),
        ({"validateChannelAlignment": 1}, {"validateChannelAlignment": "Boolean value expected"}),
    ],
)
def test_a_wrong_shape_refuses_the_whole_request(api, row, fault):
    ((member, words),) = fault.items()
    single = update(api, **{"email": ANN, **row})
    assert (read_refusal(single), single.json()["params"]) == ((400, "BadJsonBody"), {f"obj.{member}": words})
    many = bulk(api, {"email": BOB, "unsubscribedChannelIds": [101]}, row)
    assert (read_refusal(many)) == (400, "BadJsonBody")
    assert many.json()["params"] == {f"obj.updateSubscriptionsRequests[1].{member}": words}
    assert api.project.users == {}


@pytest.mark.parametrize("body", [{}, {"updateSubscriptionsRequests": {}}])
def test_a_bulk_request_needs_its_rows(api, body):
    reply = api.post("/api/users/bulkUpdateSubscriptions", body)
    assert reply.json()["params"] == {"obj.updateSubscriptionsRequests": "Array value expected"}


class TestAlignment:
    @pytest.mark.parametrize("before", [{}, {"unsubscribedChannelIds": [101]}])
    @pytest.mark.parametrize(
        ("row", "status"),
        [
            ({"subscribedMessageTypeIds": [204], "unsubscribedChannelIds": [101]}, 400),
            ({"subscribedMessageTypeIds": [204], "unsubscribedChannelIds": [102]}, 200),
            (
                {"subscribedMessageTypeIds": [204], "unsubscribedChannelIds": [101], "validateChannelAlignment": True},
                400,
            ),
            (
                {"subscribedMessageTypeIds": [204], "unsubscribedChannelIds": [101], "validateChannelAlignment": False},
                200,
            ),
        ],
    )
    def test_nobody_asks_for_messages_of_a_channel_that_is_refused(self, project_of, before, row, status):
        api = project_of(opt_in_message_types=True)
        update(api, email=ANN, **before)
        assert update(api, email=ANN, **row).status_code == status

    def test_the_channels_refused_before_count_too(self, project_of):
        api = project_of(opt_in_message_types=True)
        update(api, email=ANN, unsubscribedChannelIds=[101])
        assert read_refusal(update(api, email=ANN, subscribedMessageTypeIds=[204])) == (400, "BadParams")
        assert list_named_users(bulk(api, {"email": ANN, "subscribedMessageTypeIds": [204]})) == {
            "validEmailFailures": [ANN]
        }
        assert stored(api)[0]["subscribedMessageTypeIds"] == []


class TestAmongFields:
    def test_user_updates_may_carry_them(self, make_lists):
        api, (a, b, _) = make_lists()
        fields = {"emailListIds": [a, 999], "unsubscribedChannelIds": [101], "unsubscribedMessageTypeIds": 201, "n": 1}
        api.bulk({"email": ANN, "dataFields": fields})
        assert stored(api) == [
            {
                "email": ANN,
                "emailListIds": [a],
                "unsubscribedChannelIds": [101],
                "unsubscribedMessageTypeIds": [201],
                "subscribedMessageTypeIds": [],
            }
        ]
        assert api.user(ANN).data == {"n": 1}
        api.update(email=ANN, dataFields={"emailListIds": [b], "unsubscribedChannelIds": None})
        assert (stored(api)[0]["emailListIds"], stored(api)[0]["unsubscribedChannelIds"]) == ([b], [])
        assert api.user(ANN).history[-1].fields == {"emailListIds": ([a], [b]), "unsubscribedChannelIds": ([101], [])}

    def test_with_opt_in_message_types_refusals_have_their_own_endpoint(self, project_of):
        api = project_of(opt_in_message_types=True)
        api.update(email=ANN, dataFields={"unsubscribedChannelIds": [101], "unsubscribedMessageTypeIds": [201]})
        assert [user["unsubscribedChannelIds"] for user in stored(api)] == []


class TestGroups:
    """The endpoints under /api/subscriptions when they are enabled."""

    @pytest.fixture
    def grouped(self, make_lists):
        def make(project_type="email", **behaviour):
            api, (number, *_) = make_lists(project_type, subscription_groups=True, **behaviour)
            return api, number

        return make

    @pytest.mark.parametrize(
        ("method", "tail"),
        [("PUT", ""), *((method, f"/{who}/1") for method in ("PATCH", "DELETE") for who in ("user", "byUserId"))],
    )
    def test_they_are_not_found_unless_enabled(self, api, method, tail):
        assert read_refusal(api.call(method, f"/api/subscriptions/messageChannel/101{tail}", json={})) == (
            404,
            "NotFound",
        )

    @pytest.mark.parametrize(
        ("status", "body"),
        [(200, {"msg": "", "code": "Success", "params": None}), (202, {"msg": "", "code": "Accepted", "params": None})],
    )
    def test_the_answer_is_an_envelope_of_either_kind(self, grouped, status, body):
        api, number = grouped(subscriptions_status=status)
        reply = api.call("PUT", f"/api/subscriptions/emailList/{number}", json={"users": [ANN]})
        assert (reply.status_code, reply.json()) == (status, body)

    def test_many_are_subscribed_and_unsubscribed(self, grouped):
        api, number = grouped()
        api.update(email=BOB, userId="2")
        users = {"users": [ANN], "usersByUserId": ["2"]}
        path = f"/api/subscriptions/EMAILLIST/{number}"
        api.call("PUT", path, json=users)
        assert [(user["email"], user["emailListIds"]) for user in stored(api)] == [(BOB, [number]), (ANN, [number])]
        api.call("PUT", path, json=users, params={"action": "unsubscribe"})
        assert [user["emailListIds"] for user in stored(api)] == [[], []]
        api.call("PUT", path, json={"users": [ANN]}, params={"action": "subscribe"})
        assert [user["emailListIds"] for user in stored(api)] == [[], [number]]

    @pytest.mark.parametrize("who", ["user/ann%40shop.com", "byUserId/1"])
    @pytest.mark.parametrize(
        ("group", "array"),
        [
            ("messageChannel/101", "unsubscribedChannelIds"),
            ("messagetype/201", "unsubscribedMessageTypeIds"),
            ("messageType/204", "unsubscribedMessageTypeIds"),
        ],
    )
    def test_one_leaves_and_comes_back(self, grouped, group, array, who):
        api, _ = grouped()
        api.update(email=ANN, userId="1")
        path, number = f"/api/subscriptions/{group}/{who}", int(group.rpartition("/")[2])
        api.delete(path)
        assert stored(api)[0][array] == [number]
        api.call("PATCH", path)
        assert stored(api)[0][array] == []
        assert stored(api)[0]["subscribedMessageTypeIds"] == ([204] if number == 204 else [])

    def test_unknown_users_are_made(self, grouped):
        api, number = grouped()
        api.call("PATCH", f"/api/subscriptions/emailList/{number}/user/ann%40shop.com")
        assert list(api.project.users_by_email) == [ANN]

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("inbox/101", {}, 400, "BadParams"),
            ("messageChannel/999", {}, 404, "NotFound"),
            ("messageChannel/x", {}, 404, "NotFound"),
            ("messageType/101", {}, 404, "NotFound"),
            ("emailList/301", {}, 404, "NotFound"),
            ("messageChannel/101?action=leave", {}, 400, "BadParams"),
            ("messageChannel/101", {"users": ANN}, 400, "BadJsonBody"),
            ("messageChannel/101", {"usersByUserId": [5]}, 400, "BadJsonBody"),
            ("messageChannel/101", {"users": [ANN, "bad@"]}, 400, "InvalidEmailAddressError"),
            ("messageChannel/101", {"users": [ANN], "usersByUserId": ["9"]}, 400, "UnknownUserIdError"),
            ("messageChannel/101", {"users": ["gone@shop.com"]}, 409, "ForgottenUserError"),
        ],
    )
    def test_refusals_change_nothing(self, grouped, path, body, status, code):
        api, _ = grouped()
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        assert read_refusal(api.call("PUT", f"/api/subscriptions/{path}", json=body)) == (status, code)
        assert api.project.users == {}


def test_there_are_channels_of_each_kind(api):
    channels = api.get("/api/channels").json()["channels"]
    assert {(one["channelType"], one["messageMedium"]) for one in channels} == {
        ("Marketing", "Email"),
        ("Transactional", "Email"),
        ("Marketing", "Push"),
        ("Marketing", "SMS"),
    }
    kinds = api.get("/api/messageTypes").json()["messageTypes"]
    ids = [one["id"] for one in (*channels, *kinds)]
    assert len(set(ids)) == len(ids)
    assert {one["channelId"] for one in kinds} == {one["id"] for one in channels}
    assert {one["subscriptionPolicy"] for one in kinds} == {"OptIn", "OptOut"}
    assert [one["frequencyCap"] for one in kinds if "frequencyCap" in one] == [{"days": 7, "messages": 3}]


def test_a_folder_keeps_what_users_chose(open_project):
    with open_project(opt_in_message_types=True) as api:
        number = api.post("/api/lists", {"name": "a"}).json()["listId"]
        row = {"email": ANN, "emailListIds": [number], "unsubscribedChannelIds": [103]}
        bulk(api, {**row, "unsubscribedMessageTypeIds": [201], "subscribedMessageTypeIds": [204]})
        before = stored(api)
    with open_project() as api:
        assert stored(api) == before
        assert before[0]["emailListIds"] == [number]
        api.post("/sandbox/reset")
        assert stored(api) == []
