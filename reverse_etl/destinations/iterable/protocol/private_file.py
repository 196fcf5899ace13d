"""Files that only this user can read: what is downloaded from Iterable is personal data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reverse_etl.errors import ConfigError


@contextmanager
def write_private_file(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Return a function that writes to a new file. Raises ConfigError if the file cannot be written."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise _not_written(path, error) from error
    with open(handle, "wb", buffering=0) as file:  # noqa: PTH123  pathlib opens no handles

        def write(content: bytes) -> None:
            try:
                file.write(content)
            except OSError as error:
                raise _not_written(path, error) from error

        yield write


def _not_written(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        "file-not-written",
        f"{path} cannot be written: {error.strerror}",
        context={"file": path},
        hint="Make room on the disk, or let this user write to the folder, and run again.",
    )
