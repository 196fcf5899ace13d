"""Events: single and bulk requests, their users, and reads."""

from __future__ import annotations

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"
NOON = "2026-01-01 12:00:00 +00:00"
SIX = {f"{reason}{kind}" for reason in ("invalid", "notFound", "forgotten") for kind in ("Emails", "UserIds")}


def list_failures(reply):
    """Return the arrays of failedUpdates that are not empty."""
    return {name: named for name, named in reply.json()["failedUpdates"].items() if named}


def order(**members):
    return {"email": ANN, "eventName": "order", **members}


@pytest.fixture
def shop(project_of):
    """A project with Ann in it, who has a userId: `shop(project_type, **behaviour)`."""

    def make(project_type="email", **behaviour):
        api = project_of(project_type, **behaviour)
        api.update(email=ANN, userId="1")
        return api

    return make


class TestSingle:
    def test_the_answer_gives_the_id(self, shop):
        reply = shop().track(**order(id="order-1"))
        assert reply.status_code == 200
        assert reply.json() == {
            "msg": "Event with id: order-1 tracked.",
            "code": "Success",
            "params": {"id": "order-1"},
        }

    def test_an_id_is_made_where_none_was_given(self, shop):
        api = shop()
        first, second = (api.track(**order()).json()["params"]["id"] for _ in range(2))
        assert first != second
        assert [event["id"] for event in api.events()] == [first, second]

    def test_everything_is_stored(self, shop):
        api = shop()
        api.track(**order(id="a", createdAt=1_700_000_000, dataFields={"total": 9.5}, campaignId=7, templateId=8))
        assert api.events() == [
            {
                "id": "a",
                "eventName": "order",
                "email": ANN,
                "userId": "1",
                "createdAt": "2023-11-14 22:13:20 +00:00",
                "dataFields": {"total": 9.5},
                "campaignId": 7,
                "templateId": 8,
            }
        ]

    @pytest.mark.parametrize(
        ("members", "status", "code"),
        [
            ({"email": "ghost@shop.com"}, 400, "UnknownEmailError"),
            ({"email": None, "userId": "9"}, 400, "UnknownUserIdError"),
            ({"email": "bad@"}, 400, "InvalidEmailAddressError"),
            ({"email": None, "userId": "x" * 53}, 400, "InvalidUserIdError"),
            ({"email": "gone@shop.com"}, 409, "ForgottenUserError"),
            ({"email": None}, 400, "BadParams"),
            ({"id": "a_b"}, 400, "BadParams"),
            ({"id": ""}, 400, "BadParams"),
            ({"id": "x" * 513}, 400, "BadParams"),
            ({"eventName": ""}, 400, "BadParams"),
            ({"createdAt": 10**18}, 400, "BadParams"),
            ({"dataFields": {"text": "x" * 32_001}}, 400, "BadParams"),
        ],
    )
    def test_refusals_store_nothing_and_make_nobody(self, shop, members, status, code):
        api = shop()
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        reply = api.track(**order(**members))
        assert (reply.status_code, reply.json()["code"]) == (status, code)
        assert (api.events(), list(api.project.users_by_email)) == ([], [ANN])

    def test_the_words_for_an_event_of_nobody(self, shop):
        message = shop().track(eventName="order").json()["msg"]
        assert message == "Either email or userId must be specified in a track call"

    def test_a_disallowed_name_is_told_with_status_200_and_not_stored(self, shop):
        api = shop(disallowed_events=frozenset({"order"}))
        reply = api.track(**order(dataFields={"total": 1}))
        assert (reply.status_code, reply.json()["code"]) == (200, "Success")
        assert reply.json()["msg"] == "Event order is disallowed from tracking."
        assert (api.events(), api.project.events.field_types.types) == ([], {})


