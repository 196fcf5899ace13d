CREATE TABLE IF NOT EXISTS s.sync_rejections (schema_version INT64, sync STRING, fence INT64, ordinal INT64, identity STRING, key_text STRING, digest STRING, state STRING, code STRING, reason STRING, tainted BOOL, seen_at DATETIME, retry_at DATETIME) CLUSTER BY sync
;
CREATE TABLE IF NOT EXISTS s.sync_runs (schema_version INT64, sync STRING, invocation_id STRING, fence INT64, status STRING, started_at DATETIME, ended_at DATETIME, counts STRING, problem STRING) CLUSTER BY sync
;
CREATE TABLE IF NOT EXISTS s.lease__it_s_24ceef1c AS SELECT CAST(1 AS INT64) AS schema_version, CAST('it\'s' AS STRING) AS sync, CAST('lineage' AS STRING) AS lineage, CAST('it\'s \\ salt' AS STRING) AS salt, CAST(0 AS INT64) AS serial, CAST(0 AS INT64) AS fence, CAST(0 AS INT64) AS credit, CAST(0 AS INT64) AS closed_fence, CAST(0 AS INT64) AS entries, CAST(NULL AS INT64) AS run_fence, CAST(NULL AS STRING) AS holder, CAST(NULL AS STRING) AS holder_note, CAST(NULL AS STRING) AS acked, CAST(NULL AS STRING) AS destination, CAST(NULL AS STRING) AS key_columns, CAST(NULL AS STRING) AS moved_to, CAST(DATETIME(CURRENT_TIMESTAMP()) AS DATETIME) AS expires_at, CAST(DATETIME(CURRENT_TIMESTAMP()) AS DATETIME) AS beat_at, CAST(DATETIME(CURRENT_TIMESTAMP()) AS DATETIME) AS quiet_at
;
SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, (UNIX_MICROS(TIMESTAMP(DATETIME(CURRENT_TIMESTAMP()))) / 1000000) - (UNIX_MICROS(TIMESTAMP(beat_at)) / 1000000),
(UNIX_MICROS(TIMESTAMP(expires_at)) / 1000000) - (UNIX_MICROS(TIMESTAMP(DATETIME(CURRENT_TIMESTAMP()))) / 1000000),
(UNIX_MICROS(TIMESTAMP(quiet_at)) / 1000000) - (UNIX_MICROS(TIMESTAMP(DATETIME(CURRENT_TIMESTAMP()))) / 1000000),
run_fence, credit, acked, destination, key_columns, entries, moved_to FROM s.lease__it_s_24ceef1c
;
CREATE TABLE IF NOT EXISTS s.snapshot__it_s_24ceef1c (identity STRING, v_firstname_9cf22fd0 STRING, v_spent_2705d83f INT64, row_hash INT64, state STRING, fence INT64, changed_at DATETIME) CLUSTER BY identity
