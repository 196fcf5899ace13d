"""HTTP in, an answer out: host check, key, rate limit, body size, log of requests. Knows no user and no field."""

from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

from reverse_etl.sandbox import routes
from reverse_etl.sandbox.call import Call
from reverse_etl.sandbox.options import Behaviour, is_loopback
from reverse_etl.sandbox.project import LoggedRequest, Project
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, Refusal, Reply, refusal

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_LOGGER: Final = logging.getLogger(__name__)
_KEY_PREFIX: Final = "sandbox-"
_PAGE_POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


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


class SandboxApp:
    """The ASGI application. Every request is handled whole, one after the other, so none sees another half done."""

    def __init__(self, project: Project) -> None:
        self._project = project

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        incoming = await _read(scope, receive, self._project.options.behaviour.max_body_bytes)
        reply = self.answer(incoming)
        headers = {**reply.headers, "Iterable-Request-Id": uuid.uuid4().hex}
        response = Response(reply.body, reply.status, headers, reply.media_type)
        await response(scope, receive, send)

    def answer(self, incoming: Incoming) -> Reply:
        if not _is_local(incoming.headers):
            return Reply(403, b"the sandbox answers this machine alone\n", "text/plain")
        route = routes.find(incoming.method, incoming.raw_path)
        if route is not None and not route.of_api:
            reply = self._run(route, incoming)
            return replace(reply, headers={**_PAGE_POLICY, **reply.headers})
        reply = self._of_api(route, incoming)
        if incoming.raw_path.startswith("/api/"):
            self._log(incoming, reply)
        return reply

    def _of_api(self, route: routes.Route | None, incoming: Incoming) -> Reply:
        if route is None:
            return ACTION_NOT_FOUND
        try:
            key = _key(incoming, self._project.options.behaviour)
            self._limit(route, key)
            _require_size(incoming, self._project.options.behaviour)
        except Refusal as refused:
            return refused.reply
        return self._run(route, incoming)

    def _run(self, route: routes.Route, incoming: Incoming) -> Reply:
        query = dict(parse_qsl(incoming.query, keep_blank_values=True))
        call = Call(self._project, unquote(incoming.raw_path), route.argument, query, incoming.body)
        try:
            reply = route.endpoint(call)
            self._project.commit()
        except Refusal as refused:
            return refused.reply
        except Exception:
            _LOGGER.exception("%s %s could not be answered", incoming.method, route.limited_as)
            return refusal(500, "GenericError", "The sandbox failed; its log says why").reply
        return reply

    def _limit(self, route: routes.Route, key: str) -> None:
        options, now = self._project.options, self._project.clock()
        if not options.rate_limit or (over := self._project.limits.take(route.limited_as, key, now)) is None:
            return
        path = route.limited_as.partition(" ")[2]
        message = f"Exceeded rate limit for endpoint: {path}, project: {options.behaviour.project_id}"
        params = {
            "rateLimitLimit": over.limit,
            "rateLimitRemaining": over.remaining,
            "rateLimitReset": over.reset,
        }
        refused = refusal(429, "RateLimitExceeded", message, params)
        if options.behaviour.retry_after:
            refused.reply = replace(refused.reply, headers={"Retry-After": str(over.reset)})
        raise refused

    def _log(self, incoming: Incoming, reply: Reply) -> None:
        path = unquote(incoming.raw_path)
        items = Call(self._project, path, "", {}, incoming.body).items()
        now = self._project.clock()
        self._project.requests.append(
            LoggedRequest(now, incoming.method, path, reply.status, incoming.size, items, reply.summary)
        )


async def _read(scope: Scope, receive: Receive, limit: int) -> Incoming:
    """Read a body to its end, so that its sender hears the answer; what is over the limit is dropped."""
    kept, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            kept += part
        more = message.get("more_body", False)
    return Incoming(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=Headers(scope=scope),
        client=scope["client"][0] if scope.get("client") else "",
        body=bytes(kept) if size <= limit else b"",
        size=size,
    )


def _is_local(headers: Headers) -> bool:
    """Whether the request names this machine, and no foreign page made a browser send it."""
    origin = headers.get("origin")
    hosts = [urlsplit("//" + headers.get("host", "")).hostname, *([urlsplit(origin).hostname] if origin else [])]
    return all(host is not None and is_loopback(host) for host in hosts)


def _key(incoming: Incoming, behaviour: Behaviour) -> str:
    key = incoming.headers.get("api-key") or incoming.headers.get("api_key") or ""
    params = {"ip": incoming.client, "endpoint": unquote(incoming.raw_path)}
    if not key.startswith(_KEY_PREFIX):
        raise refusal(401, "BadApiKey", "Invalid API key", params)
    if key in behaviour.disabled_keys:
        identifier = hashlib.sha256(key.encode()).hexdigest()[:8]
        params |= {"apiKeyIdentifier": identifier, "apiKeyType": "ServerSide"}
        raise refusal(401, "BadApiKey", "Disabled API key or insufficient privileges", params)
    return key


def _require_size(incoming: Incoming, behaviour: Behaviour) -> None:
    if incoming.size <= behaviour.max_body_bytes:
        return
    if behaviour.oversized_status == 413:
        raise Refusal(Reply(413, summary="body too large"))
    raise refusal(400, "BatchTooLarge", f"Body of {incoming.size} bytes exceeds {behaviour.max_body_bytes}")
