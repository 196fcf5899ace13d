"""The sample project, built by the real dbt: the facts that its README, the demo and other tests rely on."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).parents[2] / "sample_dbt_project"
BUILT = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb", "*.duckdb.wal", ".user.yml")
DBT = Path(sys.executable).parent / "dbt"
DAY_2 = ["c0003", "c0010", "c0025", "c0042", "c0077", "c0108", "c0150"]
NEW = ["c0201", "c0202", "c0203"]


@dataclass(frozen=True)
class Shop:
    """Both days as catalogs, `day1` and `day2`, of one connection; `calls` is whether dbt reached for the network."""

    sql: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    calls: bool

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.sql.execute(query).fetchall()

    def column(self, query: str) -> list[Any]:
        return [row[0] for row in self.rows(query)]


def build(project: Path, warehouse: Path, proxy: int, *arguments: str) -> None:
    """`dbt build` as on a machine without `~/.dbt`, with every call to the outside led to a local port."""
    address = f"http://127.0.0.1:{proxy}"
    environment = {
        "HOME": str(warehouse.parent),
        "PATH": "/usr/bin:/bin",
        "HTTP_PROXY": address,
        "HTTPS_PROXY": address,
        "SHOP_DUCKDB_PATH": str(warehouse),
    }
    command = [str(DBT), "--warn-error", "build", "--quiet", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def was_called(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.fixture(scope="session")
def shop(real_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    base = tmp_path_factory.mktemp("sample")
    project = base / "shop"
    shutil.copytree(SAMPLE, project, ignore=BUILT)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        build(project, base / "day1.duckdb", port)
        build(project, base / "day2.duckdb", port, "--vars", "day: 2")
        calls = was_called(listener)
    manifest = json.loads((project / "target" / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect() as connection:
        for day in ("day1", "day2"):
            connection.execute(f"attach '{base / day}.duckdb' (read_only)")
        yield Shop(connection, manifest, calls)


def entry(shop: Shop) -> dict[str, Any]:
    meta: dict[str, Any] = shop.manifest["nodes"]["model.shop.iterable_users"]["config"]["meta"]["reverse_etl"]
    return meta


def sent_columns(shop: Shop) -> list[str]:
    fields = [source for source in entry(shop)["fields"].values() if isinstance(source, str)]
    return [entry(shop)["user_id"], entry(shop)["email"], *fields]


def test_building_calls_nobody(shop: Shop) -> None:
    assert not shop.calls


@pytest.mark.parametrize(("day", "users"), [("day1", 194), ("day2", 197)])
def test_every_user_has_a_unique_clean_email(shop: Shop, day: str, users: int) -> None:
    emails = shop.column(f"select email from {day}.iterable_users")
    assert len(emails) == len(set(emails)) == users
    assert [email for email in emails if email != email.strip().lower() or email.count("@") != 1] == []


def test_the_raw_emails_need_that_cleaning(shop: Shop) -> None:
    assert shop.rows("select count(*), count(email) from day1.raw_customers") == [(200, 194)]
    assert shop.rows("select count(*) > 10 from day1.raw_customers where email <> trim(email)") == [(True,)]
    assert shop.rows("select count(*) > 10 from day1.raw_customers where email <> lower(email)") == [(True,)]


def test_day_2_changes_seven_users_and_adds_three(shop: Shop) -> None:
    sent = ", ".join(sent_columns(shop))
    different = f"select {sent} from day2.iterable_users except select {sent} from day1.iterable_users"
    assert shop.column(f"select customer_id from ({different}) order by 1") == [*DAY_2, *NEW]
    customers = "select customer_id from {}.iterable_users"
    new = f"{customers.format('day2')} except {customers.format('day1')} order by 1"
    assert shop.column(new) == NEW


@pytest.mark.parametrize(
    ("model", "key", "added", "changed", "removed"),
    [
        ("iterable_orders", "order_id", ["o0601", "o0602", "o0603"], ["o0269", "o0496"], []),
        ("iterable_products", "product_id", ["p16"], ["p07", "p10"], ["p09"]),
        (
            "iterable_newsletter",
            "email",
            ["linh.0203@example.com", "oscar.0202@example.com"],
            [],
            ["miyuki.0025@example.org"],
        ),
    ],
)
def test_day_2_of_the_other_models(
    shop: Shop, model: str, key: str, added: list[str], changed: list[str], removed: list[str]
) -> None:
    def only(here: str, there: str, columns: str = key) -> set[str]:
        return set(
            shop.column(
                f"select {key} from (select {columns} from {here}.{model} except select {columns} from {there}.{model})"
            )
        )

    assert only("day2", "day1") == set(added)
    assert only("day1", "day2") == set(removed)
    assert only("day2", "day1", "*") == {*added, *changed}


def test_the_other_models_are_tagged(shop: Shop) -> None:
    metas = {
        node["name"]: node["config"].get("meta", {}).get("reverse_etl", {}) for node in shop.manifest["nodes"].values()
    }
    told = {name: (meta.get("object"), meta.get("mode")) for name, meta in metas.items() if meta}
    assert told == {
        "iterable_users": ("users", "upsert"),
        "iterable_orders": ("events", None),
        "iterable_products": ("catalog_items", "mirror"),
        "iterable_newsletter": ("list_members", "mirror"),
    }


def test_nobody_leaves_or_changes_identity_on_day_2(shop: Shop) -> None:
    identity = "select customer_id, email from {}.iterable_users"
    assert shop.rows(f"{identity.format('day1')} except {identity.format('day2')}") == []


def test_one_row_of_the_changes_is_only_untidy(shop: Shop) -> None:
    assert shop.column("select customer_id from day2.customer_changes order by 1") == sorted([*DAY_2, *NEW, "c0112"])
    typed, clean = shop.rows(
        "select c.email, u.email from day2.customer_changes c join day1.iterable_users u using (customer_id)"
        " where customer_id = 'c0112'"
    )[0]
    assert typed != clean == typed.strip().lower()


def test_the_model_is_tagged_for_users(shop: Shop) -> None:
    tagged = [key for key, node in shop.manifest["nodes"].items() if "reverse_etl" in node["config"].get("meta", {})]
    assert "model.shop.iterable_users" in tagged
    told = {key: value for key, value in entry(shop).items() if key != "fields"}
    assert told == {
        "object": "users",
        "mode": "upsert",
        "email": "email",
        "user_id": "customer_id",
        "on_removed": "ignore",
    }


def test_the_mapped_columns_are_of_many_types(shop: Shop) -> None:
    types = {row[0]: row[1] for row in shop.rows("describe day1.iterable_users")}
    mapped = {field: types[source] for field, source in entry(shop)["fields"].items() if isinstance(source, str)}
    assert mapped == {
        "firstName": "VARCHAR",
        "lastName": "VARCHAR",
        "birthDate": "DATE",
        "isSubscribed": "BOOLEAN",
        "plan.tier": "VARCHAR",
        "plan.since": "DATE",
        "address": "STRUCT(city VARCHAR, postalCode VARCHAR, country VARCHAR)",
        "ordersCount": "INTEGER",
        "lifetimeValue": "DECIMAL(12,2)",
        "lastOrderAt": "TIMESTAMP",
        "lastProduct": "VARCHAR",
        "favouriteCategories": "VARCHAR[]",
    }
    assert entry(shop)["fields"]["source"] == {"value": "warehouse"}


def test_the_margin_is_marked_as_never_sent(shop: Shop) -> None:
    columns = shop.manifest["nodes"]["model.shop.iterable_users"]["columns"]
    marked = [name for name, column in columns.items() if column["config"]["meta"].get("reverse_etl") is False]
    assert marked == ["internal_margin"]
    assert "internal_margin" not in sent_columns(shop)
    assert shop.rows("select count(internal_margin) > 0 from day1.iterable_users") == [(True,)]


def test_the_readme_tells_the_true_counts(shop: Shop) -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for names in (
        ["raw_customers", "raw_products", "raw_orders"],
        ["customer_changes", "product_changes", "order_changes"],
        ["stg_customers", "stg_products", "stg_orders"],
        ["customer_orders"],
        ["iterable_users", "iterable_orders", "iterable_products", "iterable_newsletter"],
    ):
        counts = [str(shop.rows(f"select count(*) from day1.{name}")[0][0]) for name in names]
        assert f"| {', '.join(f'`{name}`' for name in names)} | {', '.join(counts)} |" in text
