"""Any sequence of edits and refusals ends with the model on the other side."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reverse_etl.run.sending import canary
from tests.stories.object_stories import DailyStories, FaultStories, Hooks, KillStories, RateStories, RefusalStories
from tests.stories.sides import Side
from tests.stories.story import Story

NUMBERS = st.integers(0, 5)
# Each example is several runs; STORY_EXAMPLES=50 looks further.
EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "3"))
CANARY = "canary"
# One day: rows that are there from now on in a version, or are gone; rows that the other side refuses; and what the run
# sends: all rows, the first ones, or a canary of one row first.
DAYS = st.lists(
    st.tuples(
        st.dictionaries(NUMBERS, st.none() | st.integers(0, 2), max_size=4),
        st.sets(NUMBERS, max_size=2),
        st.sampled_from([None, 1, 2, CANARY]),
    ),
    min_size=1,
    max_size=3,
)


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
        max_examples=4,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
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
                side.refuse(*(self.name(self.row(number)) for number in refused))
                run_day(story, part)
            story.project.cli("requeue")
            story.run("--allow", "empty_model")
            held, expected = dict(self.held(story.memory)), self.expected(story.rows)
            assert {name: held.pop(name) for name in expected} == expected
            left = [] if self.deletes else [self.row(*one) for one in ever]
            assert set(held) <= set(self.expected(left))
            assert side.advice() == []
            assert not story.plan()["to_send"] or not story.rows


class ObjectStories(DailyStories, RateStories, RefusalStories, FaultStories, KillStories, EditStories):
    """All of them."""
