"""Users from a dbt model to Iterable through the command line, run after run."""

from __future__ import annotations

import json
from pathlib import Path

from reverse_etl.sandbox import SandboxOptions, start_sandbox
from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META, PEOPLE
from tests.stories.project import Project


def sent(iterable: ReferenceServer, since: int = 0) -> list[str]:
    return sorted(email for email, _ in iterable.applied[since:])


def test_first_all_then_the_changed_ones_then_none(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    [body] = iterable.bodies
    assert sorted(body["users"], key=lambda user: user["dataFields"]["name"])[:2] == [
        {"email": "u0@shop.com", "dataFields": {"name": "Name 0", "plan": {"tier": "pro"}}},
        {"email": "u1@shop.com", "dataFields": {"name": "Name 1", "plan": {"tier": None}}},
    ]
    assert len(body["users"]) == 12
    assert shop.counts("added", "accepted", "planned") == (12, 12, 12)
    shop.sql(
        "UPDATE people SET name = 'Ana' WHERE email = 'u3@shop.com'",
        "UPDATE people SET tier = NULL WHERE email = 'u6@shop.com'",
        "INSERT INTO people VALUES ('new@shop.com', 'New', 'free')",
    )
    assert shop.cli("run").code == 0
    assert sent(iterable, 12) == ["new@shop.com", "u3@shop.com", "u6@shop.com"]
    assert iterable.users["u6@shop.com"] == {"name": "Name 6", "plan": {}}
    assert shop.counts("added", "changed", "unchanged", "accepted") == (1, 2, 10, 3)
    assert shop.result()["changed_fields"] == {"name": 1, "plan.tier": 1}
    assert shop.cli("run").code == 0
    assert len(iterable.applied) == 15
    assert shop.counts("added", "changed", "unchanged", "accepted", "planned") == (0, 0, 13, 0, 0)


def test_a_refused_user_is_reported_quarantined_and_sent_again_once_its_row_changes(
    shop: Project, iterable: ReferenceServer
) -> None:
    iterable.refused = {"u5@shop.com"}
    first = shop.cli("run")
    assert first.code == 0
    assert first.says("warn", "1 rejected")
    assert shop.counts("accepted", "rejected") == (11, 1)
    listed = shop.cli("rejected", "--show-values")
    assert listed.says("u5@shop.com", "invalid-data")
    assert not shop.cli("rejected").says("u5@shop.com")
    requests = iterable.number
    assert shop.cli("run").code == 0
    assert iterable.number == requests
    assert shop.counts("quarantined", "planned") == (1, 0)
    iterable.refused = set()
    shop.sql("UPDATE people SET name = 'Mended' WHERE email = 'u5@shop.com'")
    assert shop.cli("run").code == 0
    assert sent(iterable, 11) == ["u5@shop.com"]
    assert iterable.users["u5@shop.com"]["name"] == "Mended"
    assert not shop.cli("rejected", "--show-values").says("u5@shop.com")


def test_a_quarantined_row_is_sent_again_on_request(shop: Project, iterable: ReferenceServer) -> None:
    iterable.refused = {"u5@shop.com"}
    assert shop.cli("run").code == 0
    iterable.refused = set()
    asked = shop.cli("requeue")
    assert asked.code == 0
    assert asked.says("1 refusal")
    assert shop.cli("run").code == 0
    assert sent(iterable, 11) == ["u5@shop.com"]


def test_a_refused_change_leaves_the_old_values_as_what_was_accepted(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    iterable.refused = {"u5@shop.com"}
    shop.sql("UPDATE people SET name = 'Bad' WHERE email = 'u5@shop.com'")
    assert shop.cli("run").code == 0
    iterable.refused = set()
    shop.sql("UPDATE people SET name = 'Name 5' WHERE email = 'u5@shop.com'")
    assert shop.cli("run").code == 0
    assert shop.counts("unchanged", "planned") == (12, 0)
    assert iterable.users["u5@shop.com"]["name"] == "Name 5"


def test_invalid_rows_are_held_back_counted_and_listed_and_the_rest_goes_on(
    shop: Project, iterable: ReferenceServer
) -> None:
    shop.sql(
        "INSERT INTO people VALUES (NULL, 'nobody', NULL), ('Twin@shop.com', 'a', NULL),"
        " (' twin@SHOP.com ', 'b', NULL), ('no-address', 'c', NULL)"
    )
    ended = shop.cli("run")
    assert ended.code == 0
    assert shop.counts("accepted", "invalid", "planned") == (12, 4, 16)
    assert not {"twin@shop.com", "no-address"} & set(iterable.users)
    listed = shop.cli("rejected", "--show-values")
    assert listed.says("null-identifier", "duplicate-key", "bad-email", "twin@shop.com", "no-address")
    shop.sql("DELETE FROM people WHERE name IN ('b', 'c', 'nobody')")
    assert shop.cli("run").code == 0
    assert sent(iterable, 12) == ["twin@shop.com"]
    assert not shop.cli("rejected", "--show-values").says("no-address")


def test_a_row_that_becomes_a_duplicate_is_neither_resent_nor_deleted(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    shop.sql("INSERT INTO people VALUES ('U3@shop.com', 'Other', NULL)")
    assert shop.cli("run").code == 0
    assert shop.counts("invalid", "removed", "accepted") == (2, 0, 0)
    assert iterable.deleted == []
    assert iterable.users["u3@shop.com"]["name"] == "Name 3"


def test_removed_rows_are_deleted_cleared_or_left(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people WHERE email = 'u1@shop.com'")
    assert shop.cli("run").code == 0
    assert shop.counts("removed", "planned") == (1, 0)
    assert "u1@shop.com" in iterable.users
    shop.tag({**META, "on_removed": "clear"})
    shop.sql("DELETE FROM people WHERE email = 'u2@shop.com'")
    assert shop.cli("run").code == 0
    assert shop.counts("removed", "accepted") == (2, 2)
    assert "name" not in iterable.users["u1@shop.com"]
    shop.tag({**META, "on_removed": "delete"})
    shop.sql("DELETE FROM people WHERE email = 'u4@shop.com'")
    assert shop.cli("run").code == 0
    assert iterable.deleted == ["u4@shop.com"]
    shop.sql("INSERT INTO people VALUES ('u4@shop.com', 'Back', NULL)")
    assert shop.cli("run").code == 0
    assert shop.counts("added", "accepted") == (1, 1)
    assert iterable.users["u4@shop.com"]["name"] == "Back"


def test_plan_shows_what_run_will_do_and_writes_nothing(shop: Project, iterable: ReferenceServer) -> None:
    file = shop.folder / "shop.duckdb"
    before = file.read_bytes()
    file.chmod(0o444)
    planned = shop.cli("plan")
    file.chmod(0o644)
    assert planned.code == 0, planned.err
    assert planned.says("12 added")
    assert file.read_bytes() == before
    assert shop.cli("run").code == 0
    shop.sql("UPDATE people SET name = 'Secret name' WHERE email = 'u3@shop.com'")
    before = file.read_bytes()
    masked = shop.cli("plan")
    assert masked.says("1 changed", "name: 1 row", "at least 1")
    assert not masked.says("Secret name")
    assert not masked.says("u3@shop.com")
    assert shop.cli("plan", "--show-values").says("Name 3", "Secret name", "u3@shop.com")
    assert file.read_bytes() == before
    assert iterable.number == 1


def test_users_that_iterable_lacks_are_skipped_in_update_mode(tmp_path: Path) -> None:
    with start_sandbox(SandboxOptions(port=0, rate_limit=False)) as sandbox:
        shop = Project.make(tmp_path / "shop", sandbox.url, META)
        shop.sql(PEOPLE.format(rows=4))
        shop.sql("DELETE FROM people WHERE email <> 'u1@shop.com'")
        assert shop.cli("run").code == 0
        shop.sql(
            "INSERT INTO people VALUES ('u2@shop.com', 'Two', NULL)",
            "UPDATE people SET tier = 'x' WHERE name = 'Name 1'",
        )
        shop.tag({**META, "mode": "update"})
        assert shop.cli("run").code == 0
        assert shop.counts("accepted", "skipped", "planned") == (1, 1, 2)
        assert [user.email for user in sandbox.project.users.values()] == ["u1@shop.com"]
        assert shop.cli("run").code == 0
        assert shop.counts("planned", "quarantined") == (0, 1)
        shop.sql("UPDATE people SET name = 'Second' WHERE email = 'u2@shop.com'")
        assert shop.cli("run").code == 0
        assert shop.counts("skipped", "planned") == (1, 1)


def test_the_sandbox_holds_what_the_model_holds(tmp_path: Path) -> None:
    with start_sandbox(SandboxOptions(port=0, rate_limit=False)) as sandbox:
        meta = {"object": "users", "email": "email", "user_id": "id", "fields": None}
        shop = Project.make(tmp_path / "shop", sandbox.url, meta)
        shop.sql(
            "CREATE TABLE people AS SELECT 'U' || i || '@Shop.com' AS email, i AS id, i * 1.5::DECIMAL(9, 2) AS spent,"
            " i % 2 = 0 AS active, DATE '2024-02-29' AS born, TIMESTAMP '2024-01-01 10:00:00' AS seen,"
            " ['a', 'b'] AS tags, {'city': 'Zürich', 'zip': NULL} AS address, 9007199254740993 AS big,"
            " 'line' || chr(10) || '😀' AS note FROM range(5) t(i)"
        )
        ended = shop.cli("run")
        assert ended.code == 0, ended.err
        user = sandbox.project.users_by_email["u3@shop.com"]
        user = sandbox.project.users[user] if isinstance(user, int) else user
        assert user.user_id == "3"
        assert {name: user.data[name] for name in ("spent", "active", "tags", "big", "note")} == {
            "spent": 4.5,
            "active": False,
            "tags": ["a", "b"],
            "big": 9007199254740993,
            "note": "line\n😀",
        }
        types = sandbox.project.field_types.types
        assert (types["spent"], types["born"], types["seen"], types["big"]) == ("double", "date", "date", "long")


def test_the_result_file_says_what_happened(shop: Project) -> None:
    assert shop.cli("run").code == 0
    content = json.loads((shop.folder / "target" / "reverse_etl_results.json").read_text())
    assert {"schema_version", "invocation_id", "generated_at", "dbt_version", "target"} <= set(content["metadata"])
    [result] = content["results"]
    assert result["status"] == "success"
    assert result["requests"] == 1
    assert result["bytes_sent"] > 0
    assert {"look", "plan", "send", "commit"} <= set(result["timings"])
    assert set(result["sending"]) == {"read", "encode", "journal", "rate_limit", "reply"}
    assert all(0 <= seconds <= result["timings"]["send"] for seconds in result["sending"].values())
    counts = result["counts"]
    ends = ("accepted", "skipped", "rejected", "invalid", "failed", "aborted")
    assert sum(counts[end] for end in ends) == counts["planned"] == 12
    assert "sandbox-story" not in json.dumps(content)
    assert "u3@shop.com" not in json.dumps(content)


def test_full_refresh_sends_everything_again_and_still_sees_removals(shop: Project, iterable: ReferenceServer) -> None:
    shop.tag({**META, "on_removed": "delete"})
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people WHERE email = 'u1@shop.com'")
    assert shop.cli("run", "--full-refresh").code == 0
    assert len(iterable.applied) == 12 + 11
    assert iterable.deleted == ["u1@shop.com"]
    assert shop.cli("run").code == 0
    assert shop.counts("planned", "unchanged") == (0, 11)


def test_a_mark_that_is_not_understood_never_sends_its_column(shop: Project, iterable: ReferenceServer) -> None:
    manifest_file = shop.folder / "target" / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    [node] = manifest["nodes"].values()
    for name, mark, code in (("name", "false", "wrong-column-mark"), ("nam", False, "missing-column")):
        node["columns"] = {
            name: {"name": name, "meta": {"reverse_etl": mark}, "config": {"meta": {"reverse_etl": mark}}}
        }
        node["config"]["meta"]["reverse_etl"] = {"object": "users", "email": "email"}
        manifest_file.write_text(json.dumps(manifest))
        ended = shop.cli("run")
        assert ended.code == 2
        assert ended.says(code, f"columns.{name}.meta.reverse_etl")
    assert iterable.number == 0


def test_a_refused_row_that_leaves_the_model_is_forgotten(shop: Project, iterable: ReferenceServer) -> None:
    iterable.refused = {"u5@shop.com"}
    assert shop.cli("run").code == 0
    shop.sql(
        "DELETE FROM people WHERE email = 'u5@shop.com'", "UPDATE people SET name = 'X' WHERE email = 'u1@shop.com'"
    )
    assert shop.cli("run").code == 0
    assert not shop.cli("rejected", "--show-values").says("u5@shop.com")


def test_a_stopped_run_is_in_the_history(shop: Project, iterable: ReferenceServer) -> None:
    assert shop.cli("run").code == 0
    shop.sql("DELETE FROM people")
    assert shop.cli("run").code == 1
    assert shop.cli("history").says("stopped", "success")
