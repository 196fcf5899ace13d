"""Exports of users, events and purchases: direct, by jobs with files, and of one user."""

from __future__ import annotations

import csv
import io
import json

import pytest
import requests

ANN, BOB = "ann@shop.com", "bob@shop.com"
DAY = 86_400
JSON, CSV = "application/x-json-stream", "text/csv"


def read_refusal(reply):
    return reply.status_code, reply.json()["code"]


def lines(reply):
    assert reply.headers["Content-Type"] == JSON
    return [json.loads(line) for line in reply.text.splitlines()]


def export(api, data_type="user", **query):
    return lines(api.get("/api/export/data.json", params={"dataTypeName": data_type, **query}))


def table(text, delimiter=","):
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


class TestAtOnce:
    def test_users_are_lines_of_their_fields(self, api):
        api.update(email=ANN, userId="1", dataFields={"plan": "gold", "home": {"city": "Rome"}})
        api.update(email=BOB)
        first, second = export(api)
        assert first == api.get("/api/users/ann%40shop.com").json()["user"]["dataFields"]
        assert (first["plan"], first["home"], second["email"]) == ("gold", {"city": "Rome"}, BOB)

    def test_fields_are_picked_or_left_out(self, api):
        api.update(email=ANN, dataFields={"a": 1, "b": 2})
        assert export(api, onlyFields="b,email,ghost") == [{"b": 2, "email": ANN}]
        assert export(api, onlyFields=["b", "email"], omitFields="b") == [{"email": ANN}]
        assert "a" not in export(api, omitFields="a")[0]

    def test_events_and_purchases_are_apart(self, api):
        api.update(email=ANN, userId="1")
        api.track(email=ANN, eventName="order", campaignId=7, dataFields={"total": 1, "home": {"city": "Rome"}})
        user, item = {"email": ANN}, {"id": "a", "name": "A", "price": 1, "quantity": 1}
        body = {"user": user, "items": [item], "total": 5, "dataFields": {"coupon": "X"}}
        api.post("/api/commerce/trackPurchase", body)
        assert export(api, "customEvent") == [
            {
                "_type": "customEvent",
                "email": ANN,
                "userId": "1",
                "createdAt": "2026-01-01 12:00:00 +00:00",
                "eventName": "order",
                "campaignId": 7,
                "total": 1,
                "home": {"city": "Rome"},
            }
        ]
        (purchase,) = export(api, "purchase")
        assert (purchase["total"], purchase["coupon"], purchase["shoppingCartItems"]) == (5, "X", [item])
        assert (export(api, "customEvent", campaignId=8), export(api, "emailSend")) == ([], [])
        assert len(export(api, "customEvent", campaignId=7)) == 1

    @pytest.mark.parametrize(
        ("query", "days"),
        [
            ({}, [0]),
            ({"range": "Today"}, [0]),
            ({"range": "Yesterday"}, [-1]),
            ({"range": "BeforeToday"}, [-2, -1]),
            ({"range": "All"}, [-2, -1, 0]),
            ({"startDateTime": "2025-12-31 12:00:00"}, [-1, 0]),
            ({"endDateTime": "2025-12-31 12:00:00"}, [-2]),
            ({"startDateTime": "2025-12-31 13:00:00 +01:00", "endDateTime": "2026-01-01"}, [-1]),
        ],
    )
    def test_times_are_of_the_last_update_or_of_the_event(self, api, query, days):
        noon = api.clock.now
        for day in (-2, -1, 0):
            api.clock.now = noon + day * DAY
            api.update(email=f"day{day}@shop.com")
            api.track(email=f"day{day}@shop.com", eventName="order", createdAt=int(noon + day * DAY))
        expected = [f"day{day}@shop.com" for day in days]
        assert [line["email"] for line in export(api, **query)] == expected
        assert [line["email"] for line in export(api, "customEvent", **query)] == expected

    def test_csv_has_a_header_and_json_in_its_cells(self, api):
        api.update(email=ANN, dataFields={"n": 1.5, "ok": True, "home": {"city": "Rome"}, "text": 'a,"b"\nc;d'})
        api.update(email=BOB)
        query = {"dataTypeName": "user", "onlyFields": "email,n,ok,home,text,ghost"}
        reply = api.get("/api/export/data.csv", params=query)
        assert reply.headers["Content-Type"].startswith(CSV)
        assert table(reply.text) == [
            ["email", "n", "ok", "home", "text", "ghost"],
            [ANN, "1.5", "true", '{"city":"Rome"}', 'a,"b"\nc;d', ""],
            [BOB, "", "", "", "", ""],
        ]
        other = api.get("/api/export/data.csv", params={**query, "delimiter": ";"})
        assert table(other.text, ";") == table(reply.text)

    def test_csv_has_every_field_that_any_user_has(self, api):
        api.bulk({"email": ANN, "dataFields": {"a": 1}}, {"email": BOB, "dataFields": {"b": 2}})
        header, *rows = table(api.get("/api/export/data.csv", params={"dataTypeName": "user"}).text)
        cells = [{name: cell for name, cell in zip(header, row, strict=True) if name in {"a", "b"}} for row in rows]
        assert cells == [{"a": "1", "b": ""}, {"a": "", "b": "2"}]

    @pytest.mark.parametrize("kind", ["json", "csv"])
    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"dataTypeName": "users"},
            {"dataTypeName": "user", "range": "Tomorrow"},
            {"dataTypeName": "user", "startDateTime": "yesterday"},
            {"dataTypeName": "user", "endDateTime": "2026-01-01T00:00:00"},
            {"dataTypeName": "user", "delimiter": "::"},
            {"dataTypeName": "customEvent", "campaignId": "x"},
        ],
    )
    def test_wrong_parameters_are_refused(self, api, kind, query):
        assert read_refusal(api.get(f"/api/export/data.{kind}", params=query)) == (400, "BadParams")

    def test_four_a_minute(self, project_of):
        api = project_of(rate_limit=True)
        for kind in ("json", "csv"):
            replies = [api.get(f"/api/export/data.{kind}?dataTypeName=user") for _ in range(5)]
            assert [reply.status_code for reply in replies] == [200] * 4 + [429]
            assert replies[-1].json()["params"]["rateLimitReset"] == 15
            assert f"/api/export/data.{kind}" in replies[-1].json()["msg"]


