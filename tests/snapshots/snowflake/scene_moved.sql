DROP TABLE IF EXISTS s.snapshot__it_s_24ceef1c
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN left_at TIMESTAMP_NTZ(9)
;
INSERT INTO s.snapshot__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f, state, fence, changed_at, left_at) SELECT TRY_CAST(r.identity AS VARCHAR),
TRY_CAST(r.v_firstname_9cf22fd0 AS VARCHAR),
TRY_CAST(r.v_spent_2705d83f AS NUMBER(38,0)),
TRY_CAST(r.state AS VARCHAR),
TRY_CAST(r.fence AS NUMBER(38,0)),
TRY_CAST(r.changed_at AS TIMESTAMP_NTZ(9)),
TRY_CAST(r.left_at AS TIMESTAMP_NTZ(9))
FROM (VALUES (CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR))) AS r (identity, v_firstname_9cf22fd0, v_spent_2705d83f, state, fence, changed_at, left_at)
;
SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'
;
DROP TABLE IF EXISTS s.moved__it_s_24ceef1c
;
CREATE TABLE IF NOT EXISTS s.moved__it_s_24ceef1c (identity VARCHAR COLLATE '', v_firstname_9cf22fd0 VARCHAR COLLATE '', v_spent_2705d83f NUMBER(38,0))
;
INSERT INTO s.moved__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f) SELECT TRY_CAST(r.identity AS VARCHAR),
TRY_CAST(r.v_firstname_9cf22fd0 AS VARCHAR),
TRY_CAST(r.v_spent_2705d83f AS NUMBER(38,0))
FROM (VALUES (CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR))) AS r (identity, v_firstname_9cf22fd0, v_spent_2705d83f)
;
SELECT s.identity AS identity FROM s.snapshot__it_s_24ceef1c s
LEFT JOIN s.moved__it_s_24ceef1c t ON t.identity = s.identity WHERE s.state <> 'absent' AND (s.identity IS DISTINCT FROM t.identity OR s.v_firstname_9cf22fd0 IS DISTINCT FROM t.v_firstname_9cf22fd0 OR s.v_spent_2705d83f IS DISTINCT FROM t.v_spent_2705d83f)
;
DROP TABLE IF EXISTS s.moved__it_s_24ceef1c
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s'
;
INSERT INTO s.sync_rejections (identity, key_text, digest, state, code, reason, schema_version, fence, ordinal, seen_at, retry_at, tainted, http_status, response_code, response_message, request_id, request_rows, failed_alone, sync) SELECT TRY_CAST(r.identity AS VARCHAR),
TRY_CAST(r.key_text AS VARCHAR),
TRY_CAST(r.digest AS VARCHAR),
TRY_CAST(r.state AS VARCHAR),
TRY_CAST(r.code AS VARCHAR),
TRY_CAST(r.reason AS VARCHAR),
TRY_CAST(r.schema_version AS NUMBER(38,0)),
TRY_CAST(r.fence AS NUMBER(38,0)),
TRY_CAST(r.ordinal AS NUMBER(38,0)),
TRY_CAST(r.seen_at AS TIMESTAMP_NTZ(9)),
TRY_CAST(r.retry_at AS TIMESTAMP_NTZ(9)),
TRY_CAST(r.tainted AS BOOLEAN),
TRY_CAST(r.http_status AS NUMBER(38,0)),
TRY_CAST(r.response_code AS VARCHAR),
TRY_CAST(r.response_message AS VARCHAR),
TRY_CAST(r.request_id AS VARCHAR),
TRY_CAST(r.request_rows AS NUMBER(38,0)),
TRY_CAST(r.failed_alone AS BOOLEAN),
TRY_CAST(r.sync AS VARCHAR)
FROM (VALUES (CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR))) AS r (identity, key_text, digest, state, code, reason, schema_version, fence, ordinal, seen_at, retry_at, tainted, http_status, response_code, response_message, request_id, request_rows, failed_alone, sync)
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS user_name VARCHAR COLLATE ''
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS host VARCHAR COLLATE ''
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS allowed VARCHAR COLLATE ''
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS overrode VARCHAR COLLATE ''
;
DELETE FROM s.sync_runs WHERE sync = 'it''s'
;
INSERT INTO s.sync_runs (invocation_id, status, counts, problem, user_name, host, allowed, overrode, schema_version, fence, started_at, ended_at, sync) SELECT TRY_CAST(r.invocation_id AS VARCHAR),
TRY_CAST(r.status AS VARCHAR),
TRY_CAST(r.counts AS VARCHAR),
TRY_CAST(r.problem AS VARCHAR),
TRY_CAST(r.user_name AS VARCHAR),
TRY_CAST(r.host AS VARCHAR),
TRY_CAST(r.allowed AS VARCHAR),
TRY_CAST(r.overrode AS VARCHAR),
TRY_CAST(r.schema_version AS NUMBER(38,0)),
TRY_CAST(r.fence AS NUMBER(38,0)),
TRY_CAST(r.started_at AS TIMESTAMP_NTZ(9)),
TRY_CAST(r.ended_at AS TIMESTAMP_NTZ(9)),
TRY_CAST(r.sync AS VARCHAR)
FROM (VALUES (CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR),
CAST('it''s' AS VARCHAR))) AS r (invocation_id, status, counts, problem, user_name, host, allowed, overrode, schema_version, fence, started_at, ended_at, sync)
;
UPDATE s.lease__it_s_24ceef1c SET moved_to = ? WHERE fence = ? AND holder = ?
;
SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000) - (DATE_PART(EPOCH_MICROSECOND, beat_at) / 1000000),
(DATE_PART(EPOCH_MICROSECOND, expires_at) / 1000000) - (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000),
(DATE_PART(EPOCH_MICROSECOND, quiet_at) / 1000000) - (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000),
run_fence, credit, acked, destination, key_columns, entries, moved_to, (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000) FROM s.lease__it_s_24ceef1c
;
UPDATE s.lease__it_s_24ceef1c SET lineage = ?, salt = ?, serial = ?, fence = ?, closed_fence = ?, destination = ?, key_columns = ?, entries = ?, run_fence = NULL, credit = 0, acked = NULL, moved_to = NULL, holder = NULL, holder_note = NULL, quiet_at = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)) WHERE fence = ? AND holder = ?
