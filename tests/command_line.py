"""The command line in this process: a command ends in a tenth of the time that a process of its own takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import typer.testing
from typer.main import get_command

from reverse_etl.cli import app

# Reading the signatures of all commands takes as long as a small run, so they are read once.
typer.testing._get_command = cache(get_command)


def invoke(words: Sequence[str], env: Mapping[str, str | None]) -> typer.testing.Result:
    """Run one command. A variable that is None is not set."""
    return typer.testing.CliRunner().invoke(app, list(words), env=env)
