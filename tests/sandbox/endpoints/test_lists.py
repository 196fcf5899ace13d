"""Lists: create, delete, subscribe, unsubscribe and read."""

from __future__ import annotations

import pytest
import requests

from reverse_etl.sandbox import SandboxOptions, start_sandbox

ANN, BOB, CARL = "ann@shop.com", "bob@shop.com", "carl@shop.com"
EVERYBODY = 301
UNKNOWN = 999_999_999


@pytest.fixture
def create_list():
    """Create a list in a project and return its id."""
    return lambda api, name="VIP": api.post("/api/lists", {"name": name}).json()["listId"]


def subscribe(api, number, *rows, **flags):
    return api.post("/api/lists/subscribe", {"listId": number, "subscribers": list(rows), **flags})


def unsubscribe(api, number, *rows, **flags):
    return api.post("/api/lists/unsubscribe", {"listId": number, "subscribers": list(rows), **flags})


def on_lists(api):
    return {one["name"]: one["members"] for one in api.get("/sandbox/lists").json()}


def list_failures(reply):
    assert reply.status_code == 200, reply.text
    return {name: named for name, named in reply.json()["failedUpdates"].items() if named}


def counts(reply):
    return reply.json()["successCount"], reply.json()["failCount"]


def read_refusal(reply):
    return reply.status_code, reply.json()["code"], reply.json()["msg"]


class TestTheListsThemselves:
    def test_a_list_is_made_and_listed_with_its_documented_members(self, api):
        before = api.get("/api/lists").json()["lists"]
        reply = api.post("/api/lists", {"name": "VIP", "description": "best customers"})
        assert reply.status_code == 200
        assert list(reply.json()) == ["listId"]
        shown, *others = api.get("/api/lists").json()["lists"]
        assert others == before, "the API can change the new list, so it comes before the dynamic one"
        assert shown == {
            "id": reply.json()["listId"],
            "name": "VIP",
            "description": "best customers",
            "createdAt": 1_767_268_800_000,
            "listType": "Standard",
        }

    def test_a_name_may_be_used_twice_and_an_id_never(self, api, create_list):
        first, second = create_list(api), create_list(api)
        assert first != second
        api.delete(f"/api/lists/{second}")
        assert create_list(api) not in {first, second}

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({}, {"obj.name": "String value expected"}),
            ({"name": 7}, {"obj.name": "String value expected"}),
            ({"name": "x", "description": []}, {"obj.description": "String value expected"}),
        ],
    )
    def test_a_list_without_a_proper_name_is_refused(self, api, body, fault):
        reply = api.post("/api/lists", body)
        assert (reply.status_code, reply.json()["code"], reply.json()["params"]) == (400, "BadJsonBody", fault)

    def test_a_blank_name_is_refused(self, api):
        assert read_refusal(api.post("/api/lists", {"name": " "}))[:2] == (400, "BadParams")

    def test_a_deleted_list_is_gone_with_its_memberships(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN})
        reply = api.delete(f"/api/lists/{number}")
        assert reply.json() == {
            "msg": f"List {number} in Project 10216 was successfully deleted.",
            "code": "Success",
            "params": None,
        }
        assert on_lists(api) == {}
        assert profile(api, ANN)["emailListIds"] == []

    @pytest.mark.parametrize("number", [42, "x", "9" * 30])
    def test_a_list_that_is_not_there_cannot_be_deleted(self, api, number):
        told = f"Unable to delete list {number} in Project 10216, which does not exist."
        assert read_refusal(api.delete(f"/api/lists/{number}")) == (400, "BadParams", told)

    def test_lists_may_be_there_from_the_start_and_after_a_reset(self):
        options = SandboxOptions(port=0, lists=((7, "VIP"), (9, "Lapsed")), dynamic_lists=())
        with start_sandbox(options) as sandbox:
            for _ in range(2):
                shown = requests.get(sandbox.url + "/sandbox/lists", timeout=10).json()
                assert shown == [{"id": 7, "name": "VIP", "members": []}, {"id": 9, "name": "Lapsed", "members": []}]
                requests.post(sandbox.url + "/sandbox/reset", timeout=10)


