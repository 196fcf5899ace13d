"""`plan --show-payload` shows the requests that `run` then sends, and says why each field is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.stories.object_stories import FIRST, Hooks
from tests.stories.objects.test_catalog_items import ItemHooks
from tests.stories.objects.test_commerce import CartHooks, PurchaseHooks
from tests.stories.objects.test_events import EventHooks
from tests.stories.objects.test_identity import NewAddress
from tests.stories.objects.test_list_members import MemberHooks
from tests.stories.objects.test_subscriptions import SubscriberHooks
from tests.stories.objects.test_users import UserHooks
from tests.stories.project import Project
from tests.stories.sides import KEY, SIDES, Side


class DeletedUsers(UserHooks, Hooks):
    on_removed, deletes = "delete", True


class UpdatedUsers(UserHooks, Hooks):
    mode = "update"

    def prepare(self, side: Side) -> None:
        for number in range(8):
            side.call("POST", "/api/users/update", {"email": f"u{number}@shop.com"})


class Members(MemberHooks, Hooks):
    mode, deletes = "mirror", True


class EmptiedCarts(CartHooks):
    on_removed, deletes = "clear", True


class Items(ItemHooks):
    mode, deletes = "mirror", True


def payloads(project: Project, *flags: str) -> list[dict[str, Any]]:
    ended = project.cli("plan", "--output", "json", *flags)
    assert ended.code == 0, ended.out + ended.err
    [plan] = json.loads(ended.out)["plans"]
    found: list[dict[str, Any]] = plan["payloads"]
    return found


def as_sent(requests: Sequence[tuple[str, str, Any]]) -> list[str]:
    return sorted(json.dumps(request, sort_keys=True) for request in requests)


@pytest.mark.parametrize(
    "hooks",
    [
        DeletedUsers,
        UpdatedUsers,
        Members,
        EmptiedCarts,
        Items,
        EventHooks,
        PurchaseHooks,
        SubscriberHooks,
        pytest.param(NewAddress, marks=pytest.mark.slow),
    ],
)
def test_what_is_shown_is_what_is_sent(hooks: Any, tmp_path: Path) -> None:
    object_ = hooks()
    with SIDES["reference"](object_.project_type, opt_in=object_.opt_in) as side:
        story = object_.begin(side, tmp_path / "shop")
        story.project.environment["REVERSE_ETL_BATCH_ROWS"] = "1"
        rows = map(object_.row, FIRST)
        for edited in (rows, [*(object_.row(n, int(n == 5)) for n in range(1, 7)), object_.row(7)]):
            story.build(*edited)
            shown = payloads(story.project, "--show-payload", "20", "--show-values")
            before = len(side.server.log)  # type: ignore[attr-defined]
            story.run()
            received = [one for one in side.server.log[before:] if one.number]  # type: ignore[attr-defined]
            # What a run creates first is not about a row.
            paths = {one["path"] for one in shown}
            sent = [(one.method, one.path, json.loads(one.content or "null")) for one in received if one.path in paths]
            assert shown
            assert as_sent([(one["method"], one["path"], one["body"]) for one in shown]) == as_sent(sent)


FIELDS = {
    "name": "name",
    "plan.tier": "tier",
    "plan.since": "since",
    "note": {"column": "note", "nulls": "skip"},
    "source": {"value": "shop"},
}
META = {"object": "users", "email": "email", "user_id": "id", "fields": FIELDS, "on_removed": "delete"}
MODEL = (
    "CREATE OR REPLACE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'U' || i AS id, 'Name ' || i AS name,"
    " 'pro' AS tier, 2000 + i AS since, CASE WHEN i > 0 THEN 'Note' END AS note, i AS number FROM range(5) t(i)"
)


@pytest.fixture
def side() -> Iterator[Side]:
    with SIDES["reference"]("email", opt_in=False) as side:
        yield side


@pytest.fixture
def shop(side: Side, tmp_path: Path) -> Project:
    """Five users that were never sent."""
    shop = Project.make(tmp_path / "shop", side.url, META, {"ITERABLE_API_KEY": KEY})
    shop.sql(MODEL)
    return shop


@pytest.fixture
def edited(shop: Project) -> Project:
    """Some users: one changed, one left, and one has an unknown outcome."""
    assert shop.cli("run").code == 0
    shop.sql(
        "UPDATE people SET tier = 'free' WHERE number = 1",
        "DELETE FROM people WHERE number = 2",
        "UPDATE reverse_etl.snapshot__people_c9022680 SET state = 'unknown' WHERE identity = 'u3@shop.com'",
    )
    return shop


def test_a_row_that_was_never_accepted_goes_whole(shop: Project) -> None:
    [shown] = payloads(shop, "--show-payload", "--show-values")
    assert (shown["kind"], shown["key"], shown["reason"]) == ("added", "u0@shop.com", "whole row: never accepted")
    assert shown["fields"] == {
        "email": "identifier",
        "name": "new",
        "plan.tier": "new",
        "plan.since": "new",
        "note": "NULL, not sent (`nulls: skip`)",
        "source": "constant, first acceptance",
        "userId": "identifier",
    }
    assert shown["body"]["users"][0]["dataFields"]["plan"] == {"tier": "pro", "since": 2000}


def test_each_kind_has_its_reasons(edited: Project) -> None:
    found = {one["kind"]: one for one in payloads(edited, "--show-payload", "1", "--show-values")}
    assert {kind: (one["key"], one["reason"]) for kind, one in found.items()} == {
        "changed": ("u1@shop.com", "changed fields only"),
        "resent": ("u3@shop.com", "whole row: the outcome of its last attempt is not known"),
        "removed": ("u2@shop.com", "its row left the model"),
    }
    assert found["changed"]["body"] == {
        "users": [{"email": "u1@shop.com", "dataFields": {"plan": {"tier": "free", "since": 2001}}}]
    }
    assert found["changed"]["fields"] == {
        "email": "identifier",
        "plan.tier": "changed",
        "plan.since": "unchanged, but its object is replaced as a whole",
    }
    assert (found["changed"]["spared"], found["resent"]["spared"], found["removed"]["spared"]) == (4, 0, 0)
    assert set(found["resent"]["fields"].values()) == {"identifier", "unchanged", "constant"}
    assert (found["removed"]["method"], found["removed"]["path"]) == ("DELETE", "/api/users/u2%40shop.com")
    assert found["removed"]["fields"] == {"email": "identifier"}


def test_why_a_changed_row_goes_whole(edited: Project) -> None:
    again = payloads(edited, "--show-payload", "9", "--full-refresh")
    assert {one["reason"] for one in again if one["kind"] != "removed"} == {"whole row: --full-refresh"}
    edited.tag({**META, "send": "whole_row"})
    found = {one["kind"]: one["reason"] for one in payloads(edited, "--show-payload")}
    assert found["changed"] == "whole row: `send: whole_row`"


def test_a_row_that_was_refused_goes_whole(shop: Project, side: Side) -> None:
    assert shop.cli("run").code == 0
    side.refuse("u1@shop.com")
    shop.sql("UPDATE people SET name = 'Refused' WHERE number = 1")
    shop.cli("run")
    shop.sql("UPDATE people SET name = 'Fixed' WHERE number = 1")
    [shown] = payloads(shop, "--show-payload")
    assert (shown["kind"], shown["reason"]) == ("changed", "whole row: it did not arrive in an earlier run")


def test_values_are_masked_and_structure_is_not(edited: Project) -> None:
    ended = edited.cli("plan", "--show-payload", "2")
    assert ended.code == 0
    for secret in ("@shop.com", "%40", "free", "2001", "Note", "U3", "Name 3"):
        assert secret not in ended.out
    lines = [line.strip() for line in ended.out.splitlines()]
    assert "POST /api/users/bulkUpdate" in lines
    assert "DELETE /api/users/…@s…" in lines
    for line in ('"email": "…@s…",', '"tier": "f…",', '"since": "•••"', "plan.tier: changed", "source: constant"):
        assert line in lines
    assert "4 fields did not change and stay out" in lines
    assert any(line.startswith("payload     changed …@s…: changed fields only") for line in lines)
    shown = edited.cli("plan", "--show-payload", "--show-values").out
    assert '"tier": "free",' in shown
    assert "DELETE /api/users/u2%40shop.com" in shown


def test_a_request_that_asks_about_the_row_first_is_named(shop: Project) -> None:
    shop.tag({**META, "mode": "update", "on_removed": "ignore"})
    shop.sql("UPDATE people SET email = 'somebody@shop.com' WHERE number = 0")
    [shown] = payloads(shop, "--show-payload")
    assert (shown["lookup"], shown["path"]) == ("GET /api/users/getByEmail?email=s…@s…", "/api/users/bulkUpdate")


def test_the_request_of_one_row(edited: Project) -> None:
    [shown] = payloads(edited, "--show-payload", "9", "--only", "u3@shop.com", "--show-values")
    assert (shown["kind"], shown["key"]) == ("resent", "u3@shop.com")


def test_a_guard_that_stops_the_run_is_noted(edited: Project) -> None:
    edited.sql("DELETE FROM people WHERE number > 1")
    found = payloads(edited, "--show-payload", "9")
    assert {one["note"] for one in found} == {"the run would stop first: guard-removed"}
    assert [one["kind"] for one in found] == ["changed", "removed", "removed", "removed"]


def test_without_the_flag_nothing_is_shown(edited: Project) -> None:
    assert payloads(edited) == []
    assert "bulkUpdate" not in edited.cli("plan").out


def test_a_row_that_cannot_be_sent_says_why(shop: Project) -> None:
    shop.sql("ALTER TABLE people ALTER since TYPE DOUBLE", "UPDATE people SET since = 'nan' WHERE number = 0")
    event = {
        "object": "events",
        "event_name": {"value": "Visit"},
        "event_id": "number",
        "first_run": "send",
        "created_at": "since",
    }
    shop.tag({**event, "email": "email", "fields": ["name"]})
    [shown] = payloads(shop, "--show-payload")
    assert shown["problem"].startswith("null-created-at")
    assert (shown["method"], shown["body"]) == ("", None)


def test_ids_are_shown_and_said_to_be_unknown_before_the_first_run(shop: Project, side: Side) -> None:
    entry = {"object": "list_members", "email": "email", "mode": "add", "list": {"name": "Fans"}, "create_list": True}
    shop.tag({**entry, "fields": []})
    [shown] = payloads(shop, "--show-payload")
    assert shown["note"] == "ids of what the run creates first are not known yet"
    assert shop.cli("run").code == 0
    shop.sql("INSERT INTO people SELECT 'new@shop.com', 'N', 'New', 'pro', 1, 'x', 9")
    [shown] = payloads(shop, "--show-payload")
    sent = [body for body in side.bodies if "subscribers" in body][-1]
    assert shown["body"] == {"listId": sent["listId"], "subscribers": [{"email": "n…@s…"}]}
    assert shown["note"] == ""
