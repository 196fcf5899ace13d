CREATE TABLE IF NOT EXISTS s.sync_rejections (schema_version INT64, sync STRING COLLATE '', fence INT64, ordinal INT64, identity STRING COLLATE '', key_text STRING COLLATE '', digest STRING COLLATE '', state STRING COLLATE '', code STRING COLLATE '', reason STRING COLLATE '', tainted BOOL, seen_at DATETIME, retry_at DATETIME, http_status INT64, response_code STRING COLLATE '', response_message STRING COLLATE '', request_id STRING COLLATE '', request_rows INT64, failed_alone BOOL) DEFAULT COLLATE '' CLUSTER BY sync
;
CREATE TABLE IF NOT EXISTS s.sync_runs (schema_version INT64, sync STRING COLLATE '', invocation_id STRING COLLATE '', fence INT64, status STRING COLLATE '', started_at DATETIME, ended_at DATETIME, counts STRING COLLATE '', problem STRING COLLATE '', user_name STRING COLLATE '', host STRING COLLATE '', allowed STRING COLLATE '', overrode STRING COLLATE '') DEFAULT COLLATE '' CLUSTER BY sync
;
CREATE TABLE IF NOT EXISTS s.lease__it_s_24ceef1c DEFAULT COLLATE '' CLUSTER BY sync AS SELECT CAST(1 AS INT64) AS schema_version, CAST('it\'s' AS STRING) AS sync, CAST('lineage' AS STRING) AS lineage, CAST('it\'s \\ salt' AS STRING) AS salt, CAST(0 AS INT64) AS serial, CAST(0 AS INT64) AS fence, CAST(0 AS INT64) AS credit, CAST(0 AS INT64) AS closed_fence, CAST(0 AS INT64) AS entries, CAST(NULL AS INT64) AS run_fence, CAST(NULL AS STRING) AS holder, CAST(NULL AS STRING) AS holder_note, CAST(NULL AS STRING) AS acked, CAST(NULL AS STRING) AS destination, CAST(NULL AS STRING) AS key_columns, CAST(NULL AS STRING) AS moved_to, CAST(DATETIME(CURRENT_TIMESTAMP(),
'UTC') AS DATETIME) AS expires_at, CAST(DATETIME(CURRENT_TIMESTAMP(),
'UTC') AS DATETIME) AS beat_at, CAST(DATETIME(CURRENT_TIMESTAMP(),
'UTC') AS DATETIME) AS quiet_at
;
SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) - (DATETIME_DIFF(beat_at, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000),
(DATETIME_DIFF(expires_at, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) - (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000),
(DATETIME_DIFF(quiet_at, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) - (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000),
run_fence, credit, acked, destination, key_columns, entries, moved_to, (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) FROM s.lease__it_s_24ceef1c
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS http_status INT64
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS response_code STRING COLLATE ''
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS response_message STRING COLLATE ''
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS request_id STRING COLLATE ''
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS request_rows INT64
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS failed_alone BOOL
;
CREATE TABLE IF NOT EXISTS s.snapshot__it_s_24ceef1c (identity STRING COLLATE '', v_firstname_9cf22fd0 STRING COLLATE '', v_spent_2705d83f INT64, row_hash INT64, state STRING COLLATE '', fence INT64, changed_at DATETIME, left_at DATETIME) DEFAULT COLLATE '' CLUSTER BY identity