def profile(api, email):
    return api.get("/api/users/getByEmail", params={"email": email}).json()["user"]["dataFields"]


class TestSubscribe:
    def test_users_come_on_the_list_and_unknown_ones_are_made(self, api, create_list):
        api.update(email=ANN)
        number = create_list(api)
        reply = subscribe(api, number, {"email": "Ann@Shop.com"}, {"email": BOB})
        assert reply.json() == api.bulk({"email": ANN}, {"email": BOB}).json()
        assert on_lists(api) == {"VIP": [{"email": ANN}, {"email": BOB}]}

    def test_profiles_are_updated_with_what_comes_along(self, api, create_list):
        api.update(email=ANN, dataFields={"home": {"city": "Rome"}, "a": 1})
        number = create_list(api)
        rows = [
            {"email": ANN, "mergeNestedObjects": True, "dataFields": {"home": {"zip": "1"}, "a": None}},
            {"email": BOB, "dataFields": {"b": 2}},
        ]
        assert subscribe(api, number, *rows).json()["createdFields"] == ["home.zip", "b"]
        assert api.user(ANN).data == {"home": {"city": "Rome", "zip": "1"}}
        assert api.user(BOB).data == {"b": 2}

    def test_a_field_that_clashes_costs_the_whole_request(self, api, create_list):
        api.update(email=ANN, dataFields={"a": 1})
        number = create_list(api)
        reply = subscribe(api, number, {"email": BOB}, {"email": ANN, "dataFields": {"a": "x"}})
        assert read_refusal(reply)[:2] == (400, "RequestFieldsTypesMismatched")
        assert on_lists(api) == {"VIP": []}

    def test_unknown_fields_are_dropped_where_the_project_makes_none(self, project_of, create_list):
        api = project_of(create_new_fields=False)
        reply = subscribe(api, create_list(api), {"email": ANN, "dataFields": {"a": 1}})
        assert (reply.json()["filteredOutFields"], api.user(ANN).data) == (["a"], {})

    def test_a_second_subscription_changes_nothing_and_succeeds(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN})
        api.clock.now += 60
        assert counts(subscribe(api, number, {"email": ANN}, {"email": ANN})) == (2, 0)
        assert on_lists(api) == {"VIP": [{"email": ANN}]}
        assert [change.what for change in api.user(ANN).history] == ["created", "subscribed to VIP"]

    def test_rows_fail_one_by_one(self, api, create_list):
        api.post("/api/users/forget", {"email": CARL})
        reply = subscribe(
            api, create_list(api), {"email": "foo@"}, {"userId": "9"}, {"email": CARL}, {}, {"email": ANN}
        )
        assert list_failures(reply) == {
            "invalidEmails": ["foo@", ""],
            "notFoundUserIds": ["9"],
            "forgottenEmails": [CARL],
        }
        assert counts(reply) == (1, 4)
        assert on_lists(api) == {"VIP": [{"email": ANN}]}

    def test_prefer_user_id_makes_a_user_with_a_placeholder(self, api, create_list):
        subscribe(api, create_list(api), {"userId": "9", "preferUserId": True})
        ((member,),) = on_lists(api).values()
        assert (member["userId"], member["email"].endswith("@placeholder.email")) == ("9", True)

    @pytest.mark.parametrize("project_type", ["user_id", "hybrid"])
    def test_existing_users_only_leaves_the_unknown_out(self, project_of, create_list, project_type):
        api = project_of(project_type)
        api.update(userId="1")
        reply = subscribe(api, create_list(api), {"userId": "1"}, {"userId": "2"}, updateExistingUsersOnly=True)
        assert (counts(reply), list_failures(reply)) == ((1, 1), {"notFoundUserIds": ["2"]})
        assert on_lists(api) == {"VIP": [{"userId": "1"}]}
        assert list(api.project.users_by_user_id) == ["1"]

    def test_email_projects_do_not_look_at_existing_users_only(self, api, create_list):
        reply = subscribe(api, create_list(api), {"email": ANN}, updateExistingUsersOnly=True)
        assert counts(reply) == (1, 0)
        assert on_lists(api) == {"VIP": [{"email": ANN}]}

    def test_a_conflict_is_named_and_nobody_joins(self, project_of, create_list):
        api = project_of("hybrid")
        api.bulk({"email": ANN}, {"userId": "2"})
        assert list_failures(subscribe(api, create_list(api), {"email": ANN, "userId": "2"})) == {
            "conflictEmails": [ANN]
        }
        assert on_lists(api) == {"VIP": []}


