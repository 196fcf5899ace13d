"""The warehouse contract: what Iterable receives of each type. `harness` and `typed` are fixtures, as elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

import pytest

from reverse_etl.destinations.iterable.config import IterableConfig
from reverse_etl.errors import Faults
from reverse_etl.run.runnable_sync import RunnableSync, resolve_sync
from reverse_etl.secret import Secret
from tests.contracts.sync_harness import MODEL_SCHEMA, SyncHarness
from tests.contracts.warehouse import REFUSED, Typed

DESTINATION = IterableConfig("iterable", "http://127.0.0.1:1", "email", Secret("none"))


def tabled(harness: SyncHarness, typed: Typed) -> None:
    """A model whose column `v` holds the two values."""
    email = harness.builder.dialect.as_text("'a@x.y'")
    harness.builder.create_schema(MODEL_SCHEMA)
    harness.builder.execute(f"CREATE TABLE {harness.relation} AS SELECT {email} AS email, {typed.first} AS v")
    harness.builder.execute(f"INSERT INTO {harness.relation} SELECT 'b@x.y', {typed.second}")


def received(harness: SyncHarness, ready: RunnableSync) -> dict[str, dict[str, object]]:
    """Each row of the model as its request holds it, by e-mail: its fields, or under `v` why it is not sent."""
    harness.fields = ready.sync.fields
    lease, store = harness.prepared(), harness.store()
    store.write_plan(store.diff(), lease.fence)
    found: dict[str, dict[str, object]] = {}
    for batch in store.planned(lease.fence, 0, 10, 10):
        encoded = ready.encoder.encode(batch)
        identities = dict(zip(batch.column("ordinal").to_pylist(), batch.column("identity").to_pylist(), strict=True))
        found |= {change.identity: json.loads(change.body)["dataFields"] for change in encoded.changes}
        found |= {identities[outcome.ordinal]: {"v": outcome.code} for outcome in encoded.outcomes}
    return found


def plain(value: object) -> str:
    """JSON in which 1, 1.0 and true are different."""
    return json.dumps(value, sort_keys=True)


class SentValuesContract:
    """Every type on its way: columns looked at, planned, encoded. `UNSENDABLE`: values of types that cannot be sent."""

    UNSENDABLE: ClassVar[Mapping[str, str]] = {}

    def test_type_is_sent_as_json_or_refused(self, harness, typed):
        if not typed.sent:
            pytest.skip("not said what is sent of this type")
        tabled(harness, typed)
        if typed.sent == REFUSED:
            with pytest.raises(Faults) as raised:
                resolve_sync(harness.sync, DESTINATION, harness.warehouse)
            assert [fault.code for fault in raised.value.faults] == list(REFUSED)
            return
        first, second = typed.sent
        found = received(harness, resolve_sync(harness.sync, DESTINATION, harness.warehouse))
        assert plain(found) == plain({"a@x.y": {"v": first}, "b@x.y": {"v": second}})

    def test_type_that_cannot_be_sent_is_refused_with_what_to_write_instead(self, harness):
        build, quote = harness.builder, harness.builder.dialect.quote
        build.create_schema(MODEL_SCHEMA)
        values = ", ".join(f"{value} AS {quote(name)}" for name, value in self.UNSENDABLE.items())
        email = build.dialect.as_text("'a@x.y'")
        build.execute(f"CREATE TABLE {harness.relation} AS SELECT {email} AS email, {values}")
        with pytest.raises(Faults) as raised:
            resolve_sync(harness.sync, DESTINATION, harness.warehouse)
        types = {column.name: column.type for column in harness.warehouse.columns(harness.relation)}
        written = []
        for name, fault in zip(self.UNSENDABLE, raised.value.faults, strict=True):
            assert (fault.code, fault.context["found"]) == ("unsendable-type", f"{name} {types[name]}")
            assert f"model `users`: sync `users`: field `{name}`" in fault.message
            written.append(fault.message.partition(" write ")[2].rpartition(", or leave it out")[0])
        model, harness.table = harness.relation, "written"
        build.execute(f"CREATE TABLE {harness.relation} AS SELECT email, {', '.join(written)} FROM {model}")
        ready = resolve_sync(harness.sync, DESTINATION, harness.warehouse)
        [found] = received(harness, ready).values()
        assert set(found) == set(self.UNSENDABLE)
        assert all(found.values()), found
