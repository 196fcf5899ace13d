"""The `build` guard over what the real dbt writes: it remembers failed builds and tests, and says what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.reference_iterable import ReferenceServer
from tests.stories.project import Ended, Project

FILES = {
    "models/base.sql": "select 1 as id{% if var('twice', false) %} union all select 1{% endif %}",
    "models/users.sql": "select distinct id, 'a@shop.com' as email{% if var('broken', false) %}, nope{% endif %}"
    " from {{ ref('base') }}",
    "models/other.sql": "select 1 as id{% if var('broken_other', false) %}, nope{% endif %}",
    "models/models.yml": """
models:
  - name: base
    columns: [{name: id, data_tests: [unique]}]
  - name: users
    config: {materialized: table, meta: {reverse_etl: {object: users, email: email}}}
    columns: [{name: id, data_tests: [{not_null: {config: {where: "1 = {{ 0 if var('null', false) else 1 }}"}}}]}]
  - name: other
    columns: [{name: id, data_tests: [unique]}]
""",
    "tests/users_are_few.sql": "select * from {{ ref('users') }} where {{ 'true' if var('many', false) else 'false' }}",
}
TWICE = ["--vars", "{twice: true}"]
STEPS = {
    "good": ["build"],
    "tested_badly": ["test", "--vars", "{many: true}"],
    "run": ["run"],
    "upstream_test": ["build", *TWICE],
    "docs": ["docs", "generate"],
    "shown": ["show", "--select", "users"],
    "upstream_tested": ["test"],
    "broken": ["run", "--vars", "{broken: true}"],
    "tested": ["test"],
    "empty": ["build", "--empty"],
    "other": ["run", "--select", "other"],
    "rebuilt": ["build"],
}


@pytest.fixture(scope="module")
def built(real_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that dbt has gone through all steps of."""
    project = tmp_path_factory.mktemp("builds") / "shop"
    outputs = {"main": {"type": "duckdb", "path": "shop.duckdb", "schema": "main"}}
    files = {
        **FILES,
        "dbt_project.yml": "name: shop\nprofile: shop\nversion: '1.0'\n",
        "profiles.yml": json.dumps({"shop": {"target": "main", "outputs": outputs}}),
    }
    for name, content in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dbt_steps.py")), str(project), json.dumps(STEPS)],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def shop(built: Path, tmp_path: Path, iterable: ReferenceServer) -> Project:
    """The project after its first good build, before anything was sent."""
    shutil.copytree(built, tmp_path / "shop", ignore=shutil.ignore_patterns("target", "logs"))
    environment = {
        "ITERABLE_BASE_URL": iterable.url,
        "ITERABLE_API_KEY": "sandbox-story",
        "ITERABLE_PROJECT_TYPE": "email",
    }
    return Project(tmp_path / "shop", {**environment, "HOME": str(tmp_path), "PATH": os.environ["PATH"]})


