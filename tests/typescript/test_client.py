"""Iterable's official TypeScript client uses a real sandbox, and parses every reply with its own schemas."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", ".npmrc", "areas.mjs")
AREAS = re.findall(r"^  async (\w+)\(\)", (HERE / "areas.mjs").read_text(encoding="utf-8"), re.MULTILINE)
_OFFLINE = re.compile(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH")


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The folder that holds the script and the client, installed once; or why there is none."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        return f"{' and '.join(missing)} not found"
    folder = tmp_path_factory.mktemp("typescript")
    for name in FILES:
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if ended.returncode and (code := _OFFLINE.search(ended.stderr)):
        return f"npm cannot reach its registry ({code[0]})"
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def folder(installed, request):
    if isinstance(installed, str):
        pytest.skip(f"{request.node.name}: {installed}")
    return installed


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_the_client_gets_along_with_the_sandbox(folder, area):
    options = SandboxOptions(
        port=0,
        project_type="hybrid" if area == "hybrid" else "email",
        rate_limit=area == "errors",
        behaviour=Behaviour(subscription_groups=True),
    )
    with start_sandbox(options) as sandbox:
        command = ["node", "areas.mjs", area, sandbox.url]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_areas_are_those_that_the_client_has_in_common_with_us():
    assert {"users", "events", "catalogs", "lists", "subscriptions", "errors"} <= set(AREAS)


def test_the_lock_names_no_registry():
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages["node_modules/@iterable/api"]["version"] == "0.13.0"
    assert [name for name, package in packages.items() if "resolved" in package or "integrity" not in package] == []
