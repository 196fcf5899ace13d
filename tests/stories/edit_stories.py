"""Any sequence of edits and refusals ends with the model on the other side."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reverse_etl.run.sending import canary
from reverse_etl.warehouses.duckdb import DuckDB
from reverse_etl.warehouses.table_version import SETTLED_AFTER, TableVersion
from tests.stories.death import Killed, dying_at
from tests.stories.object_stories import DailyStories, FaultStories, Hooks, KillStories, RateStories, RefusalStories
from tests.stories.sides import Side
from tests.stories.story import Story

NUMBERS = st.integers(0, 5)
# Each example is several runs; STORY_EXAMPLES=50 looks further.
EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "2"))
CANARY, BASELINE = "canary", "baseline"
# Of so few rows, most may leave in a day.
ALLOWED = ("--allow", "empty_model", "--allow", "removed")


class Death(NamedTuple):
    """At which step a command dies; if it is a request, whether it arrived."""

    step: int
    landed: bool


class Day(NamedTuple):
    """One day: rows that are there from now on in a version, or are gone; and rows that the other side refuses.

    `part` is what the run sends: all rows, the first ones, or a canary of one row first. Or another tool sends all, and
    a baseline trusts it.
    """

    edits: dict[int, int | None]
    refused: set[int] = frozenset()  # type: ignore[assignment]
    part: int | str | None = None
    death: Death | None = None


DAYS = st.builds(
    Day,
    st.dictionaries(NUMBERS, st.none() | st.integers(0, 2), max_size=4),
    st.sets(NUMBERS, max_size=2),
    st.sampled_from([None, 1, 2, CANARY, BASELINE]),
    # A run has about 25 steps.
    st.none() | st.builds(Death, st.integers(0, 25), st.booleans()),
)
# Few rows are soon all of them.
ALLOWED = ("--allow", "empty_model", "--allow", "removed")
SOUND = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)

# A baseline before the first run, a run of changed, new and refused rows that dies after its request, and one change
# that is taken back.
ADOPTED = [
    Day({0: 1, 3: 0}, part=BASELINE),
    Day({0: 2, 1: None, 4: 0}, {4}, death=Death(8, landed=True)),
    Day({0: 1}),
]


def run_day(story: Story, part: int | str | None) -> None:
    """Run once. Refused rows may be too many, for the run or for its canary; everything else is no error."""
    flags = ["--limit", str(part)] if isinstance(part, int) else []
    with pytest.MonkeyPatch.context() as patch:
        if part == CANARY:
            patch.setattr(canary, "_LEAST_PLAN", 1)
            patch.setattr(canary, "_LEAST", 1)
        ended = story.project.cli("run", *ALLOWED, *flags)
    refused = ended.says("error[guard-canary]") or ended.says("error[reject-limit]")
    assert ended.code == 0 or refused, ended.out + ended.err


def trust(story: Story) -> None:
    """Take the rows of the model as accepted. Nothing is sent."""

    def adopt() -> None:
        ended = story.project.cli("baseline", "--select", "people", "--trust", "--yes")
        # Rows that were refused before may be too many for the limit.
        assert ended.code == 0 or ended.says("error[reject-limit]"), ended.out + ended.err

    assert story.requests_of(adopt) == 0


def live_through(story: Story, day: Day) -> None:
    """Do what the day says, until its death; the next day is an hour later."""

    def act() -> None:
        trust(story) if day.part == BASELINE else run_day(story, day.part)

    if day.death is None:
        act()
        return
    try:
        with dying_at(*day.death):
            act()
    except Killed:
        story.project.let_time_pass()


@contextmanager
def versioned_by_content(story: Story) -> Iterator[None]:
    """Let the model's table have the same version if, and only if, it has the same rows.

    So a run that does not compare without knowing that nothing can differ leaves rows behind.
    """

    def version(*_: object) -> TableVersion:
        return TableVersion(repr(story.rows), 0, SETTLED_AFTER)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DuckDB, "table_version", version)
        yield


class EditStories(Hooks):
    """Random days. Refused rows are accepted at the end and requeued."""

    @pytest.mark.slow
    @settings(SOUND, max_examples=EXAMPLES)
    @example(days=ADOPTED)
    @given(days=st.lists(DAYS, min_size=1, max_size=3))
    def test_after_any_days_the_other_side_holds_the_model(self, side: Side, days: list[Day]) -> None:
        self.assert_held_after(side, days)

    @pytest.mark.slow
    @pytest.mark.repeat
    @pytest.mark.parametrize("side", ["reference"], indirect=True)
    @settings(SOUND, max_examples=4)
    @given(days=st.lists(DAYS, min_size=3, max_size=6))
    def test_after_many_days_the_other_side_holds_the_model(self, side: Side, days: list[Day]) -> None:
        self.assert_held_after(side, days)

    def assert_held_after(self, side: Side, days: list[Day]) -> None:
        """Live through the days and a calm one, accept all rows, and compare the other side with the model."""
        with tempfile.TemporaryDirectory() as folder, ExitStack() as until_the_end:
            story = self.begin(side, Path(folder) / "shop")
            until_the_end.enter_context(versioned_by_content(story))
            versions: dict[int, int] = dict.fromkeys(range(3), 0)
            ever = {(number, 0) for number in versions}
            for day in [*days, Day({})]:
                versions.update({number: version for number, version in day.edits.items() if version is not None})
                for number in [number for number, version in day.edits.items() if version is None]:
                    versions.pop(number, None)
                ever |= set(versions.items())
                story.build(*(self.row(number, version) for number, version in sorted(versions.items())))
                if day.part == BASELINE:
                    self.send_by_another_tool(story)
                else:
                    side.refuse(*(self.name(self.row(number)) for number in day.refused))
                live_through(story, day)
            story.project.cli("requeue")
            story.run(*ALLOWED)
            held, expected = dict(self.held(story.memory)), self.expected(story.rows)
            assert {name: held.pop(name) for name in expected} == expected
            # A baseline takes rows that left the model as removed, and sends no removal.
            keeps = not self.deletes or any(day.part == BASELINE for day in days)
            left = [self.row(*one) for one in ever] if keeps else []
            assert set(held) <= set(self.expected(left))
            assert side.advice() == []
            assert not story.plan()["to_send"] or not story.rows

    def send_by_another_tool(self, story: Story) -> None:
        """Send every row, by a project of its own."""
        story.side.refuse()
        folder = story.project.folder.parent / "other"
        other = Story.begin(folder, story.side, self.definition(), self.columns, story.project.environment)
        other.build(*story.rows)
        other.run(*ALLOWED, "--allow", "old_events")
        shutil.rmtree(folder)


class ObjectStories(DailyStories, RateStories, RefusalStories, FaultStories, KillStories, EditStories):
    """All of them."""