class TestOfOneUser:
    @pytest.fixture
    def busy_project(self, api):
        api.bulk({"email": ANN, "userId": "1"}, {"email": BOB})
        api.track_bulk({"email": ANN, "eventName": "order", "createdAt": 5}, {"email": BOB, "eventName": "order"})
        api.post("/api/commerce/trackPurchase", {"user": {"email": ANN}, "items": [], "total": 5, "createdAt": 1})
        return api

    def ask(self, api, **query):
        return api.get("/api/export/userEvents", params=query)

    @pytest.mark.parametrize("who", [{"email": "Ann@shop.com"}, {"userId": "1"}])
    def test_custom_events_come_when_asked_for(self, busy_project, who):
        assert [line["_type"] for line in lines(self.ask(busy_project, **who))] == ["purchase"]
        found = lines(self.ask(busy_project, **who, includeCustomEvents="true"))
        assert [(line["_type"], line["email"]) for line in found] == [("purchase", ANN), ("customEvent", ANN)]

    def test_nobody_has_no_events(self, busy_project):
        assert lines(self.ask(busy_project, email="ghost@shop.com")) == lines(self.ask(busy_project, userId="9")) == []

    def test_refusals(self, busy_project):
        assert read_refusal(self.ask(busy_project)) == (400, "BadParams")
        assert read_refusal(self.ask(busy_project, email="bad@")) == (400, "InvalidEmailAddressError")


def start(api, **body):
    return api.post("/api/export/start", {"dataTypeName": "user", "outputFormat": JSON, **body})


def files(api, job, **query):
    return api.get(f"/api/export/{job}/files", params=query)


def states(api, **query):
    return [(job["id"], job["jobState"]) for job in api.get("/api/export/jobs", params=query).json()["jobs"]]


