"""`--sandbox`: a throw-away Iterable replaces the real one, which gets no request."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reverse_etl.project.sandboxes.sandbox_contents import needed_contents
from reverse_etl.sandbox import SandboxOptions, start_sandbox
from reverse_etl.sandbox.http.app import SandboxApp
from reverse_etl.sync import Sync
from tests.cli.conftest import META, Ended, Shop

REAL_KEY = "0123456789abcdef0123456789abcdef"
# Everything that leads to a real project is there, and must not be used.
ENV = {"ITERABLE_API_KEY": REAL_KEY, "ITERABLE_BASE_URL": "https://api.iterable.com", "ITERABLE_PROJECT_TYPE": ""}


@dataclass
class SandboxedShop:
    """A shop whose commands all take `--sandbox`."""

    shop: Shop
    heard: list[tuple[str, str, str]] = field(default_factory=list)

    def cli(self, *words: str, **env: str) -> Ended:
        return self.shop.cli(*words, "--sandbox", **{**ENV, **env})

    def counts(self, *names: str) -> list[int]:
        [result] = self.shop.results["results"]
        return [result["counts"][name] for name in names]

    @property
    def folder(self) -> Path:
        return self.shop.folder / "target" / "reverse_etl_sandbox"

    @property
    def schemas(self) -> set[str]:
        found = self.shop.sql(
            "select schema_name from information_schema.schemata where schema_name like 'reverse_etl%'"
        )
        return {str(name) for (name,) in found}

    def real_tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the tables of the real state."""
        query = "select table_name from information_schema.tables where table_schema = 'reverse_etl'"
        return {
            name: self.shop.sql(f"select * from reverse_etl.{name} order by all") for (name,) in self.shop.sql(query)
        }

    def users(self, destination: str = "iterable") -> dict[str, Any]:
        """What its sandbox has, seen as by `reverse-etl sandbox --data-dir`."""
        with start_sandbox(SandboxOptions(port=0, data_dir=self.folder / destination)) as running:
            return {str(user.email): user.data for user in running.project.users.values()}


@pytest.fixture
def sandboxed(people: Shop, monkeypatch: pytest.MonkeyPatch) -> SandboxedShop:
    made = SandboxedShop(people)
    answer = SandboxApp.handle_request

    def listen(app: SandboxApp, incoming: Any, *more: Any) -> Any:
        made.heard.append((incoming.method, incoming.raw_path, str(dict(incoming.headers))))
        return answer(app, incoming, *more)

    monkeypatch.setattr(SandboxApp, "handle_request", listen)
    return made


def test_the_first_run_sends_everything_the_second_what_changed_the_third_nothing(sandboxed: SandboxedShop) -> None:
    first = sandboxed.cli("run")
    assert (first.code, sandboxed.counts("accepted")) == (0, [3])
    assert set(sandboxed.users()) == {"ada@example.com", "bob@example.com", "cyd@example.com"}
    sandboxed.shop.sql("update people set age = 42 where first_name = 'Bob'")
    assert sandboxed.cli("run").code == 0
    assert sandboxed.counts("accepted", "unchanged") == [1, 2]
    assert sandboxed.users()["bob@example.com"]["age"] == 42
    assert sandboxed.cli("run").code == 0
    assert sandboxed.counts("planned", "unchanged") == [0, 3]
    assert sandboxed.shop.results["metadata"]["args"]["sandbox"] is True


def test_no_key_is_needed_and_one_that_is_set_is_never_sent(sandboxed: SandboxedShop) -> None:
    (sandboxed.shop.folder / "reverse_etl.yml").write_text(
        "destinations: {iterable: {api_key: \"{{ env_var('NOT_SET') }}\", base_url: 'https://api.eu.iterable.com'}}\n"
    )
    without = sandboxed.cli("run", ITERABLE_API_KEY="")
    sandboxed.shop.sql("update people set age = age + 1")
    with_key = sandboxed.cli("run")
    assert (without.code, with_key.code) == (0, 0)
    assert len([path for _, path, _ in sandboxed.heard if path == "/api/users/bulkUpdate"]) == 2
    kept = [path.read_bytes().decode("latin-1") for path in sandboxed.shop.folder.rglob("*") if path.is_file()]
    assert not [text for text in (*map(str, sandboxed.heard), *kept, with_key.out + with_key.err) if REAL_KEY in text]


