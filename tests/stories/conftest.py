"""What the stories share: an Iterable of the tests' own and a small project that sends to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference_iterable import ReferenceServer, serve_reference
from tests.stories.project import Project

pytest.register_assert_rewrite("tests.stories.object_stories", "tests.stories.edit_stories", "tests.stories.story")

META = {"object": "users", "email": "email", "fields": {"name": "name", "plan.tier": "tier"}}
PEOPLE = (
    "CREATE TABLE people AS SELECT 'u' || i || '@shop.com' AS email, 'Name ' || i AS name,"
    " CASE WHEN i % 3 = 0 THEN 'pro' END AS tier FROM range({rows}) t(i)"
)


@pytest.fixture
def iterable() -> Iterator[ReferenceServer]:
    with serve_reference() as reference:
        yield reference


@pytest.fixture
def shop(tmp_path: Path, iterable: ReferenceServer) -> Project:
    """Twelve people, none of them sent yet."""
    made = Project.make(tmp_path / "shop", iterable.url, META)
    made.sql(PEOPLE.format(rows=12))
    return made
