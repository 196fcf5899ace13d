"""The servers that a story sends to: the sandbox, and the reference server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import requests

from reverse_etl.sandbox import Behaviour, SandboxOptions, start_sandbox
from tests.reference_iterable import ReferenceServer, serve_reference
from tests.reference_iterable.hooks import Hooks
from tests.stories.memories import Memory, ReferenceMemory, SandboxMemory
from tests.stories.relay import relaying

KEY = "sandbox-story"


class Side(ABC):
    """A server that a story sends to. `hooks` step into requests that write; `url` is where they are sent.

    Most stories are in a hurry, and rates above the reference's are then not in `advice`.
    """

    in_a_hurry = True
    hooks: Hooks
    memory: Memory
    url: str

    @property
    def number(self) -> int:
        """How many requests that write have come."""
        return self.hooks.number

    @abstractmethod
    def refuse(self, *names: str) -> None:
        """From now on refuse rows of these identifiers, and no others."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything, hooks included."""

    @property
    @abstractmethod
    def bodies(self) -> list[Any]:
        """The bodies of the requests that write, in the order in which they came."""

    def advice(self) -> list[str]:
        """What the reference advises against, and the client did."""
        return []

    @abstractmethod
    def call(self, method: str, path: str, body: object = None) -> Any:
        """One request of the story's own, which no hook sees: the answer's JSON. Raises where it is refused."""


class ReferenceSide(Side):
    """The reference server. Unlike the sandbox, it reads catalogs flat and answers writes to them with 202."""

    def __init__(self, server: ReferenceServer) -> None:
        self.server = self.hooks = server
        self.memory = ReferenceMemory(server)
        self.url = server.url

    def refuse(self, *names: str) -> None:
        self.server.refused = {name if "@" not in name else name.lower() for name in names}

    @property
    def bodies(self) -> list[Any]:
        return self.server.bodies

    def clear(self) -> None:
        self.server.clear_hooks()
        self.server.clear()
        self.server.refused = set()
        self.server.advice_log.clear()

    def advice(self) -> list[str]:
        return [text for text in self.server.observations if not (self.in_a_hurry and text.startswith("rate:"))]

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self.server.send_request(method, path, body)


class SandboxSide(Side):
    """The sandbox, behind a relay that has the hooks. A refusal is for the whole request until it has one row."""

    def __init__(self, sandbox: Any, relay: Any) -> None:
        self.sandbox, self.hooks = sandbox, relay
        self.memory = SandboxMemory(sandbox.url)
        self.url = relay.url

    def refuse(self, *names: str) -> None:
        self.hooks.refused = set(names)  # type: ignore[attr-defined]

    @property
    def bodies(self) -> list[Any]:
        return list(self.hooks.bodies)  # type: ignore[attr-defined]

    def clear(self) -> None:
        self.hooks.clear_hooks()
        self.refuse()
        self.sandbox.project.reset()

    def call(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self.sandbox.url}{path}"
        answer = requests.request(method, url, json=body, headers={"Api-Key": KEY}, timeout=10)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def the_reference(project_type: str, *, opt_in: bool) -> Iterator[Side]:
    with serve_reference(project_type, opt_in=opt_in, flat_reads=True, catalog_status=202) as server:
        yield ReferenceSide(server)


@contextmanager
def the_sandbox(project_type: str, *, opt_in: bool) -> Iterator[Side]:
    options = SandboxOptions(
        port=0,
        project_type=project_type,  # type: ignore[arg-type]
        rate_limit=False,
        behaviour=Behaviour(opt_in_message_types=opt_in),
    )
    with start_sandbox(options) as sandbox, relaying(sandbox.url) as relay:
        yield SandboxSide(sandbox, relay)


# By name, what makes a side of a project type. `opt_in`: whether the project has opt-in message types.
SIDES: dict[str, Callable[..., AbstractContextManager[Side]]] = {
    "reference": the_reference,
    "sandbox": the_sandbox,
}
# The one of the fast lane.
QUICK_SIDE = "reference"
