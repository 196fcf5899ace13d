"""A local Iterable for demos and tests. It shares no code with the client, so it cannot share a misreading of the API.

with start_sandbox(SandboxOptions(port=0)) as sandbox:
    requests.get(sandbox.url + "/sandbox/users")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.options import Behaviour, ProjectType, SandboxError, SandboxOptions
from reverse_etl.sandbox.rules.faults import FAULTS
from reverse_etl.sandbox.rules.journey_file import parse_journeys
from reverse_etl.sandbox.settings import Setting, list_settings, parse_behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from reverse_etl.sandbox.http.server import RunningSandbox
    from reverse_etl.sandbox.state.project import Clock

__all__ = [
    "FAULTS",
    "Behaviour",
    "ProjectType",
    "SandboxError",
    "SandboxOptions",
    "Setting",
    "list_settings",
    "parse_behaviour",
    "parse_journeys",
    "serve_sandbox",
    "start_sandbox",
]


def serve_sandbox(options: SandboxOptions, announce: Callable[[str], None]) -> None:
    """Run a sandbox in the main thread until SIGINT or SIGTERM. When it listens, `announce` gets its URL.

    Raises OSError if the port is in use, SandboxError if the data folder cannot be used.
    """
    from reverse_etl.sandbox.http.server import serve_until_signal

    serve_until_signal(options, announce)


def start_sandbox(options: SandboxOptions, clock: Clock | None = None) -> RunningSandbox:
    """Start a sandbox in a thread. Use it as a context manager, or call `stop()`.

    `clock` returns seconds since 1970. Timestamps and rate limits use it. Raises the errors of `serve_sandbox`.
    """
    from reverse_etl.sandbox.http.server import RunningSandbox

    return RunningSandbox(options, clock)
