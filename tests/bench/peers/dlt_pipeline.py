"""dlt with a destination of its own: Arrow in, batches of 1,000 rows out. Compares nothing, and removes nothing.

`python dlt_pipeline.py DATABASE URL MEMORY_LIMIT`
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
import duckdb
import orjson
import pyarrow as pa
import requests

# dlt has no column of a nested type in Parquet. So the address travels as JSON text, and is put into the body as it is.
QUERY = """
SELECT * REPLACE (
    lifetime_value::DOUBLE AS lifetime_value,
    strftime(updated_at, '%Y-%m-%d %H:%M:%S +00:00') AS updated_at,
    to_json(address)::VARCHAR AS address
) FROM people
"""


def _user(row: dict[str, Any]) -> dict[str, Any]:
    row["address"] = orjson.Fragment(row["address"])
    return {"email": row.pop("email"), "dataFields": row}


def main(database: str, url: str, memory_limit: str) -> None:
    """Post every row."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Content-Type"] = "application/json"

    @dlt.destination(batch_size=1000, loader_file_format="parquet", skip_dlt_columns_and_tables=True)
    def iterable(items: pa.RecordBatch, table: object) -> None:
        body = orjson.dumps({"users": [_user(row) for row in items.to_pylist()]})
        session.post(f"{url}/api/users/bulkUpdate", data=body, timeout=30).raise_for_status()

    @dlt.resource(name="people")
    def people() -> Iterator[pa.Table]:
        with duckdb.connect(database, read_only=True, config={"memory_limit": memory_limit}) as connection:
            for batch in connection.sql(QUERY).to_arrow_reader(50_000):
                yield pa.Table.from_batches([batch])

    with tempfile.TemporaryDirectory(prefix="dlt-") as folder:
        dlt.pipeline("people", destination=iterable, pipelines_dir=folder).run(people())


if __name__ == "__main__":
    main(*sys.argv[1:])
