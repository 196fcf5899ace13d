"""Fixtures are found by their names, so a conftest imports the ones that its tests use."""

from __future__ import annotations

from tests.doubles.fixtures import clock, iterable, sandboxes, server, world

__all__ = ["clock", "iterable", "sandboxes", "server", "world"]
