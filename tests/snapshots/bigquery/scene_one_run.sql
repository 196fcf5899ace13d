UPDATE s.lease__it_s_24ceef1c SET fence = fence + 1, holder = ?, holder_note = ?, beat_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
expires_at = DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 120000000 MICROSECOND) WHERE (holder IS NULL AND DATETIME(CURRENT_TIMESTAMP(),
'UTC') >= quiet_at) OR holder = ? OR DATETIME(CURRENT_TIMESTAMP(),
'UTC') >= DATETIME_ADD(expires_at, INTERVAL 90000000 MICROSECOND)
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
UPDATE s.lease__it_s_24ceef1c SET run_fence = ?, credit = 0, acked = '[]' WHERE fence = ? AND holder = ?
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it\'s' LIMIT 1
;
SELECT kind, count(*) FROM s.plan__it_s_24ceef1c__7 GROUP BY kind
;
SELECT sum(CASE WHEN ',' || changed LIKE '%,0,%' THEN 1 ELSE 0 END),
sum(CASE WHEN ',' || changed LIKE '%,1,%' THEN 1 ELSE 0 END) FROM s.plan__it_s_24ceef1c__7 WHERE kind = 'changed'
;
UPDATE s.lease__it_s_24ceef1c SET destination = ?, key_columns = ?, schema_version = 1 WHERE fence = ? AND holder = ?
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it\'s' LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it\'s' AND state = 'invalid' AND request_rows IS NULL
;
INSERT INTO s.sync_rejections (schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at, http_status, response_code, response_message, request_id, request_rows, failed_alone) SELECT 1, 'it\'s', 7, p.ordinal, p.identity, TO_JSON_STRING([CAST(p.identity AS STRING)]),
CAST(p.row_hash AS STRING),
'invalid', p.reason, CASE p.reason WHEN 'invalid-email' THEN 'the key is malformed' ELSE '' END, FALSE, DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
CASE WHEN FALSE THEN DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 3600000000 MICROSECOND) WHEN 'invalid' = 'skipped' THEN CASE WHEN b.key_text IS NULL THEN DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 600000000 MICROSECOND) ELSE DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 3600000000 MICROSECOND) END END, CAST(NULL AS INT64),
CAST(NULL AS STRING),
CAST(NULL AS STRING),
CAST(NULL AS STRING),
CAST(NULL AS INT64),
CAST(NULL AS BOOL) FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT DISTINCT key_text, digest FROM s.sync_rejections WHERE sync = 'it\'s' AND fence < 7 AND state IN ('skipped', 'requeued')) b ON b.key_text = TO_JSON_STRING([CAST(p.identity AS STRING)]) AND b.digest = CAST(p.row_hash AS STRING) WHERE p.kind = 'invalid'
;
UPDATE s.lease__it_s_24ceef1c SET beat_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
expires_at = DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 120000000 MICROSECOND),
credit = ?, acked = ? WHERE fence = ? AND holder = ?
;
SELECT ordinal, kind, identity, changed, v_firstname_9cf22fd0, v_spent_2705d83f FROM s.plan__it_s_24ceef1c__7 WHERE ordinal >= 0 AND ordinal < 10 ORDER BY ordinal
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it\'s' AND state = 'failed' LIMIT 1
;
SELECT p.ordinal, min(f.request_rows),
max(CASE WHEN f.digest IS NOT DISTINCT FROM CAST(p.row_hash AS STRING) THEN f.alone ELSE 0 END) FROM s.plan__it_s_24ceef1c__7 p JOIN (SELECT identity, key_text, digest, min(request_rows) AS request_rows, count(DISTINCT CASE WHEN failed_alone THEN fence END) AS alone FROM s.sync_rejections WHERE sync = 'it\'s' AND state = 'failed' AND request_rows > 0 AND fence < 7 GROUP BY identity, key_text, digest) f ON f.identity = p.identity AND f.key_text = TO_JSON_STRING([CAST(p.identity AS STRING)]) WHERE p.ordinal >= 0 AND p.ordinal < 10 GROUP BY p.ordinal
;
INSERT INTO s.sync_rejections (schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at, http_status, response_code, response_message, request_id, request_rows, failed_alone) SELECT 1, 'it\'s', 7, p.ordinal, p.identity, TO_JSON_STRING([CAST(p.identity AS STRING)]),
CAST(p.row_hash AS STRING),
o.state, o.code, o.reason, o.tainted, DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
CASE WHEN o.recheck THEN DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 3600000000 MICROSECOND) WHEN o.state = 'skipped' THEN CASE WHEN b.key_text IS NULL THEN DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 600000000 MICROSECOND) ELSE DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 3600000000 MICROSECOND) END END, o.http_status, o.response_code, o.response_message, o.request_id, o.request_rows, o.failed_alone FROM s.plan__it_s_24ceef1c__7 p JOIN UNNEST([STRUCT(3 AS ordinal, 'skipped' AS state, 'unknown-user' AS code, 'it\'s \\' AS reason, FALSE AS tainted, FALSE AS recheck, CAST(NULL AS INT64) AS http_status, '' AS response_code, '' AS response_message, '' AS request_id, 0 AS request_rows, FALSE AS failed_alone),
STRUCT(4, 'rejected', 'bad', '', FALSE, FALSE, CAST(NULL AS INT64),
'', '', '', 0, FALSE),
STRUCT(5, 'failed', 'no-answer', '', TRUE, FALSE, 500, 'Odd', 'it\'s \\', 'r-1', 1, TRUE)]) AS o ON o.ordinal = p.ordinal
LEFT JOIN (SELECT DISTINCT key_text, digest FROM s.sync_rejections WHERE sync = 'it\'s' AND fence < 7 AND state IN ('skipped', 'requeued')) b ON b.key_text = TO_JSON_STRING([CAST(p.identity AS STRING)]) AND b.digest = CAST(p.row_hash AS STRING) WHERE p.ordinal >= 3 AND p.ordinal <= 5 AND NOT EXISTS (SELECT 1 FROM s.sync_rejections r WHERE r.sync = 'it\'s' AND r.fence = 7 AND r.ordinal = p.ordinal)
;
UPDATE s.lease__it_s_24ceef1c SET beat_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
expires_at = DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 120000000 MICROSECOND),
credit = ?, acked = ? WHERE fence = ? AND holder = ?
;
MERGE INTO s.snapshot__it_s_24ceef1c AS s USING (SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.sync_rejections WHERE sync = 'it\'s' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN UNNEST([STRUCT(0 AS bucket, 0 AS first, 10 AS beyond, 1 AS acked)]) AS b ON b.bucket = p.ordinal - mod(p.ordinal, 10) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 10) x WHERE outcome IS NOT NULL) AS p ON s.identity = p.identity
WHEN MATCHED AND s.fence <= 7 THEN UPDATE SET v_firstname_9cf22fd0 = CASE WHEN p.outcome = 'unknown' THEN s.v_firstname_9cf22fd0 ELSE p.v_firstname_9cf22fd0 END, v_spent_2705d83f = CASE WHEN p.outcome = 'unknown' THEN s.v_spent_2705d83f ELSE CASE WHEN p.outcome = 'accepted' AND s.state = 'accepted' THEN coalesce(p.v_spent_2705d83f, s.v_spent_2705d83f) ELSE p.v_spent_2705d83f END END, row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC')
WHEN NOT MATCHED THEN INSERT (identity, v_firstname_9cf22fd0, v_spent_2705d83f, row_hash, state, fence, changed_at) VALUES (p.identity, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.row_hash, p.outcome, 7, DATETIME(CURRENT_TIMESTAMP(),
'UTC'))
;
UPDATE s.snapshot__it_s_24ceef1c SET row_hash = FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('7fc386338aa365c1' AS h0, v_firstname_9cf22fd0 AS h1, v_spent_2705d83f AS h2))) WHERE state = 'accepted' AND row_hash IS DISTINCT FROM FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('7fc386338aa365c1' AS h0, v_firstname_9cf22fd0 AS h1, v_spent_2705d83f AS h2)))
;
SELECT count(CASE WHEN state <> 'absent' THEN 1 END),
count(CASE WHEN state = 'absent' AND fence <= 4 AND changed_at < DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL -86400000000 MICROSECOND) THEN 1 END) FROM s.snapshot__it_s_24ceef1c
;
DELETE FROM s.snapshot__it_s_24ceef1c WHERE state = 'absent' AND fence <= 4 AND changed_at < DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL -86400000000 MICROSECOND)
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it\'s' AND state <> 'suppressed' AND identity IN (SELECT identity FROM s.plan__it_s_24ceef1c__7 WHERE kind <> 'invalid') LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it\'s' AND state <> 'suppressed' AND EXISTS (SELECT 1 FROM s.snapshot__it_s_24ceef1c s WHERE s.fence = 7 AND s.state IN ('accepted', 'absent') AND TO_JSON_STRING([CAST(s.identity AS STRING)]) = key_text)
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it\'s' AND state <> 'suppressed' AND fence < 7 AND identity IS NOT NULL LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it\'s' AND state <> 'suppressed' AND fence < 7 AND identity IS NOT NULL AND NOT EXISTS (SELECT 1
FROM (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS there FROM marts.users) m WHERE m.there = identity)
;
DELETE FROM s.sync_rejections WHERE sync = 'it\'s' AND (state IN ('rejected', 'skipped', 'requeued') OR state = 'invalid' AND request_rows IS NOT NULL) AND fence < 7 AND key_text IN (SELECT TO_JSON_STRING([CAST(m.identity AS STRING)]) AS settled
FROM (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `name` AS v_firstname_9cf22fd0, `spent` AS v_spent_2705d83f FROM marts.users) m JOIN s.snapshot__it_s_24ceef1c s ON s.identity = m.identity WHERE s.state = 'accepted' AND m.identity IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it\'s' AND identity IS NOT NULL) AND NOT ((m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f)))
;
UPDATE s.sync_rejections SET state = 'requeued' WHERE state = 'suppressed' AND sync IN ('it\'s', 'other') AND EXISTS (SELECT 1
FROM (SELECT regexp_replace(identity, '^[a-z_]+ [^ -~]+ ', '') AS readmitted, changed_at FROM s.snapshot__it_s_24ceef1c WHERE state = 'accepted') s WHERE regexp_replace(identity, '^[a-z_]+ [^ -~]+ ', '') = readmitted AND changed_at >= seen_at)
;
UPDATE s.lease__it_s_24ceef1c SET closed_fence = fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, holder = NULL, holder_note = NULL, quiet_at = DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 90000000 MICROSECOND),
entries = ? WHERE fence = ? AND holder = ?
;
DROP TABLE IF EXISTS s.plan__it_s_24ceef1c__7
;
DELETE FROM s.sync_runs WHERE sync = ? AND (ended_at < DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL -34560000000000 MICROSECOND) OR ended_at < coalesce((SELECT min(ended_at)
FROM (SELECT ended_at FROM s.sync_runs WHERE sync = ? ORDER BY ended_at DESC LIMIT 9999) newest),
DATETIME(CURRENT_TIMESTAMP(),
'UTC')))
;
INSERT INTO s.sync_runs (schema_version, sync, invocation_id, fence, status, started_at, ended_at, counts, problem, user_name, host, allowed, overrode) SELECT 1, ?, ?, ?, ?, CAST(? AS DATETIME),
DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
?, ?, ?, ?, ?, ?
