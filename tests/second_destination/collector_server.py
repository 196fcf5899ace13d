"""The collector that rows arrive at: it keeps records by id, and refuses those with negative points."""

from __future__ import annotations

import json
from typing import Any

from tests.doubles.scripted_server import Answer, Received, Server


class CollectorServer(Server):
    """`records` are those it holds. `before` and `after` are called with the number of each request, from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, Any]] = {}
        self.applied: list[str] = []
        self.before = self.after = lambda _number: None
        self.answer = self.apply

    def apply(self, got: Received) -> Answer:
        number = len(self.requests)
        self.before(number)
        rows = json.loads(got.body)
        refused = {index: "points are negative" for index, row in enumerate(rows) if (row.get("points") or 0) < 0}
        for row in (row for index, row in enumerate(rows) if index not in refused):
            self.applied.append(row["id"])
            if got.method == "DELETE":
                self.records.pop(row["id"], None)
            else:
                self.records[row["id"]] = row
        self.after(number)
        return Answer(200, {"refused": refused})
