"""Rows as they are read from Iterable: exports that fail, end early or continue, and lists of any type of project."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.comparable_values import FieldComparison
from reverse_etl.destinations.iterable.identity import Identifiers
from reverse_etl.destinations.iterable.resources.stored_items import StoredItems
from reverse_etl.destinations.iterable.resources.stored_members import StoredMembers, find_member_kinds
from reverse_etl.destinations.iterable.resources.user_export import UserExport
from reverse_etl.destinations.request import Reply
from reverse_etl.destinations.stored_rows import ReadingRoom
from reverse_etl.errors import DestinationError
from reverse_etl.sync import Sync


class Script:
    """A caller that answers with the next reply of a path; downloads come from `files`, a number is a status."""

    def __init__(self, replies: Mapping[str, list[object]], files: Mapping[str, object]) -> None:
        self.replies, self.files = {path: list(some) for path, some in replies.items()}, dict(files)
        self.asked: list[str] = []

    def ask(self, request, *, once=False, settled=None):
        self.asked.append(request.path)
        reply = self.replies[request.path].pop(0)
        return reply if isinstance(reply, Reply) else Reply(200, reply)

    def download(self, request, path):
        self.asked.append(request.path)
        content = self.files[request.path]
        if isinstance(content, int):
            return Reply(content)
        path.write_text(content)
        return Reply(200, {})


@pytest.fixture
def room(tmp_path):
    def make(script, wall="2026-01-01 00:00:00"):
        return ReadingRoom(script, tmp_path, lambda _: None, lambda _: None, lambda: wall)

    return make


def files(state, *names, truncated=False):
    links = [{"file": name, "url": f"https://s3/{name}"} for name in names]
    return {"jobId": 7, "jobState": state, "exportTruncated": truncated, "files": links}


START, FILES = "/api/export/start", "/api/export/7/files"
ONE, TWO = '{"email":"a@shop.com"}\n', '{"email":"b@shop.com"}\n\n'
LINKS = {"https://s3/f1": ONE, "https://s3/f2": TWO}


def read(room, script, **options):
    return [user["email"] for user in UserExport(room(script, **options), ["email"]).read()]


def test_an_export_is_read_after_it_is_completed_also_if_it_starts_again(room):
    script = Script(
        {
            START: [{"jobId": 7}],
            FILES: [files("Running"), files("Enqueued"), files("running", "f2"), files("Completed", "f1", "f2")],
            f"{FILES}?startAfter=f2": [files("Running"), files("Completed"), files("Completed")],
        },
        LINKS,
    )
    assert read(room, script) == ["a@shop.com", "b@shop.com"]
    assert script.asked.count("https://s3/f2") == 1


def test_an_empty_project_has_an_empty_export(room):
    assert read(room, Script({START: [{"jobId": 7}], FILES: [files("completed")] * 2}, {})) == []


@pytest.mark.parametrize(
    ("replies", "links", "code"),
    [
        ({START: [Reply(400, {"code": "BadParams"})]}, {}, "users-not-exported"),
        ({START: [{"jobId": 7}], FILES: [files("Failed")]}, {}, "users-not-exported"),
        ({START: [{"jobId": 7}], FILES: [{"jobId": 7}]}, {}, "users-not-exported"),
        ({START: [{"jobId": 7}], FILES: [files("completed", "../f1")]}, {}, "users-not-exported"),
        ({START: [{"jobId": 7}], FILES: [files("completed", "f1")] * 4}, {"https://s3/f1": 403}, "users-not-exported"),
        (
            {
                START: [{"jobId": 7}],
                FILES: [files("completed", "f1")] * 2,
                f"{FILES}?startAfter=f1": [files("completed", truncated=True)],
            },
            LINKS,
            "export-truncated",
        ),
        (
            {
                START: [{"jobId": 7}],
                FILES: [files("completed", "f1")] * 2,
                f"{FILES}?startAfter=f1": [files("completed")],
            },
            {"https://s3/f1": '{"email":"a@sh'},
            "export-unreadable",
        ),
    ],
    ids=["refused", "failed", "no files", "a path", "expired links", "truncated", "cut off"],
)
def test_users_that_are_not_all_there_are_an_error(room, replies, links, code):
    with pytest.raises(DestinationError) as raised:
        read(room, Script(replies, links))
    assert raised.value.code == code


COMPLETE = {FILES: [files("completed", "f1")] * 3, f"{FILES}?startAfter=f1": [files("completed")]}


def test_an_export_that_an_earlier_run_started_is_read(room, tmp_path):
    body = {"dataTypeName": "user", "outputFormat": "application/x-json-stream", "onlyFields": "email"}
    note = {"job": 7, "started": "2026-01-01 00:00:00", "body": body}
    (tmp_path / ".export").write_text(json.dumps(note))
    assert read(room, Script(COMPLETE, LINKS)) == ["a@shop.com"]


@pytest.mark.parametrize(
    ("change", "replies"),
    [
        ({"started": "2025-12-30 00:00:00"}, {}),
        ({"body": {}}, {}),
        ({}, {FILES: [Reply(404)]}),
        ({}, {FILES: [files("failed")]}),
    ],
    ids=["old", "other fields", "unknown", "failed"],
)
def test_an_export_that_cannot_be_used_again_is_started_anew(room, tmp_path, change, replies):
    body = {"dataTypeName": "user", "outputFormat": "application/x-json-stream", "onlyFields": "email"}
    note = {"job": 7, "started": "2026-01-01 00:00:00", "body": body, **change}
    (tmp_path / ".export").write_text(json.dumps(note))
    (tmp_path / "f1").write_text("an old file")
    again = {path.replace("7", "8"): list(some) for path, some in COMPLETE.items()}
    assert read(room, Script({**replies, **again, START: [{"jobId": 8}]}, LINKS)) == ["a@shop.com"]


MEMBERS = "/api/lists/getUsers?listId=5&preferUserId="


def sync_of():
    return Sync.__new__(Sync)


@pytest.mark.parametrize(
    ("project", "keys", "kinds"),
    [
        (ProjectType.EMAIL, ["email"], ("email",)),
        (ProjectType.EMAIL, ["email", "user_id"], ("email",)),
        (ProjectType.USER_ID, ["user_id", "email"], ("user_id",)),
        (ProjectType.HYBRID, ["user_id", "email"], ("user_id", "email")),
    ],
)
def test_identifiers_that_name_members(project, keys, kinds):
    assert find_member_kinds(sync_of(), Identifiers({key: key for key in keys}, project)) == kinds


def test_members_of_a_hybrid_project_are_read_by_both_identifiers(room):
    script = Script({}, {f"{MEMBERS}true": "1\n2\n", f"{MEMBERS}false": "A@shop.com\n2\n"})
    rows = list(StoredMembers(5, ("user_id", "email")).read(room(script)))
    assert [(dict(row.identifiers), row.is_listed) for row in rows] == [
        ({"user_id": "1"}, True),
        ({"user_id": "2"}, True),
        ({"email": "a@shop.com"}, False),
        ({"email": "2"}, False),
    ]


def test_a_list_that_cannot_be_read_is_an_error(room):
    with pytest.raises(DestinationError) as raised:
        list(StoredMembers(5, ("email",)).read(room(Script({}, {f"{MEMBERS}false": 503}))))
    assert raised.value.code == "members-not-read"


def test_rows_to_take_off_a_list_are_equal_if_they_are_not_on_it():
    stored = StoredMembers(5, ("email",), leaves=True)
    assert (stored.missing_is_equal, stored.expect({})) == (True, {"member": None})


def page(number, ids, total=3):
    items = [{"itemId": one, "value": {"price": 1}} for one in ids]
    content = {"catalogItemsWithProperties": items, "totalItemsCount": total}
    return {f"/api/catalogs/Teas/items?page={number}&pageSize=250": [{"msg": "", "code": "Success", "params": content}]}


def test_items_are_read_page_by_page(room):
    script = Script({**page(1, ["a", "b"]), **page(2, ["c"])}, {})
    rows = list(StoredItems("Teas", FieldComparison(["price"])).read(room(script)))
    assert [row.identifiers["item_id"] for row in rows] == ["a", "b", "c"]


def test_a_replaced_item_loses_mapped_fields_that_are_not_sent():
    comparison = FieldComparison(["price", "note"])
    assert StoredItems("Teas", comparison).expect({"price": 1}) == {"price": 1, "note": None}
    assert StoredItems("Teas", comparison, replaces_items=False).expect({"price": 1}) == {"price": 1}
