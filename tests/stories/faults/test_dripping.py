"""Iterable answers byte by byte: the run ends in time, a signal ends it, and no row counts as accepted."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.doubles.raw_server import RawServer
from tests.stories.project import WINDOWED, Project

FIELDS = b'{"fields":{"email":"string","name":"string"}}'
META = {"object": "users", "email": "email", "fields": {"name": "name"}}
# An attempt ends soon, since no reply comes.
ENVIRONMENT = {**WINDOWED, "REVERSE_ETL_ATTEMPTS": "2", "REVERSE_ETL_HTTP_TIMEOUT": "0.6"}


def dripping(drips_at: str):
    """A server that answers at once, but drips where the path of the request holds this."""

    def speak(server, connection):
        if drips_at.encode() in server.requests[-1].split(b"\r\n", 1)[0]:
            server.asked.set()
            server.drip(connection, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000)
            return
        server.asked.clear()
        server.say(connection, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FIELDS) + FIELDS)

    return speak


def project_of(folder: Path, url: str, **environment: str) -> Project:
    project = Project.make(folder / "shop", url, META, {**ENVIRONMENT, **environment})
    project.fill({"email": "VARCHAR", "name": "VARCHAR"}, [{"email": f"u{n}@shop.com", "name": "A"} for n in range(3)])
    return project


def test_a_run_ends_and_its_rows_stay_unknown(tmp_path: Path) -> None:
    with RawServer(dripping("bulkUpdate")) as server:
        project = project_of(tmp_path, server.url)
        ended = project.run("run")
    assert ended.code == 1
    assert project.counts("accepted", "failed") == (0, 3)
    assert project.state("state") == [("unknown",)] * 3


def asked(server: RawServer, at: str) -> int:
    return sum(at.encode() in request for request in server.requests)


@pytest.mark.parametrize("at", ["getFields", "bulkUpdate"])
def test_a_signal_ends_a_run_while_a_reply_drips(tmp_path: Path, at: str) -> None:
    with RawServer(dripping(at)) as server:
        project = project_of(tmp_path, server.url, REVERSE_ETL_ATTEMPTS="50")
        process = project.start("run")
        while not (server.requests and at.encode() in server.requests[-1] and server.asked.wait(0.1)):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        tries = asked(server, at)
        _, err = process.communicate()
        assert asked(server, at) <= tries + 1
    assert process.returncode == 1, err
    [result] = json.loads((project.folder / "target" / "reverse_etl_results.json").read_text())["results"]
    assert result["counts"]["accepted"] == 0
    assert result["problem"]["code"] in ("interrupted", "rows-not-delivered")
