"""Fixtures are found by their names, so a conftest imports the ones that its tests use."""

from __future__ import annotations

from tests.doubles.fixtures import clock, server, world

__all__ = ["clock", "server", "world"]