class TestBulk:
    def test_an_answer_has_every_array_even_when_all_is_well(self, shop):
        body = shop().track_bulk(order(dataFields={"total": 1})).json()
        assert set(body.pop("failedUpdates")) == SIX
        assert body == {
            "successCount": 1,
            "failCount": 0,
            "disallowedEventNames": [],
            "createdFields": ["order", "order.total"],
            "filteredOutFields": [],
            "invalidEmails": [],
            "invalidUserIds": [],
        }

    def test_an_empty_batch_is_a_success_of_nothing(self, api):
        reply = api.track_bulk()
        assert (reply.status_code, reply.json()["successCount"], reply.json()["failCount"]) == (200, 0, 0)

    def test_events_fail_one_by_one_with_status_200_and_make_nobody(self, shop):
        api = shop()
        api.post("/api/users/forget", {"email": "gone@shop.com"})
        reply = api.track_bulk(
            order(email="bad@"),
            order(),
            order(email="Ghost@shop.com"),
            order(email="gone@shop.com"),
            {"eventName": "order", "userId": "9"},
            {"eventName": "order", "userId": ""},
            {"eventName": "order"},
        )
        assert (reply.status_code, reply.json()["successCount"], reply.json()["failCount"]) == (200, 1, 6)
        assert list_failures(reply) == {
            "invalidEmails": ["bad@", ""],
            "notFoundEmails": ["Ghost@shop.com"],
            "forgottenEmails": ["gone@shop.com"],
            "notFoundUserIds": ["9"],
            "invalidUserIds": [""],
        }
        assert (reply.json()["invalidEmails"], reply.json()["invalidUserIds"]) == (["bad@", ""], ["", "9"])
        assert (len(api.events()), list(api.project.users_by_email)) == (1, [ANN])

    def test_forgotten_user_ids_have_their_array(self, project_of):
        api = project_of("user_id")
        api.post("/api/users/forget", {"userId": "1"})
        assert list_failures(api.track_bulk({"eventName": "order", "userId": "1"})) == {"forgottenUserIds": ["1"]}

    def test_an_old_answer_has_no_failed_updates(self, shop):
        body = shop(failed_updates=False).track_bulk(order(email="bad@")).json()
        assert ("failedUpdates" in body, body["invalidEmails"], body["failCount"]) == (False, ["bad@"], 1)

    def test_disallowed_names_are_listed_once_and_fail(self, shop):
        api = shop(disallowed_events=frozenset({"view", "click"}))
        reply = api.track_bulk(order(), order(eventName="view"), order(eventName="view", email="bad@"))
        body = reply.json()
        assert (body["successCount"], body["failCount"], body["disallowedEventNames"]) == (1, 2, ["view"])
        assert list_failures(reply) == {}
        assert [event["eventName"] for event in api.events()] == ["order"]

    @pytest.mark.parametrize(
        "members",
        [
            {"id": "a b"},
            {"id": "x" * 513},
            {"id": "ü" * 300},
            {"eventName": ""},
            {"createdAt": 1e300},
            {"dataFields": {"text": "x" * 32_001}},
            {"dataFields": {"grid": [[1]]}},
        ],
    )
    def test_what_cannot_be_stored_fails_unnamed_or_refuses_the_request(self, shop, members):
        api = shop()
        reply = api.track_bulk(order(id="good"), order(**members))
        assert (reply.json()["successCount"], reply.json()["failCount"], list_failures(reply)) == (1, 1, {})
        assert [event["id"] for event in api.events()] == ["good"]
        api = shop(unstorable_events="refused")
        reply = api.track_bulk(order(id="good"), order(**members))
        assert (reply.status_code, reply.json()["code"], api.events()) == (400, "BadParams", [])

    def test_other_characters_in_an_id_can_be_allowed(self, shop):
        api = shop(event_id_characters="any")
        assert api.track_bulk(order(id="a_b/ü"), order(id="ü" * 256)).json()["successCount"] == 2
        assert api.track_bulk(order(id="ü" * 257)).json()["failCount"] == 1

    def test_a_cap_on_items_can_be_switched_on(self, shop):
        reply = shop(max_batch_items=1).track_bulk(order(), order())
        assert (reply.status_code, reply.json()["code"]) == (400, "BatchTooLarge")

    def test_a_body_over_four_million_bytes_is_refused(self, shop):
        api = shop()
        reply = api.track_bulk(*(order(dataFields={"text": "x" * 30_000}) for _ in range(140)))
        assert (reply.status_code, reply.content, api.events()) == (413, b"", [])


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        ({}, {"eventName": "String value expected"}),
        ({"eventName": None}, {"eventName": "String value expected"}),
        ({"eventName": 5}, {"eventName": "String value expected"}),
        ({"eventName": "a", "createdAt": "2026-01-01"}, {"createdAt": "Number value expected"}),
        ({"eventName": "a", "createdAt": True}, {"createdAt": "Number value expected"}),
        ({"eventName": "a", "dataFields": []}, {"dataFields": "Object value expected"}),
        ({"eventName": "a", "campaignId": "7"}, {"campaignId": "Number value expected"}),
        ({"eventName": "a", "templateId": 1.5}, {"templateId": "Number value expected"}),
        ({"eventName": "a", "id": 5}, {"id": "String value expected"}),
        ({"eventName": "a", "userId": 5}, {"userId": "String value expected"}),
        ({"eventName": "a", "createNewFields": "no"}, {"createNewFields": "Boolean value expected"}),
    ],
)
def test_a_wrong_shape_refuses_the_whole_request(shop, event, fault):
    api = shop()
    ((member, words),) = fault.items()
    single = api.track(**event)
    assert (single.status_code, single.json()["params"]) == (400, {f"obj.{member}": words})
    bulk = api.track_bulk(order(), event)
    assert (bulk.status_code, bulk.json()["code"]) == (400, "BadJsonBody")
    assert bulk.json()["params"] == {f"obj.events[1].{member}": words}
    assert bulk.json()["msg"] == "[/api/events/trackBulk] Invalid JSON body"
    assert api.events() == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, {"obj.events": "Array value expected"}),
        ({"events": {}}, {"obj.events": "Array value expected"}),
        ({"events": ["order"]}, {"obj.events[0]": "Object value expected"}),
    ],
)
def test_the_body_of_a_bulk_request_has_its_shape_too(api, body, fault):
    reply = api.post("/api/events/trackBulk", body)
    assert (reply.status_code, reply.json()["params"]) == (400, fault)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, NOON),
        (1_700_000_000, "2023-11-14 22:13:20 +00:00"),
        (1_700_000_000.9, "2023-11-14 22:13:20 +00:00"),
        (1_700_000_000_000, "2023-11-14 22:13:20 +00:00"),
        (99_999_999_999, "5138-11-16 09:46:39 +00:00"),
        (100_000_000_000, "1973-03-03 09:46:40 +00:00"),
        (0, "1970-01-01 00:00:00 +00:00"),
        (-86_400, "1969-12-31 00:00:00 +00:00"),
    ],
)
def test_the_time_is_seconds_or_milliseconds_by_its_size(shop, given, stored):
    api = shop()
    api.track_bulk(order(createdAt=given))
    assert [event["createdAt"] for event in api.events()] == [stored]


