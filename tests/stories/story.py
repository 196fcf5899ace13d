"""A story: one model, one definition, one side that its rows are sent to, and what both of them say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stories.memories import Memory
from tests.stories.project import CALM, Ended, Project
from tests.stories.sides import KEY, Side

Row = dict[str, Any]


@dataclass
class Story:
    """`rows` are the rows of the model's last build."""

    project: Project
    side: Side
    columns: Mapping[str, str]
    rows: Sequence[Row] = ()

    @classmethod
    def begin(
        cls, folder: Path, side: Side, definition: object, columns: Mapping[str, str], environment: Mapping[str, str]
    ) -> Story:
        """A project with this definition and a model without rows."""
        story = cls(
            Project.make(folder, side.url, definition, {**CALM, "ITERABLE_API_KEY": KEY, **environment}), side, columns
        )
        story.build()
        return story

    @property
    def memory(self) -> Memory:
        return self.side.memory

    def build(self, *rows: Row) -> None:
        """Build the model, as dbt would, with these rows."""
        self.rows = rows
        self.project.fill(self.columns, rows)

    def run(self, *flags: str, code: int = 0) -> Ended:
        """`reverse-etl run` in this process, which ends with this exit code."""
        ended = self.project.cli("run", *flags)
        assert ended.code == code, ended.out + ended.err
        return ended

    def counts(self, *names: str) -> tuple[int, ...]:
        return self.project.counts(*names)

    def plan(self) -> dict[str, Any]:
        """What `plan` says of the sync."""
        ended = self.project.cli("plan", "--output", "json")
        assert ended.code == 0, ended.out + ended.err
        [plan] = json.loads(ended.out)["plans"]
        return dict(plan)

    def requests_of(self, act: Callable[[], object]) -> int:
        """How many requests that write something costs."""
        before = self.side.number
        act()
        return self.side.number - before

    def kill_at(self, number: int, when: str) -> None:
        """`run`, killed (-9) `before` or `after` a request of it is applied. The next run is an hour later."""
        self.project.kill_run(self.side.hooks, when, self.side.number + number)
