"""The stories that every object must live through, against the sandbox and against the reference server.

A test class of an object inherits `ObjectStories` and says, in a few hooks, what a row is and what the other side must
then hold. A class for one more mode of it may inherit the parts it needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from tests.reference_iterable import Reply
from tests.reference_iterable.replies import BAD_GATEWAY, too_many_requests
from tests.stories.memories import Memory
from tests.stories.sides import QUICK_SIDE, SIDES, Side
from tests.stories.story import Row, Story

FIRST = range(7)


class Hooks:
    """What an object's test class says.

    `columns` are the model's, with their types in DuckDB. `deletes`: what leaves the model leaves Iterable. `opt_in`:
    the project has opt-in message types. `environment` is added to what commands see of it.
    """

    columns: ClassVar[Mapping[str, str]]
    project_type: ClassVar[str] = "email"
    deletes: ClassVar[bool] = False
    opt_in: ClassVar[bool] = False
    environment: ClassVar[Mapping[str, str]] = {}

    def definition(self) -> Mapping[str, object]:
        """The entry under `meta.reverse_etl`."""
        raise NotImplementedError

    def row(self, number: int, version: int = 0) -> Row:
        """Row `number` of the model, as of a version: versions of a row have one key and differ in what is sent."""
        raise NotImplementedError

    def key(self, row: Row) -> str:
        """What the sync snapshot calls the row, as `rejected` shows it."""
        raise NotImplementedError

    def name(self, row: Row) -> str:
        """The identifier by which the other side can refuse this row and no other."""
        return self.key(row)

    def expected(self, rows: Sequence[Row]) -> Mapping[str, object]:
        """What the other side must hold when it has taken exactly these rows, a value for each."""
        raise NotImplementedError

    def held(self, memory: Memory) -> Mapping[str, object]:
        """What it does hold, in the same form; what `prepare` put there left out."""
        raise NotImplementedError

    def prepare(self, side: Side) -> None:
        """Make what must be there before the first run, by `side.call`."""

    @pytest.fixture(params=[pytest.param(name, marks=[] if name == QUICK_SIDE else pytest.mark.slow) for name in SIDES])
    def side(self, request: pytest.FixtureRequest) -> Iterator[Side]:
        with SIDES[request.param](self.project_type, opt_in=self.opt_in) as side:
            yield side

    @pytest.fixture
    def story(self, side: Side, tmp_path: Path) -> Story:
        """A story that has not begun: the model has seven rows, and nothing was sent."""
        return self.begin(side, tmp_path / "shop")

    def begin(self, side: Side, folder: Path) -> Story:
        side.clear()
        self.prepare(side)
        environment = {"ITERABLE_PROJECT_TYPE": self.project_type, **self.environment}
        story = Story.begin(folder, side, {"first_run": "send", **self.definition()}, self.columns, environment)
        story.build(*map(self.row, FIRST))
        return story

    def assert_agrees(self, story: Story, left: Sequence[Row] = ()) -> None:
        """The other side holds the model, and of the rows that `left` it what it should; nothing was ill-advised."""
        rows = [*story.rows, *([] if self.deletes else left)]
        assert self.held(story.memory) == self.expected(rows)
        assert story.side.advice() == []

    def assert_quiet(self, story: Story) -> None:
        """A further run has nothing to send, and `plan` knows."""
        assert story.plan()["to_send"] == 0
        assert story.requests_of(story.run) == 0


class DailyStories(Hooks):
    """What happens on good days."""

    @pytest.mark.slow
    def test_the_first_run_sends_every_row_and_the_next_one_none(self, story: Story) -> None:
        assert story.plan()["to_send"] == len(FIRST)
        assert self.held(story.memory) == {}
        story.run()
        assert story.counts("added", "accepted", "planned") == (7, 7, 7)
        self.assert_agrees(story)
        self.assert_quiet(story)
        assert story.counts("unchanged", "planned") == (7, 0)

    def test_only_what_was_added_or_changed_is_sent(self, story: Story) -> None:
        story.run()
        story.build(*map(self.row, range(5)), self.row(5, 1), self.row(6), self.row(7))
        story.run()
        assert story.counts("added", "changed", "unchanged", "accepted") == (1, 1, 6, 2)
        self.assert_agrees(story)
        self.assert_quiet(story)

    @pytest.mark.slow
    def test_a_row_that_leaves_the_model_and_comes_back(self, story: Story) -> None:
        story.run()
        story.build(*map(self.row, range(1, 7)))
        sent = story.requests_of(story.run)
        assert (sent > 0) == self.deletes
        assert story.counts("removed") == (1,)
        self.assert_agrees(story, left=[self.row(0)])
        story.build(*map(self.row, FIRST))
        story.run()
        self.assert_agrees(story)
        self.assert_quiet(story)


class Ticking:
    """What stands for the module `time`: a clock that only sleeping moves."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class RateStories(Hooks):
    """How fast requests come, by the client's own clock: one at a time, so that it stands still while one is served."""

    @pytest.mark.parametrize("side", ["reference"], indirect=True)
    def test_no_endpoint_is_called_more_often_than_iterable_allows(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Ticking()
        monkeypatch.setattr("reverse_etl.project.run_environment.time", clock)
        story.side.hooks.monotonic = clock.monotonic  # type: ignore[attr-defined]
        story.project.environment |= {
            "REVERSE_ETL_REQUESTS_PER_SECOND": "0",
            "REVERSE_ETL_BATCH_ROWS": "1",
            "REVERSE_ETL_CONCURRENCY": "1",
        }
        story.side.in_a_hurry = False
        story.build(*map(self.row, range(12)))
        story.run()
        assert story.counts("accepted", "planned") == (12, 12)
        assert clock.now > Ticking.now
        self.assert_agrees(story)


class RefusalStories(Hooks):
    """What happens to rows that the other side refuses, and to the rows next to them."""

    def refused(self, story: Story) -> list[tuple[str, str]]:
        """Key and state of what is held back."""
        ended = story.project.cli("rejected", "--show-values", "--output", "json")
        return [(row["key"], row["state"]) for row in json.loads(ended.out)["rejected"]]

    def refuse_one(self, story: Story) -> Row:
        row = self.row(3)
        story.side.refuse(self.name(row))
        assert story.run().says("1 rejected")
        return row

    @pytest.mark.slow
    def test_a_refused_row_is_quarantined_and_the_others_arrive(self, story: Story) -> None:
        row = self.refuse_one(story)
        assert story.counts("accepted", "rejected", "planned") == (6, 1, 7)
        assert self.refused(story) == [(self.key(row), "rejected")]
        assert self.held(story.memory) == self.expected([one for one in story.rows if one != row])
        self.assert_quiet(story)
        assert story.counts("quarantined", "planned") == (1, 0)

    @pytest.mark.slow
    def test_a_refused_row_goes_out_again_once_it_has_changed(self, story: Story) -> None:
        self.refuse_one(story)
        story.side.refuse()
        story.build(*(self.row(number, 1 if number == 3 else 0) for number in FIRST))
        story.run()
        assert story.counts("accepted", "planned") == (1, 1)
        assert self.refused(story) == []
        self.assert_agrees(story)

    @pytest.mark.slow
    def test_a_refused_row_goes_out_again_on_request(self, story: Story) -> None:
        self.refuse_one(story)
        story.side.refuse()
        assert story.project.cli("requeue").says("1 refusal")
        story.run()
        assert story.counts("accepted", "planned") == (1, 1)
        self.assert_agrees(story)

    @pytest.mark.slow
    def test_a_refused_change_leaves_what_was_accepted_before(self, story: Story) -> None:
        story.run()
        before = self.held(story.memory)
        story.build(*(self.row(number, 1 if number == 3 else 0) for number in FIRST))
        self.refuse_one(story)
        assert self.held(story.memory) == before
        story.side.refuse()
        story.build(*map(self.row, FIRST))
        story.run()
        self.assert_agrees(story)
        self.assert_quiet(story)


class FaultStories(Hooks):
    """What happens when the connection or the other side has a bad day."""

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [1, 2])
    def test_a_reply_that_is_lost_doubles_nothing(self, story: Story, number: int) -> None:
        lost = [number]
        story.side.hooks.drop_reply = lambda now: now in lost and lost.remove(now) is None
        story.run()
        assert lost == []
        assert story.counts("accepted", "planned") == (7, 7)
        self.assert_agrees(story)
        self.assert_quiet(story)

    @pytest.mark.slow
    @pytest.mark.parametrize("reply", [too_many_requests(0.05), BAD_GATEWAY], ids=["429", "502"])
    def test_a_refusal_that_passes_is_waited_out(self, story: Story, reply: Reply) -> None:
        said = [reply]
        story.side.hooks.answer = lambda _number: said.pop() if said else None
        story.run()
        assert said == []
        assert story.counts("accepted", "planned") == (7, 7)
        self.assert_agrees(story)
        self.assert_quiet(story)


class KillStories(Hooks):
    """kill -9, and run again. A reply that the dead run had is one that the sync snapshot does not know of."""

    @pytest.mark.kills
    @pytest.mark.parametrize(
        ("side", "when", "number"), [("sandbox", "before", 1), ("reference", "after", 2)], indirect=["side"]
    )
    def test_a_run_that_was_killed_is_taken_up(self, story: Story, when: str, number: int) -> None:
        story.kill_at(number, when)
        story.run()
        self.assert_agrees(story)
        self.assert_quiet(story)

    @pytest.mark.kills
    @pytest.mark.parametrize("side", ["reference"], indirect=True)
    def test_a_change_that_landed_and_was_taken_back_before_the_next_run(self, story: Story) -> None:
        story.run()
        story.build(*(self.row(number, 1) for number in FIRST))
        story.kill_at(1, "after")
        story.build(*map(self.row, FIRST))
        story.run()
        self.assert_agrees(story)
        self.assert_quiet(story)
