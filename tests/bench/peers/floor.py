"""The floor: DuckDB makes the JSON of each row, `requests` posts it. Compares nothing, reads no reply, removes nothing.

`python floor.py DATABASE URL MEMORY_LIMIT`
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import requests

ROWS = 1000
QUERY = """
SELECT to_json({
    'email': email,
    'dataFields': {
        'customer_number': customer_number, 'first_name': first_name, 'last_name': last_name, 'country': country,
        'plan': plan, 'lifetime_value': lifetime_value, 'score': score,
        'updated_at': strftime(updated_at, '%Y-%m-%d %H:%M:%S +00:00'), 'is_subscribed': is_subscribed,
        'last_order': last_order, 'address': address
    }
}) || ',' AS user FROM people
"""


def cut(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The bodies of the requests. Each row ends with a comma, so that rows lie side by side in Arrow's buffer."""
    parts: list[memoryview] = []
    rows = 0
    for batch in batches:
        column = batch.column(0).cast(pa.large_string())
        _, offsets, data = column.buffers()
        ends, text = np.frombuffer(offsets, dtype=np.int64)[column.offset :], memoryview(data)
        start = 0
        while start < len(column):
            end = min(len(column), start + ROWS - rows)
            parts.append(text[ends[start] : ends[end]])
            rows += end - start
            start = end
            if rows == ROWS:
                yield _body(parts)
                parts, rows = [], 0
    if parts:
        yield _body(parts)


def _body(parts: list[memoryview]) -> bytes:
    return b"".join((b'{"users":[', *parts[:-1], parts[-1][:-1], b"]}"))


def main(database: str, url: str, memory_limit: str) -> None:
    """Post every row."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Content-Type"] = "application/json"
    with duckdb.connect(database, read_only=True, config={"memory_limit": memory_limit}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        for body in cut(connection.sql(QUERY).to_arrow_reader(16_000)):
            session.post(f"{url}/api/users/bulkUpdate", data=body, timeout=30).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
