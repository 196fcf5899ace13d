"""What the stories share: a recording Iterable and a small project that sends to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.project import Project
from tests.stories.recorder import Recorder, recording

META = {"object": "users", "email": "email", "fields": {"name": "name", "plan.tier": "tier"}}
PEOPLE = (
    "CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'Name ' || i AS name,"
    " CASE WHEN i % 3 = 0 THEN 'pro' END AS tier FROM range({rows}) t(i)"
)


@pytest.fixture
def iterable() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture
def shop(tmp_path: Path, iterable: Recorder) -> Project:
    """Twelve people, none of them sent yet."""
    made = Project.make(tmp_path / "shop", iterable.url, META)
    made.sql(PEOPLE.format(rows=12))
    return made
