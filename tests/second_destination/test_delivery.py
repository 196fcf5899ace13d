"""The collector keeps the contract of every destination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from reverse_etl.destinations.base import ClientOptions
from tests.contracts.delivery import DeliveryContract
from tests.doubles.scripted_server import Received
from tests.second_destination.collector import Collector, CollectorConfig


class TestCollector(DeliveryContract):
    destination = Collector()
    meta: ClassVar[Mapping[str, object]] = {"destination": "collector", "object": "records", "id": "id"}
    config = CollectorConfig("collector", "http://127.0.0.1:1")

    def connect(self, url: str, timeout: float) -> Any:
        return self.destination.client(CollectorConfig("collector", url), ClientOptions(timeout))

    def good(self, rows: int) -> object:
        return {"refused": {}}

    def refusing(self, identities: Sequence[str], index: int) -> object:
        return {"refused": {str(index): "no"}}

    def sent(self, received: Received) -> list[str]:
        return [row["id"] for row in received.json]
