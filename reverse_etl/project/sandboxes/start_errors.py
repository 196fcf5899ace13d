"""What keeps a sandbox from starting, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reverse_etl.errors import ConfigError


@contextmanager
def report_start_failure(port: int, hint: str) -> Iterator[None]:
    """Raise ConfigError if a sandbox cannot start. `hint` is for a folder that cannot be used."""
    from reverse_etl.sandbox import SandboxError

    try:
        yield
    except ImportError as error:
        raise ConfigError(
            "missing-extra",
            "the sandbox's server is not installed",
            context={"missing": error.name},
            hint='Install it: pip install "reverse-etl[sandbox]"',
        ) from error
    except SandboxError as error:
        raise ConfigError("sandbox-not-started", str(error), context={"port": port}, hint=hint) from error
    except OSError as error:
        raise ConfigError(
            "port-taken",
            f"the sandbox cannot listen on port {port}",
            context={"reason": error.strerror or error},
            hint="Choose another port with `--port`, or 0 for a free one.",
        ) from error
