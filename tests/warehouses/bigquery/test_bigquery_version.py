"""The version of a BigQuery table, and the tables that have none because their rows change without a write."""

from __future__ import annotations

import pytest

from reverse_etl.warehouses.bigquery.table_version import version_of

TABLE = {
    "type": "TABLE",
    "id": "shop:marts.people",
    "creationTime": "1796000000000",
    "lastModifiedTime": "1796090000123",
    "etag": "a==",
    "numRows": "7",
    "numBytes": "70",
    "schema": {"fields": [{"name": "email", "type": "STRING"}]},
    "timePartitioning": {"type": "DAY"},
}


def test_version_has_its_times() -> None:
    found = version_of(TABLE, 1796090060.0)
    assert found is not None
    assert (found.changed_at, found.read_at, found.is_settled) == (1796090000.123, 1796090060.0, True)
    again = version_of(TABLE, 1796090010.0)
    assert again is not None
    assert (again.text, again.is_settled) == (found.text, False)


@pytest.mark.parametrize("part", ["id", "creationTime", "lastModifiedTime", "etag", "numRows", "numBytes"])
def test_each_part_makes_another_version(part: str) -> None:
    first, other = version_of(TABLE, 0), version_of({**TABLE, part: "1796090000124"}, 0)
    assert first is not None
    assert other is not None
    assert first.text != other.text


@pytest.mark.parametrize(
    "more",
    [
        {"type": "VIEW"},
        {"type": "MATERIALIZED_VIEW"},
        {"type": "EXTERNAL"},
        {"type": "SNAPSHOT"},
        {"streamingBuffer": {"estimatedRows": "1"}},
        {"externalDataConfiguration": {"sourceFormat": "CSV"}},
        {"biglakeConfiguration": {"tableFormat": "ICEBERG"}},
        {"tableReplicationInfo": {"replicationIntervalMs": "300000"}},
        {"maxStaleness": "0-0 0 0:15:0"},
        {"timePartitioning": {"type": "DAY", "expirationMs": "1000"}},
        {
            "schema": {
                "fields": [{"name": "a", "type": "RECORD", "fields": [{"name": "b", "policyTags": {"names": []}}]}]
            }
        },
        {"lastModifiedTime": None},
    ],
    ids=str,
)
def test_other_tables_have_none(more: dict[str, object]) -> None:
    assert version_of({**TABLE, **more}, 1796090060.0) is None