class Dbt:
    """A project as a step of dbt leaves it, and the commands that come after it."""

    def __init__(self, shop: Project) -> None:
        self.shop = shop
        self.target = shop.folder / "target"
        self.target.mkdir()

    def step(self, name: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Dbt:
        """Put the files of a step where dbt leaves them; `change` alters the run results."""
        for file in ("manifest.json", "run_results.json"):
            shutil.copy2(self.shop.folder / "steps" / name / file, self.target)
        results = json.loads((self.target / "run_results.json").read_text())
        change(results)
        (self.target / "run_results.json").write_text(json.dumps(results))
        return self

    def run(self, *words: str) -> Ended:
        return self.shop.cli(*(words or ("run",)))


@pytest.fixture
def dbt(shop: Project) -> Dbt:
    return Dbt(shop)


def test_a_failed_upstream_test_is_named(dbt: Dbt) -> None:
    assert dbt.step("good").run().code == 0
    ended = dbt.step("upstream_test").run()
    assert ended.code == 1
    assert ended.says("guard-build", "model `users` ended as `skipped` in `dbt build`")
    assert ended.says("because test `unique_base_id` on `base` ended as `fail`", "dbt retry", "--allow build")


@pytest.mark.parametrize("step", ["docs", "shown", "other"])
def test_the_guard_remembers_what_dbt_overwrote(dbt: Dbt, step: str) -> None:
    assert dbt.step("upstream_test").run().code == 1
    ended = dbt.step(step).run()
    assert ended.code == 1
    assert ended.says("guard-build", "unique_base_id", "`dbt build --select +users`")
    assert not ended.says("dbt retry")
    assert dbt.run("plan").says("guard-build")
    assert dbt.step("rebuilt").run().code == 0
    assert dbt.step(step).run().code == 0


@pytest.mark.parametrize("which", ["compile", "list", "clone"])
def test_no_other_command_makes_it_forget(dbt: Dbt, which: str) -> None:
    assert dbt.step("upstream_test").run().code == 1
    assert dbt.step("rebuilt", lambda results: results["args"].update(which=which)).run().says("unique_base_id")


def test_a_guard_that_was_let_past_remembers(dbt: Dbt) -> None:
    assert dbt.step("upstream_test").run("run", "--allow", "build").code == 0
    assert dbt.step("docs").run().says("guard-build")


def test_a_plan_tells_and_writes_nothing(dbt: Dbt) -> None:
    assert dbt.step("upstream_test").run("plan").says("guard-build")
    assert dbt.shop.sql("SELECT * FROM information_schema.tables WHERE table_name = 'build_verdicts'") == []


def test_a_test_that_was_skipped_has_to_be_run(dbt: Dbt) -> None:
    def forget_why(results: dict[str, Any]) -> None:
        results["results"] = [one for one in results["results"] if one["status"] == "skipped"]

    ended = dbt.step("upstream_test", forget_why).run()
    assert ended.says("ended as `skipped`", "Run `dbt retry`, so that model `users` is not skipped")
    assert not ended.says("Fix what")


def test_run_and_test_are_one_story(dbt: Dbt) -> None:
    ended = dbt.step("tested_badly").run()
    assert ended.says("guard-build", "test `users_are_few` on `users` ended as `fail` in `dbt test`", "dbt retry")
    # A command that skips the test does not make it pass.
    assert dbt.step("run").run().says("guard-build", "users_are_few")
    assert dbt.step("tested").run().code == 0


def test_a_test_upstream_holds_back_as_in_a_build(dbt: Dbt) -> None:
    assert dbt.step("run").run().code == 0
    assert dbt.step("upstream_tested").run().says("guard-build", "test `unique_base_id` on `base`")
    assert dbt.step("tested").run().code == 0


def test_passing_tests_do_not_build_a_model(dbt: Dbt) -> None:
    assert dbt.step("broken").run().says("guard-build", "model `users` ended as `error` in `dbt run`")
    assert dbt.step("tested").run().says("guard-build", "model `users` ended as `error`")
    assert dbt.step("rebuilt").run().code == 0


def test_older_results_of_another_machine_do_not_count(dbt: Dbt) -> None:
    assert dbt.step("upstream_test").run().code == 1
    assert dbt.step("rebuilt").run().code == 0
    assert dbt.step("upstream_test").run().code == 0


def test_a_failure_of_something_else_holds_nothing_back(dbt: Dbt) -> None:
    def fail(results: dict[str, Any]) -> None:
        results["results"][0].update(status="error")

    assert dbt.step("other", fail).run().code == 0


def _sample(results: dict[str, Any]) -> None:
    results["args"] |= {"empty": False, "sample": {"start": "2026-11-29T13:29:57", "end": "2026-11-30T13:29:57"}}


def _base_alone(results: dict[str, Any]) -> None:
    results["results"] = [one for one in results["results"] if one["unique_id"] == "model.shop.base"]


@pytest.mark.parametrize(("change", "flag"), [(lambda _: None, "empty"), (_sample, "sample"), (_base_alone, "empty")])
def test_a_build_without_data_holds_back(dbt: Dbt, change: Callable[[dict[str, Any]], None], flag: str) -> None:
    ended = dbt.step("empty", change).run()
    assert ended.code == 1
    assert ended.says("guard-build", f"`dbt build --{flag}`", f"`dbt build --select +users` without `--{flag}`")
    assert dbt.step("other").run().code == 1
    assert dbt.step("rebuilt").run().code == 0


def test_results_of_another_target_are_told_apart(dbt: Dbt) -> None:
    def move(results: dict[str, Any]) -> None:
        results["metadata"]["invocation_id"] = "another"
        for result in results["results"]:
            if result["relation_name"]:
                result["relation_name"] = result["relation_name"].replace("main", "prod")

    ended = dbt.step("upstream_test", move).run()
    assert ended.code == 0
    assert ended.says("tables of another target", "the result of the last build of `users` is not known")


def test_a_command_that_builds_nothing_is_not_taken_for_a_build(dbt: Dbt) -> None:
    ended = dbt.step("docs").run()
    assert ended.code == 0
    assert ended.says("`dbt docs generate`", "the result of the last build of `users` is not known")