def test_what_the_real_iterable_accepted_stays_as_it_is(sandboxed: SandboxedShop, sandbox: Any) -> None:
    """The sandbox of the fixture plays the real one here."""
    sandboxed.shop.cli("run")
    sandboxed.shop.sql("update people set age = 42 where first_name = 'Bob'")
    real, asked = sandboxed.real_tables(), len(sandbox.project.requests)
    sandboxed.cli("run")
    assert sandboxed.counts("accepted") == [3]
    assert len(sandbox.project.requests) == asked
    assert sandboxed.real_tables() == real
    [plan] = sandboxed.shop.cli("plan", "--output", "json").json["plans"]
    assert (plan["changed"], plan["unchanged"]) == (1, 2)


@pytest.mark.parametrize("runs", [0, 1])
def test_plan_writes_nothing(sandboxed: SandboxedShop, runs: int) -> None:
    for _ in range(runs):
        sandboxed.cli("run")
    sandboxed.shop.sql("update people set age = 42 where first_name = 'Bob'", "checkpoint")
    before = {path: path.read_bytes() for path in sandboxed.shop.folder.rglob("*") if path.is_file()}
    heard = len(sandboxed.heard)
    planned = sandboxed.cli("plan")
    assert {path: path.read_bytes() for path in sandboxed.shop.folder.rglob("*") if path.is_file()} == before
    assert {method for method, *_ in sandboxed.heard[heard:]} <= {"GET"}
    assert "sync people: users upsert to iterable (sandbox)" in planned.out
    assert ["3 added, 0 changed", "0 added, 1 changed"][runs] in planned.out


def test_a_new_folder_begins_with_nothing(sandboxed: SandboxedShop) -> None:
    sandboxed.cli("run")
    first = sandboxed.schemas
    shutil.rmtree(sandboxed.folder)
    assert "3 added" in sandboxed.cli("plan").out
    sandboxed.cli("run")
    assert sandboxed.counts("accepted") == [3]
    assert len(sandboxed.schemas - first) == 1
    assert all(re.fullmatch(r"reverse_etl_sandbox_[0-9a-f]{8}", name) for name in sandboxed.schemas)


def test_validate_asks_the_sandbox(sandboxed: SandboxedShop) -> None:
    ended = sandboxed.cli("validate", "--online")
    assert ended.code == 0
    assert "ok  sync people: definition, destination, columns and field types\n  new fields  " in ended.out
    asked = {path for _, path, _ in sandboxed.heard}
    assert asked == {"/api/users/getFields", "/api/users/getByEmail"}, "field types, and what the project type shows by"
    assert not sandboxed.folder.exists()
    sandboxed.cli("run")
    sandboxed.shop.sql("alter table people alter column age type varchar")
    assert "error[field-type-clash]" in sandboxed.cli("validate", "--online").err
    assert sandboxed.cli("validate").code == 0


def test_the_other_commands_look_at_the_same_state(sandboxed: SandboxedShop) -> None:
    assert "never run" in sandboxed.cli("status").out
    sandboxed.shop.sql("update people set email = 'nothing' where first_name = 'Bob'")
    assert sandboxed.cli("run").out.splitlines()[-1] == "see `reverse-etl rejected --select people --sandbox`"
    assert "2 entries" in sandboxed.cli("status").out
    assert "destination sandbox" in sandboxed.cli("status").out
    assert len(sandboxed.cli("history", "--output", "json").json["runs"]) == 1
    assert len(sandboxed.cli("rejected", "--output", "json").json["rejected"]) == 1
    assert "requeued" in sandboxed.cli("requeue").out
    for command in ("status", "history", "rejected"):
        assert "sandbox" not in sandboxed.shop.cli(command).out, command
    assert "never run" in sandboxed.shop.cli("status").out


def test_it_says_where_it_listens_and_how_to_look_afterwards(
    sandboxed: SandboxedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sandboxed.shop.folder)
    told = sandboxed.cli("run").err
    assert re.search(r"destination `iterable` is a sandbox at http://127\.0\.0\.1:\d+ until this command ends", told)
    assert (
        "reverse-etl sandbox --data-dir target/reverse_etl_sandbox/iterable --project-type email"
        in told.splitlines()[-1]
    )


