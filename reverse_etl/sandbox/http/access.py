"""The checks before a request reaches an endpoint: local client, sandbox key, rate limit, size of the body."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from reverse_etl.sandbox.options import is_loopback
from reverse_etl.sandbox.plurals import pluralize
from reverse_etl.sandbox.replies import ApiRefusal, Refusal, Reply

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from reverse_etl.sandbox.rules.rate_limits import ExceededLimit
    from reverse_etl.sandbox.state.project import Project

_KEY_PREFIX: Final = "sandbox-"


@dataclass(frozen=True)
class IncomingRequest:
    """A request with its whole body. `size` is in bytes. A body over the limit is counted but not stored."""

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
    def user_agent(self) -> str:
        """Return the name that the client gives itself."""
        return self.headers.get("user-agent", "")[:200]

    @property
    def origin(self) -> str:
        """Return the start of the URL by which the client reached the sandbox."""
        return f"http://{self.headers.get('host', '')}"


def is_local(headers: Headers) -> bool:
    """Return whether the request is for this machine, and no page of another site made a browser send it."""
    origin = headers.get("origin")
    try:
        hosts = [urlsplit(url).hostname for url in ("//" + headers.get("host", ""), origin) if url is not None]
    except ValueError:
        return False
    return all(host is not None and is_loopback(host) for host in hosts)


def check_access(project: Project, request: IncomingRequest, endpoint: str) -> None:
    """Raise Refusal if the key, the rate or the size is not allowed. `endpoint` is its name in the rate limits."""
    key = _check_key(project, request)
    _check_rate(project, endpoint, key)
    _check_size(project, request)


def build_rate_refusal(project: Project, endpoint: str, exceeded: ExceededLimit) -> Refusal:
    """Return the 429 of an endpoint whose bucket is empty."""
    behaviour, path = project.options.behaviour, endpoint.partition(" ")[2]
    message = f"Exceeded rate limit for endpoint: {path}, project: {behaviour.project_id}"
    params = {"rateLimitLimit": exceeded.limit, "rateLimitRemaining": exceeded.remaining}
    if behaviour.rate_limit_reset:
        params["rateLimitReset"] = exceeded.reset
    refusal = ApiRefusal(429, "RateLimitExceeded", message, params)
    if behaviour.retry_after:
        return Refusal(replace(refusal.reply, headers={"Retry-After": str(exceeded.reset)}))
    return refusal


def _check_key(project: Project, request: IncomingRequest) -> str:
    """Return the API key. Raises Refusal if it is no sandbox key or is disabled."""
    key = request.headers.get("api-key") or request.headers.get("api_key") or ""
    params = {"ip": request.client, "endpoint": request.path}
    if not key.startswith(_KEY_PREFIX):
        raise ApiRefusal(401, "BadApiKey", "Invalid API key", params)
    if key in project.options.behaviour.disabled_keys:
        identifier = hashlib.sha256(key.encode()).hexdigest()[:8]
        params |= {"apiKeyIdentifier": identifier, "apiKeyType": "ServerSide"}
        raise ApiRefusal(401, "BadApiKey", "Disabled API key or insufficient privileges", params)
    return key


def _check_rate(project: Project, endpoint: str, key: str) -> None:
    if not project.options.rate_limit:
        return
    exceeded = project.rate_limits.take_token(endpoint, key, project.clock())
    if exceeded is not None:
        raise build_rate_refusal(project, endpoint, exceeded)


def _check_size(project: Project, request: IncomingRequest) -> None:
    behaviour = project.options.behaviour
    if request.size <= behaviour.max_body_bytes:
        return
    if behaviour.oversized_status == 413:
        raise Refusal(Reply(413, summary="body too large"))
    size = pluralize(request.size, "byte")
    raise ApiRefusal(400, "BatchTooLarge", f"Body of {size} exceeds {behaviour.max_body_bytes}")
