"""Encodes wide rows and cuts them into requests, in windows as a run does: `python -m tests.run.sending.wide_rows`.

It takes the number of rows and the bytes of each, and prints by how many MB the process grew after its imports.
"""

from __future__ import annotations

import json
import resource
import sys
from collections import deque

import pyarrow as pa

from reverse_etl.delivery.batches.batch_cutter import BatchCutter
from reverse_etl.delivery.row_encoder import Encoder, RowFormat
from reverse_etl.delivery.row_fields import Source
from reverse_etl.destinations.iterable import bind
from reverse_etl.destinations.iterable.base import ProjectType
from reverse_etl.destinations.iterable.fields.column_json import convert_to_json
from reverse_etl.destinations.iterable.fields.type_conversion import convert_to_type
from reverse_etl.run.sending.window_reader import WindowReader
from tests.destinations.iterable.objects.singles import sync_of

# Requests that are sent at the same time.
FLYING = 4


class WideStore:
    """The plan of a sync with two wide columns. `planned` makes the rows that it returns."""

    def __init__(self, width):
        self.width = width

    def planned(self, _fence, start, end, batch):
        text = "x" * (self.width // 2)
        for first in range(start, end, batch):
            numbers = range(first, min(end, first + batch))
            count = len(numbers)
            columns = [pa.array([text] * count), pa.array([text] * count)]
            heads = [
                pa.array(numbers, pa.int64()),
                pa.array(["added"] * count),
                pa.array([f"u{n}@x.com" for n in numbers]),
            ]
            yield pa.RecordBatch.from_arrays([*heads, *columns], names=["ordinal", "kind", "identity", "a", "b"])


def send(rows, width):
    """Return how many rows and requests there are, and the bytes of the requests."""
    bound = bind(sync_of({"object": "users", "email": "email"}), ProjectType.EMAIL)
    form = RowFormat(
        bound.body, convert_to_type, rule=bound.identity, encode_json=convert_to_json, by_column=bound.by_column
    )
    encoder, write = Encoder([Source("a", "a"), Source("b", "b")], form), bound.operations.write
    reader, start, size, sent = WindowReader(WideStore(width), 1), 0, 0, 0
    flying = deque(maxlen=FLYING)
    while start < rows:
        window = reader.read(start, min(rows, start + write.window))
        cutter = BatchCutter(write, write.max_rows, {})
        for changes in cutter.cut(encoder.encode(portion).changes for portion in window.portions()):
            flying.append(write.build(changes))
            size, sent = size + len(flying[-1].body), sent + len(changes)
        start = window.end
    return sent, size


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    rows, width = int(sys.argv[1]), int(sys.argv[2])
    send(100, 10)
    before = peak()
    sent, size = send(rows, width)
    json.dump({"rows": sent, "bytes": size, "grown": peak() - before}, sys.stdout)