@pytest.mark.parametrize(
    ("file", "variable", "played", "source"),
    [
        ("", "", "email", "default; set ITERABLE_PROJECT_TYPE"),
        ("", "hybrid", "hybrid", "ITERABLE_PROJECT_TYPE"),
        ("destinations: {iterable: {project_type: \"{{ env_var('KIND') }}\"}}", "email", "hybrid", "reverse_etl.yml"),
    ],
)
def test_the_project_type_is_the_configured_one(
    sandboxed: SandboxedShop, file: str, variable: str, played: str, source: str
) -> None:
    (sandboxed.shop.folder / "reverse_etl.yml").write_text(file)
    told = sandboxed.cli("run", ITERABLE_PROJECT_TYPE=variable, KIND="hybrid").err
    assert f"project type: {played} ({source})" in told


def test_too_many_refused_rows_are_listed_with_the_flag(sandboxed: SandboxedShop) -> None:
    sandboxed.shop.model("people", {**META, "reject_limit": {"percent": 0, "rows": 0}})
    sandboxed.shop.sql("update people set email = 'nobody' where first_name = 'Bob'")
    ended = sandboxed.cli("run")
    assert "error[reject-limit]" in ended.err
    assert "`reverse-etl rejected --select people --sandbox`" in ended.err
    assert "bad-email" in sandboxed.cli("rejected").out


def test_another_project_type_is_another_sandbox(sandboxed: SandboxedShop) -> None:
    sandboxed.cli("run")
    ended = sandboxed.cli("plan", ITERABLE_PROJECT_TYPE="hybrid")
    assert (ended.code, "error[other-project-type]" in ended.err) == (2, True)
    assert "error[unknown-project-type]" in sandboxed.cli("run", ITERABLE_PROJECT_TYPE="mail").err


def test_each_destination_has_a_sandbox_of_its_own(sandboxed: SandboxedShop) -> None:
    sandboxed.shop.model("friends", {**META, "destination": "../brand"})
    (sandboxed.shop.folder / "reverse_etl.yml").write_text(
        "destinations:\n  iterable: {region: us}\n  ../brand: {region: eu}\n"
    )
    assert sandboxed.cli("run").code == 0
    assert sorted(path.name for path in sandboxed.folder.iterdir()) == ["%2E%2E%2Fbrand", "iterable"]
    assert len(sandboxed.schemas) == 2
    assert sandboxed.users("%2E%2E%2Fbrand").keys() == sandboxed.users().keys()
    sandboxed.shop.model("others", {**META, "destination": "brnd"})
    assert "error[unknown-destination]" in sandboxed.cli("run").err


def test_two_commands_at_once_on_one_folder(sandboxed: SandboxedShop) -> None:
    sandboxed.cli("run")
    with start_sandbox(SandboxOptions(port=0, data_dir=sandboxed.folder / "iterable")):
        ended = sandboxed.cli("run")
        assert (ended.code, "error[sandbox-not-started]" in ended.err) == (2, True)
        assert "another sandbox has it open" in ended.err
        assert sandboxed.cli("plan").code == 0
    assert sandboxed.cli("run").code == 0


def test_a_folder_that_cannot_be_understood(sandboxed: SandboxedShop) -> None:
    sandboxed.cli("run")
    (sandboxed.folder / "iterable" / "sandbox.json").write_text("[]")
    ended = sandboxed.cli("status")
    assert (ended.code, "error[broken-sandbox-folder]" in ended.err) == (2, True)