class TestUnsubscribe:
    def test_members_go_and_those_who_were_none_are_a_success(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN}, {"email": BOB})
        api.update(email=CARL)
        reply = unsubscribe(api, number, {"email": "ANN@shop.com"}, {"email": CARL}, {"email": ANN})
        assert (counts(reply), list_failures(reply)) == ((3, 0), {})
        assert on_lists(api) == {"VIP": [{"email": BOB}]}

    def test_unknown_malformed_and_forgotten_users_are_named(self, api, create_list):
        api.post("/api/users/forget", {"email": CARL})
        reply = unsubscribe(
            api, create_list(api), {"email": ANN}, {"userId": "9"}, {"email": "foo@"}, {"email": CARL}, {}
        )
        assert list_failures(reply) == {
            "notFoundEmails": [ANN],
            "notFoundUserIds": ["9"],
            "invalidEmails": ["foo@", ""],
            "forgottenEmails": [CARL],
        }
        assert (counts(reply), len(api.project.users)) == ((0, 5), 0)

    @pytest.mark.parametrize("project_type", ["user_id", "hybrid"])
    def test_nobody_is_made_in_other_projects_either(self, project_of, create_list, project_type):
        api = project_of(project_type)
        assert list_failures(unsubscribe(api, create_list(api), {"userId": "1"})) == {"notFoundUserIds": ["1"]}
        assert not api.project.users

    @pytest.mark.parametrize(
        ("default", "asked", "channels"),
        [
            (False, {}, []),
            (False, {"channelUnsubscribe": False}, []),
            (False, {"channelUnsubscribe": True}, [101, 102, 103, 104]),
            (True, {}, [101, 102, 103, 104]),
            (True, {"channelUnsubscribe": False}, []),
        ],
    )
    def test_a_channel_unsubscribe_takes_the_user_off_everything(
        self, project_of, create_list, default, asked, channels
    ):
        api = project_of(channel_unsubscribe_default=default)
        number = create_list(api)
        subscribe(api, number, {"email": ANN})
        unsubscribe(api, number, {"email": ANN}, **asked)
        assert profile(api, ANN)["unsubscribedChannelIds"] == channels
        told = [change.what for change in api.user(ANN).history]
        assert ("unsubscribed from every channel" in told) == bool(channels)


@pytest.mark.parametrize("change", [subscribe, unsubscribe])
class TestBothChanges:
    def test_an_unknown_list_is_refused_with_the_code_of_a_success(self, api, change):
        reply = change(api, UNKNOWN, {"email": ANN})
        assert reply.status_code == 400
        assert reply.json() == {
            "msg": f"error.lists.invalidListId({UNKNOWN})",
            "code": "Success",
            "params": {"projectId": 10216, "listId": UNKNOWN},
        }
        assert not api.project.users

    def test_a_dynamic_list_cannot_be_changed(self, api, change):
        assert read_refusal(change(api, EVERYBODY, {"email": ANN}))[:2] == (400, "BadParams")
        assert read_refusal(api.delete(f"/api/lists/{EVERYBODY}"))[:2] == (400, "BadParams")
        assert EVERYBODY in {one["id"] for one in api.get("/api/lists").json()["lists"]}

    def test_a_new_list_may_be_unknown_for_a_while(self, project_of, create_list, change):
        api = project_of(new_list_delay=5.0)
        number = create_list(api)
        api.clock.now += 4.9
        assert read_refusal(change(api, number))[2] == f"error.lists.invalidListId({number})"
        assert number in {one["id"] for one in api.get("/api/lists").json()["lists"]}
        api.clock.now += 0.2
        assert counts(change(api, number)) == (0, 0)

    def test_nobody_is_a_success(self, api, create_list, change):
        reply = change(api, create_list(api))
        assert (reply.status_code, counts(reply), list_failures(reply)) == (200, (0, 0), {})

    def test_a_cap_on_items_counts_members_too(self, project_of, create_list, change):
        api = project_of(max_batch_items=1)
        number = create_list(api)
        assert change(api, number, {"email": ANN}).status_code == 200
        assert read_refusal(change(api, number, {"email": ANN}, {"email": BOB}))[:2] == (400, "BatchTooLarge")

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({"subscribers": []}, {"obj.listId": "Number value expected"}),
            ({"listId": "1", "subscribers": []}, {"obj.listId": "Number value expected"}),
            ({"listId": 1.5, "subscribers": []}, {"obj.listId": "Number value expected"}),
            ({"listId": 1}, {"obj.subscribers": "Array value expected"}),
            ({"listId": 1, "subscribers": {"email": ANN}}, {"obj.subscribers": "Array value expected"}),
            (
                {"listId": EVERYBODY, "subscribers": [{"email": ANN}, {"email": 7}, ANN]},
                {
                    "obj.subscribers[1].email": "String value expected",
                    "obj.subscribers[2]": "Object value expected",
                },
            ),
        ],
    )
    def test_a_wrong_body_is_named_by_path(self, api, change, body, fault):
        path = "/api/lists/" + change.__name__
        reply = api.post(path, body)
        assert (reply.status_code, reply.json()["code"], reply.json()["params"]) == (400, "BadJsonBody", fault)
        assert reply.json()["msg"] == f"[{path}] Invalid JSON body"


