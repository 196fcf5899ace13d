"""The command line in this process: a command ends in a tenth of the time that a process of its own takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import typer.testing
from typer.main import get_command

from reverse_etl.cli import app

# Reading the signatures of all commands takes as long as a small run, so they are read once.
get_root = cache(get_command)
typer.testing._get_command = get_root


def works_on_project(words: Sequence[str]) -> bool:
    """Return whether the command of these words takes the flags that name a dbt project."""
    found: Any = get_root(app)
    for word in words:
        found = getattr(found, "commands", {}).get(word, found)
    return any(parameter.name == "project_dir" for parameter in found.params)


def invoke(words: Sequence[str], env: Mapping[str, str | None]) -> typer.testing.Result:
    """Run one command. A variable that is None is not set."""
    return typer.testing.CliRunner().invoke(app, list(words), env=env)