def test_its_rates_are_those_of_iterable_unless_a_setting_says_otherwise(
    sandboxed: SandboxedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = []
    monkeypatch.setattr(
        "reverse_etl.project.sandboxes.sandboxed_project.start_sandbox",
        lambda options: limited.append(options.rate_limit) or start_sandbox(options),
    )
    sandboxed.cli("run")
    sandboxed.cli("run", REVERSE_ETL_REQUESTS_PER_SECOND="50")
    assert limited == [True, False]


def _about(scope: dict[str, str], *, creates_scope: bool = False) -> Sync:
    sync = Sync("s", "m", "model.m", "m", "m.yml", "list_members", "add", "iterable", {"email": "email"})
    return replace(sync, scope=scope, creates_scope=creates_scope)


def test_what_definitions_name_and_do_not_make_is_there() -> None:
    named = needed_contents(
        [
            _about({"list": "VIP"}, creates_scope=False),
            _about({"list": "VIP"}),
            _about({"list": "New"}, creates_scope=True),
            _about({"list_id": "77"}),
            _about({"catalog": "shops"}),
            _about({"catalog": "products"}, creates_scope=True),
            _about({}),
        ]
    )
    [(number, name), by_id] = named.lists
    assert (name, by_id, named.catalogs) == ("VIP", (77, "List 77"), ("shops",))
    assert needed_contents([_about({"list": "Other"}), _about({"list": "VIP"})]).lists[1] == (number, "VIP")
    with start_sandbox(SandboxOptions(port=0, lists=named.lists, catalogs=named.catalogs)) as running:
        assert {"VIP", "List 77"} < {one.name for one in running.project.lists}


def test_without_its_extra(sandboxed: SandboxedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "reverse_etl.sandbox.http.server")
    ended = sandboxed.cli("run")
    assert (ended.code, "error[missing-extra]" in ended.err) == (2, True)
    assert "reverse-etl[sandbox]" in ended.err
    assert sandboxed.cli("status").code == 0


def test_its_events_are_json_where_machines_listen(sandboxed: SandboxedShop) -> None:
    ended = sandboxed.cli("run", "--log-format", "json")
    names = [event["info"]["name"] for event in ended.events]
    assert (names[0], names[-1]) == ("SandboxUsed", "SandboxKept")
    assert json.loads(ended.out)["results"][0]["destination"] == "iterable"


@pytest.mark.parametrize(
    ("entry", "played", "why"),
    [
        ({"user_id": "email", "fields": ["age"]}, "user_id", "the definitions allow user_id and hybrid"),
        ({"email": "email", "user_id": "email", "prefer": "email"}, "email", "default; set ITERABLE_PROJECT_TYPE"),
        ({"email": "email", "fields": ["age"]}, "email", "default; set ITERABLE_PROJECT_TYPE"),
    ],
)
def test_the_definitions_choose_a_type_that_they_allow(
    sandboxed: SandboxedShop, entry: dict[str, object], played: str, why: str
) -> None:
    sandboxed.shop.model("people", {"object": "users", **entry})
    ended = sandboxed.cli("run")
    assert ended.code == 0, ended.err
    assert f"project type: {played} ({why})" in ended.err
    assert "(the type of the last run)" in sandboxed.cli("plan").err


def test_a_folder_of_another_type_says_how_to_start_again(sandboxed: SandboxedShop) -> None:
    sandboxed.shop.model("people", {"object": "users", "user_id": "email", "fields": ["age"]})
    assert sandboxed.cli("run").code == 0
    sandboxed.shop.model("people", {"object": "users", "email": "email", "fields": ["age"]})
    ended = sandboxed.cli("plan")
    assert (
        "project type: user_id (the type of the last run; your definitions need email or hybrid: delete " in ended.err
    )
    assert "wrong-identifier" in ended.err


@pytest.mark.parametrize("entry", [{"user_id": "email", "mode": "upsert"}, {"user_id": "email", "email": "first_name"}])
def test_a_first_try_that_failed_does_not_refuse_the_next(sandboxed: SandboxedShop, entry: dict[str, object]) -> None:
    sandboxed.shop.model("people", {"object": "users", **entry})
    sandboxed.shop.sql("update people set first_name = 'no address'")
    ended = sandboxed.cli("run", ITERABLE_PROJECT_TYPE="email")
    assert "to see what arrived" not in ended.err
    assert sandboxed.cli("status").code == 0
    sandboxed.shop.sql("update people set first_name = email")
    assert sandboxed.cli("run", ITERABLE_PROJECT_TYPE="user_id").code == 0
    assert sandboxed.counts("accepted") == [3]
    assert sandboxed.cli("run", ITERABLE_PROJECT_TYPE="email").code == 2


def test_a_fault_names_a_key_that_somebody_wrote(sandboxed: SandboxedShop) -> None:
    sandboxed.shop.model("people", {"object": "users", "user_id": "email"})
    assert "key: meta.reverse_etl.user_id" in sandboxed.cli("run", ITERABLE_PROJECT_TYPE="email").err
