"""Requests of programs that only read from Iterable."""

from __future__ import annotations

import pytest

ANN, BOB = "ann@shop.com", "bob@shop.com"


@pytest.fixture
def filled_project(api):
    api.bulk(
        {"email": ANN, "dataFields": {"plan": "free", "age": 41}},
        {"email": BOB, "dataFields": {"plan": "gold", "age": 7}},
    )
    return api


def test_a_parameter_that_comes_twice_has_its_first_value(filled_project):
    assert filled_project.get(f"/api/users/getByEmail?email={ANN}&email={BOB}").json()["user"]["email"] == ANN
    made = filled_project.post("/api/lists", {"name": "VIP"}).json()["listId"]
    assert filled_project.get(f"/api/lists/getUsers?listId={made}&listId={made}").status_code == 200
    assert filled_project.get("/api/lists/previewUsers?listId=301&listId=301&size=1&size=1").text in {ANN, BOB}
    twice = "dataTypeName=user&dataTypeName=user&range=All&range=All&delimiter=,&delimiter=,"
    assert len(filled_project.get(f"/api/export/data.json?{twice}").text.splitlines()) == 2


def test_a_parameter_that_is_an_array_has_all_its_values_each_once(filled_project):
    query = "dataTypeName=user&range=All&onlyFields=email&onlyFields=plan&onlyFields=email"
    first = filled_project.get(f"/api/export/data.csv?{query}").text.splitlines()
    assert first[0] == "email,plan"
    assert "age" not in first[0]


def test_lists_that_can_be_changed_come_first(api):
    api.post("/api/lists", {"name": "VIP"})
    assert [one["listType"] for one in api.get("/api/lists").json()["lists"]] == ["Standard", "Dynamic"]


@pytest.mark.parametrize("path", ["getUsers?listId=42", "previewUsers?listId=42", "42/size"])
def test_a_list_that_is_not_there_is_named_in_the_refusal(api, path):
    reply = api.get(f"/api/lists/{path}")
    assert (reply.status_code, reply.json()["msg"]) == (400, "Invalid email list id")
    assert reply.json()["params"] == {"projectId": "10216", "listId": "42"}


@pytest.mark.parametrize(
    "path", ["/api/campaigns/99999999", "/api/templates", "/api/users/update/more", "/api/", "/api"]
)
def test_paths_that_are_not_served_answer_as_iterable_does(api, path):
    reply = api.get(path)
    assert (reply.status_code, "<title>Action not found" in reply.text) == (404, True)
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_user_was_sent_no_messages(filled_project):
    assert filled_project.get(f"/api/users/getSentMessages?email={ANN}").json() == {"messages": []}
    asked = "userId=u-1&limit=1000&campaignIds=1&campaignIds=2"
    assert filled_project.get(f"/api/users/getSentMessages?{asked}").json() == {"messages": []}


@pytest.mark.parametrize("query", ["", "limit=5", "email=", f"email={ANN}&limit=0", f"email={ANN}&limit=1001"])
def test_messages_are_asked_for_with_a_user_and_a_limit(api, query):
    reply = api.get(f"/api/users/getSentMessages?{query}")
    assert (reply.status_code, reply.json()["code"]) == (400, "BadParams")


def test_a_429_may_keep_the_time_to_itself(project_of):
    api = project_of(rate_limit=True, rate_limit_reset=False)
    reply = [api.get("/api/users/getFields") for _ in range(4)][-1]
    assert (reply.status_code, reply.json()["params"]) == (429, {"rateLimitLimit": 3, "rateLimitRemaining": 0})
