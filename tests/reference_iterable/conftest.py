"""Fixtures: a client with a valid key, and projects of any type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from tests.reference_iterable import ReferenceServer, serve_reference


class Api:
    """A client. `server` is the state of the server. Paths are sent as they are written."""

    def __init__(self, server: ReferenceServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Api-Key"] = "sandbox-story"

    def call(self, method: str, path: str, body: object = None, **kwargs: Any) -> requests.Response:
        content = {} if body is None else {"json": body}
        return self.session.request(method, self.server.url + path, timeout=10, **content, **kwargs)

    def get(self, path: str) -> requests.Response:
        return self.call("GET", path)

    def post(self, path: str, body: object = None, **kwargs: Any) -> requests.Response:
        return self.call("POST", path, body, **kwargs)

    def bulk(self, *users: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = self.post("/api/users/bulkUpdate", {"users": list(users), **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def assert_refused(self, answer: requests.Response, status: int, code: str) -> dict[str, Any]:
        """Assert a refusal in the standard envelope. Return its body."""
        body = answer.json()
        assert (answer.status_code, body["code"]) == (status, code), body
        assert {"msg", "params"} <= set(body)
        return dict(body)


@pytest.fixture
def project_of() -> Iterator[Callable[..., Api]]:
    """Create a project: `project_of("hybrid", batch_limit=3)`."""
    with ExitStack() as stack:

        def make(project_type: str = "email", **settings: Any) -> Api:
            api = Api(stack.enter_context(serve_reference(project_type, **settings)))
            stack.callback(api.session.close)
            return api

        yield make


@pytest.fixture
def api(project_of: Callable[..., Api]) -> Api:
    """A project of users by e-mail."""
    return project_of()