class TestSameId:
    def test_an_event_with_the_id_of_another_takes_its_place(self, shop):
        api = shop()
        api.update(email=BOB)
        api.track_bulk(order(id="a", createdAt=5, dataFields={"x": 1, "y": 1}, campaignId=1, templateId=2))
        api.track(**order(id="b"))
        api.track(email=BOB, eventName="refund", id="a", dataFields={"x": 2})
        first, second = api.events()
        assert first == {
            "id": "a",
            "eventName": "refund",
            "email": BOB,
            "createdAt": NOON,
            "dataFields": {"x": 2},
            "campaignId": None,
            "templateId": None,
        }
        assert second["id"] == "b"
        assert [event["eventName"] for event in read(api, ANN)] == ["order"]

    def test_within_one_request_the_later_event_stands(self, shop):
        api = shop()
        reply = api.track_bulk(order(id="a", dataFields={"x": 1}), order(id="a", dataFields={"x": 2}))
        assert reply.json()["successCount"] == 2
        assert [event["dataFields"] for event in api.events()] == [{"x": 2}]


class TestFields:
    def test_types_hold_per_event_name(self, shop):
        api = shop()
        assert api.track(**order(dataFields={"total": 1})).status_code == 200
        assert api.track(**order(eventName="view", dataFields={"total": "much"})).status_code == 200
        assert api.project.events.field_types.types == {"order": {"total": "long"}, "view": {"total": "string"}}
        assert "total" not in api.get("/api/users/getFields").json()["fields"]

    def test_a_name_without_fields_is_known_too(self, shop):
        api = shop()
        assert api.track_bulk(order(), order()).json()["createdFields"] == ["order"]
        assert api.track_bulk(order()).json()["createdFields"] == []

    def test_a_clash_refuses_the_whole_request(self, shop):
        api = shop()
        api.track(**order(dataFields={"when": "2026-01-02"}))
        reply = api.track_bulk(order(), order(dataFields={"when": "soon", "new": 1}))
        assert (reply.status_code, reply.json()["code"]) == (400, "RequestFieldsTypesMismatched")
        assert reply.json()["params"]["validationErrors"] == {
            "order.when": {
                "incomingTypes": ["string", "keyword"],
                "expectedType": "date",
                "category": "customEvent",
                "offendingValue": "soon",
                "_type": "UnexpectedType",
            }
        }
        assert "already exists for type 'customEvent' and has a data type of 'date'" in reply.json()["msg"]
        assert (len(api.events()), api.project.events.field_types.types) == (1, {"order": {"when": "date"}})

    def test_fields_of_users_have_no_say(self, shop):
        api = shop()
        assert api.track(**order(dataFields={"devices": 3, "email": 5})).status_code == 200

    def test_dates_are_stored_as_iterable_writes_them(self, shop):
        api = shop()
        api.track(**order(dataFields={"when": "2026-01-02", "items": [{"at": "2026-01-02T03:04:05.000Z"}]}))
        (event,) = api.events()
        assert event["dataFields"] == {
            "when": "2026-01-02 00:00:00 +00:00",
            "items": [{"at": "2026-01-02 03:04:05 +00:00"}],
        }

    def test_null_members_are_dropped_or_kept(self, shop):
        fields = {"a": None, "b": {"c": None, "d": 1}}
        for behaviour, stored in (({}, {"b": {"d": 1}}), ({"event_nulls": "kept"}, fields)):
            api = shop(**behaviour)
            api.track(**order(dataFields=fields))
            assert [event["dataFields"] for event in api.events()] == [stored]

    def test_each_event_says_whether_it_may_bring_new_fields(self, shop):
        api = shop()
        api.track(**order(dataFields={"known": 1}))
        reply = api.track_bulk(
            order(dataFields={"known": 2, "home": {"city": "Rome"}}, createNewFields=False),
            order(eventName="view", dataFields={"page": 1}, createNewFields=True),
            order(eventName="quiet", dataFields={"page": 1}, createNewFields=False),
        )
        assert reply.json()["createdFields"] == ["view", "view.page"]
        assert reply.json()["filteredOutFields"] == ["order.home", "quiet.page"]
        assert [event["dataFields"] for event in api.events()[1:]] == [{"known": 2}, {"page": 1}, {}]

    def test_the_projects_setting_holds_where_the_event_is_silent(self, project_of):
        api = project_of(create_new_fields=False)
        api.update(email=ANN)
        assert api.track_bulk(order(dataFields={"a": 1})).json()["filteredOutFields"] == ["order.a"]

    def test_too_many_names_in_the_project_refuse_the_request(self, shop):
        api = shop(event_field_limit=4)
        assert api.track(**order(dataFields={"a": 1})).status_code == 200
        reply = api.track_bulk(order(eventName="view", dataFields={"a": {"b": 1}}))
        assert (reply.status_code, reply.json()["code"]) == (400, "UniqueFieldsLimitExceeded")
        assert reply.json()["params"] == {"limit": 4, "requestedTotal": 5, "newFields": ["view", "view.a", "view.a.b"]}
        assert api.track_bulk(order(eventName="view", dataFields={"a": 1})).status_code == 200
        assert api.track_bulk(order(dataFields={"a": 2})).status_code == 200

    def test_the_documented_limit_is_eight_thousand(self, shop):
        api = shop()
        fields = {f"field{number}": number for number in range(3999)}
        assert api.track_bulk(order(dataFields=fields), order(eventName="b", dataFields=fields)).status_code == 200
        assert api.track(**order(eventName="c")).json()["code"] == "UniqueFieldsLimitExceeded"


