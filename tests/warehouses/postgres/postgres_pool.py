"""PgBouncer in front of a server of the tests: every transaction may meet another session of the server."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.warehouses.postgres.postgres_server import PASSWORD, Server, as_servant, free_port, servant_of

# Two sessions for all, handed out alternately: what one transaction leaves behind, another one finds.
CONFIGURATION = """
[databases]
shop = host={host} port={port} dbname=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
server_round_robin = 1
logfile = {folder}/log
pidfile = {folder}/pid
"""


def find_pool() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def pooled(server: Server, program: str) -> Iterator[Server]:
    """The server as it looks through a pool."""
    folder = Path(tempfile.mkdtemp(prefix="reverse-etl-pool-"))
    who = servant_of(folder)
    listen = free_port()
    words = CONFIGURATION.format(host=server.host, port=server.port, listen=listen, folder=folder)
    (folder / "pgbouncer.ini").write_text(words, encoding="utf-8")
    (folder / "users").write_text(f'"owner" "{PASSWORD}"\n', encoding="utf-8")
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [program, str(folder / "pgbouncer.ini")], stdout=said, stderr=said, cwd="/", **as_servant(who)
        )
    try:
        pool = Server(server.host, listen, server.programs)
        _wait_for(pool, process)
        yield pool
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(pool: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with suppress(psycopg.OperationalError):
            pool.run("SELECT 1")
            return
        assert process.poll() is None, "the pool has ended"
        time.sleep(0.05)
    raise AssertionError("the pool lets nobody in")
