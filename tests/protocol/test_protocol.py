"""The commit protocol, explored: sound variants keep every promise everywhere, and every shortcut breaks one."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from .checker import explore
from .plan import nothing_to_do
from .promises import bounded_repeats, nothing_lost, sound
from .rules import Rules
from .shortcuts import SHORTCUTS, Shortcut
from .variants import FULL, ONE_IDENTITY, SMALL, STATEMENTS, TWO_STARTS, Sound

if TYPE_CHECKING:
    from .world import World

PROMISES = (sound, nothing_lost, bounded_repeats)
NOT_A_SHORTCUT = {"limits", "start", "values", "identities", "window", "commit"}

full_bounds = pytest.mark.skipif(os.environ.get("PROTOCOL_BOUNDS") != "full", reason="needs PROTOCOL_BOUNDS=full")
each_sound = pytest.mark.parametrize("variant", SMALL, ids=lambda variant: variant.name)
each_sound_in_full = pytest.mark.parametrize("variant", FULL, ids=lambda variant: variant.name)
each_shortcut = pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda shortcut: shortcut.name)


@pytest.mark.slow
@each_sound
def test_a_sound_variant_keeps_its_promises_in_every_world(variant: Sound) -> None:
    finding = explore(variant.rules, *PROMISES)
    assert (finding.broken, finding.path) == ("", ())
    assert finding.worlds == variant.worlds


@pytest.mark.slow
@full_bounds
@each_sound_in_full
def test_a_sound_variant_keeps_its_promises_at_full_bounds(variant: Sound) -> None:
    finding = explore(variant.rules, *PROMISES)
    assert (finding.broken, finding.path) == ("", ())
    assert finding.worlds == variant.worlds


@each_shortcut
def test_a_shortcut_breaks_a_promise(shortcut: Shortcut) -> None:
    finding = explore(replace(shortcut.rules, **shortcut.taken), shortcut.breaks)
    assert finding.broken
    assert finding.path[-1] == shortcut.story[-1]
    steps = iter(finding.path)
    assert [told for told in shortcut.story if told not in steps] == [], finding.path


@each_shortcut
def test_without_the_shortcut_the_same_faults_do_no_harm(shortcut: Shortcut) -> None:
    finding = explore(shortcut.rules, *PROMISES)
    assert (finding.broken, finding.path) == ("", ())
    assert finding.worlds == shortcut.worlds


def test_every_rule_has_a_shortcut_that_shows_what_it_is_for() -> None:
    shown = {rule for shortcut in SHORTCUTS for rule in shortcut.taken}
    assert shown == {field.name for field in fields(Rules)} - NOT_A_SHORTCUT


@pytest.mark.parametrize("rules", [STATEMENTS, Rules(TWO_STARTS), replace(ONE_IDENTITY, limits=TWO_STARTS)])
def test_the_protocol_delivers_after_every_fault_together(rules: Rules) -> None:
    finding = explore(rules, _not_yet_delivered)
    assert finding.broken == "delivered"
    assert any("is killed at" in step for step in finding.path)


def _not_yet_delivered(world: World, rules: Rules) -> str:
    idle = not world.runners and not world.requests and not world.merges
    return "delivered" if idle and world.faults == rules.limits and nothing_to_do(world, rules) else ""
