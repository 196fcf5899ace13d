"""Exports of users: jobs, pages of files, links."""

from __future__ import annotations

import json

START = {"dataTypeName": "user", "outputFormat": "application/x-json-stream"}


def read_links(api, job, **query):
    tail = "&".join(f"{name}={value}" for name, value in query.items())
    return api.get(f"/api/export/{job}/files?{tail}").json()


def test_an_export_holds_the_chosen_fields_of_every_user(project_of):
    api = project_of(export_bytes=100, export_page=2)
    api.bulk(*({"email": f"{n}@shop.com", "dataFields": {"tier": "gold", "at": "2024-01-01"}} for n in range(7)))
    job = api.post("/api/export/start", {**START, "onlyFields": "email,tier"}).json()["jobId"]
    found, after = [], ""
    while True:
        page = read_links(api, job, startAfter=after)
        assert (page["jobState"], page["exportTruncated"]) == ("Completed", False)
        if not page["files"]:
            break
        for one in page["files"]:
            assert "Api-Key" not in one["url"]
            found += [json.loads(line) for line in api.get(one["url"].removeprefix(api.server.url)).text.splitlines()]
        after = page["files"][-1]["file"]
    assert found == [{"email": f"{n}@shop.com", "tier": "gold"} for n in range(7)]


def test_a_job_passes_through_the_states_that_a_test_wants(project_of):
    api = project_of(export_states=["running", "enqueued"])
    api.bulk({"email": "a@shop.com"})
    job = api.post("/api/export/start", START).json()["jobId"]
    assert [read_links(api, job)["jobState"] for _ in range(3)] == ["Running", "Enqueued", "Completed"]
    assert api.get("/api/export/jobs?jobState=completed").json()["jobs"][0]["id"] == job


def test_a_link_expires_and_an_unknown_job_is_not_found(project_of):
    api = project_of()
    api.bulk({"email": "a@shop.com"})
    job = api.post("/api/export/start", START).json()["jobId"]
    [one] = read_links(api, job)["files"]
    api.server.clock = lambda: 10**10
    assert api.get(one["url"].removeprefix(api.server.url)).status_code == 403
    api.assert_refused(api.get("/api/export/999/files"), 404, "NotFound")
    api.assert_refused(api.post("/api/export/start", {**START, "outputFormat": "xml"}), 400, "BadParams")


def test_a_hybrid_list_names_its_users_by_either_identifier(project_of):
    api = project_of("hybrid")
    api.bulk({"userId": "1", "dataFields": {"email": "a@shop.com"}}, {"userId": "2"})
    list_id = api.post("/api/lists", {"name": "VIP"}).json()["listId"]
    api.post("/api/lists/subscribe", {"listId": list_id, "subscribers": [{"userId": "1"}, {"userId": "2"}]})
    assert api.get(f"/api/lists/getUsers?listId={list_id}").text.split() == ["a@shop.com", "2"]
    assert api.get(f"/api/lists/getUsers?listId={list_id}&preferUserId=true").text.split() == ["1", "2"]
