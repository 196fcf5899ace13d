"""What carts, purchases and subscriptions can start: what `plan` says, and what the sandbox then notes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from reverse_etl.sandbox import SandboxOptions, parse_journeys, start_sandbox
from tests.stories.project import CALM, Project

JOURNEYS = """
- {name: Cart, starts_with: cart_update}
- {name: Bought, starts_with: purchase, lifetime_limit: 1}
- {name: Welcome, starts_with: new_user}
- {name: VIP, starts_with: list_subscribe, of: VIP}
- {name: Other list, starts_with: list_subscribe, of: Other}
- {name: Mail, starts_with: channel_unsubscribe}
- {name: City, starts_with: profile_update, of: city}
"""
ITEMS = {"items": {"id": "id", "name": "city", "price": "price", "quantity": {"value": 1}}}
CARTS = {"object": "carts", "email": "email", **ITEMS, "on_removed": "clear"}
PURCHASES = {"object": "purchases", "purchase_id": "id", "email": "email", "total": "price", **ITEMS}
SUBSCRIPTIONS = {"object": "subscriptions", "email": "email", "list_ids": {"value": ["VIP"]}}
MODEL = (
    "CREATE TABLE people AS SELECT 'o-' || i AS id, 'u' || i || '@shop.com' AS email, 'Oslo' AS city, i + 0.5 AS price"
    " FROM range(5) t(i)"
)


@pytest.fixture
def url() -> Iterator[str]:
    lists = ((300, "VIP"), (301, "Other"))
    options = SandboxOptions(port=0, rate_limit=False, lists=lists, journeys=parse_journeys(JOURNEYS))
    with start_sandbox(options) as sandbox:
        yield sandbox.url


@pytest.fixture
def shop(tmp_path: Path, url: str) -> Project:
    """Five rows about users whom Iterable does not have."""
    made = Project.make(tmp_path / "shop", url, CARTS, CALM)
    made.sql(MODEL)
    return made


def entries(url: str) -> Counter[str]:
    found: list[dict[str, Any]] = requests.get(f"{url}/sandbox/journeys", timeout=10).json()
    return Counter(one["journey"] for one in found if one["entered"])


def run(shop: Project, url: str) -> dict[str, int]:
    """How many users entered each journey because of one run."""
    before = entries(url)
    ended = shop.cli("run", "--allow", "empty_model")
    assert ended.code == 0, ended.out + ended.err
    return dict(entries(url) - before)


def forecast(shop: Project) -> tuple[str, dict[str, int]]:
    """The text of `plan`, and how many rows it says enter each journey for certain."""
    text = shop.cli("plan")
    [plan] = json.loads(shop.cli("plan", "--output", "json").out)["plans"]
    certain = Counter[str]()
    for start in plan["journeys"]["starts"]:
        certain[start["journey"]] += 0 if start["doubt"] else start["rows"]
    return text.out + text.err, {name: count for name, count in certain.items() if count}


def test_carts_start_their_journeys_and_those_of_new_users(shop: Project, url: str) -> None:
    text, certain = forecast(shop)
    assert "5 cart updates enter the enabled journey 'Cart'" in text
    assert "5 new users may enter the enabled journey 'Welcome' (no limits): only users that Iterable does" in text
    assert certain == {"Cart": 5}
    assert run(shop, url) == {"Cart": 5, "Welcome": 5}
    shop.sql("DELETE FROM people WHERE id = 'o-1'", "UPDATE people SET price = 9 WHERE id = 'o-2'")
    text, certain = forecast(shop)
    assert "1 emptied cart enters the enabled journey 'Cart'" in text
    assert "Welcome" not in text
    assert certain == run(shop, url) == {"Cart": 2}


def test_purchases_start_their_journeys_with_their_limits(shop: Project, url: str) -> None:
    shop.tag({**PURCHASES, "first_run": "send"})
    text, certain = forecast(shop)
    assert "5 purchases enter the enabled journey 'Bought' (limits: 1 per user)" in text
    assert certain == {"Bought": 5}
    assert run(shop, url) == {"Bought": 5, "Welcome": 5}
    shop.sql("UPDATE people SET price = 9 WHERE id = 'o-2'", "INSERT INTO people VALUES ('o-9', 'u3@shop.com', 'X', 1)")
    assert "2 purchases enter the enabled journey 'Bought' (limits: 1 per user)" in forecast(shop)[0]
    # Both users have been in it: Iterable accepts the rows, and no one enters.
    assert run(shop, url) == {}


def test_of_subscriptions_it_says_what_cannot_be_known(shop: Project, url: str) -> None:
    shop.tag(SUBSCRIPTIONS)
    text, certain = forecast(shop)
    unknown = "Iterable's API does not say which list, channel or message type starts it"
    for name in ("VIP", "Other list", "Mail"):
        assert f"5 subscription updates may enter the enabled journey '{name}' (no limits): {unknown}" in text
    assert certain == {}
    assert run(shop, url) == {"VIP": 5, "Welcome": 5}
    shop.tag({**SUBSCRIPTIONS, "list_ids": {"value": []}})
    assert "5 subscription updates may enter the enabled journey 'Mail'" in forecast(shop)[0]
