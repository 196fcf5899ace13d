"""Any sequence of edits and refusals ends with the model on the other side."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reverse_etl.run.sending import canary
from tests.stories.object_stories import DailyStories, FaultStories, Hooks, KillStories, RateStories, RefusalStories
from tests.stories.sides import Side
from tests.stories.story import Story

NUMBERS = st.integers(0, 5)
# Each example is several runs; STORY_EXAMPLES=50 looks further.
EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "3"))
CANARY, BASELINE = "canary", "baseline"
# One day: rows that are there from now on in a version, or are gone; rows that the other side refuses; and what the run
# sends: all rows, the first ones, or a canary of one row first. Or another tool sends all, and a baseline trusts it.
DAYS = st.lists(
    st.tuples(
        st.dictionaries(NUMBERS, st.none() | st.integers(0, 2), max_size=4),
        st.sets(NUMBERS, max_size=2),
        st.sampled_from([None, 1, 2, CANARY, BASELINE]),
    ),
    min_size=1,
    max_size=3,
)

# A baseline before the first run, and rows that change, leave, come or are refused afterwards.
ADOPTED = [({0: 1, 3: 0}, set[int](), BASELINE), ({0: 2, 1: None, 4: 0}, {4}, None)]


def run_day(story: Story, part: int | str | None) -> None:
    """Run once. A canary that is refused ends the run; everything else is no error."""
    if part != CANARY:
        story.run("--allow", "empty_model", *([] if part is None else ["--limit", str(part)]))
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canary, "_LEAST_PLAN", 1)
        patch.setattr(canary, "_LEAST", 1)
        ended = story.project.cli("run", "--allow", "empty_model")
    assert ended.code == 0 or ended.says("guard-canary"), ended.out + ended.err


class EditStories(Hooks):
    """Random days. Refused rows are accepted at the end and requeued."""

    @pytest.mark.slow
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @example(days=ADOPTED)
    @given(days=DAYS)
    def test_after_any_days_the_other_side_holds_the_model(
        self, side: Side, days: list[tuple[dict[int, int | None], set[int], int | str | None]]
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            story = self.begin(side, Path(folder) / "shop")
            versions: dict[int, int] = dict.fromkeys(range(3), 0)
            ever = {(number, 0) for number in versions}
            for edits, refused, part in [*days, ({}, set[int](), None)]:
                versions.update({number: version for number, version in edits.items() if version is not None})
                for number in [number for number, version in edits.items() if version is None]:
                    versions.pop(number, None)
                ever |= set(versions.items())
                story.build(*(self.row(number, version) for number, version in sorted(versions.items())))
                if part == BASELINE:
                    self.adopt(story)
                    continue
                side.refuse(*(self.name(self.row(number)) for number in refused))
                run_day(story, part)
            story.project.cli("requeue")
            story.run("--allow", "empty_model")
            held, expected = dict(self.held(story.memory)), self.expected(story.rows)
            assert {name: held.pop(name) for name in expected} == expected
            # A baseline takes rows that left the model as removed, and sends no removal.
            keeps = not self.deletes or any(part == BASELINE for _, _, part in days)
            left = [self.row(*one) for one in ever] if keeps else []
            assert set(held) <= set(self.expected(left))
            assert side.advice() == []
            assert not story.plan()["to_send"] or not story.rows

    def adopt(self, story: Story) -> None:
        """Let another tool send every row, and trust it: the baseline itself sends nothing."""
        story.side.refuse()
        folder = story.project.folder.parent / "other"
        other = Story.begin(folder, story.side, self.definition(), self.columns, story.project.environment)
        other.build(*story.rows)
        other.run("--allow", "empty_model", "--allow", "old_events")
        shutil.rmtree(folder)

        def trust() -> None:
            ended = story.project.cli("baseline", "--select", "people", "--trust", "--yes")
            assert ended.code == 0, ended.out + ended.err

        assert story.requests_of(trust) == 0


class ObjectStories(DailyStories, RateStories, RefusalStories, FaultStories, KillStories, EditStories):
    """All of them."""
