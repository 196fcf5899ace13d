"""The table of guards is the only place that lists them: files, definition keys, `--allow` and the docs follow it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import reverse_etl.guards
from reverse_etl.definition.guard_keys import GuardsEntry
from reverse_etl.guards.amount.removed import RemovalLimit, RemovedEntry, removal_limit
from reverse_etl.guards.guard import BuildGuardContext, BuildHold, Guard, Phase, SendGuardContext, first_problem
from reverse_etl.guards.table import ALLOWABLE, BUILD_GUARDS, FIELD_GUARDS, GUARDS, MANIFEST_GUARDS, SEND_GUARDS
from reverse_etl.sync import Limit, Sync
from tests.documentation import GENERATED

FILES = {path.stem for path in Path(reverse_etl.guards.__file__).parent.rglob("*.py")}
SHARED = {"__init__", "drift", "entry_part", "guard", "limit", "oldest_row", "share", "table"}


def sync(**values: Any) -> Sync:
    return Sync(
        "s", "m", "model.p.m", '"d"."s"."m"', "m.yml", "users", "upsert", "iterable", {"email": "email"}, **values
    )


def test_each_guard_has_a_file_of_its_name() -> None:
    assert [guard.name for guard in GUARDS] == list(dict.fromkeys(guard.name for guard in GUARDS))
    assert {guard.name for guard in GUARDS} == FILES - SHARED


def test_guards_stand_under_their_phase() -> None:
    for guards, phase in (
        (MANIFEST_GUARDS, Phase.MANIFEST),
        (FIELD_GUARDS, Phase.DEFINITION),
        (BUILD_GUARDS, Phase.BUILD),
        (SEND_GUARDS, Phase.SEND),
    ):
        assert {guard.phase for guard in guards} == {phase}


def test_keys_of_a_definition_come_from_the_table() -> None:
    with_key = [guard.name for guard in GUARDS if guard.key is not None]
    assert list(GuardsEntry.model_fields) == with_key != []
    off = GuardsEntry.model_validate(dict.fromkeys(with_key, False)).settings()
    assert all(guard.is_off(sync(guards=off)) for guard in GUARDS if guard.key is not None)
    assert not any(guard.is_off(sync()) for guard in GUARDS)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_docs_name_every_guard_and_how_it_is_passed(guard: Guard[Any]) -> None:
    [row] = [line for line in GENERATED["reference/guards.md"].splitlines() if line.startswith(f"| `{guard.name}` |")]
    assert (f"`--allow {guard.name}`" in row) == (guard.name in ALLOWABLE) == guard.is_off(sync(), ALLOWABLE)
    assert (f"guards: {{{guard.name}: false}}" in row) == (guard.key is not None)


def test_limits_have_one_default() -> None:
    assert RemovedEntry().limit() == RemovalLimit() == removal_limit(sync())
    assert removal_limit(sync(guards={"removed": True})) == RemovalLimit()
    assert removal_limit(sync(guards={"removed": False})) is None
    assert removal_limit(sync(guards={"removed": RemovedEntry(percent=70)})) == RemovalLimit(70, 100, 70, 20)
    assert (Limit().percent, Limit().rows, Limit().share, RemovalLimit().hours) == (10, 100, 50, 20)


def test_the_first_problem_counts() -> None:
    broken = SendGuardContext(sync(), damage="it is gone", snapshot_table="t", entries=3)
    problem = first_problem(SEND_GUARDS, broken)
    assert problem is not None
    assert problem.code == "guard-snapshot"
    allowed = first_problem([guard for guard in SEND_GUARDS if guard.name != "snapshot"], broken)
    assert allowed is not None
    assert allowed.code == "guard-empty-model"
    assert first_problem(SEND_GUARDS, SendGuardContext(sync())) is None


def test_the_build_guard_says_what_to_do() -> None:
    problem = first_problem(BUILD_GUARDS, BuildGuardContext(sync(), BuildHold("model `m` ended as `error`", "Fix it")))
    assert problem is not None
    assert problem.hint.startswith("Fix it. To send what is there")
    assert first_problem(BUILD_GUARDS, BuildGuardContext(sync(), None)) is None