class TestQueues:
    def test_events_appear_when_they_are_due_each_queue_by_itself(self, shop):
        api = shop(single_event_delay=60, bulk_event_delay=10)
        assert api.track(**order(id="a", dataFields={"from": "single"})).json()["params"] == {"id": "a"}
        assert api.track_bulk(order(id="a", dataFields={"from": "bulk"}), order()).json()["successCount"] == 2
        assert api.events() == []
        api.clock.now += 10
        assert [event["dataFields"] for event in api.events()] == [{"from": "bulk"}, {}]
        api.clock.now += 49
        assert api.events()[0]["dataFields"] == {"from": "bulk"}
        api.clock.now += 1
        assert [event["dataFields"] for event in api.events()] == [{"from": "single"}, {}]

    def test_the_time_of_receipt_is_that_of_the_request(self, shop):
        api = shop(single_event_delay=60)
        api.track(**order())
        api.clock.now += 100
        assert [event["createdAt"] for event in api.events()] == [NOON]

    def test_an_event_that_waits_goes_with_its_user(self, shop):
        api = shop(bulk_event_delay=10)
        api.track_bulk(order())
        api.delete("/api/users/ann%40shop.com")
        api.update(email=ANN)
        api.clock.now += 10
        assert api.events() == []


def read(api, email, **params):
    return api.get(f"/api/events/{email}", params=params).json()["events"]


