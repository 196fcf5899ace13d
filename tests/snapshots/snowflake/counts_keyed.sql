CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__candidates DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR))) ELSE trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)) END AS identity, "ID" AS key_1, COLLATE("First Name", '') AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f, TO_JSON("TAGS") AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, row_hash, state AS state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__users WHERE state <> 'absent') SELECT m.identity AS identity, s.identity AS entry_identity, m.key_1 AS key_1, s.key_1 AS entry_key_1, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, key_1, HASH('13600beff96f6918', key_1, v_firstname_9cf22fd0, v_spent_2705d83f, v_tags_978c2f89, v_source_41cf6794) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, key_1, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted' OR s.left_at IS NOT NULL; CREATE OR REPLACE TEMPORARY TABLE marts.reverse_etl__suspects DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR))) ELSE trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)) END AS identity, "ID" AS key_1, COLLATE("First Name", '') AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f, TO_JSON("TAGS") AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, row_hash, state AS state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__users WHERE state <> 'absent'),
touched AS (SELECT identity FROM marts.reverse_etl__candidates WHERE present UNION SELECT identity FROM entries WHERE (key_1) IN (SELECT key_1 FROM marts.reverse_etl__candidates WHERE present)) SELECT m.*, HASH('13600beff96f6918', m.key_1, m.v_firstname_9cf22fd0, m.v_spent_2705d83f, m.v_tags_978c2f89, m.v_source_41cf6794) AS row_hash FROM model m WHERE m.identity IN (SELECT identity FROM touched); WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR))) ELSE trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)) END AS identity, "ID" AS key_1, COLLATE("First Name", '') AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f, TO_JSON("TAGS") AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, row_hash, state AS state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at FROM s.snapshot__users WHERE state <> 'absent'),
touched AS (SELECT identity FROM marts.reverse_etl__candidates WHERE present UNION SELECT identity FROM entries WHERE (key_1) IN (SELECT key_1 FROM marts.reverse_etl__candidates WHERE present)),
same_identity AS (SELECT identity
FROM (SELECT identity FROM marts.reverse_etl__suspects) x GROUP BY identity HAVING count(*) > 1),
same_key AS (SELECT key_1
FROM (SELECT key_1 FROM marts.reverse_etl__suspects
UNION ALL SELECT key_1 FROM marts.reverse_etl__candidates WHERE present AND identity IS NULL) x GROUP BY key_1 HAVING count(*) > 1),
classified AS (SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, s.v_tags_978c2f89 AS old_v_tags_978c2f89, s.v_source_41cf6794 AS old_v_source_41cf6794, CASE WHEN CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) OR (m.v_tags_978c2f89 IS DISTINCT FROM s.v_tags_978c2f89 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(m.v_tags_978c2f89)) = TO_JSON(TRY_PARSE_JSON(s.v_tags_978c2f89)),
FALSE)) OR (m.v_source_41cf6794 IS DISTINCT FROM s.v_source_41cf6794 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(m.v_source_41cf6794)) = TO_JSON(TRY_PARSE_JSON(s.v_source_41cf6794)),
FALSE)) THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' OR m.key_1 IS DISTINCT FROM s.key_1 THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM HASH('13600beff96f6918', s.key_1, s.v_firstname_9cf22fd0, s.v_spent_2705d83f, s.v_tags_978c2f89, s.v_source_41cf6794) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END, coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)) AS reason FROM marts.reverse_etl__suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1
LEFT JOIN (SELECT identity, key_text, digest, min(CASE WHEN code = 'forgotten-user' THEN 'forgotten' ELSE state END) AS state FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected', 'skipped') OR state = 'invalid' AND request_rows IS NOT NULL) AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))) GROUP BY identity, key_text, digest) h ON h.identity = m.identity AND h.key_text = TO_JSON(ARRAY_CONSTRUCT(CAST(m.identity AS VARCHAR),
CAST(m.key_1 AS VARCHAR))) AND h.digest = CAST(m.row_hash AS VARCHAR)
LEFT JOIN (SELECT DISTINCT identity FROM s.rejections WHERE sync = 'users' AND state = 'suppressed') f ON f.identity = m.identity
UNION ALL SELECT identity, key_1, CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,2)),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
row_hash, CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,2)),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
'invalid', 'null-identifier' FROM marts.reverse_etl__candidates WHERE present AND identity IS NULL),
gone AS (SELECT c.entry_identity AS identity, c.entry_key_1 FROM marts.reverse_etl__candidates c WHERE NOT c.present AND NOT EXISTS (SELECT 1 FROM classified x WHERE x.kind IN ('invalid', 'quarantined') AND x.key_1 = c.entry_key_1) AND NOT EXISTS (SELECT 1 FROM marts.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected') OR state = 'invalid' AND request_rows IS NOT NULL) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM marts.users),
(SELECT count(*) FROM s.snapshot__users WHERE state <> 'absent'),
t.without_entry, t.without_row, t.returned, t.noted, (SELECT count(*) FROM marts.reverse_etl__candidates c WHERE c.identity IS NOT NULL AND c.entry_identity IS NULL AND EXISTS (SELECT 1 FROM marts.reverse_etl__candidates x WHERE NOT x.present AND x.entry_key_1 = c.key_1)),
(SELECT count(*) FROM marts.reverse_etl__candidates WHERE NOT present AND entry_identity IN (SELECT identity FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected') OR state = 'invalid' AND request_rows IS NOT NULL) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP_NTZ(9))))),
(SELECT count(DISTINCT key_text) FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected', 'skipped') OR state = 'invalid' AND request_rows IS NOT NULL) AND identity NOT IN (SELECT DISTINCT identity FROM s.rejections WHERE sync = 'users' AND state = 'suppressed')),
(SELECT count(*) FROM s.rejections WHERE sync = 'users' AND state = 'invalid' AND request_rows IS NULL),
(SELECT coalesce(max(fence),
0) FROM s.snapshot__users),
0, 0
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM marts.reverse_etl__candidates) t
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
sum(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_tags_978c2f89 IS DISTINCT FROM old_v_tags_978c2f89 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(v_tags_978c2f89)) = TO_JSON(TRY_PARSE_JSON(old_v_tags_978c2f89)),
FALSE)) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_source_41cf6794 IS DISTINCT FROM old_v_source_41cf6794 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(v_source_41cf6794)) = TO_JSON(TRY_PARSE_JSON(old_v_source_41cf6794)),
FALSE)) THEN 1 ELSE 0 END),
0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM classified GROUP BY 1, 2
UNION ALL SELECT 'removed', '', count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM gone
