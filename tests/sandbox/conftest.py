"""Fixtures: a sandbox over HTTP, one server per kind of project, reset before each test."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox

NOON = 1_767_268_800.0  # 2026-01-01 12:00:00 UTC


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


class Api:
    """A client with a key. `project` is the state of the sandbox."""

    def __init__(self, sandbox, clock):
        self.url, self.project, self.clock = sandbox.url, sandbox.project, clock
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Api-Key"] = "sandbox-test"

    def call(self, method, path, **kwargs):
        return self.session.request(method, self.url + path, **{"timeout": 10, **kwargs})

    def get(self, path, **kwargs):
        return self.call("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.call("POST", path, json=body, **kwargs)

    def delete(self, path):
        return self.call("DELETE", path)

    def update(self, **row):
        return self.post("/api/users/update", row)

    def bulk(self, *rows, **flags):
        return self.post("/api/users/bulkUpdate", {"users": list(rows), **flags})

    def track(self, **event):
        return self.post("/api/events/track", event)

    def track_bulk(self, *events):
        return self.post("/api/events/trackBulk", {"events": list(events)})

    def events(self):
        """Return every applied event."""
        return self.get("/sandbox/events").json()

    def purchases(self):
        return self.get("/sandbox/purchases").json()

    def user(self, email):
        return self.project.users_by_email[email]


@pytest.fixture(scope="session")
def servers():
    running = {}
    yield running
    for sandbox, _ in running.values():
        sandbox.stop()


@pytest.fixture
def project_of(servers):
    """Create a project: `project_of("hybrid", rate_limit=True, field_limit=3)`; fields of Behaviour also go here."""

    def make(project_type="email", *, rate_limit=False, create_new_fields=True, faults=(), seed=0, **behaviour):
        options = SandboxOptions(
            port=0,
            project_type=project_type,
            rate_limit=rate_limit,
            create_new_fields=create_new_fields,
            behaviour=Behaviour(**behaviour),
            faults=faults,
            seed=seed,
        )
        if options not in servers:
            clock = Clock()
            servers[options] = (start_sandbox(options, clock), clock)
        sandbox, clock = servers[options]
        clock.now = NOON
        sandbox.project.reset()
        return Api(sandbox, clock)

    return make


@pytest.fixture
def api(project_of):
    """An e-mail project without rate limits."""
    return project_of()


@pytest.fixture
def open_project(tmp_path):
    """Open the project of one data folder, as often as needed: `with open_project(bulk_event_delay=10) as api`."""
    clock = Clock()

    @contextmanager
    def open_folder(project_type="email", **behaviour):
        options = SandboxOptions(
            port=0, data_dir=tmp_path, project_type=project_type, rate_limit=False, behaviour=Behaviour(**behaviour)
        )
        with start_sandbox(options, clock) as sandbox:
            yield Api(sandbox, clock)

    return open_folder
