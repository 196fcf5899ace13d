"""Iterable keeps the contract of every destination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from reverse_etl.destinations import DEFAULT, load_destination
from reverse_etl.destinations.base import ClientOptions
from reverse_etl.destinations.iterable.config import IterableConfig
from reverse_etl.secret import Secret
from tests.contracts.delivery import DeliveryContract
from tests.doubles.scripted_server import Received


class TestIterable(DeliveryContract):
    destination = load_destination(DEFAULT)
    meta: ClassVar[Mapping[str, object]] = {"object": "users", "email": "email"}
    config = IterableConfig(DEFAULT, "http://127.0.0.1:1", "email", Secret("sandbox-key"))

    def connect(self, url: str, timeout: float) -> Any:
        config = IterableConfig(DEFAULT, url, "email", Secret("sandbox-key"))
        return self.destination.client(config, ClientOptions(timeout))

    def good(self, rows: int) -> object:
        return {"successCount": rows, "failCount": 0}

    def refusing(self, identities: Sequence[str], index: int) -> object:
        failed = {"invalidDataEmails": [identities[index]]}
        return {"successCount": len(identities) - 1, "failCount": 1, "failedUpdates": failed}

    def sent(self, received: Received) -> list[str]:
        return [row["email"] for row in received.json["users"]]
