"""`destination accept`: after the key of a project was changed."""

from __future__ import annotations

from typing import Any

import pytest

from reverse_etl.errors import WarehouseError
from tests.cli.conftest import Shop


def test_accepting_lets_a_new_key_pass(people: Shop, sandbox: Any) -> None:
    people.cli("run")
    new = {"ITERABLE_API_KEY": "sandbox-rotated"}
    people.sql("update people set age = 1 where first_name = 'Bob'")
    stopped = people.cli("run", **new)
    assert (stopped.code, "error[guard-destination]" in stopped.err) == (1, True)
    accepted = people.cli("destination", "accept", "--select", "people", **new)
    assert (accepted.code, accepted.err) == (0, "")
    assert people.url.removeprefix("http://") in accepted.out
    assert people.cli("run", **new).code == 0
    assert people.results["results"][0]["counts"]["accepted"] == 1
    assert "error[guard-destination]" in people.cli("run").err


def test_nothing_to_accept_before_the_first_run(people: Shop) -> None:
    ended = people.cli("destination", "accept")
    assert (ended.code, "nothing was sent yet" in ended.out) == (0, True)
    assert people.cli("status").out.startswith("sync people: never run")


def test_an_acceptance_that_fails_does_not_block_the_next_command(
    people: Shop, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise WarehouseError("no-space-left", "the disk is full", context={}, hint="None.")

    people.cli("run")
    new = {"ITERABLE_API_KEY": "sandbox-rotated"}
    accept = ("destination", "accept", "--select", "people")
    monkeypatch.setattr("reverse_etl.snapshot.snapshot_store.SnapshotStore.live_entries", refuse)
    assert "error[no-space-left]" in people.cli(*accept, **new).err
    monkeypatch.undo()
    people.sql("update people set age = 1 where first_name = 'Bob'")
    assert people.cli("run", "--wait", "0", **new).code == 0
