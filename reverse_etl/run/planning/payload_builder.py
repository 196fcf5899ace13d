"""Previews the exact requests of a few planned rows: built as a run builds them, and not sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from reverse_etl.change import Change
from reverse_etl.delivery.batches.batch_cutter import largest_row
from reverse_etl.delivery.row_encoder import Encoded
from reverse_etl.destinations.operation import Operation
from reverse_etl.run.planning.field_reasons import FieldReasons, PlannedRow
from reverse_etl.run.planning.payload_preview import PayloadPreview
from reverse_etl.run.planning.value_counts import number_rows
from reverse_etl.run.runnable_sync import RunnableSync
from reverse_etl.snapshot.sql.diff import Diff
from reverse_etl.warehouses.base import Reader

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = ("added", "changed", "resent", "removed")
_ROWS_A_BATCH = 100


def find_first_rows(reader: Reader, diff: Diff, rows: int) -> Sequence[str]:
    """Return the identities of the first `rows` rows of each kind that a run would send."""
    found = reader.query(reader.prepare(diff.first_identities(rows)))
    return [identity for _, identity in found]


def preview_payloads(
    runnable: RunnableSync, reader: Reader, diff: Diff, identities: Sequence[str]
) -> tuple[PayloadPreview, ...]:
    """Return the requests of the planned rows with these identities. Rows that the plan does not hold have none.

    `runnable` is connected, so that ids and types of the destination are known.
    """
    if not identities:
        return ()
    entries = reader.query(diff.states_of(identities)) if diff.stored.columns else []
    states = {str(identity): str(state) for identity, state in entries}
    preview = _Preview(runnable, states, FieldReasons(runnable, full_refresh=diff.resends))
    batches = reader.batches(reader.prepare(diff.rows_of(identities)), _ROWS_A_BATCH)
    payloads = [payload for batch in batches for payload in preview.payloads(number_rows(batch))]
    return tuple(sorted(payloads, key=lambda one: (_KINDS.index(one.kind), one.key)))


@dataclass(frozen=True)
class _Preview:
    """Builds payloads of one sync. `states` are states of entries of the sync snapshot, by identity."""

    runnable: RunnableSync
    states: dict[str, str]
    reasons: FieldReasons

    def payloads(self, batch: pa.RecordBatch) -> Iterator[PayloadPreview]:
        """Yield the payloads of the rows of a batch that a run would send."""
        encoded = self.runnable.encoder.encode(batch)
        changes = {change.ordinal: change for change in encoded.changes}
        problems = _problems(encoded)
        for number, values in enumerate(batch.to_pylist()):
            if values["kind"] in _KINDS:
                state = self.states.get(values["identity"])
                row = PlannedRow(values["kind"], values["identity"], values["changed"], state, values)
                yield self._payload(row, changes.get(number), problems.get(number, ""))

    def _payload(self, row: PlannedRow, change: Change | None, problem: str) -> PayloadPreview:
        fields = self.runnable.encoder.fields_of(row.changed)
        payload = PayloadPreview(
            row.kind,
            row.identity,
            self.reasons.explain_row(row, fields),
            fields=self.reasons.explain_fields(row, fields),
            spared=0 if row.kind == "removed" else fields.spared,
        )
        if change is None:
            return replace(payload, problem=problem)
        operations = self.runnable.bound.operations
        operation = operations.remove if row.kind == "removed" else operations.write
        if operation is None or len(change.body) + 1 > largest_row(operation):
            return replace(payload, problem="row-too-large: no request can hold the row")
        request = operation.build([change])
        asks = operations.lookup if row.kind != "removed" else None
        first = asks.build(change) if asks is not None else None
        return replace(
            payload,
            key=change.identity,
            method=request.endpoint.method,
            path=request.path,
            body=orjson.loads(request.body) if request.body else None,
            own=_own_members(operation, request.body),
            rows_in_request=operation.max_rows,
            lookup=f"{first.endpoint.method} {first.path}" if first is not None else "",
        )


def _problems(encoded: Encoded) -> dict[int, str]:
    """Return why rows have no request, by ordinal."""
    unneeded = dict.fromkeys(encoded.unneeded, "nothing to send: no field that a request carries has changed")
    return {**{one.ordinal: f"{one.code}: {one.reason}" for one in encoded.outcomes}, **unneeded}


def _own_members(operation: Operation, body: bytes) -> tuple[str, ...]:
    """Return the members of a request that do not come from its rows: they are the same in a request without rows."""
    if operation.max_rows == 1 or not body:
        return ()
    frame, found = orjson.loads(operation.build([]).body), orjson.loads(body)
    if not isinstance(frame, dict) or not isinstance(found, dict):
        return ()
    return tuple(name for name, value in frame.items() if found.get(name) == value)