@pytest.mark.parametrize(
    ("path", "flag"), [("subscribe", "updateExistingUsersOnly"), ("unsubscribe", "channelUnsubscribe")]
)
def test_a_flag_is_a_boolean(api, path, flag):
    reply = api.post(f"/api/lists/{path}", {"listId": EVERYBODY, "subscribers": [], flag: "true"})
    assert reply.json()["params"] == {f"obj.{flag}": "Boolean value expected"}


class TestProfiles:
    ARRAYS = ("subscribedMessageTypeIds", "unsubscribedChannelIds", "unsubscribedMessageTypeIds")

    def test_the_arrays_come_with_the_first_operation_on_lists(self, api, create_list):
        api.bulk({"email": ANN}, {"email": BOB}, {"email": CARL})
        number, other = create_list(api), create_list(api, "Lapsed")
        assert not {"emailListIds", *self.ARRAYS} & set(profile(api, ANN))
        subscribe(api, number, {"email": ANN})
        subscribe(api, other, {"email": ANN})
        unsubscribe(api, number, {"email": BOB})
        nothing = {key: [] for key in self.ARRAYS}
        assert profile(api, ANN).items() >= {"emailListIds": [number, other], **nothing}.items()
        assert profile(api, BOB).items() >= {"emailListIds": [], **nothing}.items()
        assert "emailListIds" not in profile(api, CARL)

    @pytest.mark.parametrize("project_type", ["user_id", "hybrid"])
    def test_other_projects_name_the_lists_otherwise(self, project_of, create_list, project_type):
        api = project_of(project_type)
        number = create_list(api)
        subscribe(api, number, {"userId": "1"})
        shown = api.get("/api/users/byUserId/1").json()["user"]["dataFields"]
        assert (shown["userListIds"], "emailListIds" in shown) == ([number], False)

    def test_memberships_follow_a_user_to_another_address(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN})
        api.post("/api/users/updateEmail", {"currentEmail": ANN, "newEmail": BOB})
        assert on_lists(api) == {"VIP": [{"email": BOB}]}
        assert profile(api, BOB)["emailListIds"] == [number]

    def test_memberships_of_two_users_come_together_in_a_merge(self, api, create_list):
        first, second, third = (create_list(api, name) for name in "ABC")
        subscribe(api, first, {"email": ANN})
        subscribe(api, second, {"email": ANN}, {"email": BOB})
        subscribe(api, third, {"email": CARL})
        for source, destination in ((ANN, BOB), (BOB, CARL)):
            api.post("/api/users/merge", {"sourceEmail": source, "destinationEmail": destination})
        assert on_lists(api) == {key: [{"email": CARL}] for key in "ABC"}
        assert sorted(profile(api, CARL)["emailListIds"]) == [first, second, third]

    def test_lists_of_a_source_are_shown_by_a_destination_that_had_none(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN})
        api.update(email=BOB)
        api.post("/api/users/merge", {"sourceEmail": ANN, "destinationEmail": BOB})
        assert profile(api, BOB)["emailListIds"] == [number]

    def test_memberships_end_with_the_user(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN}, {"email": BOB}, {"email": CARL})
        api.delete("/api/users/ann%40shop.com")
        api.post("/api/users/forget", {"email": BOB})
        assert on_lists(api) == {"VIP": [{"email": CARL}]}
        api.update(email=ANN)
        assert "emailListIds" not in profile(api, ANN)


