"""The documentation's complete examples, each run by the command line: on a real table, against a local Iterable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from reverse_etl.destinations.iterable import OBJECTS
from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from reverse_etl.sandbox.channels import CHANNELS as DEFAULT_CHANNELS
from reverse_etl.sandbox.channels import Channel
from tests.cli.conftest import Shop
from tests.documentation import TEXT

EXAMPLES = re.findall(r"<!-- complete -->\n```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MODELS: dict[str, dict[str, Any]] = {
    model["name"]: model for text in EXAMPLES for model in yaml.safe_load(text)["models"]
}
# What the table of each model holds.
PEOPLE = (
    "'ada@shop.com' AS email, 'c1' AS customer_id, 'Ada' AS first_name, 'pro' AS plan_tier,"
    " TIMESTAMP '2026-01-02 03:04:05' AS last_seen_at, 7 AS internal_margin"
)
TABLES = {
    "iterable_users": PEOPLE,
    "crm_users": PEOPLE,
    "iterable_orders": (
        "'o-1' AS order_id, 'ada@shop.com' AS email, 'c1' AS customer_id, 17 AS campaign_id, 42.5 AS total,"
        " TIMESTAMP '2026-01-02 03:04:05' AS ordered_at, 3 AS item_count"
    ),
    "iterable_purchases": (
        "'o-1' AS order_id, 'ada@shop.com' AS email, 'c1' AS customer_id, 79.90 AS order_total, 'PL' AS country,"
        " [{'sku': 'p-1', 'title': 'Boot', 'unit_price': 79.90, 'qty': 1, 'color': 'red'}] AS order_lines,"
        " TIMESTAMP '2026-01-02 03:04:05' AS ordered_at, 17 AS campaign_id, 4711 AS template_id"
    ),
    "iterable_carts": (
        "'ada@shop.com' AS email, ['p-1', 'p-2'] AS product_ids, ['Boot', 'Lace'] AS product_names,"
        " [79.90, 3.50] AS prices, [1, 2] AS quantities"
    ),
    "iterable_products": (
        "'p-1' AS sku, 'Boot' AS product_name, 79.90 AS price, TRUE AS in_stock, 12.5 AS width_cm,"
        " {'lat': 52.5, 'lon': 13.4} AS shop_location, DATE '2026-01-02' AS launched_on"
    ),
    "iterable_vip_members": "'c1' AS customer_id, 'ada@shop.com' AS email, DATE '2026-01-02' AS vip_since",
    "iterable_subscriptions": (
        "'ada@shop.com' AS email, [42] AS lists, ['Newsletter'] AS left_message_types, [204] AS chosen_message_types"
    ),
    "iterable_email_changes": "'ada@shop.com' AS old_email, 'c1' AS customer_id, 'ada@new.com' AS email",
    "iterable_erasures": "'ada@shop.com' AS email, 'c1' AS customer_id",
    "iterable_duplicates": "'twin@shop.com' AS duplicate_email, 'ada@shop.com' AS email",
}
# What identifies a user in the project that an example needs, where that is not the e-mail.
PROJECT_TYPES = {"crm_users": "hybrid", "iterable_vip_members": "hybrid"}
# Users, lists and channels that Iterable has already.
LISTS = ((42, "Lapsed"), (123, "Winback"))
CHANNELS = (*DEFAULT_CHANNELS, Channel(105, "Promotions SMS", "Marketing", "SMS"))
KNOWN = ({"email": "ada@shop.com", "userId": "c1"}, {"email": "twin@shop.com"})


def entries(model: dict[str, Any]) -> list[dict[str, Any]]:
    meta = model["config"]["meta"]["reverse_etl"]
    return meta if isinstance(meta, list) else [meta]


def test_every_object_has_an_example() -> None:
    assert {entry["object"] for model in MODELS.values() for entry in entries(model)} == set(OBJECTS)
    assert set(TABLES) == set(MODELS)


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    kind = PROJECT_TYPES.get(request.getfixturevalue("name"), "email")
    behaviour = Behaviour(opt_in_message_types=True)
    options = SandboxOptions(
        port=0, rate_limit=False, project_type=kind, lists=LISTS, channels=CHANNELS, behaviour=behaviour
    )
    output = "{type: duckdb, path: shop.duckdb}"
    (tmp_path / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(f"shop:\n  target: dev\n  outputs:\n    dev: {output}\n")
    names = f"{{iterable: {{project_type: {kind}}}, brand: {{project_type: {kind}}}}}"
    (tmp_path / "reverse_etl.yml").write_text(f"destinations: {names}\n")
    with start_sandbox(options) as sandbox:
        for user in KNOWN:
            requests.post(
                f"{sandbox.url}/api/users/update", json=user, headers={"Api-Key": "sandbox-key"}, timeout=10
            ).raise_for_status()
        yield Shop(tmp_path, sandbox.url)


@pytest.mark.parametrize("name", MODELS)
def test_an_example_runs_as_it_stands(project: Shop, name: str) -> None:
    model = MODELS[name]
    columns = {column["name"]: {"name": column["name"], **column} for column in model.get("columns", ())}
    project.model(name, model["config"]["meta"]["reverse_etl"], columns)
    project.sql(f"CREATE OR REPLACE TABLE {name} AS SELECT {TABLES[name]}")
    first = project.cli("run")
    assert first.code == 0, first.out + first.err
    counts = [result["counts"] for result in project.results["results"]]
    assert [(one["accepted"], one["planned"]) for one in counts] == [(1, 1)] * len(entries(model))
    project.cli("run")
    assert {result["counts"]["planned"] for result in project.results["results"]} == {0}
