"""The page of commands, from the command line's own definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main
from markdown_pieces import code, table

from reverse_etl.cli import app

_INTRO = """# Commands

The commands and flags are dbt's where dbt has them. Results go to stdout, log messages to stderr.

Every command has `--help` (`-h`). `reverse-etl --version` prints the version.

Exit codes:

- **0**: all is well, warnings included. For `plan` also if a guard would stop the run.
- **1**: something went wrong and was handled. A sync ended with `error`, `stopped` or `skipped`, the warehouse or
  Iterable failed, or a signal came. Other syncs ran.
- **2**: the command could not work, and no sync ran. A definition, a file, a flag or a variable has to change. Or there
  was an unexpected error.

With `--exit-code`, `plan` ends as `terraform plan -detailed-exitcode` does: 0 if nothing would be sent, 2 if something
would be sent, and 1 on an error or if a guard would stop the run.
"""


def commands_page() -> str:
    """Return every command with its help text and its flags."""
    root = typer.main.get_command(app)
    return "\n".join([_INTRO, *(_section(words, command) for words, command in _walk(root, ()))])


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
    for name, sub in sorted((inner or {}).items()):
        yield from _walk(sub, (*words, name))


def _section(words: str, command: Any) -> str:
    rows = [_row(one) for one in command.params if one.name != "help"]
    text = f"## `{words}`\n\n{(command.help or '').strip()}\n\n"
    return text + (table(("Flag", "Variable", "Default", "What it does"), rows) if rows else "")


def _row(parameter: Any) -> tuple[str, str, str, str]:
    names = [*parameter.opts, *parameter.secondary_opts]
    flag = ", ".join(code(name) for name in names) if names[0].startswith("-") else code(parameter.name.upper())
    text = getattr(parameter, "help", None) or ""
    in_help = re.search(r"\s*\[env var: ([A-Z_]+)\]", text)
    named = parameter.envvar if isinstance(parameter.envvar, str) else in_help[1] if in_help else ""
    default = (
        ""
        if parameter.default in (None, False, (), [])
        else code(getattr(parameter.default, "value", parameter.default))
    )
    return flag, code(named), default, text.replace(in_help[0], "") if in_help else text
