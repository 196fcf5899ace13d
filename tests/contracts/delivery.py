"""What every destination must do so that delivery can send to it. A mix-in class; the hooks say how replies look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
import pyarrow as pa
import pytest

from reverse_etl.change import Change, Kind, Status
from reverse_etl.definition.definition_reader import TaggedModel, read_definitions
from reverse_etl.destinations.base import Destination, DestinationConfig
from reverse_etl.destinations.bound_object import BoundObject
from reverse_etl.destinations.operation import Clarity, Operation, Row
from reverse_etl.destinations.replies import Action
from reverse_etl.destinations.request import Reply
from tests.doubles.delivery_world import World
from tests.doubles.scripted_server import Answer, Received, Server

ROWS = 8


class DeliveryContract:
    """`meta` is a definition of rows with one identifier; `config` is of a project without a server."""

    destination: ClassVar[Destination]
    meta: ClassVar[Mapping[str, object]]
    config: ClassVar[DestinationConfig]
    identities: ClassVar[Sequence[str]] = [f"r{number}@x.y" for number in range(ROWS)]

    def connect(self, url: str, timeout: float) -> Any:
        """A client of a project at that address."""
        raise NotImplementedError

    def good(self, rows: int) -> object:
        """The body of a reply that accepts so many rows."""
        raise NotImplementedError

    def refusing(self, identities: Sequence[str], index: int) -> object:
        """The body of a reply that accepts these rows, apart from the one at `index`."""
        raise NotImplementedError

    def sent(self, received: Received) -> list[str]:
        """The identities of the rows that a request holds."""
        raise NotImplementedError

    @pytest.fixture
    def world(self, world: World) -> World:
        world.replies, world.connect, world.attempts = self.destination.replies, self.connect, 3
        return world

    @property
    def bound(self) -> BoundObject:
        model = TaggedModel("people", "model.shop.people", "people", "people.yml")
        [sync], broken = read_definitions(model, self.meta, lambda _: self.destination.entries())
        assert broken == []
        return self.destination.bind(sync, self.config.project_type)

    @property
    def operation(self) -> Operation:
        return self.bound.operations.write

    def changes(self) -> list[Change]:
        bodies = [orjson.dumps(self.bound.body(Row(identity, {"name": "A"}))) for identity in self.identities]
        pairs = enumerate(zip(self.identities, bodies, strict=True))
        return [Change(ordinal, Kind.ADDED, identity, body) for ordinal, (identity, body) in pairs]

    def test_requests_are_equal_for_equal_rows(self) -> None:
        assert self.operation.build(self.changes()) == self.operation.build(self.changes())

    def test_accepted_rows_are_accepted(self, world: World, server: Server) -> None:
        server.answer = lambda got: Answer(200, self.good(len(self.sent(got))))
        done = world.deliver(self.operation, self.changes())
        assert done.accepted == set(range(ROWS))
        assert [self.sent(got) for got in server.requests] == [list(self.identities)]

    def test_a_refused_row_is_the_only_one_that_is_rejected(self, world: World, server: Server) -> None:
        server.answer = lambda got: Answer(200, self.refusing(self.sent(got), 5))
        done = world.deliver(self.operation, self.changes())
        assert done.statuses == {5: "rejected"}
        assert done.accepted == set(range(ROWS)) - {5}
        assert done.outcomes[5].code
        assert done.outcomes[5].reason

    def test_a_passing_failure_is_sent_again_byte_for_byte(self, world: World, server: Server) -> None:
        server.script(Answer(503), Answer(200, self.good(ROWS)))
        done = world.deliver(self.operation, self.changes())
        assert done.accepted == set(range(ROWS))
        assert server.requests[0].body == server.requests[1].body
        assert done.counts.unanswered == 1

    @pytest.mark.parametrize("answer", [Answer(500), Answer(200, []), Answer(200, b"{"), Answer(lost=True)])
    def test_without_a_usable_reply_no_row_succeeds(self, answer: Answer, world: World, server: Server) -> None:
        server.script(answer)
        done = world.deliver(self.operation, self.changes())
        assert set(done.statuses.values()) == {Status.FAILED.value}
        assert all(outcome.maybe_applied for outcome in done.outcomes.values())

    def test_over_the_rate_limit_it_is_sent_again(self, world: World, server: Server) -> None:
        server.script(Answer(429), Answer(200, self.good(ROWS)))
        done = world.deliver(self.operation, self.changes())
        assert done.accepted == set(range(ROWS))
        assert done.counts.unanswered == 0

    def test_a_reply_that_stops_the_run_is_explained(self, world: World, server: Server) -> None:
        server.script(Answer(401))
        done = world.deliver(self.operation, self.changes())
        assert done.problem is not None
        assert self.destination.replies.name in done.problem.message
        assert done.problem.hint.endswith(".")
        assert len(server.requests) == 1

    def test_without_a_connection_nothing_was_sent(self, world: World, server: Server) -> None:
        server.close()
        done = world.deliver(self.operation, self.changes())
        assert set(done.statuses.values()) == {Status.ABORTED.value}
        assert done.problem is not None
        assert self.destination.replies.address_setting in done.problem.hint

    def test_nothing_but_a_success_is_read(self) -> None:
        rules = self.destination.replies
        assert rules.classify(Reply(200, self.good(1))).action is Action.READ
        assert rules.classify(Reply(0, sent=True)).applied
        assert not rules.classify(Reply(0, sent=False)).applied
        assert self.operation.read(self.changes(), Reply(200, None)).clarity is Clarity.MALFORMED

    def test_values_become_json(self) -> None:
        for column in (pa.array(["a", None]), pa.array([1, None]), pa.array([1.5, None])):
            values = self.destination.encode_column(column, "")
            assert values == column.to_pylist()
            assert orjson.loads(orjson.dumps(values)) == values
        assert self.destination.encode_column(pa.array(['{"a": 1}']), "", as_json=True) == [{"a": 1}]

    def test_a_sync_snapshot_remembers_no_key(self) -> None:
        remembered = self.config.remembered("salt")
        assert remembered["host"] == self.config.host
        key = self.config.api_key.reveal()
        assert not key or key not in str(remembered)
