"""JSON inside lists, structs and maps of DuckDB is sent as JSON, not as a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.conftest import META
from tests.stories.project import Project

USERS = {**META, "fields": ["value"]}


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("""['{"a": 1}'::JSON, NULL, '{"b": [3]}'::JSON]""", [{"a": 1}, None, {"b": [3]}]),
        (
            """{'inner': '{"a": [1, 2]}'::JSON, 'JSON': '{"no": "json"}'}""",
            {"inner": {"a": [1, 2]}, "JSON": '{"no": "json"}'},
        ),
        ("""map {'k': '[1, 2]'::JSON}""", {"k": [1, 2]}),
        (
            """[{'deep': ['true'::JSON], 'at': TIMESTAMP '2026-01-02 03:04:05'}]""",
            [{"deep": [True], "at": "2026-01-02 03:04:05 +00:00"}],
        ),
        ("""array_value('{"z": "y"}'::JSON)""", [{"z": "y"}]),
        ("""['{"a": 1}']""", ['{"a": 1}']),
    ],
    ids=["list", "struct", "map", "list of structs", "fixed list", "texts"],
)
def test_json_inside_a_value_is_sent_as_json(
    shop: Project, iterable: ReferenceServer, value: str, sent: object
) -> None:
    shop.tag(USERS)
    shop.sql(f"CREATE OR REPLACE TABLE people AS SELECT 'a@shop.com' AS email, {value} AS value")
    ran = shop.cli("run")
    assert ran.code == 0, ran.out
    [body] = iterable.bodies
    assert body["users"][0]["dataFields"]["value"] == sent
    ran = shop.cli("run")
    assert ran.code == 0, ran.out
    assert len(iterable.bodies) == 1


def test_items_of_a_purchase_may_be_a_list_of_json(tmp_path: Path, iterable: ReferenceServer) -> None:
    meta = {
        "object": "purchases",
        "email": "email",
        "purchase_id": "id",
        "items": "items",
        "total": "total",
        "fields": [],
    }
    project = Project.make(tmp_path / "other", iterable.url, meta)
    item = """{"id": "s1", "name": "Tea", "price": 2.5, "quantity": 1, "dataFields": {"size": {"cm": 3}}}"""
    project.sql(
        f"CREATE TABLE people AS SELECT 'a@shop.com' AS email, 'p1' AS id, 2.5 AS total, ['{item}'::JSON] AS items"
    )
    ended = project.cli("run")
    assert ended.code == 0, ended.out + ended.err
    [body] = iterable.bodies
    [bought] = body["items"]
    assert bought["dataFields"] == {"size": {"cm": 3}}
