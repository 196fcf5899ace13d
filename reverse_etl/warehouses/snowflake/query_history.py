"""The history of a session: what Snowflake reports of its statements after they ended.

The table function needs no extra right, because a session can see its own statements:
docs.snowflake.com/en/sql-reference/functions/query_history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reverse_etl.cost import Cost
from reverse_etl.warehouses.base import ResultRow

# The most statements that it lists.
_MOST = 10_000


def history_query(database: str) -> str:
    """Return the query; `database` is quoted. A session without a database has no such function."""
    figures = "QUERY_ID, TOTAL_ELAPSED_TIME, BYTES_SCANNED, CREDITS_USED_CLOUD_SERVICES"
    function = f"{database}.INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION"
    return f"SELECT {figures} FROM TABLE({function}(RESULT_LIMIT => {_MOST}))"


def parse_history(rows: Sequence[ResultRow]) -> Iterator[tuple[str, float, Cost]]:
    """Yield the query id, the seconds and the cost of each statement."""
    for number, milliseconds, scanned, credits_used in rows:
        cost = Cost(
            bytes_processed=None if scanned is None else int(scanned),
            credits=None if credits_used is None else float(credits_used),
        )
        yield str(number), float(milliseconds or 0) / 1000, cost
