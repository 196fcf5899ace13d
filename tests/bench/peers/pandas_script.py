"""The script that many teams write: pandas reads the table, and `requests` posts it. Compares nothing, removes nothing.

`python pandas_script.py DATABASE URL MEMORY_LIMIT`
"""

from __future__ import annotations

import json
import sys
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import requests

ROWS = 1000


def _plain(value: object) -> object:
    """What `json` cannot write: lists inside a struct are arrays of numpy."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(type(value).__name__)


def _user(record: dict[str, Any]) -> dict[str, Any]:
    return {"email": record.pop("email"), "dataFields": record}


def main(database: str, url: str, memory_limit: str) -> None:
    """Post every row."""
    with duckdb.connect(database, read_only=True, config={"memory_limit": memory_limit}) as connection:
        frame = connection.execute("SELECT * FROM people").df()
    frame["updated_at"] = frame["updated_at"].dt.strftime("%Y-%m-%d %H:%M:%S +00:00")
    frame["last_order"] = frame["last_order"].dt.strftime("%Y-%m-%d")
    frame = frame.astype(object).where(pd.notna(frame), None)
    session = requests.Session()
    for start in range(0, len(frame), ROWS):
        users = [_user(record) for record in frame[start : start + ROWS].to_dict("records")]
        body = json.dumps({"users": users}, default=_plain)
        reply = session.post(
            f"{url}/api/users/bulkUpdate", data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        reply.raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
