"""The ASGI application: it receives a request, calls the endpoint, sends the response, and logs both."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import Response

from reverse_etl.sandbox.endpoints.call import Call, join_query_values
from reverse_etl.sandbox.http import fault_replies
from reverse_etl.sandbox.http.access import IncomingRequest, check_access, is_local
from reverse_etl.sandbox.http.connection import Connections
from reverse_etl.sandbox.http.delayed_reads import DelayedReads
from reverse_etl.sandbox.http.log_entries import build_log_entry
from reverse_etl.sandbox.http.routes import Route, find_route, is_for_programs
from reverse_etl.sandbox.pages.rendering import render_not_found
from reverse_etl.sandbox.replies import ACTION_NOT_FOUND, ApiRefusal, Refusal, Reply
from reverse_etl.sandbox.rules.faults import APPLIED_FAULTS, NO_FAULTS, DrawnFaults
from reverse_etl.sandbox.state.project import Project

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
    """Handles requests one after the other, so no request sees another one half done. Only faults wait in parallel."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._delayed_reads = DelayedReads(project)
        self.connections = Connections()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _receive_request(scope, receive, self._project.options.behaviour.max_body_bytes)
        if request is None:
            return
        faults = self._draw_faults(request)
        if faults.seconds:
            await self.connections.wait(faults.seconds)
        reply = self.handle_request(request, faults)
        if reply.status:
            headers = {**reply.headers, "Iterable-Request-Id": uuid.uuid4().hex}
            await Response(reply.body, reply.status, headers, reply.media_type)(scope, receive, send)
        elif faults.fault.startswith("timeout"):
            await self.connections.hold(scope, receive)
        else:
            await self.connections.reset(scope, receive)

    def handle_request(self, request: IncomingRequest, faults: DrawnFaults = NO_FAULTS) -> Reply:
        """Return the reply to one request, and log it. Its status is 0 if the client gets no response."""
        if not is_local(request.headers):
            return Reply(403, b"the sandbox answers only this machine\n", "text/plain")
        route = find_route(request.method, request.raw_path)
        parameters = parse_qs(request.query, keep_blank_values=True)
        query = {name: join_query_values(name, values) for name, values in parameters.items()}
        arguments = route.arguments if route else ()
        call = Call(self._project, request.path, arguments, query, request.body, request.origin, request.user_agent)
        reply = self._reply_with_faults(route, call, request, faults)
        if request.raw_path.startswith("/api/"):
            self._project.requests.add(build_log_entry(request.method, call, request.size, reply, faults.fault))
        return reply

    def _draw_faults(self, request: IncomingRequest) -> DrawnFaults:
        """Return the faults of a request. Only requests to Iterable's endpoints get faults."""
        route = find_route(request.method, request.raw_path)
        if route is None or not route.is_api or not is_local(request.headers):
            return NO_FAULTS
        parts = (request.method, request.raw_path, request.query)
        return self._project.faults.draw_faults(*(text.encode("latin-1") for text in parts), request.body)

    def _reply_with_faults(
        self, route: Route | None, call: Call, request: IncomingRequest, faults: DrawnFaults
    ) -> Reply:
        if route is not None and faults.fault not in APPLIED_FAULTS:
            return fault_replies.build_fault_reply(self._project, route.rate_limit_key, faults.fault)
        reply = self._apply_request(route, call, request)
        if faults.unknown_fields:
            reply = fault_replies.add_unknown_members(reply)
        return fault_replies.build_missing_reply(faults.fault, reply) if faults.fault else reply

    def _apply_request(self, route: Route | None, call: Call, request: IncomingRequest) -> Reply:
        if route is None:
            is_page = request.method == "GET" and not is_for_programs(call.path)
            return _add_page_headers(render_not_found(call)) if is_page else ACTION_NOT_FOUND
        try:
            self._project.apply_due()
            self._project.journeys.request = self._project.requests.next_number
            reply = self._call_endpoint(route, call, request)
            self._project.journeys.request = 0
            # A refused request can also change the project: it can add field types.
            self._project.commit()
        except Exception:
            _LOGGER.exception("%s could not be answered", route.rate_limit_key)
            reply = ApiRefusal(500, "GenericError", "The sandbox failed; its log says why").reply
        return reply if route.is_api else _add_page_headers(reply)

    def _call_endpoint(self, route: Route, call: Call, request: IncomingRequest) -> Reply:
        try:
            if route.is_api:
                check_access(self._project, request, route.rate_limit_key)
            if route.is_delayed_read:
                return route.endpoint(self._delayed_reads.redirect_read(call))
            if route.is_api:
                self._delayed_reads.record_write(route.endpoint, call)
            return route.endpoint(call)
        except Refusal as refusal:
            is_missing_page = refusal.reply is ACTION_NOT_FOUND and not is_for_programs(call.path)
            return render_not_found(call) if is_missing_page else refusal.reply


def _add_page_headers(reply: Reply) -> Reply:
    """Return the reply with headers that keep a page from loading or running anything."""
    return replace(reply, headers={**_PAGE_HEADERS, **reply.headers})


async def _receive_request(scope: Scope, receive: Receive, max_bytes: int) -> IncomingRequest | None:
    """Return the request. It reads the whole body, so that the client gets the response, but stores only max_bytes.

    None if the client disconnects before the end of the body.
    """
    body, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size <= max_bytes:
            body += part
        more = message.get("more_body", False)
    return IncomingRequest(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=Headers(scope=scope),
        client=scope["client"][0] if scope.get("client") else "",
        body=bytes(body) if size <= max_bytes else b"",
        size=size,
    )