class TestReading:
    def test_a_user_reads_as_the_latest_events(self, shop):
        api = shop()
        api.track_bulk(
            *(order(createdAt=number, dataFields={"n": number}) for number in (3, 1, 2)), order(campaignId=4)
        )
        latest, *rest = read(api, "ANN@shop.com")
        assert latest == {
            "email": ANN,
            "userId": "1",
            "createdAt": NOON,
            "eventType": "customEvent",
            "eventName": "order",
            "campaignId": 4,
            "dataFields": {},
        }
        assert [event["dataFields"]["n"] for event in rest] == [3, 2, 1]
        assert api.get("/api/events/byUserId/1").json()["events"] == [latest, *rest]

    def test_thirty_are_read_unless_a_limit_says_otherwise(self, shop):
        api = shop()
        api.track_bulk(*(order() for _ in range(210)))
        assert [len(read(api, ANN, **params)) for params in ({}, {"limit": 1}, {"limit": 200})] == [30, 1, 200]

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "x", ""])
    def test_a_limit_out_of_range_is_refused(self, shop, limit):
        reply = shop().get("/api/events/ann%40shop.com", params={"limit": limit})
        assert (reply.status_code, reply.json()["code"]) == (400, "BadParams")

    def test_the_highest_limit_can_be_another(self, shop):
        assert shop(max_events_read=1000).get("/api/events/byUserId/1?limit=1000").status_code == 200

    def test_nobody_has_no_events(self, api):
        assert read(api, BOB) == api.get("/api/events/byUserId/9").json()["events"] == []
        assert api.get("/api/events/nobody").json()["code"] == "InvalidEmailAddressError"

    def test_events_lag_as_other_reads_do_and_keep_their_ids(self, shop):
        api = shop(visible_lag=30)
        api.clock.now += 30
        api.track(**order(dataFields={"n": 1}))
        assert read(api, ANN) == []
        api.clock.now += 30
        assert [event["dataFields"] for event in read(api, ANN)] == [{"n": 1}]


