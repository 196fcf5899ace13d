"""DemoEnvironment: a throw-away sandbox and a throw-away copy of a dbt project, both gone when it is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from reverse_etl.errors import ConfigError, ReverseEtlError

_OWN_PREFIXES = ("ITERABLE_", "DBT_", "REVERSE_ETL_", "SHOP_")
_BUILT = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb", "*.wal", ".user.yml")


@dataclass(frozen=True)
class DemoEnvironment:
    """A running sandbox, a copy of the project, and the environment in which programs find both."""

    project: Path
    url: str
    env: Mapping[str, str]
    show: Callable[[str], None]

    def run(self, *words: str) -> None:
        """Print and run one command in the project's folder. Raises ReverseEtlError if it fails."""
        self.show(f"\n$ {_command_line(words)}")
        done = subprocess.run([*_program(words[0]), *words[1:]], cwd=self.project, env=dict(self.env), check=False)  # noqa: S603
        if done.returncode:
            raise ReverseEtlError(
                "demo-step-failed",
                f"`{_command_line(words)}` ended with exit code {done.returncode}",
                context={"command": _command_line(words), "exit code": done.returncode},
                hint="Its output above says why.",
            )

    def read(self, path: str) -> list[dict[str, Any]]:
        """Return what the sandbox lists at this path, such as `/sandbox/users`."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request("GET", path)
            found: list[dict[str, Any]] = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as error:
            raise ReverseEtlError(
                "demo-sandbox-gone",
                "the demo's sandbox no longer answers",
                context={"address": self.url, "reason": type(error).__name__},
                hint="Run the demo again.",
            ) from error
        else:
            return found
        finally:
            connection.close()


@contextmanager
def open_demo_environment(sample: Path, show: Callable[[str], None]) -> Iterator[DemoEnvironment]:
    """Open an environment with a copy of `sample`. Everything it started ends with it, also after a signal."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="reverse-etl-demo-") as folder:
            project = Path(folder) / sample.name
            shutil.copytree(sample, project, ignore=_BUILT)
            with _sandbox(Path(folder) / "sandbox") as url:
                yield DemoEnvironment(project, url, _environment(os.environ, project, url), show)
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _sandbox(data_dir: Path) -> Iterator[str]:
    words = [*_program("reverse-etl"), "sandbox", "--port", "0", "--data-dir", str(data_dir), "--quiet"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_PREFIXES)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as process:  # noqa: S603  our own program
        try:
            yield _read_url(process)
        finally:
            _end(process)


def _read_url(process: subprocess.Popen[str]) -> str:
    url = process.stdout.readline().strip() if process.stdout else ""
    if not url:
        raise ConfigError(
            "demo-sandbox-gone",
            "the demo's sandbox did not start",
            context={"exit code": process.poll()},
            hint="Run `reverse-etl sandbox` to see why.",
        )
    return url


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def _environment(env: Mapping[str, str], project: Path, url: str) -> dict[str, str]:
    """Return the user's environment without its own profiles, keys and settings."""
    kept = {name: value for name, value in env.items() if not name.startswith(_OWN_PREFIXES)}
    return {
        **kept,
        "DBT_PROFILES_DIR": str(project),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "true" if sys.stdout.isatty() else "false",
        "ITERABLE_BASE_URL": url,
        "ITERABLE_API_KEY": "sandbox-demo",
        "ITERABLE_PROJECT_TYPE": "email",
        # The sandbox applies everything at once.
        "REVERSE_ETL_USER_PAUSE": "0",
    }


def _program(name: str) -> list[str]:
    if name == "reverse-etl":
        return [sys.executable, "-m", "reverse_etl"]
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise ConfigError(
            "missing-dbt",
            f"the demo needs `{name}`, which is not installed",
            context={"looked for": f"{beside}, and PATH"},
            hint='Install it: pip install "reverse-etl[dbt,duckdb,sandbox]" dbt-duckdb',
        )
    return [found]


def _command_line(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" if " " in word else word for word in words)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
