"""The dbt project, the DuckDB file and the sandbox of the command line's tests, used from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from reverse_etl import Event, Project
from tests.cli.conftest import Shop, people, sandbox, shop, working_in

__all__ = ["people", "sandbox", "shop"]


@dataclass
class Heard:
    """What an event callback was called with."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def load(shop: Shop, heard: Heard) -> Iterator[Callable[..., Project]]:
    """Load the project of the shop, as a process would whose working directory is the shop's folder."""

    def loaded(**options: object) -> Project:
        env = {**shop.env, **options.pop("more_env", {})}  # type: ignore[dict-item]
        return Project.load(shop.folder, env=env, on_event=heard, **options)  # type: ignore[arg-type]

    with working_in(shop.folder):
        yield loaded