class TestReads:
    def read(self, api, what, number, **params):
        reply = api.get(f"/api/lists/{what}", params={"listId": number, **params})
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        return reply.text

    def test_users_are_given_one_to_a_line(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": BOB}, {"email": ANN, "userId": "1"})
        assert self.read(api, "getUsers", number) == f"{BOB}\n{ANN}"
        assert self.read(api, "getUsers", number, preferUserId="true") == f"{BOB}\n{ANN}"
        assert self.read(api, "getUsers", create_list(api)) == ""

    def test_everybody_is_on_the_dynamic_list(self, api):
        api.bulk({"email": ANN}, {"email": BOB})
        assert self.read(api, "getUsers", EVERYBODY) == f"{ANN}\n{BOB}"
        assert api.get(f"/api/lists/{EVERYBODY}/size").text == "2"

    def test_hybrid_projects_may_prefer_the_user_id(self, project_of, create_list):
        api = project_of("hybrid")
        number = create_list(api)
        subscribe(api, number, {"email": ANN, "userId": "1"}, {"userId": "2"}, {"email": BOB})
        assert self.read(api, "getUsers", number).split("\n") == [ANN, "2", BOB]
        assert self.read(api, "getUsers", number, preferUserId="true").split("\n") == ["1", "2", BOB]

    def test_user_id_projects_give_user_ids(self, project_of, create_list):
        api = project_of("user_id")
        number = create_list(api)
        subscribe(api, number, {"email": ANN, "userId": "1"})
        assert self.read(api, "getUsers", number) == "1"

    def test_a_preview_is_a_sample(self, api, create_list):
        number = create_list(api)
        everyone = {f"user{index}@shop.com" for index in range(20)}
        subscribe(api, number, *({"email": email} for email in everyone))
        sample = self.read(api, "previewUsers", number, size=5).split("\n")
        assert (len(set(sample)), set(sample) < everyone) == (5, True)
        assert set(self.read(api, "previewUsers", number).split("\n")) == everyone

    @pytest.mark.parametrize("size", ["0", "5001", "x", "-1"])
    def test_a_preview_has_one_to_five_thousand_users(self, api, size):
        reply = api.get("/api/lists/previewUsers", params={"listId": EVERYBODY, "size": size})
        assert read_refusal(reply)[:2] == (400, "BadParams")

    def test_the_size_is_a_number_in_plain_text(self, api, create_list):
        number = create_list(api)
        subscribe(api, number, {"email": ANN}, {"email": BOB})
        reply = api.get(f"/api/lists/{number}/size")
        assert (reply.text, reply.headers["Content-Type"]) == ("2", "text/plain; charset=utf-8")

    @pytest.mark.parametrize(
        "path",
        ["getUsers", "getUsers?listId=x", f"getUsers?listId={UNKNOWN}", f"previewUsers?listId={UNKNOWN}", "x/size"],
    )
    def test_a_list_that_is_not_there_cannot_be_read(self, api, path):
        assert read_refusal(api.get(f"/api/lists/{path}")) == (400, "BadParams", "Invalid email list id")

    @pytest.mark.parametrize(
        "path", [f"getUsers?listId={EVERYBODY}", f"previewUsers?listId={EVERYBODY}", f"{EVERYBODY}/size"]
    )
    def test_each_read_is_limited_to_five_a_minute(self, project_of, path):
        api = project_of(rate_limit=True)
        statuses = [api.get(f"/api/lists/{path}").status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        api.clock.now += 12
        assert api.get(f"/api/lists/{path}").status_code == 200