class TestWhose:
    def test_the_email_wins_where_both_are_given(self, project_of):
        api = project_of("hybrid")
        api.bulk({"email": ANN}, {"userId": "2"})
        api.track(**order(userId="2"))
        assert [(event.get("email"), event.get("userId")) for event in api.events()] == [(ANN, None)]
        assert list_failures(api.track_bulk(order(email="ghost@shop.com", userId="2"))) == {
            "notFoundEmails": ["ghost@shop.com"]
        }

    def test_an_email_names_nobody_in_a_user_id_project(self, project_of):
        api = project_of("user_id")
        api.update(userId="1", email=ANN)
        assert list_failures(api.track_bulk(order())) == {"invalidEmails": [ANN]}
        assert api.track_bulk(order(userId="1")).json()["successCount"] == 1

    def test_events_move_with_their_user(self, shop):
        api = shop()
        api.track(**order())
        api.post("/api/users/updateEmail", {"currentEmail": ANN, "newEmail": BOB})
        assert (len(read(api, BOB)), read(api, ANN)) == (1, [])

    def test_events_of_both_belong_to_who_was_merged(self, shop):
        api = shop(single_event_delay=5)
        api.update(email=BOB)
        api.track_bulk(order(id="a"), order(email=BOB, id="b"))
        api.track(**order(id="c"))
        api.post("/api/users/merge", {"sourceEmail": ANN, "destinationEmail": BOB})
        api.clock.now += 5
        assert sorted(event["email"] + event["id"] for event in api.events()) == [BOB + "a", BOB + "b", BOB + "c"]
        api.track_bulk(order(email=BOB, id="a", dataFields={"x": 1}))
        assert len(read(api, BOB)) == 3

    @pytest.mark.parametrize("gone", ["delete", "forget"])
    def test_events_go_with_their_user(self, shop, gone):
        api = shop()
        api.track(**order(id="a"))
        if gone == "delete":
            api.delete("/api/users/ann%40shop.com")
        else:
            api.post("/api/users/forget", {"email": ANN})
            api.post("/api/users/unforget", {"email": ANN})
        assert api.events() == []
        api.update(email=ANN)
        api.track(**order(id="a"))
        assert len(read(api, ANN)) == 1


@pytest.mark.parametrize(("path", "rate"), [("track", 2000), ("trackBulk", 10)])
def test_each_endpoint_has_its_rate(shop, path, rate):
    api = shop(rate_limit=True)
    for _ in range(rate - 1):
        assert api.project.rate_limits.take_token(f"POST /api/events/{path}", "sandbox-test", api.clock.now) is None
    body = order() if path == "track" else {"events": [order()]}
    assert [api.post(f"/api/events/{path}", body).status_code for _ in range(2)] == [200, 429]


def test_a_folder_keeps_events_those_that_wait_and_their_types(open_project):
    with open_project(bulk_event_delay=10) as api:
        api.bulk({"email": ANN}, {"email": BOB})
        api.track(**order(dataFields={"total": 1}))
        api.track(**order(email=BOB, dataFields={"total": 2}))
        api.delete("/api/users/bob%40shop.com")
        api.track_bulk(order(id="late"))
        before = api.events()
    with open_project() as api:
        assert api.events() == before
        assert api.project.events.field_types.types == {"order": {"total": "long"}}
        api.clock.now += 10
        generated = api.track(**order()).json()["params"]["id"]
        assert [event["id"] for event in api.events()] == [before[0]["id"], "late", generated]
        assert len(read(api, ANN)) == 3
    with open_project() as api:
        assert len(api.events()) == 3
        api.post("/sandbox/reset")
    with open_project() as api:
        assert (list(api.project.events), api.project.events.field_types.types) == ([], {})
