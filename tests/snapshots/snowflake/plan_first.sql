CREATE TRANSIENT TABLE s.plan__users__7 DATA_RETENTION_TIME_IN_DAYS = 0 DEFAULT_DDL_COLLATION = '' AS WITH model AS  (SELECT CASE WHEN REGEXP_LIKE(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR))) ELSE trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)) END AS identity, COLLATE("First Name", '') AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f, TO_JSON("TAGS") AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
entries AS  (SELECT CAST(NULL AS VARCHAR) AS identity, CAST(NULL AS VARCHAR) AS v_firstname_9cf22fd0, CAST(NULL AS NUMBER(38,2)) AS v_spent_2705d83f, CAST(NULL AS VARCHAR) AS v_tags_978c2f89, CAST(NULL AS VARCHAR) AS v_source_41cf6794, CAST(NULL AS NUMBER(19,0)) AS row_hash, CAST(NULL AS VARCHAR) AS state, CAST(NULL AS TIMESTAMP_NTZ(9)) AS left_at WHERE 1 = 0),
candidates AS  (SELECT m.identity AS identity, s.identity AS entry_identity, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, HASH('fa90b0de4f70937f', v_firstname_9cf22fd0, v_spent_2705d83f, v_tags_978c2f89, v_source_41cf6794) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE 1 = 1),
touched AS  (SELECT identity FROM candidates WHERE present),
suspects AS  (SELECT m.*, HASH('fa90b0de4f70937f', m.v_firstname_9cf22fd0, m.v_spent_2705d83f, m.v_tags_978c2f89, m.v_source_41cf6794) AS row_hash FROM model m WHERE m.identity IS NOT NULL),
same_identity AS  (SELECT identity
FROM (SELECT identity FROM candidates WHERE present AND identity IS NOT NULL) x GROUP BY identity HAVING count(*) > 1),
classified AS  (SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, s.v_tags_978c2f89 AS old_v_tags_978c2f89, s.v_source_41cf6794 AS old_v_source_41cf6794, CASE WHEN CASE WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN 1 = 0 THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) OR (m.v_tags_978c2f89 IS DISTINCT FROM s.v_tags_978c2f89 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(m.v_tags_978c2f89)) = TO_JSON(TRY_PARSE_JSON(s.v_tags_978c2f89)),
FALSE)) OR (m.v_source_41cf6794 IS DISTINCT FROM s.v_source_41cf6794 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(m.v_source_41cf6794)) = TO_JSON(TRY_PARSE_JSON(s.v_source_41cf6794)),
FALSE)) THEN CASE WHEN 1 = 0 THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' THEN CASE WHEN 1 = 0 THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM HASH('fa90b0de4f70937f', s.v_firstname_9cf22fd0, s.v_spent_2705d83f, s.v_tags_978c2f89, s.v_source_41cf6794) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END, CAST(NULL AS VARCHAR)) AS reason FROM suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
UNION ALL SELECT identity, CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,2)),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
row_hash, CAST(NULL AS VARCHAR),
CAST(NULL AS NUMBER(38,2)),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
'invalid', 'null-identifier' FROM candidates WHERE present AND identity IS NULL),
gone AS  (SELECT c.entry_identity AS identity FROM candidates c WHERE NOT c.present) SELECT CAST(row_number() OVER (ORDER BY NULL) - 1 + 0 AS NUMBER(38,0)) AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, concat(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN '0,' ELSE '' END, CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN '1,' ELSE '' END, CASE WHEN (v_tags_978c2f89 IS DISTINCT FROM old_v_tags_978c2f89 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(v_tags_978c2f89)) = TO_JSON(TRY_PARSE_JSON(old_v_tags_978c2f89)),
FALSE)) THEN '2,' ELSE '' END, CASE WHEN (v_source_41cf6794 IS DISTINCT FROM old_v_source_41cf6794 AND NOT coalesce(TO_JSON(TRY_PARSE_JSON(v_source_41cf6794)) = TO_JSON(TRY_PARSE_JSON(old_v_source_41cf6794)),
FALSE)) THEN '3,' ELSE '' END) AS changed, c.v_firstname_9cf22fd0, c.v_spent_2705d83f, c.v_tags_978c2f89, c.v_source_41cf6794 FROM classified c WHERE c.kind IN ('added', 'changed', 'resent', 'invalid')
UNION ALL SELECT CAST(row_number() OVER (ORDER BY NULL) - 1 + 1000000000000 AS NUMBER(38,0)) AS ordinal, 'removed', CAST(NULL AS VARCHAR),
g.identity, CAST(NULL AS NUMBER(19,0)),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR) AS v_firstname_9cf22fd0, CAST(NULL AS NUMBER(38,2)) AS v_spent_2705d83f, CAST(NULL AS VARCHAR) AS v_tags_978c2f89, CAST(NULL AS VARCHAR) AS v_source_41cf6794 FROM gone g
