"""The ASGI application: HTTP in, the right endpoint, an answer out, and a line in the log of requests."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import Response

from reverse_etl.sandbox.http import access as gate
from reverse_etl.sandbox.http import fault_responses as breakdowns
from reverse_etl.sandbox.http import routes
from reverse_etl.sandbox.http.access import Incoming
from reverse_etl.sandbox.http.call import Call, first_or_all
from reverse_etl.sandbox.http.connection import Wire
from reverse_etl.sandbox.http.replies import ACTION_NOT_FOUND, Refusal, Reply, refusal
from reverse_etl.sandbox.pages import pages
from reverse_etl.sandbox.rules.faults import APPLIED, CALM, Meeting
from reverse_etl.sandbox.state.project import Project
from reverse_etl.sandbox.state.read_lag import Lag

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_LOGGER: Final = logging.getLogger(__name__)
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


class SandboxApp:
    """Every request is handled whole, one after the other, so none sees another half done; waiting is done outside."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lag = Lag(project)
        self.wire = Wire()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        incoming = await _read(scope, receive, self._project.options.behaviour.max_body_bytes)
        if incoming is None:
            return
        met = self._meeting(incoming)
        if met.seconds:
            await self.wire.wait(met.seconds)
        reply = self.answer(incoming, met)
        if reply.status:
            headers = {**reply.headers, "Iterable-Request-Id": uuid.uuid4().hex}
            await Response(reply.body, reply.status, headers, reply.media_type)(scope, receive, send)
        elif met.fault.startswith("timeout"):
            await self.wire.hold(scope, receive)
        else:
            await self.wire.cut(scope, receive)

    def answer(self, incoming: Incoming, met: Meeting = CALM) -> Reply:
        """The reply to one request; its status is 0 where there is to be none."""
        if not gate.is_local(incoming.headers):
            return Reply(403, b"the sandbox answers this machine alone\n", "text/plain")
        route = routes.find(incoming.method, incoming.raw_path)
        given = parse_qs(incoming.query, keep_blank_values=True)
        query = {name: first_or_all(name, values) for name, values in given.items()}
        arguments = route.arguments if route else ()
        call = Call(self._project, incoming.path, arguments, query, incoming.body, incoming.origin, incoming.agent)
        reply = self._with_faults(route, call, incoming, met)
        if incoming.raw_path.startswith("/api/"):
            self._project.requests.add(incoming.method, call, incoming.size, reply, met.fault)
        return reply

    def _meeting(self, incoming: Incoming) -> Meeting:
        """Which faults a request meets: one that Iterable has an endpoint for."""
        route = routes.find(incoming.method, incoming.raw_path)
        if route is None or not route.of_api or not gate.is_local(incoming.headers):
            return CALM
        asked = (incoming.method, incoming.raw_path, incoming.query)
        return self._project.faults.meet(*(text.encode("latin-1") for text in asked), incoming.body)

    def _with_faults(self, route: routes.Route | None, call: Call, incoming: Incoming, met: Meeting) -> Reply:
        if route is not None and met.fault not in APPLIED:
            return breakdowns.instead(self._project, route.limited_as, met.fault)
        reply = self._outcome(route, call, incoming)
        if met.unknown_fields:
            reply = breakdowns.with_unknown_members(reply)
        return breakdowns.unanswered(met.fault, reply) if met.fault else reply

    def _outcome(self, route: routes.Route | None, call: Call, incoming: Incoming) -> Reply:
        if route is None:
            for_people = incoming.method == "GET" and not pages.is_api(call.path)
            return _framed(pages.not_found(call)) if for_people else ACTION_NOT_FOUND
        try:
            self._project.catch_up()
            reply = self._reply(route, call, incoming)
            # Also after a refusal: it may have taught the project new fields.
            self._project.commit()
        except Exception:
            _LOGGER.exception("%s could not be answered", route.limited_as)
            reply = refusal(500, "GenericError", "The sandbox failed; its log says why").reply
        return reply if route.of_api else _framed(reply)

    def _reply(self, route: routes.Route, call: Call, incoming: Incoming) -> Reply:
        try:
            if route.of_api:
                gate.admit(self._project, incoming, route.limited_as)
            if route.reads:
                return route.endpoint(self._lag.as_read(call))
            if route.of_api:
                self._lag.written(route.endpoint, call)
            return route.endpoint(call)
        except Refusal as refused:
            missing = refused.reply is ACTION_NOT_FOUND and not pages.is_api(call.path)
            return pages.not_found(call) if missing else refused.reply


def _framed(reply: Reply) -> Reply:
    """The reply with the headers that keep a page from loading or running anything."""
    return replace(reply, headers={**_PAGE_HEADERS, **reply.headers})


async def _read(scope: Scope, receive: Receive, limit: int) -> Incoming | None:
    """Read a body to its end, so that its sender hears the answer; what is over the limit is dropped.

    None when the sender went away in the middle.
    """
    kept, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
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
