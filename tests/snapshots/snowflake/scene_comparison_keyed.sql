SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__candidates DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST("EMAIL" AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST("EMAIL" AS VARCHAR))) ELSE trim(CAST("EMAIL" AS VARCHAR)) END AS identity, "SPENT" AS key_1, "NAME" AS v_firstname_9cf22fd0 FROM marts.users),
entries AS (SELECT identity, key_1, row_hash, state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent') SELECT m.identity AS identity, s.identity AS entry_identity, m.key_1 AS key_1, s.key_1 AS entry_key_1, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, key_1, HASH('f833a5b2b030826f', key_1, v_firstname_9cf22fd0) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, key_1, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted' OR s.left_at IS NOT NULL
;
SELECT (SELECT count(*) FROM marts.reverse_etl__candidates),
(SELECT count(*) FROM marts.users),
(SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
t.without_entry, t.without_row, t.returned, t.noted, (SELECT count(*) FROM marts.reverse_etl__candidates c WHERE c.identity IS NOT NULL AND c.entry_identity IS NULL AND EXISTS (SELECT 1 FROM marts.reverse_etl__candidates x WHERE NOT x.present AND x.entry_key_1 = c.key_1)),
0, (SELECT count(DISTINCT key_text) FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND identity NOT IN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed')),
(SELECT count(*) FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'invalid'),
(SELECT coalesce(max(fence),
0) FROM s.snapshot__it_s_24ceef1c),
0, 0
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM marts.reverse_etl__candidates) t
;
CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__suspects DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST("EMAIL" AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST("EMAIL" AS VARCHAR))) ELSE trim(CAST("EMAIL" AS VARCHAR)) END AS identity, "SPENT" AS key_1, "NAME" AS v_firstname_9cf22fd0 FROM marts.users),
entries AS (SELECT identity, key_1, row_hash, state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
touched AS (SELECT identity FROM marts.reverse_etl__candidates WHERE present UNION SELECT identity FROM entries WHERE (key_1) IN (SELECT key_1 FROM marts.reverse_etl__candidates WHERE present)) SELECT m.*, HASH('f833a5b2b030826f', m.key_1, m.v_firstname_9cf22fd0) AS row_hash FROM model m WHERE m.identity IN (SELECT identity FROM touched)
;
CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__classified DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, row_hash, state AS state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
same_identity AS (SELECT identity
FROM (SELECT identity FROM marts.reverse_etl__suspects) x GROUP BY identity HAVING count(*) > 1),
same_key AS (SELECT key_1
FROM (SELECT key_1 FROM marts.reverse_etl__suspects
UNION ALL SELECT key_1 FROM marts.reverse_etl__candidates WHERE present AND identity IS NULL) x GROUP BY key_1 HAVING count(*) > 1) SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, CASE WHEN CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' OR m.key_1 IS DISTINCT FROM s.key_1 THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM HASH('f833a5b2b030826f', s.key_1, s.v_firstname_9cf22fd0) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END, coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)) AS reason FROM marts.reverse_etl__suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1
LEFT JOIN (SELECT identity, key_text, digest, min(CASE WHEN code = 'forgotten-user' THEN 'forgotten' ELSE state END) AS state FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) GROUP BY identity, key_text, digest) h ON h.identity = m.identity AND h.key_text = TO_JSON(ARRAY_CONSTRUCT(CAST(m.identity AS VARCHAR),
CAST(m.key_1 AS VARCHAR))) AND h.digest = CAST(m.row_hash AS VARCHAR)
LEFT JOIN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed') f ON f.identity = m.identity
UNION ALL SELECT identity, key_1, CAST(NULL AS VARCHAR),
row_hash, CAST(NULL AS VARCHAR),
'invalid', 'null-identifier' FROM marts.reverse_etl__candidates WHERE present AND identity IS NULL
;
WITH gone AS (SELECT c.entry_identity AS identity, c.entry_key_1 FROM marts.reverse_etl__candidates c WHERE NOT c.present AND NOT c.left_before AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__classified x WHERE x.kind IN ('invalid', 'quarantined') AND x.key_1 = c.entry_key_1) AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected')) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))) SELECT kind, coalesce(reason, ''),
count(*),
sum(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 ELSE 0 END),
0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM marts.reverse_etl__classified GROUP BY 1, 2
UNION ALL SELECT 'removed', '', count(*),
0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM gone
;
CREATE TRANSIENT TABLE s.plan__it_s_24ceef1c__8 DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH gone AS (SELECT c.entry_identity AS identity, c.entry_key_1 FROM marts.reverse_etl__candidates c WHERE NOT c.present AND NOT c.left_before AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__classified x WHERE x.kind IN ('invalid', 'quarantined') AND x.key_1 = c.entry_key_1) AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected')) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))) SELECT CAST(row_number() OVER (ORDER BY NULL) - 1 + 0 AS NUMBER(38,0)) AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, concat(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN '0,' ELSE '' END) AS changed, c.key_1, c.v_firstname_9cf22fd0 FROM marts.reverse_etl__classified c WHERE c.kind IN ('added', 'changed', 'resent', 'invalid') ORDER BY ordinal
;
SELECT kind, count(*) FROM s.plan__it_s_24ceef1c__8 GROUP BY kind