class TestJobs:
    @pytest.mark.parametrize("output", [JSON, CSV])
    def test_a_job_ends_with_a_file_behind_a_link(self, api, output):
        api.bulk({"email": ANN, "dataFields": {"a": 1}}, {"email": BOB})
        reply = start(api, outputFormat=output, onlyFields="email,a", omitFields="")
        job = reply.json()["jobId"]
        assert (reply.status_code, job) == (200, 1)
        answer = files(api, job).json()
        (file,) = answer.pop("files")
        assert answer == {"jobId": job, "jobState": "completed", "exportTruncated": False}
        assert file["url"].startswith(f"{api.url}/exports/1/{file['file']}?")
        content = requests.get(file["url"], timeout=10)
        assert content.headers["Content-Type"].partition(";")[0] == output
        if output == JSON:
            assert lines(content) == [{"email": ANN, "a": 1}, {"email": BOB}]
        else:
            assert table(content.text) == [["email", "a"], [ANN, "1"], [BOB, ""]]

    def test_a_job_is_enqueued_runs_and_is_completed(self, project_of):
        api = project_of(export_seconds=10)
        assert [start(api).json()["jobId"] for _ in range(5)] == [1, 2, 3, 4, 5]
        assert states(api) == [*((number, "running") for number in (1, 2, 3, 4)), (5, "enqueued")]
        assert (files(api, 1).json()["jobState"], files(api, 1).json()["files"]) == ("running", [])
        api.clock.now += 10
        assert states(api) == [*((number, "completed") for number in (1, 2, 3, 4)), (5, "running")]
        assert states(api, jobState="Completed") == [(number, "completed") for number in (1, 2, 3, 4)]
        api.clock.now += 10
        assert states(api, jobState="running") == []

    def test_the_list_tells_when_and_how_much(self, project_of):
        api = project_of(export_seconds=60)
        api.update(email=ANN)
        start(api, onlyFields="email")
        (job,) = api.get("/api/export/jobs").json()["jobs"]
        assert job == {
            "id": 1,
            "dataTypeName": "user",
            "jobState": "running",
            "scheduledStartTime": "2026-01-01 12:00:00 +00:00",
        }
        api.clock.now += 60
        (job,) = api.get("/api/export/jobs").json()["jobs"]
        assert (job["endTime"], job["bytesExported"]) == (
            "2026-01-01 12:01:00 +00:00",
            len('{"email":"ann@shop.com"}\n'),
        )

    def test_an_export_of_much_has_many_files_in_pages(self, project_of):
        api = project_of(export_file_bytes=70, export_files_read=2)
        api.bulk(*({"email": f"user{number}@shop.com"} for number in range(7)))
        start(api, onlyFields="email")
        pages, after = [], ""
        for _ in range(3):
            pages.append(files(api, 1, startAfter=after).json()["files"])
            after = pages[-1][-1]["file"] if pages[-1] else after
        assert [len(page) for page in pages] == [2, 2, 0]
        found = [file for page in pages for file in page]
        contents = [requests.get(file["url"], timeout=10) for file in found]
        assert all(len(content.content) <= 70 for content in contents)
        emails = [line["email"] for content in contents for line in lines(content)]
        assert emails == [f"user{number}@shop.com" for number in range(7)]

    def test_each_csv_file_has_a_header(self, project_of):
        api = project_of(export_file_bytes=40)
        api.bulk({"email": ANN}, {"email": BOB}, {"email": "carl@shop.com"})
        start(api, outputFormat=CSV, onlyFields="email")
        urls = [file["url"] for file in files(api, 1).json()["files"]]
        assert [table(requests.get(url, timeout=10).text)[0] for url in urls] == [["email"]] * len(urls)
        assert len(urls) > 1

    def test_a_link_is_good_for_half_an_hour(self, api):
        api.update(email=ANN)
        start(api)
        (file,) = files(api, 1).json()["files"]
        api.clock.now += 1799
        assert requests.get(file["url"], timeout=10).status_code == 200
        api.clock.now += 1
        assert requests.get(file["url"], timeout=10).status_code == 403
        assert requests.get(file["url"].partition("?")[0], timeout=10).status_code == 403
        assert requests.get(files(api, 1).json()["files"][0]["url"], timeout=10).status_code == 200

    @pytest.mark.parametrize("path", ["/exports/9/a.json", "/exports/x/a.json", "/exports/1/other.json"])
    def test_what_was_not_exported_has_no_file(self, api, path):
        start(api)
        files(api, 1)
        assert api.get(path).status_code == 404

    def test_files_hold_what_there_was_when_they_were_made(self, api):
        api.update(email=ANN, dataFields={"a": 1})
        start(api)
        files(api, 1)
        api.delete("/api/users/ann%40shop.com")
        (file,) = files(api, 1).json()["files"]
        assert [line["a"] for line in lines(requests.get(file["url"], timeout=10))] == [1]

    def test_a_job_covers_all_time_unless_told_otherwise(self, api):
        api.clock.now -= 2 * DAY
        api.update(email=ANN)
        api.clock.now += 2 * DAY
        start(api)
        start(api, startDateTime="2026-01-01 00:00:00")
        assert [len(files(api, number).json()["files"]) for number in (1, 2)] == [1, 0]

    @pytest.mark.parametrize("state", ["cancelling", "cancelled", "failed"])
    def test_a_job_that_has_not_ended_can_be_cancelled(self, project_of, state):
        api = project_of(export_seconds=10, cancelled_job_state=state)
        start(api)
        assert api.delete("/api/export/1").json() == {"msg": "", "code": "Success", "params": None}
        api.clock.now += 10
        assert (states(api), files(api, 1).json()["files"]) == ([(1, state)], [])
        assert read_refusal(api.delete("/api/export/1")) == (400, "BadParams")

    def test_a_job_waits_for_the_first_of_four_to_end(self, project_of):
        api = project_of(export_seconds=10)
        for _ in range(6):
            start(api)
            api.clock.now += 1
        api.clock.now += 4
        assert [state for _, state in states(api)] == ["completed", *["running"] * 4, "enqueued"]

    def test_a_cancelled_job_takes_no_place(self, project_of):
        api = project_of(export_seconds=10)
        for _ in range(4):
            start(api)
        api.delete("/api/export/1")
        start(api)
        assert states(api)[-1] == (5, "running")

    def test_refusals(self, api):
        assert read_refusal(files(api, 1)) == (404, "NotFound")
        assert read_refusal(files(api, "x")) == (404, "NotFound")
        assert read_refusal(api.delete("/api/export/1")) == (404, "NotFound")
        assert read_refusal(api.get("/api/export/jobs?jobState=lost")) == (400, "BadParams")
        start(api)
        assert read_refusal(api.delete("/api/export/1")) == (400, "BadParams")

    @pytest.mark.parametrize(
        "body",
        [
            {"dataTypeName": "users"},
            {"outputFormat": "text/xml"},
            {"startDateTime": "soon"},
            {"delimiter": "--"},
        ],
    )
    def test_wrong_values_are_refused(self, api, body):
        assert read_refusal(start(api, **body)) == (400, "BadParams")
        assert states(api) == []

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({"dataTypeName": None}, {"obj.dataTypeName": "String value expected"}),
            ({"outputFormat": None}, {"obj.outputFormat": "String value expected"}),
            ({"onlyFields": ["email"]}, {"obj.onlyFields": "String value expected"}),
            ({"campaignId": "7"}, {"obj.campaignId": "Number value expected"}),
        ],
    )
    def test_a_wrong_shape_is_named_by_path(self, api, body, fault):
        reply = start(api, **body)
        assert (read_refusal(reply), reply.json()["params"]) == ((400, "BadJsonBody"), fault)

    def test_one_a_second(self, project_of):
        api = project_of(rate_limit=True)
        assert [start(api).status_code for _ in range(2)] == [200, 429]
        assert [files(api, 1).status_code for _ in range(2)] == [200, 429]
        assert [api.delete("/api/export/1").status_code for _ in range(2)] == [400, 429]

    def test_a_folder_keeps_jobs_and_their_files(self, open_project):
        with open_project(export_seconds=10) as api:
            api.update(email=ANN)
            start(api, onlyFields="email", dataTypeName="user")
            api.clock.now += 10
            names = [file["file"] for file in files(api, 1).json()["files"]]
            start(api, dataTypeName="customEvent", outputFormat=CSV, omitFields="a,b")
        with open_project() as api:
            api.delete("/api/users/ann%40shop.com")
            assert states(api) == [(1, "completed"), (2, "running")]
            (file,) = files(api, 1).json()["files"]
            assert ([file["file"]], lines(requests.get(file["url"], timeout=10))) == (names, [{"email": ANN}])
            assert start(api).json() == {"jobId": 3}
            api.post("/sandbox/reset")
            assert states(api) == []

    def test_exports_lag_as_other_reads_do(self, project_of):
        api = project_of(visible_lag=30)
        api.update(email=ANN)
        assert export(api) == []
        start(api)
        api.clock.now += 30
        assert [line["email"] for line in export(api)] == [ANN]
        start(api)
        assert requests.get(files(api, 2).json()["files"][0]["url"], timeout=10).status_code == 200
