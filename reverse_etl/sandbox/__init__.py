"""A local Iterable for demos and tests. It imports nothing else of this package: a misreading of the API is not shared.

with start(SandboxOptions(port=0)) as sandbox:
    requests.get(sandbox.url + "/sandbox/users")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reverse_etl.sandbox.options import Behaviour, ProjectType, SandboxError, SandboxOptions
from reverse_etl.sandbox.rules.faults import FAULTS
from reverse_etl.sandbox.settings import Setting, behaviour_of, list_settings

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
    "behaviour_of",
    "list_settings",
    "serve",
    "start",
]


def serve(options: SandboxOptions, announce: Callable[[str], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM; `announce` gets its URL once the socket listens. For the main thread.

    Raises OSError when the port is taken, SandboxError when the data folder cannot be used.
    """
    from reverse_etl.sandbox.http.server import serve_until_signal

    serve_until_signal(options, announce)


def start(options: SandboxOptions, clock: Clock | None = None) -> RunningSandbox:
    """Start a sandbox in a thread; use it as a context manager, or call `stop()`.

    `clock` gives seconds since 1970 and drives timestamps and rate limits. Raises what `serve` raises.
    """
    from reverse_etl.sandbox.http.server import RunningSandbox

    return RunningSandbox(options, clock)
