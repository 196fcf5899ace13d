"""Any sequence of edits and refusals ends with the model on the other side."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stories.object_stories import DailyStories, FaultStories, Hooks, KillStories, RateStories, RefusalStories
from tests.stories.sides import Side

NUMBERS = st.integers(0, 5)
# Each example is several runs; STORY_EXAMPLES=50 looks further.
EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "3"))
# One day: rows that are there from now on in a version, or are gone; and rows that the other side refuses.
DAYS = st.lists(
    st.tuples(st.dictionaries(NUMBERS, st.none() | st.integers(0, 2), max_size=4), st.sets(NUMBERS, max_size=2)),
    min_size=1,
    max_size=3,
)


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
        self, side: Side, days: list[tuple[dict[int, int | None], set[int]]]
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            story = self.begin(side, Path(folder) / "shop")
            versions: dict[int, int] = dict.fromkeys(range(3), 0)
            ever = {(number, 0) for number in versions}
            for edits, refused in [*days, ({}, set[int]())]:
                versions.update({number: version for number, version in edits.items() if version is not None})
                for number in [number for number, version in edits.items() if version is None]:
                    versions.pop(number, None)
                ever |= set(versions.items())
                story.build(*(self.row(number, version) for number, version in sorted(versions.items())))
                side.refuse(*(self.name(self.row(number)) for number in refused))
                story.run("--allow", "empty_model")
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
