CREATE TABLE s.plan__users__7 DEFAULT COLLATE '' CLUSTER BY ordinal OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(),
INTERVAL 7 DAY)) AS WITH RECURSIVE model AS (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `First Name` AS v_firstname_9cf22fd0, `spent` AS v_spent_2705d83f, IF(`tags` IS NULL, NULL, TO_JSON_STRING(`tags`)) AS v_tags_978c2f89, CAST('"it\'s"' AS STRING) AS v_source_41cf6794 FROM marts.users),
entries AS (SELECT CAST(NULL AS STRING) AS identity, CAST(NULL AS STRING) AS v_firstname_9cf22fd0, CAST(NULL AS BIGNUMERIC) AS v_spent_2705d83f, CAST(NULL AS STRING) AS v_tags_978c2f89, CAST(NULL AS STRING) AS v_source_41cf6794, CAST(NULL AS INT64) AS row_hash, CAST(NULL AS STRING) AS state FROM UNNEST([0]) WHERE FALSE),
candidates AS ((SELECT m.identity AS identity, s.identity AS entry_identity, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present
FROM (SELECT identity, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('fa90b0de4f70937f' AS h0, v_firstname_9cf22fd0 AS h1, v_spent_2705d83f AS h2, v_tags_978c2f89 AS h3, v_source_41cf6794 AS h4))) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, row_hash, state FROM entries) s ON m.identity = s.identity WHERE 1 = 1)
UNION ALL SELECT * FROM candidates WHERE FALSE),
touched AS (SELECT identity FROM candidates WHERE present),
suspects AS (SELECT m.*, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('fa90b0de4f70937f' AS h0, m.v_firstname_9cf22fd0 AS h1, m.v_spent_2705d83f AS h2, m.v_tags_978c2f89 AS h3, m.v_source_41cf6794 AS h4))) AS row_hash FROM model m WHERE m.identity IS NOT NULL),
same_identity AS (SELECT identity
FROM (SELECT identity FROM candidates WHERE present AND identity IS NOT NULL) x GROUP BY identity HAVING count(*) > 1),
classified AS (SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, s.v_tags_978c2f89 AS old_v_tags_978c2f89, s.v_source_41cf6794 AS old_v_source_41cf6794, CASE WHEN CASE WHEN NOT (REGEXP_CONTAINS(m.identity, '^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN 1 = 0 THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) OR (m.v_tags_978c2f89 IS DISTINCT FROM s.v_tags_978c2f89) OR (m.v_source_41cf6794 IS DISTINCT FROM s.v_source_41cf6794) THEN CASE WHEN 1 = 0 THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' THEN CASE WHEN 1 = 0 THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('fa90b0de4f70937f' AS h0, s.v_firstname_9cf22fd0 AS h1, s.v_spent_2705d83f AS h2, s.v_tags_978c2f89 AS h3, s.v_source_41cf6794 AS h4))) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN NOT (REGEXP_CONTAINS(m.identity, '^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END, CAST(NULL AS STRING)) AS reason FROM suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
UNION ALL SELECT identity, CAST(NULL AS STRING),
CAST(NULL AS BIGNUMERIC),
CAST(NULL AS STRING),
CAST(NULL AS STRING),
row_hash, CAST(NULL AS STRING),
CAST(NULL AS BIGNUMERIC),
CAST(NULL AS STRING),
CAST(NULL AS STRING),
'invalid', 'null-identifier' FROM candidates WHERE present AND identity IS NULL),
gone AS (SELECT c.entry_identity AS identity FROM candidates c WHERE NOT c.present) SELECT CAST(row_number() OVER () - 1 + 0 AS INT64) AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, concat(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN '0,' ELSE '' END, CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN '1,' ELSE '' END, CASE WHEN (v_tags_978c2f89 IS DISTINCT FROM old_v_tags_978c2f89) THEN '2,' ELSE '' END, CASE WHEN (v_source_41cf6794 IS DISTINCT FROM old_v_source_41cf6794) THEN '3,' ELSE '' END) AS changed, c.v_firstname_9cf22fd0, c.v_spent_2705d83f, c.v_tags_978c2f89, c.v_source_41cf6794 FROM classified c WHERE c.kind IN ('added', 'changed', 'resent', 'invalid')
UNION ALL SELECT CAST(row_number() OVER () - 1 + 1000000000000 AS INT64) AS ordinal, 'removed', CAST(NULL AS STRING),
g.identity, CAST(NULL AS INT64),
CAST(NULL AS STRING),
CAST(NULL AS STRING) AS v_firstname_9cf22fd0, CAST(NULL AS BIGNUMERIC) AS v_spent_2705d83f, CAST(NULL AS STRING) AS v_tags_978c2f89, CAST(NULL AS STRING) AS v_source_41cf6794 FROM gone g
