CREATE TABLE IF NOT EXISTS s.sync_rejections (schema_version bigint, sync text COLLATE "C", fence bigint, ordinal bigint, identity text COLLATE "C", key_text text COLLATE "C", digest text COLLATE "C", state text COLLATE "C", code text COLLATE "C", reason text COLLATE "C", tainted boolean, seen_at timestamp without time zone, retry_at timestamp without time zone, http_status bigint, response_code text COLLATE "C", response_message text COLLATE "C", request_id text COLLATE "C", request_rows bigint, failed_alone boolean)
;
CREATE TABLE IF NOT EXISTS s.sync_runs (schema_version bigint, sync text COLLATE "C", invocation_id text COLLATE "C", fence bigint, status text COLLATE "C", started_at timestamp without time zone, ended_at timestamp without time zone, counts text COLLATE "C", problem text COLLATE "C", user_name text COLLATE "C", host text COLLATE "C", allowed text COLLATE "C", overrode text COLLATE "C")
;
CREATE TABLE IF NOT EXISTS s.lease__it_s_24ceef1c AS SELECT CAST(1 AS bigint) AS schema_version, CAST('it''s' AS text) AS sync, CAST('lineage' AS text) AS lineage, CAST(E'it''s \\ salt' AS text) AS salt, CAST(0 AS bigint) AS serial, CAST(0 AS bigint) AS fence, CAST(0 AS bigint) AS credit, CAST(0 AS bigint) AS closed_fence, CAST(0 AS bigint) AS entries, CAST(NULL AS bigint) AS run_fence, CAST(NULL AS text) AS holder, CAST(NULL AS text) AS holder_note, CAST(NULL AS text) AS acked, CAST(NULL AS text) AS destination, CAST(NULL AS text) AS key_columns, CAST(NULL AS text) AS moved_to, CAST((now() AT TIME ZONE 'UTC') AS timestamp without time zone) AS expires_at, CAST((now() AT TIME ZONE 'UTC') AS timestamp without time zone) AS beat_at, CAST((now() AT TIME ZONE 'UTC') AS timestamp without time zone) AS quiet_at
;
SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, extract(epoch
FROM (now() AT TIME ZONE 'UTC')) - extract(epoch FROM beat_at),
extract(epoch FROM expires_at) - extract(epoch
FROM (now() AT TIME ZONE 'UTC')),
extract(epoch FROM quiet_at) - extract(epoch
FROM (now() AT TIME ZONE 'UTC')),
run_fence, credit, acked, destination, key_columns, entries, moved_to, extract(epoch
FROM (now() AT TIME ZONE 'UTC')) FROM s.lease__it_s_24ceef1c
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS http_status bigint
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS response_code text COLLATE "C"
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS response_message text COLLATE "C"
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS request_id text COLLATE "C"
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS request_rows bigint
;
ALTER TABLE s.sync_rejections ADD COLUMN IF NOT EXISTS failed_alone boolean
;
CREATE TABLE IF NOT EXISTS s.snapshot__it_s_24ceef1c (identity text COLLATE "C", v_firstname_9cf22fd0 text COLLATE "C", v_spent_2705d83f bigint, row_hash bigint, state text COLLATE "C", fence bigint, changed_at timestamp without time zone, left_at timestamp without time zone)
