"""The command line: parses commands, calls the API, prints results. Each command does its own heavy imports."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from reverse_etl.cli.command import command, project_command
from reverse_etl.cli.commands.baseline import baseline
from reverse_etl.cli.commands.demo import demo
from reverse_etl.cli.commands.destination import accept_destination
from reverse_etl.cli.commands.list_syncs import list_syncs
from reverse_etl.cli.commands.migrate_state import migrate_state
from reverse_etl.cli.commands.plan import plan
from reverse_etl.cli.commands.rejected import list_rejected, requeue_refused
from reverse_etl.cli.commands.run import run
from reverse_etl.cli.commands.sandbox import sandbox
from reverse_etl.cli.commands.schema import schema
from reverse_etl.cli.commands.state import list_states, prune_state, reset_state
from reverse_etl.cli.commands.status import show_history, show_status
from reverse_etl.cli.commands.validate import validate
from reverse_etl.cli.flag_lists import repeat_flags
from reverse_etl.version import __version__

# New objects before the garbage collector looks for cycles. Python's 700 costs a tenth of the start: imports and dbt's
# files make many objects, and nearly all of them stay.
_COLLECT_AFTER = 50_000
_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="reverse-etl",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"reverse-etl {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Send the changed rows of tagged dbt models to Iterable.

    Exit codes: 0 success, 1 a sync failed or was stopped, 2 the command could not run.
    """


_PROJECT_COMMANDS: Mapping[str, Callable[..., int | None]] = {
    "run": run,
    "plan": plan,
    "baseline": baseline,
    "validate": validate,
    "list": list_syncs,
    "status": show_status,
    "history": show_history,
    "rejected": list_rejected,
    "requeue": requeue_refused,
}
_STATE_COMMANDS: Mapping[str, Callable[..., int | None]] = {
    "list": list_states,
    "migrate": migrate_state,
    "prune": prune_state,
    "reset": reset_state,
}
_OTHER_COMMANDS: Mapping[str, Callable[..., int | None]] = {"schema": schema, "sandbox": sandbox, "demo": demo}

for _name, _function in _PROJECT_COMMANDS.items():
    app.command(_name, context_settings=_HELP)(project_command(_function))
destinations = typer.Typer(help="Where the rows of a sync go.", no_args_is_help=True, rich_markup_mode=None)
destinations.command("accept", context_settings=_HELP)(project_command(accept_destination))
app.add_typer(destinations, name="destination", context_settings=_HELP)
states = typer.Typer(help="Where the sync snapshots are.", no_args_is_help=True, rich_markup_mode=None)
for _name, _function in _STATE_COMMANDS.items():
    states.command(_name, context_settings=_HELP)(project_command(_function))
app.add_typer(states, name="state", context_settings=_HELP)
for _name, _function in _OTHER_COMMANDS.items():
    app.command(_name, context_settings=_HELP)(command(_function))


def main() -> None:
    """Run the command that the command line names, and exit with its code."""
    gc.set_threshold(_COLLECT_AFTER)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app(args=repeat_flags(sys.argv[1:]), prog_name="reverse-etl")
