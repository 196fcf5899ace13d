SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__candidates DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST("EMAIL" AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST("EMAIL" AS VARCHAR))) ELSE trim(CAST("EMAIL" AS VARCHAR)) END AS identity, "NAME" AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f FROM marts.users),
entries AS (SELECT identity, row_hash, state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent') SELECT m.identity AS identity, s.identity AS entry_identity, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, HASH('7fc386338aa365c1', v_firstname_9cf22fd0, v_spent_2705d83f) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted' OR s.left_at IS NOT NULL
;
SELECT (SELECT count(*) FROM marts.reverse_etl__candidates),
(SELECT count(*) FROM marts.users),
(SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
t.without_entry, t.without_row, t.returned, t.noted, 0, 0, (SELECT count(DISTINCT key_text) FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND identity NOT IN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed')),
(SELECT count(*) FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'invalid'),
(SELECT coalesce(max(fence),
0) FROM s.snapshot__it_s_24ceef1c),
0, 0
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM marts.reverse_etl__candidates) t
;
CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__suspects DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST("EMAIL" AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST("EMAIL" AS VARCHAR))) ELSE trim(CAST("EMAIL" AS VARCHAR)) END AS identity, "NAME" AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f FROM marts.users),
entries AS (SELECT identity, row_hash, state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
touched AS (SELECT identity FROM marts.reverse_etl__candidates WHERE present) SELECT m.*, HASH('7fc386338aa365c1', m.v_firstname_9cf22fd0, m.v_spent_2705d83f) AS row_hash FROM model m WHERE m.identity IN (SELECT identity FROM touched)
;
CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__classified DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH entries AS (SELECT identity, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, row_hash, state AS state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
same_identity AS (SELECT identity
FROM (SELECT identity FROM marts.reverse_etl__suspects) x GROUP BY identity HAVING count(*) > 1) SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, CASE WHEN CASE WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM HASH('7fc386338aa365c1', s.v_firstname_9cf22fd0, s.v_spent_2705d83f) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END, coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)) AS reason FROM marts.reverse_etl__suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN (SELECT identity, key_text, digest, min(CASE WHEN code = 'forgotten-user' THEN 'forgotten' ELSE state END) AS state FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) GROUP BY identity, key_text, digest) h ON h.identity = m.identity AND h.key_text = TO_JSON(ARRAY_CONSTRUCT(CAST(m.identity AS VARCHAR))) AND h.digest = CAST(m.row_hash AS VARCHAR)
LEFT JOIN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed') f ON f.identity = m.identity
UNION ALL SELECT identity, CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,0)),
row_hash, CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,0)),
'invalid', 'null-identifier' FROM marts.reverse_etl__candidates WHERE present AND identity IS NULL
;
WITH gone AS (SELECT c.entry_identity AS identity FROM marts.reverse_etl__candidates c WHERE NOT c.present AND NOT c.left_before AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected')) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))) SELECT kind, coalesce(reason, ''),
count(*),
sum(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN 1 ELSE 0 END),
0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM marts.reverse_etl__classified GROUP BY 1, 2
UNION ALL SELECT 'removed', '', count(*),
0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM gone
;
CREATE TRANSIENT TABLE s.plan__it_s_24ceef1c__8 DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH gone AS (SELECT c.entry_identity AS identity FROM marts.reverse_etl__candidates c WHERE NOT c.present AND NOT c.left_before AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected')) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))) SELECT CAST(row_number() OVER (ORDER BY NULL) - 1 + 0 AS NUMBER(38,0)) AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, concat(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN '0,' ELSE '' END, CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN '1,' ELSE '' END) AS changed, c.v_firstname_9cf22fd0, c.v_spent_2705d83f FROM marts.reverse_etl__classified c WHERE c.kind IN ('added', 'changed', 'resent', 'invalid') ORDER BY ordinal
;
SELECT kind, count(*) FROM s.plan__it_s_24ceef1c__8 GROUP BY kind
