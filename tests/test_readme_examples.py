"""The documentation's complete examples, each run by the command line: on a real table, against a local Iterable."""

from __future__ import annotations

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
from tests.documentation import EXAMPLES, Example

MODELS: dict[str, tuple[Example, dict[str, Any]]] = {
    model["name"]: (example, model) for example in EXAMPLES for model in yaml.safe_load(example.definition)["models"]
}
# Users, lists and channels that Iterable has already.
LISTS = ((42, "Lapsed"), (123, "Winback"))
CHANNELS = (*DEFAULT_CHANNELS, Channel(105, "Promotions SMS", "Marketing", "SMS"))
KNOWN = ({"email": "ada@shop.com", "userId": "c1"}, {"email": "twin@shop.com"})


def entries(model: dict[str, Any]) -> list[dict[str, Any]]:
    meta = model["config"]["meta"]["reverse_etl"]
    return meta if isinstance(meta, list) else [meta]


def test_every_object_has_an_example() -> None:
    assert {entry["object"] for _, model in MODELS.values() for entry in entries(model)} == set(OBJECTS)


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    kind = MODELS[request.getfixturevalue("name")][0].project_type
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
    example, model = MODELS[name]
    columns = {column["name"]: {"name": column["name"], **column} for column in model.get("columns", ())}
    project.model(name, model["config"]["meta"]["reverse_etl"], columns)
    project.sql(f"CREATE OR REPLACE TABLE {name} AS {example.query}")
    first = project.cli("run")
    assert first.code == 0, first.out + first.err
    counts = [result["counts"] for result in project.results["results"]]
    assert [(one["accepted"], one["planned"]) for one in counts] == [(1, 1)] * len(entries(model))
    project.cli("run")
    assert {result["counts"]["planned"] for result in project.results["results"]} == {0}
