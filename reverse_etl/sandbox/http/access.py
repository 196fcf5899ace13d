"""Who may ask and how much: this machine alone, a sandbox key, the rate, the size of a body. Knows no endpoint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from reverse_etl.sandbox.counting import plural
from reverse_etl.sandbox.http.replies import Refusal, Reply, refusal
from reverse_etl.sandbox.options import is_loopback

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from reverse_etl.sandbox.rules.limits import Exceeded
    from reverse_etl.sandbox.state.project import Project

_KEY_PREFIX: Final = "sandbox-"


@dataclass(frozen=True)
class Incoming:
    """A request whose body has been read: `size` bytes of it, of which nothing is kept beyond the limit."""

    method: str
    raw_path: str
    query: str
    headers: Headers
    client: str
    body: bytes
    size: int

    @property
    def path(self) -> str:
        return unquote(self.raw_path)

    @property
    def agent(self) -> str:
        """What the client calls itself."""
        return self.headers.get("user-agent", "")[:200]

    @property
    def origin(self) -> str:
        """Where the sandbox was asked, as the beginning of a URL."""
        return f"http://{self.headers.get('host', '')}"


def is_local(headers: Headers) -> bool:
    """Whether the request names this machine, and no foreign page made a browser send it."""
    origin = headers.get("origin")
    try:
        hosts = [urlsplit(url).hostname for url in ("//" + headers.get("host", ""), origin) if url is not None]
    except ValueError:
        return False
    return all(host is not None and is_loopback(host) for host in hosts)


def admit(project: Project, incoming: Incoming, limited_as: str) -> None:
    """Raise the refusal of a request that Iterable would not hand to the endpoint `limited_as`."""
    key = _key(project, incoming)
    _take_token(project, limited_as, key)
    _require_size(project, incoming)


def too_many(project: Project, endpoint: str, over: Exceeded) -> Refusal:
    """The refusal of a request to an endpoint whose bucket is empty."""
    behaviour, path = project.options.behaviour, endpoint.partition(" ")[2]
    message = f"Exceeded rate limit for endpoint: {path}, project: {behaviour.project_id}"
    params = {"rateLimitLimit": over.limit, "rateLimitRemaining": over.remaining}
    if behaviour.rate_limit_reset:
        params["rateLimitReset"] = over.reset
    refused = refusal(429, "RateLimitExceeded", message, params)
    if behaviour.retry_after:
        return Refusal(replace(refused.reply, headers={"Retry-After": str(over.reset)}))
    return refused


def _key(project: Project, incoming: Incoming) -> str:
    key = incoming.headers.get("api-key") or incoming.headers.get("api_key") or ""
    params = {"ip": incoming.client, "endpoint": incoming.path}
    if not key.startswith(_KEY_PREFIX):
        raise refusal(401, "BadApiKey", "Invalid API key", params)
    if key in project.options.behaviour.disabled_keys:
        identifier = hashlib.sha256(key.encode()).hexdigest()[:8]
        params |= {"apiKeyIdentifier": identifier, "apiKeyType": "ServerSide"}
        raise refusal(401, "BadApiKey", "Disabled API key or insufficient privileges", params)
    return key


def _take_token(project: Project, endpoint: str, key: str) -> None:
    if project.options.rate_limit and (over := project.limits.take(endpoint, key, project.clock())) is not None:
        raise too_many(project, endpoint, over)


def _require_size(project: Project, incoming: Incoming) -> None:
    behaviour = project.options.behaviour
    if incoming.size <= behaviour.max_body_bytes:
        return
    if behaviour.oversized_status == 413:
        raise Refusal(Reply(413, summary="body too large"))
    raise refusal(400, "BatchTooLarge", f"Body of {plural(incoming.size, 'byte')} exceeds {behaviour.max_body_bytes}")
