CREATE OR REPLACE TEMP TABLE reverse_etl_temp__candidates AS WITH model AS (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `id` AS key_1, `First Name` AS v_firstname_9cf22fd0, `spent` AS v_spent_2705d83f, IF(`tags` IS NULL, NULL, TO_JSON_STRING(`tags`)) AS v_tags_978c2f89, CAST('"it\'s"' AS STRING) AS v_source_41cf6794 FROM marts.users WHERE (`Updated At` >= CAST('2025-12-31 23:00:00' AS DATETIME) OR `Updated At` IS NULL)),
entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, row_hash, state AS state, CAST(NULL AS DATETIME) AS left_at FROM s.snapshot__users WHERE state <> 'absent' AND identity IN (SELECT identity FROM model)) SELECT m.identity AS identity, s.identity AS entry_identity, m.key_1 AS key_1, s.key_1 AS entry_key_1, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, key_1, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('13600beff96f6918' AS h0, key_1 AS h1, v_firstname_9cf22fd0 AS h2, v_spent_2705d83f AS h3, v_tags_978c2f89 AS h4, v_source_41cf6794 AS h5))) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, key_1, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted' OR s.left_at IS NOT NULL; CREATE OR REPLACE TEMP TABLE reverse_etl_temp__suspects AS WITH model AS (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `id` AS key_1, `First Name` AS v_firstname_9cf22fd0, `spent` AS v_spent_2705d83f, IF(`tags` IS NULL, NULL, TO_JSON_STRING(`tags`)) AS v_tags_978c2f89, CAST('"it\'s"' AS STRING) AS v_source_41cf6794 FROM marts.users WHERE (`Updated At` >= CAST('2025-12-31 23:00:00' AS DATETIME) OR `Updated At` IS NULL)),
entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, row_hash, state AS state, CAST(NULL AS DATETIME) AS left_at FROM s.snapshot__users WHERE state <> 'absent' AND identity IN (SELECT identity FROM model)),
touched AS (SELECT identity FROM reverse_etl_temp__candidates WHERE present UNION DISTINCT SELECT identity FROM entries WHERE (key_1) IN (SELECT (key_1) FROM reverse_etl_temp__candidates WHERE present)) SELECT m.*, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('13600beff96f6918' AS h0, m.key_1 AS h1, m.v_firstname_9cf22fd0 AS h2, m.v_spent_2705d83f AS h3, m.v_tags_978c2f89 AS h4, m.v_source_41cf6794 AS h5))) AS row_hash FROM model m WHERE m.identity IN (SELECT identity FROM touched); WITH model AS (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `id` AS key_1, `First Name` AS v_firstname_9cf22fd0, `spent` AS v_spent_2705d83f, IF(`tags` IS NULL, NULL, TO_JSON_STRING(`tags`)) AS v_tags_978c2f89, CAST('"it\'s"' AS STRING) AS v_source_41cf6794 FROM marts.users WHERE (`Updated At` >= CAST('2025-12-31 23:00:00' AS DATETIME) OR `Updated At` IS NULL)),
entries AS (SELECT identity, key_1, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, row_hash, state AS state, CAST(NULL AS DATETIME) AS left_at FROM s.snapshot__users WHERE state <> 'absent' AND identity IN (SELECT identity FROM model)),
touched AS (SELECT identity FROM reverse_etl_temp__candidates WHERE present UNION DISTINCT SELECT identity FROM entries WHERE (key_1) IN (SELECT (key_1) FROM reverse_etl_temp__candidates WHERE present)),
same_identity AS (SELECT identity
FROM (SELECT identity FROM reverse_etl_temp__suspects) x GROUP BY identity HAVING count(*) > 1 UNION DISTINCT SELECT identity
FROM (SELECT identity
FROM (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `id` AS key_1 FROM marts.users) w WHERE (identity) IN (SELECT (identity) FROM reverse_etl_temp__suspects)) x GROUP BY identity HAVING count(*) > 1),
same_key AS (SELECT key_1
FROM (SELECT key_1 FROM reverse_etl_temp__suspects
UNION ALL SELECT key_1 FROM reverse_etl_temp__candidates WHERE present AND identity IS NULL) x GROUP BY key_1 HAVING count(*) > 1 UNION DISTINCT SELECT key_1
FROM (SELECT key_1
FROM (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `id` AS key_1 FROM marts.users) w WHERE (key_1) IN (SELECT (key_1) FROM reverse_etl_temp__suspects)) x GROUP BY key_1 HAVING count(*) > 1),
classified AS (SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, s.v_tags_978c2f89 AS old_v_tags_978c2f89, s.v_source_41cf6794 AS old_v_source_41cf6794, CASE WHEN CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_CONTAINS(m.identity, '^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) OR (m.v_tags_978c2f89 IS DISTINCT FROM s.v_tags_978c2f89) OR (m.v_source_41cf6794 IS DISTINCT FROM s.v_source_41cf6794) THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' OR m.key_1 IS DISTINCT FROM s.key_1 THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('13600beff96f6918' AS h0, s.key_1 AS h1, s.v_firstname_9cf22fd0 AS h2, s.v_spent_2705d83f AS h3, s.v_tags_978c2f89 AS h4, s.v_source_41cf6794 AS h5))) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_CONTAINS(m.identity, '^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END, coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)) AS reason FROM reverse_etl_temp__suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1
LEFT JOIN (SELECT identity, key_text, digest, min(CASE WHEN code = 'forgotten-user' THEN 'forgotten' ELSE state END) AS state FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected', 'skipped') OR state = 'invalid' AND request_rows IS NOT NULL) AND (retry_at IS NULL OR retry_at > DATETIME(CURRENT_TIMESTAMP(),
'UTC')) GROUP BY identity, key_text, digest) h ON h.identity = m.identity AND h.key_text = TO_JSON_STRING([CAST(m.identity AS STRING),
CAST(m.key_1 AS STRING)]) AND h.digest = CAST(m.row_hash AS STRING)
LEFT JOIN (SELECT DISTINCT identity FROM s.rejections WHERE sync = 'users' AND state = 'suppressed') f ON f.identity = m.identity
UNION ALL SELECT identity, key_1, CAST(NULL AS STRING),
CAST(NULL AS BIGNUMERIC),
CAST(NULL AS STRING),
CAST(NULL AS STRING),
row_hash, CAST(NULL AS STRING),
CAST(NULL AS BIGNUMERIC),
CAST(NULL AS STRING),
CAST(NULL AS STRING),
'invalid', 'null-identifier' FROM reverse_etl_temp__candidates WHERE present AND identity IS NULL),
gone AS (SELECT c.entry_identity AS identity, c.entry_key_1 FROM reverse_etl_temp__candidates c WHERE NOT c.present AND NOT EXISTS (SELECT 1 FROM classified x WHERE x.kind IN ('invalid', 'quarantined') AND x.key_1 = c.entry_key_1) AND NOT EXISTS (SELECT 1 FROM reverse_etl_temp__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected') OR state = 'invalid' AND request_rows IS NOT NULL) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > DATETIME(CURRENT_TIMESTAMP(),
'UTC')))) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM model),
(SELECT count(*) FROM entries),
t.without_entry, t.without_row, t.returned, t.noted, (SELECT count(*) FROM reverse_etl_temp__candidates c WHERE c.identity IS NOT NULL AND c.entry_identity IS NULL AND EXISTS (SELECT 1 FROM reverse_etl_temp__candidates x WHERE NOT x.present AND x.entry_key_1 = c.key_1)),
0, 0, 0, (SELECT coalesce(max(fence),
0) FROM s.snapshot__users),
(SELECT count(*) FROM marts.users) - (SELECT count(*) FROM model),
(SELECT count(*) FROM s.snapshot__users WHERE state <> 'absent') - (SELECT count(*) FROM entries)
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM reverse_etl_temp__candidates) t
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
sum(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_tags_978c2f89 IS DISTINCT FROM old_v_tags_978c2f89) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_source_41cf6794 IS DISTINCT FROM old_v_source_41cf6794) THEN 1 ELSE 0 END),
0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM classified GROUP BY 1, 2
UNION ALL SELECT 'removed', '', count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM gone
