DROP TABLE IF EXISTS s.snapshot__it_s_24ceef1c
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN left_at DATETIME
;
INSERT INTO s.snapshot__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f, state, fence, changed_at, left_at) SELECT SAFE_CAST(r.identity AS STRING),
SAFE_CAST(r.v_firstname_9cf22fd0 AS STRING),
SAFE_CAST(r.v_spent_2705d83f AS INT64),
SAFE_CAST(r.state AS STRING),
SAFE_CAST(r.fence AS INT64),
SAFE_CAST(r.changed_at AS DATETIME),
SAFE_CAST(r.left_at AS DATETIME) FROM UNNEST([STRUCT(CAST('it\'s' AS STRING) AS identity, CAST('it\'s' AS STRING) AS v_firstname_9cf22fd0, CAST('it\'s' AS STRING) AS v_spent_2705d83f, CAST('it\'s' AS STRING) AS state, CAST('it\'s' AS STRING) AS fence, CAST('it\'s' AS STRING) AS changed_at, CAST('it\'s' AS STRING) AS left_at)]) AS r
;
SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'
;
DROP TABLE IF EXISTS s.moved__it_s_24ceef1c
;
CREATE TABLE IF NOT EXISTS s.moved__it_s_24ceef1c (identity STRING COLLATE '', v_firstname_9cf22fd0 STRING COLLATE '', v_spent_2705d83f INT64) DEFAULT COLLATE '' CLUSTER BY identity
;
INSERT INTO s.moved__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f) SELECT SAFE_CAST(r.identity AS STRING),
SAFE_CAST(r.v_firstname_9cf22fd0 AS STRING),
SAFE_CAST(r.v_spent_2705d83f AS INT64) FROM UNNEST([STRUCT(CAST('it\'s' AS STRING) AS identity, CAST('it\'s' AS STRING) AS v_firstname_9cf22fd0, CAST('it\'s' AS STRING) AS v_spent_2705d83f)]) AS r
;
SELECT s.identity AS identity FROM s.snapshot__it_s_24ceef1c s
LEFT JOIN s.moved__it_s_24ceef1c t ON t.identity = s.identity WHERE s.state <> 'absent' AND (s.identity IS DISTINCT FROM t.identity OR s.v_firstname_9cf22fd0 IS DISTINCT FROM t.v_firstname_9cf22fd0 OR s.v_spent_2705d83f IS DISTINCT FROM t.v_spent_2705d83f)
;
DROP TABLE IF EXISTS s.moved__it_s_24ceef1c
;
DELETE FROM s.sync_rejections WHERE sync = 'it\'s'
;
INSERT INTO s.sync_rejections (identity, key_text, digest, state, code, reason, schema_version, fence, ordinal, seen_at, retry_at, tainted, http_status, response_code, response_message, request_id, request_rows, failed_alone, sync) SELECT SAFE_CAST(r.identity AS STRING),
SAFE_CAST(r.key_text AS STRING),
SAFE_CAST(r.digest AS STRING),
SAFE_CAST(r.state AS STRING),
SAFE_CAST(r.code AS STRING),
SAFE_CAST(r.reason AS STRING),
SAFE_CAST(r.schema_version AS INT64),
SAFE_CAST(r.fence AS INT64),
SAFE_CAST(r.ordinal AS INT64),
SAFE_CAST(r.seen_at AS DATETIME),
SAFE_CAST(r.retry_at AS DATETIME),
SAFE_CAST(r.tainted AS BOOL),
SAFE_CAST(r.http_status AS INT64),
SAFE_CAST(r.response_code AS STRING),
SAFE_CAST(r.response_message AS STRING),
SAFE_CAST(r.request_id AS STRING),
SAFE_CAST(r.request_rows AS INT64),
SAFE_CAST(r.failed_alone AS BOOL),
SAFE_CAST(r.sync AS STRING) FROM UNNEST([STRUCT(CAST('it\'s' AS STRING) AS identity, CAST('it\'s' AS STRING) AS key_text, CAST('it\'s' AS STRING) AS digest, CAST('it\'s' AS STRING) AS state, CAST('it\'s' AS STRING) AS code, CAST('it\'s' AS STRING) AS reason, CAST('it\'s' AS STRING) AS schema_version, CAST('it\'s' AS STRING) AS fence, CAST('it\'s' AS STRING) AS ordinal, CAST('it\'s' AS STRING) AS seen_at, CAST('it\'s' AS STRING) AS retry_at, CAST('it\'s' AS STRING) AS tainted, CAST('it\'s' AS STRING) AS http_status, CAST('it\'s' AS STRING) AS response_code, CAST('it\'s' AS STRING) AS response_message, CAST('it\'s' AS STRING) AS request_id, CAST('it\'s' AS STRING) AS request_rows, CAST('it\'s' AS STRING) AS failed_alone, CAST('it\'s' AS STRING) AS sync)]) AS r
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS user_name STRING COLLATE ''
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS host STRING COLLATE ''
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS allowed STRING COLLATE ''
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS overrode STRING COLLATE ''
;
DELETE FROM s.sync_runs WHERE sync = 'it\'s'
;
INSERT INTO s.sync_runs (invocation_id, status, counts, problem, user_name, host, allowed, overrode, schema_version, fence, started_at, ended_at, sync) SELECT SAFE_CAST(r.invocation_id AS STRING),
SAFE_CAST(r.status AS STRING),
SAFE_CAST(r.counts AS STRING),
SAFE_CAST(r.problem AS STRING),
SAFE_CAST(r.user_name AS STRING),
SAFE_CAST(r.host AS STRING),
SAFE_CAST(r.allowed AS STRING),
SAFE_CAST(r.overrode AS STRING),
SAFE_CAST(r.schema_version AS INT64),
SAFE_CAST(r.fence AS INT64),
SAFE_CAST(r.started_at AS DATETIME),
SAFE_CAST(r.ended_at AS DATETIME),
SAFE_CAST(r.sync AS STRING) FROM UNNEST([STRUCT(CAST('it\'s' AS STRING) AS invocation_id, CAST('it\'s' AS STRING) AS status, CAST('it\'s' AS STRING) AS counts, CAST('it\'s' AS STRING) AS problem, CAST('it\'s' AS STRING) AS user_name, CAST('it\'s' AS STRING) AS host, CAST('it\'s' AS STRING) AS allowed, CAST('it\'s' AS STRING) AS overrode, CAST('it\'s' AS STRING) AS schema_version, CAST('it\'s' AS STRING) AS fence, CAST('it\'s' AS STRING) AS started_at, CAST('it\'s' AS STRING) AS ended_at, CAST('it\'s' AS STRING) AS sync)]) AS r
;
UPDATE s.lease__it_s_24ceef1c SET moved_to = ? WHERE fence = ? AND holder = ?
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
UPDATE s.lease__it_s_24ceef1c SET lineage = ?, salt = ?, serial = ?, fence = ?, closed_fence = ?, destination = ?, key_columns = ?, entries = ?, run_fence = NULL, credit = 0, acked = NULL, moved_to = NULL, holder = NULL, holder_note = NULL, quiet_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC') WHERE fence = ? AND holder = ?
