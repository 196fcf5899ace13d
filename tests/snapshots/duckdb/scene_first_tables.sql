CREATE TABLE IF NOT EXISTS s.sync_rejections (schema_version BIGINT, sync VARCHAR, fence BIGINT, ordinal BIGINT, identity VARCHAR, key_text VARCHAR, digest VARCHAR, state VARCHAR, code VARCHAR, reason VARCHAR, tainted BOOLEAN, seen_at TIMESTAMP, retry_at TIMESTAMP, http_status BIGINT, response_code VARCHAR, response_message VARCHAR, request_id VARCHAR, request_rows BIGINT, failed_alone BOOLEAN)
;
CREATE TABLE IF NOT EXISTS s.sync_runs (schema_version BIGINT, sync VARCHAR, invocation_id VARCHAR, fence BIGINT, status VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP, counts VARCHAR, problem VARCHAR, user_name VARCHAR, host VARCHAR, allowed VARCHAR, overrode VARCHAR)
;
CREATE TABLE IF NOT EXISTS s.lease__it_s_24ceef1c AS SELECT CAST(1 AS BIGINT) AS schema_version, CAST('it''s' AS VARCHAR) AS sync, CAST('lineage' AS VARCHAR) AS lineage, CAST('it''s \ salt' AS VARCHAR) AS salt, CAST(0 AS BIGINT) AS serial, CAST(0 AS BIGINT) AS fence, CAST(0 AS BIGINT) AS credit, CAST(0 AS BIGINT) AS closed_fence, CAST(0 AS BIGINT) AS entries, CAST(NULL AS BIGINT) AS run_fence, CAST(NULL AS VARCHAR) AS holder, CAST(NULL AS VARCHAR) AS holder_note, CAST(NULL AS VARCHAR) AS acked, CAST(NULL AS VARCHAR) AS destination, CAST(NULL AS VARCHAR) AS key_columns, CAST(NULL AS VARCHAR) AS moved_to, CAST(make_timestamp(epoch_us(now())) AS TIMESTAMP) AS expires_at, CAST(make_timestamp(epoch_us(now())) AS TIMESTAMP) AS beat_at, CAST(make_timestamp(epoch_us(now())) AS TIMESTAMP) AS quiet_at
;
SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, epoch(make_timestamp(epoch_us(now()))) - epoch(beat_at),
epoch(expires_at) - epoch(make_timestamp(epoch_us(now()))),
epoch(quiet_at) - epoch(make_timestamp(epoch_us(now()))),
run_fence, credit, acked, destination, key_columns, entries, moved_to, epoch(make_timestamp(epoch_us(now()))) FROM s.lease__it_s_24ceef1c
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS http_status BIGINT
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS response_code VARCHAR
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS response_message VARCHAR
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS request_id VARCHAR
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS request_rows BIGINT
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS failed_alone BOOLEAN
;
CREATE TABLE IF NOT EXISTS s.snapshot__it_s_24ceef1c (identity VARCHAR, v_firstname_9cf22fd0 VARCHAR, v_spent_2705d83f BIGINT, row_hash UBIGINT, state VARCHAR, fence BIGINT, changed_at TIMESTAMP, left_at TIMESTAMP)
