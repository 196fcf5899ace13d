"""A destination in one file: rows go as JSON to a collector over HTTP, which stores them by id and deletes them."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import orjson

from reverse_etl.change import Change, Outcome, Status
from reverse_etl.definition.entry import ColumnName, Entries, FieldsEntry
from reverse_etl.destinations.base import (
    ClientOptions,
    Destination,
    DestinationConfig,
    DestinationSource,
    OfflineConfig,
)
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.operation import BatchResult, Clarity, Operation, Operations, Row
from reverse_etl.destinations.replies import Action, ReplyDecision, ReplyRules
from reverse_etl.destinations.request import Client, Endpoint, Reply, Request
from reverse_etl.sync import IdentityRule, OnRemoved, Sync


class RecordsEntry(FieldsEntry):
    """Records, by their id."""

    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("id",)
    object: Literal["records"]
    mode: Literal["upsert"] = "upsert"
    id: ColumnName

    def removal_action(self) -> OnRemoved:
        return "delete"


@dataclass(frozen=True)
class Records(Operation):
    """Stores or deletes records. The reply names the refused ones by position, each with a reason."""

    endpoint: Endpoint
    effect: str = "their records are deleted"

    def build(self, changes: Sequence[Change]) -> Request:
        return Request(self.endpoint, self.endpoint.path, b"[" + b",".join(change.body for change in changes) + b"]")

    def read(self, changes: Sequence[Change], reply: Reply) -> BatchResult:
        if not isinstance(reply.body, dict) or "refused" not in reply.body:
            return BatchResult(Clarity.MALFORMED)
        refused = {changes[int(index)].ordinal: reason for index, reason in reply.body["refused"].items()}
        rejected = {n: Outcome(n, Status.REJECTED, "record-refused", reason) for n, reason in refused.items()}
        return BatchResult(Clarity.CERTAIN, rejected)


class CollectorReplies(ReplyRules):
    """Statuses are all that the collector says about a request as a whole."""

    name, address_setting = "The collector", "COLLECTOR_URL"

    def classify(self, reply: Reply) -> ReplyDecision:
        if reply.status == 0 or reply.status >= 500:
            return ReplyDecision(Action.RETRY, applied=reply.sent, code="collector-failed")
        action = {200: Action.READ, 400: Action.SPLIT, 429: Action.WAIT}.get(reply.status, Action.STOP)
        return ReplyDecision(action, code="" if action is Action.READ else f"http-{reply.status}")

    def advise(self, code: str) -> str:
        return f"Look up {code} in the log of the collector."


@dataclass(frozen=True)
class CollectorClient:
    """Opens a connection for each request."""

    address: str
    timeout: float

    def send(self, request: Request) -> Reply:
        connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        try:
            connection.request(request.endpoint.method, request.path, request.body)
            response = connection.getresponse()
            return Reply(response.status, orjson.loads(response.read() or b"null"))
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Reply(0, sent=not isinstance(error, ConnectionRefusedError), error=type(error).__name__)
        finally:
            connection.close()

    def close(self) -> None:
        """Nothing stays open."""


class CollectorConfig(DestinationConfig):
    """Where a collector listens."""

    kind = "collector"


class Collector(Destination):
    """Collectors that listen at COLLECTOR_URL."""

    replies = CollectorReplies()

    def entries(self) -> Entries:
        return {"records": RecordsEntry}

    def resolve(self, source: DestinationSource) -> DestinationConfig:
        return CollectorConfig(source.name, source.env["COLLECTOR_URL"])

    def resolve_offline(self, source: DestinationSource) -> OfflineConfig:
        return OfflineConfig(self.project_types)

    def client(self, config: DestinationConfig, options: ClientOptions) -> Client:
        return CollectorClient(urlsplit(config.base_url).netloc, options.timeout)

    def bind(self, sync: Sync, project_type: str) -> BoundObject:
        def body(row: Row) -> dict[str, object]:
            return {"id": row.identity} if row.removed else {"id": row.identity, **row.data}

        store, delete = (Records(Endpoint(method, "/records", 100)) for method in ("POST", "DELETE"))
        return BoundObject(IdentityRule("id", (sync.identifiers["id"],)), Operations(store, delete), body)

    def encode_column(self, column: Any, cast: str, *, as_json: bool = False) -> list[Any]:
        values = column.to_pylist()
        if as_json:
            return [None if text is None else orjson.loads(text) for text in values]
        return [float(value) if isinstance(value, Decimal) else value for value in values]
