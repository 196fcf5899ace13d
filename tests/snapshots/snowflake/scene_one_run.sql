UPDATE s.lease__it_s_24ceef1c SET fence = fence + 1, holder = ?, holder_note = ?, beat_at = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)),
expires_at = DATEADD(MICROSECOND, 120000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) WHERE (holder IS NULL AND CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)) >= quiet_at) OR holder = ? OR CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)) >= DATEADD(MICROSECOND, 90000000, expires_at)
;
SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000) - (DATE_PART(EPOCH_MICROSECOND, beat_at) / 1000000),
(DATE_PART(EPOCH_MICROSECOND, expires_at) / 1000000) - (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000),
(DATE_PART(EPOCH_MICROSECOND, quiet_at) / 1000000) - (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000),
run_fence, credit, acked, destination, key_columns, entries, moved_to, (DATE_PART(EPOCH_MICROSECOND, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) / 1000000) FROM s.lease__it_s_24ceef1c
;
UPDATE s.lease__it_s_24ceef1c SET run_fence = ?, credit = 0, acked = '[]' WHERE fence = ? AND holder = ?
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
SELECT kind, count(*) FROM s.plan__it_s_24ceef1c__7 GROUP BY kind
;
SELECT sum(CASE WHEN ',' || changed LIKE '%,0,%' THEN 1 ELSE 0 END),
sum(CASE WHEN ',' || changed LIKE '%,1,%' THEN 1 ELSE 0 END) FROM s.plan__it_s_24ceef1c__7 WHERE kind = 'changed'
;
UPDATE s.lease__it_s_24ceef1c SET destination = ?, key_columns = ?, schema_version = 1 WHERE fence = ? AND holder = ?
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'invalid' AND request_rows IS NULL
;
INSERT INTO s.sync_rejections (schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at, http_status, response_code, response_message, request_id, request_rows, failed_alone) SELECT 1, 'it''s', 7, p.ordinal, p.identity, TO_JSON(ARRAY_CONSTRUCT(CAST(p.identity AS VARCHAR))),
CAST(p.row_hash AS VARCHAR),
'invalid', p.reason, CASE p.reason WHEN 'invalid-email' THEN 'the key is malformed' ELSE '' END, FALSE, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)),
CASE WHEN FALSE THEN DATEADD(MICROSECOND, 3600000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) WHEN 'invalid' = 'skipped' THEN CASE WHEN b.key_text IS NULL THEN DATEADD(MICROSECOND, 600000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) ELSE DATEADD(MICROSECOND, 3600000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) END END, CAST(NULL AS NUMBER(38,0)),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,0)),
CAST(NULL AS BOOLEAN) FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT DISTINCT key_text, digest FROM s.sync_rejections WHERE sync = 'it''s' AND fence < 7 AND state IN ('skipped', 'requeued')) b ON b.key_text = TO_JSON(ARRAY_CONSTRUCT(CAST(p.identity AS VARCHAR))) AND b.digest = CAST(p.row_hash AS VARCHAR) WHERE p.kind = 'invalid'
;
UPDATE s.lease__it_s_24ceef1c SET beat_at = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)),
expires_at = DATEADD(MICROSECOND, 120000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))),
credit = ?, acked = ? WHERE fence = ? AND holder = ?
;
SELECT ordinal, kind, identity, changed, v_firstname_9cf22fd0, v_spent_2705d83f FROM s.plan__it_s_24ceef1c__7 WHERE ordinal >= 0 AND ordinal < 10 ORDER BY ordinal
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'failed' LIMIT 1
;
SELECT p.ordinal, min(f.request_rows),
max(CASE WHEN f.digest IS NOT DISTINCT FROM CAST(p.row_hash AS VARCHAR) THEN f.alone ELSE 0 END) FROM s.plan__it_s_24ceef1c__7 p JOIN (SELECT identity, key_text, digest, min(request_rows) AS request_rows, count(DISTINCT CASE WHEN failed_alone THEN fence END) AS alone FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'failed' AND request_rows > 0 AND fence < 7 GROUP BY identity, key_text, digest) f ON f.identity = p.identity AND f.key_text = TO_JSON(ARRAY_CONSTRUCT(CAST(p.identity AS VARCHAR))) WHERE p.ordinal >= 0 AND p.ordinal < 10 GROUP BY p.ordinal
;
INSERT INTO s.sync_rejections (schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at, http_status, response_code, response_message, request_id, request_rows, failed_alone) SELECT 1, 'it''s', 7, p.ordinal, p.identity, TO_JSON(ARRAY_CONSTRUCT(CAST(p.identity AS VARCHAR))),
CAST(p.row_hash AS VARCHAR),
o.state, o.code, o.reason, o.tainted, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)),
CASE WHEN o.recheck THEN DATEADD(MICROSECOND, 3600000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) WHEN o.state = 'skipped' THEN CASE WHEN b.key_text IS NULL THEN DATEADD(MICROSECOND, 600000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) ELSE DATEADD(MICROSECOND, 3600000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) END END, o.http_status, o.response_code, o.response_message, o.request_id, o.request_rows, o.failed_alone FROM s.plan__it_s_24ceef1c__7 p JOIN (VALUES (3, 'skipped', 'unknown-user', 'it''s \\', FALSE, FALSE, CAST(NULL AS NUMBER(38,0)),
'', '', '', 0, FALSE),
(4, 'rejected', 'bad', '', FALSE, FALSE, CAST(NULL AS NUMBER(38,0)),
'', '', '', 0, FALSE),
(5, 'failed', 'no-answer', '', TRUE, FALSE, 500, 'Odd', 'it''s \\', 'r-1', 1, TRUE)) AS o (ordinal, state, code, reason, tainted, recheck, http_status, response_code, response_message, request_id, request_rows, failed_alone) ON o.ordinal = p.ordinal
LEFT JOIN (SELECT DISTINCT key_text, digest FROM s.sync_rejections WHERE sync = 'it''s' AND fence < 7 AND state IN ('skipped', 'requeued')) b ON b.key_text = TO_JSON(ARRAY_CONSTRUCT(CAST(p.identity AS VARCHAR))) AND b.digest = CAST(p.row_hash AS VARCHAR) WHERE p.ordinal >= 3 AND p.ordinal <= 5 AND NOT EXISTS (SELECT 1 FROM s.sync_rejections r WHERE r.sync = 'it''s' AND r.fence = 7 AND r.ordinal = p.ordinal)
;
UPDATE s.lease__it_s_24ceef1c SET beat_at = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)),
expires_at = DATEADD(MICROSECOND, 120000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))),
credit = ?, acked = ? WHERE fence = ? AND holder = ?
;
MERGE INTO s.snapshot__it_s_24ceef1c AS s USING (SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.sync_rejections WHERE sync = 'it''s' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN (VALUES (0, 0, 10, 1)) AS b (bucket, first, beyond, acked) ON b.bucket = p.ordinal - mod(p.ordinal, 10) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 10) x WHERE outcome IS NOT NULL) AS p ON s.identity = p.identity
WHEN MATCHED AND s.fence <= 7 THEN UPDATE SET v_firstname_9cf22fd0 = CASE WHEN p.outcome = 'unknown' THEN s.v_firstname_9cf22fd0 ELSE p.v_firstname_9cf22fd0 END, v_spent_2705d83f = CASE WHEN p.outcome = 'unknown' THEN s.v_spent_2705d83f ELSE CASE WHEN p.outcome = 'accepted' AND s.state = 'accepted' THEN coalesce(p.v_spent_2705d83f, s.v_spent_2705d83f) ELSE p.v_spent_2705d83f END END, row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))
WHEN NOT MATCHED THEN INSERT (identity, v_firstname_9cf22fd0, v_spent_2705d83f, row_hash, state, fence, changed_at) VALUES (p.identity, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.row_hash, p.outcome, 7, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)))
;
UPDATE s.snapshot__it_s_24ceef1c SET row_hash = HASH('7fc386338aa365c1', v_firstname_9cf22fd0, v_spent_2705d83f) WHERE state = 'accepted' AND row_hash IS DISTINCT FROM HASH('7fc386338aa365c1', v_firstname_9cf22fd0, v_spent_2705d83f)
;
SELECT count(CASE WHEN state <> 'absent' THEN 1 END),
count(CASE WHEN state = 'absent' AND fence <= 4 AND changed_at < DATEADD(MICROSECOND, -86400000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) THEN 1 END) FROM s.snapshot__it_s_24ceef1c
;
DELETE FROM s.snapshot__it_s_24ceef1c WHERE state = 'absent' AND fence <= 4 AND changed_at < DATEADD(MICROSECOND, -86400000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)))
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND identity IN (SELECT identity FROM s.plan__it_s_24ceef1c__7 WHERE kind <> 'invalid') LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND EXISTS (SELECT 1 FROM s.snapshot__it_s_24ceef1c s WHERE s.fence = 7 AND s.state IN ('accepted', 'absent') AND TO_JSON(ARRAY_CONSTRUCT(CAST(s.identity AS VARCHAR))) = key_text)
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND fence < 7 AND identity IS NOT NULL LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND fence < 7 AND identity IS NOT NULL AND NOT EXISTS (SELECT 1
FROM (SELECT CASE WHEN REGEXP_LIKE(trim(CAST("EMAIL" AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST("EMAIL" AS VARCHAR))) ELSE trim(CAST("EMAIL" AS VARCHAR)) END AS there FROM marts.users) m WHERE m.there = identity)
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped', 'requeued') OR state = 'invalid' AND request_rows IS NOT NULL) AND fence < 7 AND key_text IN (SELECT TO_JSON(ARRAY_CONSTRUCT(CAST(m.identity AS VARCHAR))) AS settled
FROM (SELECT CASE WHEN REGEXP_LIKE(trim(CAST("EMAIL" AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST("EMAIL" AS VARCHAR))) ELSE trim(CAST("EMAIL" AS VARCHAR)) END AS identity, "NAME" AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f FROM marts.users) m JOIN s.snapshot__it_s_24ceef1c s ON s.identity = m.identity WHERE s.state = 'accepted' AND m.identity IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND identity IS NOT NULL) AND NOT ((m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f)))
;
UPDATE s.sync_rejections SET state = 'requeued' WHERE state = 'suppressed' AND sync IN ('it''s', 'other') AND EXISTS (SELECT 1
FROM (SELECT regexp_replace(identity, '^[a-z_]+ [^ -~]+ ', '') AS readmitted, changed_at FROM s.snapshot__it_s_24ceef1c WHERE state = 'accepted') s WHERE regexp_replace(identity, '^[a-z_]+ [^ -~]+ ', '') = readmitted AND changed_at >= seen_at)
;
UPDATE s.lease__it_s_24ceef1c SET closed_fence = fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, holder = NULL, holder_note = NULL, quiet_at = DATEADD(MICROSECOND, 90000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))),
entries = ? WHERE fence = ? AND holder = ?
;
DROP TABLE IF EXISTS s.plan__it_s_24ceef1c__7
;
DELETE FROM s.sync_runs WHERE sync = ? AND (ended_at < DATEADD(MICROSECOND, -34560000000000, CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) OR ended_at < coalesce((SELECT min(ended_at)
FROM (SELECT ended_at FROM s.sync_runs WHERE sync = ? ORDER BY ended_at DESC LIMIT 9999) newest),
CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))
;
INSERT INTO s.sync_runs (schema_version, sync, invocation_id, fence, status, started_at, ended_at, counts, problem, user_name, host, allowed, overrode) SELECT 1, ?, ?, ?, ?, CAST(? AS TIMESTAMP_NTZ(9)),
CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9)),
?, ?, ?, ?, ?, ?
