"""The command line: command words in, text and exit code out; heavy imports are left to the command that needs them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from reverse_etl import __version__
from reverse_etl.cli.plan import plan
from reverse_etl.cli.run import run
from reverse_etl.cli.sandbox import sandbox
from reverse_etl.cli.schema import schema
from reverse_etl.cli.session import command, project_command
from reverse_etl.cli.spread import spread

_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="reverse-etl",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"reverse-etl {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Send the changed rows of tagged dbt models to Iterable.

    Exit codes: 0 all well, 1 a sync did not end well, 2 the command could not work.
    """


_OF_A_PROJECT: tuple[Callable[..., int | None], ...] = (run, plan)
_OF_NONE: tuple[Callable[..., int | None], ...] = (schema, sandbox)
for _function in _OF_A_PROJECT:
    app.command(context_settings=_HELP)(project_command(_function))
for _function in _OF_NONE:
    app.command(context_settings=_HELP)(command(_function))


def main() -> None:
    """Run the command that the command line names, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app(args=spread(sys.argv[1:]), prog_name="reverse-etl")
