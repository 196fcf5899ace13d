DROP TABLE IF EXISTS s.snapshot__it_s_24ceef1c
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN left_at timestamp without time zone
;
INSERT INTO s.snapshot__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f, state, fence, changed_at, left_at) SELECT (CAST(r.identity AS text) COLLATE "C"),
(CAST(r.v_firstname_9cf22fd0 AS text) COLLATE "C"),
CASE WHEN CASE WHEN length(r.v_spent_2705d83f) <= 400 AND r.v_spent_2705d83f ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.v_spent_2705d83f AS numeric) = trunc(CAST(r.v_spent_2705d83f AS numeric)) AND CAST(r.v_spent_2705d83f AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.v_spent_2705d83f AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, (CAST(r.state AS text) COLLATE "C"),
CASE WHEN CASE WHEN length(r.fence) <= 400 AND r.fence ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.fence AS numeric) = trunc(CAST(r.fence AS numeric)) AND CAST(r.fence AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.fence AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN r.changed_at ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(r.changed_at AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END, CASE WHEN r.left_at ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(r.left_at AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END
FROM (VALUES ((CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"))) AS r (identity, v_firstname_9cf22fd0, v_spent_2705d83f, state, fence, changed_at, left_at)
;
SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'
;
DROP TABLE IF EXISTS s.moved__it_s_24ceef1c
;
CREATE TABLE IF NOT EXISTS s.moved__it_s_24ceef1c (identity text COLLATE "C", v_firstname_9cf22fd0 text COLLATE "C", v_spent_2705d83f bigint)
;
INSERT INTO s.moved__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f) SELECT (CAST(r.identity AS text) COLLATE "C"),
(CAST(r.v_firstname_9cf22fd0 AS text) COLLATE "C"),
CASE WHEN CASE WHEN length(r.v_spent_2705d83f) <= 400 AND r.v_spent_2705d83f ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.v_spent_2705d83f AS numeric) = trunc(CAST(r.v_spent_2705d83f AS numeric)) AND CAST(r.v_spent_2705d83f AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.v_spent_2705d83f AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END
FROM (VALUES ((CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"))) AS r (identity, v_firstname_9cf22fd0, v_spent_2705d83f)
;
SELECT s.identity AS identity FROM s.snapshot__it_s_24ceef1c s
LEFT JOIN s.moved__it_s_24ceef1c t ON t.identity = s.identity WHERE s.state <> 'absent' AND (s.identity IS DISTINCT FROM t.identity OR s.v_firstname_9cf22fd0 IS DISTINCT FROM t.v_firstname_9cf22fd0 OR s.v_spent_2705d83f IS DISTINCT FROM t.v_spent_2705d83f)
;
DROP TABLE IF EXISTS s.moved__it_s_24ceef1c
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s'
;
INSERT INTO s.sync_rejections (identity, key_text, digest, state, code, reason, schema_version, fence, ordinal, seen_at, retry_at, tainted, http_status, response_code, response_message, request_id, request_rows, failed_alone, sync) SELECT (CAST(r.identity AS text) COLLATE "C"),
(CAST(r.key_text AS text) COLLATE "C"),
(CAST(r.digest AS text) COLLATE "C"),
(CAST(r.state AS text) COLLATE "C"),
(CAST(r.code AS text) COLLATE "C"),
(CAST(r.reason AS text) COLLATE "C"),
CASE WHEN CASE WHEN length(r.schema_version) <= 400 AND r.schema_version ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.schema_version AS numeric) = trunc(CAST(r.schema_version AS numeric)) AND CAST(r.schema_version AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.schema_version AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN CASE WHEN length(r.fence) <= 400 AND r.fence ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.fence AS numeric) = trunc(CAST(r.fence AS numeric)) AND CAST(r.fence AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.fence AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN CASE WHEN length(r.ordinal) <= 400 AND r.ordinal ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.ordinal AS numeric) = trunc(CAST(r.ordinal AS numeric)) AND CAST(r.ordinal AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.ordinal AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN r.seen_at ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(r.seen_at AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END, CASE WHEN r.retry_at ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(r.retry_at AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END, CASE WHEN r.tainted ~* '^(?:true|false|t|f|1|0)$' THEN CAST(r.tainted AS boolean) ELSE CAST(NULL AS boolean) END, CASE WHEN CASE WHEN length(r.http_status) <= 400 AND r.http_status ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.http_status AS numeric) = trunc(CAST(r.http_status AS numeric)) AND CAST(r.http_status AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.http_status AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, (CAST(r.response_code AS text) COLLATE "C"),
(CAST(r.response_message AS text) COLLATE "C"),
(CAST(r.request_id AS text) COLLATE "C"),
CASE WHEN CASE WHEN length(r.request_rows) <= 400 AND r.request_rows ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.request_rows AS numeric) = trunc(CAST(r.request_rows AS numeric)) AND CAST(r.request_rows AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.request_rows AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN r.failed_alone ~* '^(?:true|false|t|f|1|0)$' THEN CAST(r.failed_alone AS boolean) ELSE CAST(NULL AS boolean) END, (CAST(r.sync AS text) COLLATE "C")
FROM (VALUES ((CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"))) AS r (identity, key_text, digest, state, code, reason, schema_version, fence, ordinal, seen_at, retry_at, tainted, http_status, response_code, response_message, request_id, request_rows, failed_alone, sync)
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS user_name text COLLATE "C"
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS host text COLLATE "C"
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS allowed text COLLATE "C"
;
ALTER TABLE s.sync_runs ADD COLUMN IF NOT EXISTS overrode text COLLATE "C"
;
DELETE FROM s.sync_runs WHERE sync = 'it''s'
;
INSERT INTO s.sync_runs (invocation_id, status, counts, problem, user_name, host, allowed, overrode, schema_version, fence, started_at, ended_at, sync) SELECT (CAST(r.invocation_id AS text) COLLATE "C"),
(CAST(r.status AS text) COLLATE "C"),
(CAST(r.counts AS text) COLLATE "C"),
(CAST(r.problem AS text) COLLATE "C"),
(CAST(r.user_name AS text) COLLATE "C"),
(CAST(r.host AS text) COLLATE "C"),
(CAST(r.allowed AS text) COLLATE "C"),
(CAST(r.overrode AS text) COLLATE "C"),
CASE WHEN CASE WHEN length(r.schema_version) <= 400 AND r.schema_version ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.schema_version AS numeric) = trunc(CAST(r.schema_version AS numeric)) AND CAST(r.schema_version AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.schema_version AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN CASE WHEN length(r.fence) <= 400 AND r.fence ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST(r.fence AS numeric) = trunc(CAST(r.fence AS numeric)) AND CAST(r.fence AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST(r.fence AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END, CASE WHEN r.started_at ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(r.started_at AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END, CASE WHEN r.ended_at ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(r.ended_at AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END, (CAST(r.sync AS text) COLLATE "C")
FROM (VALUES ((CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"),
(CAST('it''s' AS text) COLLATE "C"))) AS r (invocation_id, status, counts, problem, user_name, host, allowed, overrode, schema_version, fence, started_at, ended_at, sync)
;
UPDATE s.lease__it_s_24ceef1c SET moved_to = ? WHERE fence = ? AND holder = ?
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
UPDATE s.lease__it_s_24ceef1c SET lineage = ?, salt = ?, serial = ?, fence = ?, closed_fence = ?, destination = ?, key_columns = ?, entries = ?, run_fence = NULL, credit = 0, acked = NULL, moved_to = NULL, holder = NULL, holder_note = NULL, quiet_at = (now() AT TIME ZONE 'UTC') WHERE fence = ? AND holder = ?
