UPDATE s.lease__it_s_24ceef1c SET fence = fence + 1, holder = ?, holder_note = ?, beat_at = (now() AT TIME ZONE 'UTC'),
expires_at = ((now() AT TIME ZONE 'UTC') + INTERVAL '120.000000 seconds') WHERE (holder IS NULL AND (now() AT TIME ZONE 'UTC') >= quiet_at) OR holder = ? OR (now() AT TIME ZONE 'UTC') >= (expires_at + INTERVAL '90.000000 seconds')
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
INSERT INTO s.sync_rejections (schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at, http_status, response_code, response_message, request_id, request_rows, failed_alone) SELECT 1, 'it''s', 7, p.ordinal, p.identity, (CAST(to_json(ARRAY[(CAST(p.identity AS text) COLLATE "C")]) AS text) COLLATE "C"),
(CAST(p.row_hash AS text) COLLATE "C"),
'invalid', p.reason, CASE p.reason WHEN 'invalid-email' THEN 'the key is malformed' ELSE '' END, FALSE, (now() AT TIME ZONE 'UTC'),
CASE WHEN FALSE THEN ((now() AT TIME ZONE 'UTC') + INTERVAL '3600.000000 seconds') WHEN 'invalid' = 'skipped' THEN CASE WHEN b.key_text IS NULL THEN ((now() AT TIME ZONE 'UTC') + INTERVAL '600.000000 seconds') ELSE ((now() AT TIME ZONE 'UTC') + INTERVAL '3600.000000 seconds') END END, CAST(NULL AS bigint),
(CAST(NULL AS text) COLLATE "C"),
(CAST(NULL AS text) COLLATE "C"),
(CAST(NULL AS text) COLLATE "C"),
CAST(NULL AS bigint),
CAST(NULL AS boolean) FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT DISTINCT key_text, digest FROM s.sync_rejections WHERE sync = 'it''s' AND fence < 7 AND state IN ('skipped', 'requeued')) b ON b.key_text = (CAST(to_json(ARRAY[(CAST(p.identity AS text) COLLATE "C")]) AS text) COLLATE "C") AND b.digest = (CAST(p.row_hash AS text) COLLATE "C") WHERE p.kind = 'invalid'
;
UPDATE s.lease__it_s_24ceef1c SET beat_at = (now() AT TIME ZONE 'UTC'),
expires_at = ((now() AT TIME ZONE 'UTC') + INTERVAL '120.000000 seconds'),
credit = ?, acked = ? WHERE fence = ? AND holder = ?
;
SELECT ordinal, kind, identity, changed, v_firstname_9cf22fd0, v_spent_2705d83f FROM s.plan__it_s_24ceef1c__7 WHERE ordinal >= 0 AND ordinal < 10 ORDER BY ordinal
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'failed' LIMIT 1
;
SELECT p.ordinal, min(f.request_rows),
max(CASE WHEN f.digest IS NOT DISTINCT
FROM (CAST(p.row_hash AS text) COLLATE "C") THEN f.alone ELSE 0 END) FROM s.plan__it_s_24ceef1c__7 p JOIN (SELECT identity, key_text, digest, min(request_rows) AS request_rows, count(DISTINCT CASE WHEN failed_alone THEN fence END) AS alone FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'failed' AND request_rows > 0 AND fence < 7 GROUP BY identity, key_text, digest) f ON f.identity = p.identity AND f.key_text = (CAST(to_json(ARRAY[(CAST(p.identity AS text) COLLATE "C")]) AS text) COLLATE "C") WHERE p.ordinal >= 0 AND p.ordinal < 10 GROUP BY p.ordinal
;
INSERT INTO s.sync_rejections (schema_version, sync, fence, ordinal, identity, key_text, digest, state, code, reason, tainted, seen_at, retry_at, http_status, response_code, response_message, request_id, request_rows, failed_alone) SELECT 1, 'it''s', 7, p.ordinal, p.identity, (CAST(to_json(ARRAY[(CAST(p.identity AS text) COLLATE "C")]) AS text) COLLATE "C"),
(CAST(p.row_hash AS text) COLLATE "C"),
o.state, o.code, o.reason, o.tainted, (now() AT TIME ZONE 'UTC'),
CASE WHEN o.recheck THEN ((now() AT TIME ZONE 'UTC') + INTERVAL '3600.000000 seconds') WHEN o.state = 'skipped' THEN CASE WHEN b.key_text IS NULL THEN ((now() AT TIME ZONE 'UTC') + INTERVAL '600.000000 seconds') ELSE ((now() AT TIME ZONE 'UTC') + INTERVAL '3600.000000 seconds') END END, o.http_status, o.response_code, o.response_message, o.request_id, o.request_rows, o.failed_alone FROM s.plan__it_s_24ceef1c__7 p JOIN (VALUES (3, 'skipped', 'unknown-user', E'it''s \\', FALSE, FALSE, CAST(NULL AS bigint),
'', '', '', 0, FALSE),
(4, 'rejected', 'bad', '', FALSE, FALSE, CAST(NULL AS bigint),
'', '', '', 0, FALSE),
(5, 'failed', 'no-answer', '', TRUE, FALSE, 500, 'Odd', E'it''s \\', 'r-1', 1, TRUE)) AS o (ordinal, state, code, reason, tainted, recheck, http_status, response_code, response_message, request_id, request_rows, failed_alone) ON o.ordinal = p.ordinal
LEFT JOIN (SELECT DISTINCT key_text, digest FROM s.sync_rejections WHERE sync = 'it''s' AND fence < 7 AND state IN ('skipped', 'requeued')) b ON b.key_text = (CAST(to_json(ARRAY[(CAST(p.identity AS text) COLLATE "C")]) AS text) COLLATE "C") AND b.digest = (CAST(p.row_hash AS text) COLLATE "C") WHERE p.ordinal >= 3 AND p.ordinal <= 5 AND NOT EXISTS (SELECT 1 FROM s.sync_rejections r WHERE r.sync = 'it''s' AND r.fence = 7 AND r.ordinal = p.ordinal)
;
UPDATE s.lease__it_s_24ceef1c SET beat_at = (now() AT TIME ZONE 'UTC'),
expires_at = ((now() AT TIME ZONE 'UTC') + INTERVAL '120.000000 seconds'),
credit = ?, acked = ? WHERE fence = ? AND holder = ?
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c LIMIT 1
;
LOCK TABLE s.snapshot__it_s_24ceef1c IN SHARE ROW EXCLUSIVE MODE; WITH p AS MATERIALIZED (
SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.sync_rejections WHERE sync = 'it''s' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN (VALUES (0, 0, 10, 1)) AS b (bucket, first, beyond, acked) ON b.bucket = p.ordinal - mod(p.ordinal, 10) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 10) x WHERE outcome IS NOT NULL),
updated AS (UPDATE s.snapshot__it_s_24ceef1c AS s SET v_firstname_9cf22fd0 = CASE WHEN p.outcome = 'unknown' THEN s.v_firstname_9cf22fd0 ELSE p.v_firstname_9cf22fd0 END, v_spent_2705d83f = CASE WHEN p.outcome = 'unknown' THEN s.v_spent_2705d83f ELSE CASE WHEN p.outcome = 'accepted' AND s.state = 'accepted' THEN coalesce(p.v_spent_2705d83f, s.v_spent_2705d83f) ELSE p.v_spent_2705d83f END END, row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = (now() AT TIME ZONE 'UTC') FROM p WHERE s.identity = p.identity AND s.fence <= 7) INSERT INTO s.snapshot__it_s_24ceef1c (identity, v_firstname_9cf22fd0, v_spent_2705d83f, row_hash, state, fence, changed_at) SELECT p.identity, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.row_hash, p.outcome, 7, (now() AT TIME ZONE 'UTC') FROM p WHERE NOT EXISTS (SELECT 1 FROM s.snapshot__it_s_24ceef1c AS s WHERE s.identity = p.identity)
;
UPDATE s.snapshot__it_s_24ceef1c SET row_hash = hashtextextended(coalesce(CAST(v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('7fc386338aa365c1' AS text),
'') COLLATE "C", 0))) WHERE state = 'accepted' AND row_hash IS DISTINCT FROM hashtextextended(coalesce(CAST(v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('7fc386338aa365c1' AS text),
'') COLLATE "C", 0)))
;
SELECT count(CASE WHEN state <> 'absent' THEN 1 END),
count(CASE WHEN state = 'absent' AND fence <= 4 AND changed_at < ((now() AT TIME ZONE 'UTC') + INTERVAL '-86400.000000 seconds') THEN 1 END) FROM s.snapshot__it_s_24ceef1c
;
DELETE FROM s.snapshot__it_s_24ceef1c WHERE state = 'absent' AND fence <= 4 AND changed_at < ((now() AT TIME ZONE 'UTC') + INTERVAL '-86400.000000 seconds')
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND identity IN (SELECT identity FROM s.plan__it_s_24ceef1c__7 WHERE kind <> 'invalid') LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND EXISTS (SELECT 1 FROM s.snapshot__it_s_24ceef1c s WHERE s.fence = 7 AND s.state IN ('accepted', 'absent') AND (CAST(to_json(ARRAY[(CAST(s.identity AS text) COLLATE "C")]) AS text) COLLATE "C") = key_text)
;
SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND fence < 7 AND identity IS NOT NULL LIMIT 1
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND state <> 'suppressed' AND fence < 7 AND identity IS NOT NULL AND NOT EXISTS (SELECT 1
FROM (SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS there FROM marts.users) m WHERE m.there = identity)
;
DELETE FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped', 'requeued') OR state = 'invalid' AND request_rows IS NOT NULL) AND fence < 7 AND key_text IN (SELECT (CAST(to_json(ARRAY[(CAST(m.identity AS text) COLLATE "C")]) AS text) COLLATE "C") AS settled
FROM (SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS identity, (CAST("name" AS text) COLLATE "C") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f FROM marts.users) m JOIN s.snapshot__it_s_24ceef1c s ON s.identity = m.identity WHERE s.state = 'accepted' AND m.identity IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND identity IS NOT NULL) AND NOT ((m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f)))
;
UPDATE s.sync_rejections SET state = 'requeued' WHERE state = 'suppressed' AND sync IN ('it''s', 'other') AND EXISTS (SELECT 1
FROM (SELECT regexp_replace(identity, '^[a-z_]+ [^ -~]+ ', '') AS readmitted, changed_at FROM s.snapshot__it_s_24ceef1c WHERE state = 'accepted') s WHERE regexp_replace(identity, '^[a-z_]+ [^ -~]+ ', '') = readmitted AND changed_at >= seen_at)
;
UPDATE s.lease__it_s_24ceef1c SET closed_fence = fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, holder = NULL, holder_note = NULL, quiet_at = ((now() AT TIME ZONE 'UTC') + INTERVAL '90.000000 seconds'),
entries = ? WHERE fence = ? AND holder = ?
;
DROP TABLE IF EXISTS s.plan__it_s_24ceef1c__7
;
DELETE FROM s.sync_runs WHERE sync = ? AND (ended_at < ((now() AT TIME ZONE 'UTC') + INTERVAL '-34560000.000000 seconds') OR ended_at < coalesce((SELECT min(ended_at)
FROM (SELECT ended_at FROM s.sync_runs WHERE sync = ? ORDER BY ended_at DESC LIMIT 9999) newest),
(now() AT TIME ZONE 'UTC')))
;
INSERT INTO s.sync_runs (schema_version, sync, invocation_id, fence, status, started_at, ended_at, counts, problem, user_name, host, allowed, overrode) SELECT 1, ?, ?, ?, ?, CAST(? AS timestamp without time zone),
(now() AT TIME ZONE 'UTC'),
?, ?, ?, ?, ?, ?
