"""Manifests of the real dbt, reduced ones of older and newer dbt, and files that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reverse_etl.dbt.manifest import Manifest, read_manifest
from reverse_etl.dbt.project import Locations, locate
from reverse_etl.errors import ConfigError

USERS = "model.shop.iterable_users"
MANIFESTS = Path(__file__).parent / "manifests"


def reduced(name: str) -> Manifest:
    return read_manifest(locate(None, None, MANIFESTS / name, {}))


def at(path: Path) -> Locations:
    return locate(None, None, path, {})


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_manifest(at(path))
    assert "dbt build" in caught.value.hint
    return caught.value


def test_a_model_of_the_real_dbt(shop):
    users = shop.manifest.nodes[USERS]
    assert users.relation_name == '"shop"."main_crm"."users_out"'
    assert (users.database, users.schema, users.identifier) == ("shop", "main_crm", "users_out")
    assert users.meta == {"owner": "growth", "reverse_etl": {"object": "users", "email": "email"}}
    assert users.file == "models/marts/iterable_users.sql"
    assert users.patch_file == "models/marts/marts.yml"
    assert (users.materialized, users.group, users.access, users.tags) == ("table", "growth", "public", ("crm",))
    assert {column.name: column.meta for column in users.columns} == {
        "id": {},
        "email": {},
        "tier": {"reverse_etl": False},
    }


def test_the_whole_of_the_real_manifest(shop):
    manifest = shop.manifest
    assert (manifest.adapter_type, manifest.project_name) == ("duckdb", "shop")
    assert manifest.dbt_version.startswith("1.")
    assert manifest.invocation_id
    assert manifest.generated_at
    kinds = {node.resource_type for node in manifest.nodes.values()}
    assert kinds == {"model", "seed", "snapshot"}
    assert "model.shop.off_users" not in manifest.graph
    assert set(manifest.others) == {"source.shop.app.orders", "exposure.shop.crm"}


def test_ephemeral_models_stay_and_have_no_relation(shop):
    passing = shop.manifest.nodes["model.shop.passing_users"]
    assert (passing.materialized, passing.relation_name) == ("ephemeral", None)
    assert "reverse_etl" in passing.meta


def test_versions_and_snapshots(shop):
    customers = shop.manifest.nodes["model.shop.customers.v2"]
    assert (customers.name, customers.version, customers.latest_version) == ("customers", "2", "2")
    assert "reverse_etl" in shop.manifest.nodes["snapshot.shop.customers_history"].meta


def test_tests_hang_on_their_models(shop):
    tests = {test.name: test.severity for test in shop.manifest.tests_on(USERS)}
    assert tests == {"unique_iterable_users_id": "error", "unique_iterable_users_tier": "warn"}
    assert [test.name for test in shop.manifest.tests_on("model.shop.stg_customers")] == [
        "not_null_stg_customers_id",
        "keeps_the_email",
    ]


def test_relations_that_dbt_would_give_are_rebuilt_alike(shop, tmp_path):
    content = json.loads(shop.locations.manifest.read_bytes())
    for node in content["nodes"].values():
        del node["relation_name"]
    copy = tmp_path / "manifest.json"
    copy.write_text(json.dumps(content))
    rebuilt = read_manifest(at(copy))
    assert {key: node.relation_name for key, node in rebuilt.nodes.items()} == {
        key: node.relation_name for key, node in shop.manifest.nodes.items()
    }


def test_dbt_1_5_keeps_meta_in_two_places_and_gives_no_relation():
    manifest = reduced("dbt_1_5.json")
    users = manifest.nodes[USERS]
    assert users.meta == {"owner": "growth", "reverse_etl": {"object": "users", "email": "email"}}
    assert users.relation_name == "ANALYTICS.MARTS.users_out"
    assert manifest.nodes["model.shop.quoted"].relation_name == 'ANALYTICS.MARTS."Quoted ""one"""'
    assert (users.file, users.patch_file) == ("models/marts/iterable_users.sql", "models/marts/marts.yml")
    assert users.columns[0].meta == {"reverse_etl": False}
    assert set(manifest.nodes) == {USERS, "model.shop.quoted"}


def test_dbt_1_8_has_columns_without_config():
    users = reduced("dbt_1_8.json").nodes[USERS]
    assert users.relation_name == "`my-project`.`marts`.`iterable_users`"
    assert {column.name: column.meta for column in users.columns} == {
        "plain": {},
        "top_level": {"reverse_etl": False},
        "in_config": {"reverse_etl": False},
    }


def test_dbt_2_copies_the_meta_of_the_model_onto_bare_columns():
    manifest = reduced("dbt_2.json")
    columns = {column.name: column.meta for column in manifest.nodes[USERS].columns}
    assert columns == {"bare": {}, "kept_home": {"reverse_etl": False}}
    assert manifest.nodes[USERS].version is None
    assert [test.name for test in manifest.tests_on(USERS)] == ["unique_email"]


def test_a_later_schema_is_read_leniently(tmp_path):
    text = (MANIFESTS / "dbt_2.json").read_text().replace("v12.json", "v20.json")
    (tmp_path / "manifest.json").write_text(text.replace('"iterable_users",', '"iterable_users", "novel": [{}],'))
    assert USERS in read_manifest(at(tmp_path / "manifest.json")).nodes


def test_a_missing_manifest(tmp_path):
    assert refused(tmp_path / "manifest.json").code == "missing-manifest"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"metadata": {"dbt_sch', "is not complete JSON"),
        ("", "is not complete JSON"),
        ("\xff\xfe", "is not complete JSON"),
        ("[" * 100_000, "is nested too deep"),
        ("[]", "is not a dbt manifest"),
        ('{"nodes": {}}', "is not a dbt manifest"),
        ('{"metadata": {"dbt_schema_version": "https://x/dbt/catalog/v1.json"}, "nodes": {}}', "is not a dbt manifest"),
        ('{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v12.json"}}', "is not a dbt manifest"),
    ],
)
def test_a_broken_manifest(tmp_path, content, reason):
    path = tmp_path / "manifest.json"
    path.write_bytes(content.encode("latin-1"))
    error = refused(path)
    assert error.code == "broken-manifest"
    assert reason in error.message


def test_a_manifest_too_large_to_be_one(tmp_path):
    path = tmp_path / "manifest.json"
    path.touch()
    os.truncate(path, 512 * 1024 * 1024 + 1)
    assert "is larger than 512 MB" in refused(path).message


def test_a_folder_is_no_manifest(tmp_path):
    assert refused(tmp_path).code == "broken-manifest"


def test_a_manifest_of_dbt_1_4(tmp_path):
    text = (MANIFESTS / "dbt_1_5.json").read_text().replace("v9.json", "v8.json").replace("1.5.11", "1.4.9")
    (tmp_path / "manifest.json").write_text(text)
    error = refused(tmp_path / "manifest.json")
    assert error.code == "unsupported-manifest"
    assert "dbt 1.4.9" in error.message
