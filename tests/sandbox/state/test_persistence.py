from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys

import pytest
import requests

from reverse_etl.sandbox import SandboxError, SandboxOptions, start_sandbox

SERVE = """
import sys
from pathlib import Path
from reverse_etl.sandbox import SandboxOptions, serve_sandbox
folder = Path(sys.argv[1]) if sys.argv[1:] else None
serve_sandbox(SandboxOptions(port=0, data_dir=folder, rate_limit=False), lambda url: print(url, flush=True))
print("ended", flush=True)
"""
KEY = {"Api-Key": "sandbox-test"}


@pytest.fixture
def start_process():
    """Start `serve_sandbox` in another process. Return the process and its URL."""
    processes = []

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def bulk(url, *rows):
    reply = requests.post(url + "/api/users/bulkUpdate", headers=KEY, json={"users": list(rows)}, timeout=10)
    assert reply.json()["failCount"] == 0


def memory(url):
    fields = requests.get(url + "/api/users/getFields", headers=KEY, timeout=10).json()["fields"]
    forgotten = requests.get(url + "/api/users/forgotten", headers=KEY, timeout=10).json()
    users = requests.get(url + "/sandbox/users", timeout=10).json()
    pages = [requests.get(f"{url}/users/{number}", timeout=10).text for number in (1, 2, 3, 4)]
    return users, fields, forgotten, pages


@pytest.mark.kills
def test_state_survives_a_kill(start_process, tmp_path):
    process, url = start_process(tmp_path)
    bulk(
        url,
        *({"email": f"user{number}@shop.com", "dataFields": {"n": number, "home": {"x": "y"}}} for number in range(5)),
    )
    bulk(url, {"email": "user1@shop.com", "userId": "one", "dataFields": {"n": 7}})
    requests.delete(url + "/api/users/user2%40shop.com", headers=KEY, timeout=10)
    requests.post(url + "/api/users/forget", headers=KEY, json={"email": "user4@shop.com"}, timeout=10)
    before = memory(url)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, url = start_process(tmp_path)
    assert memory(url) == before
    assert [user["email"] for user in before[0]] == ["user0@shop.com", "user1@shop.com", "user3@shop.com"]
    bulk(url, {"email": "new@shop.com"})
    assert len(memory(url)[0]) == 4


ANN = {"email": "ann@shop.com"}
ITEM = {"id": "tea", "name": "Tea", "price": 4.5, "quantity": 2}
EVERYTHING = [
    ("users/update", {**ANN, "userId": "u-1", "dataFields": {"plan": "free"}}),
    ("users/update", {**ANN, "dataFields": {"plan": "gold"}}),
    ("lists", {"name": "VIP"}),
    ("lists/subscribe", {"listId": 302, "subscribers": [ANN]}),
    ("users/updateSubscriptions", {**ANN, "unsubscribedMessageTypeIds": [201]}),
    ("events/track", {**ANN, "eventName": "Order Placed", "id": "e-1", "dataFields": {"total": 9.5}}),
    ("commerce/trackPurchase", {"id": "p-1", "user": ANN, "items": [ITEM], "total": 9}),
    ("commerce/updateCart", {"user": ANN, "items": [ITEM]}),
    ("catalogs/products", None),
    ("catalogs/products/items", {"documents": {"tea": {"name": "Tea"}}, "replaceUploadedFieldsOnly": False}),
]


def read_pages(url):
    """Return what pages and /sandbox show, except requests, which are only in memory."""
    pages = ["users", "events", "lists", "lists/302", "catalogs", "catalogs/products", "fields", "users/1"]
    pages += [f"sandbox/{topic}" for topic in ("users", "events", "purchases", "lists", "subscriptions", "catalogs")]
    return {page: requests.get(f"{url}/{page}", timeout=10).text for page in pages}


@pytest.mark.kills
def test_everything_that_pages_show_survives_a_kill(start_process, tmp_path):
    process, url = start_process(tmp_path)
    empty = read_pages(url)
    for path, body in EVERYTHING:
        assert requests.post(f"{url}/api/{path}", headers=KEY, json=body, timeout=10).ok, path
    before = read_pages(url)
    process.kill()
    process.wait()
    _, url = start_process(tmp_path)
    assert read_pages(url) == before
    assert [page for page, text in before.items() if text == empty[page]] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_serve_cleanly(start_process, number):
    process, url = start_process()
    assert requests.get(url + "/sandbox/users", timeout=10).json() == []
    process.send_signal(number)
    assert process.communicate()[0] == "ended\n"
    assert process.returncode == 0


def test_a_folder_of_the_first_version_still_opens(tmp_path):
    user = {"email": "ann@shop.com", "userId": None, "data": {"a": 1}, "created": 0, "updated": 0, "history": []}
    with sqlite3.connect(tmp_path / "sandbox.sqlite") as file:
        file.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, document BLOB NOT NULL)")
        file.execute("CREATE TABLE project (name TEXT PRIMARY KEY, value BLOB NOT NULL)")
        file.execute("INSERT INTO users VALUES (4, ?)", (json.dumps(user).encode(),))
        values = {"project_type": "email", "fields": {"a": "long"}, "next_id": 7}
        file.executemany("INSERT INTO project VALUES (?, ?)", ((name, json.dumps(values[name])) for name in values))
    file.close()
    options = SandboxOptions(port=0, data_dir=tmp_path)
    for count in (0, 1):
        with start_sandbox(options) as sandbox:
            users, fields = sandbox.project.users, sandbox.project.field_types.custom
            assert (users[4].data, fields, sandbox.project.next_id) == ({"a": 1}, {"a": "long"}, 7 + count)
            bulk(sandbox.url, {"email": f"new{count}@shop.com"})


def test_reset_empties_the_folder_too(tmp_path):
    options = SandboxOptions(port=0, data_dir=tmp_path)
    with start_sandbox(options) as sandbox:
        bulk(sandbox.url, {"email": "ann@shop.com", "dataFields": {"a": 1}})
        assert requests.post(sandbox.url + "/sandbox/reset", timeout=10).json() == {"reset": True}
        assert (sandbox.project.users, sandbox.project.field_types.custom) == ({}, {})
    with start_sandbox(options) as sandbox:
        assert (sandbox.project.users, sandbox.project.field_types.custom) == ({}, {})


def test_a_project_keeps_its_type(tmp_path):
    with start_sandbox(SandboxOptions(port=0, data_dir=tmp_path)):
        pass
    with pytest.raises(SandboxError, match="type email, which cannot become hybrid"):
        start_sandbox(SandboxOptions(port=0, data_dir=tmp_path, project_type="hybrid"))


def test_one_folder_serves_one_sandbox(tmp_path):
    with (
        start_sandbox(SandboxOptions(port=0, data_dir=tmp_path)),
        pytest.raises(SandboxError, match="another sandbox has it open"),
    ):
        start_sandbox(SandboxOptions(port=0, data_dir=tmp_path))


def test_a_folder_that_cannot_be_one_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="cannot use"):
        start_sandbox(SandboxOptions(port=0, data_dir=tmp_path / "file"))


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with start_sandbox(SandboxOptions(port=0)) as sandbox:
        bulk(sandbox.url, {"email": "ann@shop.com"})
    assert list(tmp_path.iterdir()) == []


def test_importing_the_package_loads_no_server():
    heavy = "{'uvicorn', 'starlette', 'jinja2', 'orjson'}"
    code = f"import sys, reverse_etl.sandbox; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
