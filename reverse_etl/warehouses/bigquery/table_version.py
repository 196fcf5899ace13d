"""Reads the version of a table from BigQuery's catalog. Opens no connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reverse_etl.warehouses.table_version import TableVersion

# Parts of tables whose visible rows can change while the time of change stays the same.
_UNTRUSTED = (
    "streamingBuffer",
    "externalDataConfiguration",
    "biglakeConfiguration",
    "tableReplicationInfo",
    "maxStaleness",
)
_COMPARED = ("id", "creationTime", "lastModifiedTime", "etag", "numRows", "numBytes")


def version_of(table: Mapping[str, Any], read_at: float) -> TableVersion | None:
    """Return the version of a table, given as the REST resource; None if it is no plain table.

    `lastModifiedTime` decides: "The time when this table was last modified, in milliseconds since the epoch". The etag
    is not enough, since it is not guaranteed to change when the rows do. Rows in the streaming buffer are newer
    than both. Partitions that expire, and columns whose values depend on the reader's rights, change without a write.
    cloud.google.com/bigquery/docs/reference/rest/v2/tables
    """
    changed = table.get("lastModifiedTime")
    plain = table.get("type") == "TABLE" and not any(table.get(part) for part in _UNTRUSTED)
    expires = (table.get("timePartitioning") or {}).get("expirationMs")
    masked = "policyTags" in json.dumps(table.get("schema", {}))
    if not changed or not plain or expires or masked:
        return None
    return TableVersion(json.dumps([table.get(part) for part in _COMPARED]), int(changed) / 1000, read_at)
