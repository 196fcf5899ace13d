WITH model AS (SELECT CASE WHEN REGEXP_LIKE(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST(COLLATE("EMAIL", '') AS VARCHAR))) ELSE trim(CAST(COLLATE("EMAIL", '') AS VARCHAR)) END AS identity, "ID" AS key_1, COLLATE("First Name", '') AS v_firstname_9cf22fd0, "SPENT" AS v_spent_2705d83f, TO_JSON("TAGS") AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
equal_identity AS (SELECT hashed
FROM (SELECT identity, HASH(identity) AS hashed FROM model) x GROUP BY hashed HAVING count(identity) > 1),
same_identity AS (SELECT identity FROM model WHERE HASH(identity) IN (SELECT hashed FROM equal_identity) GROUP BY identity HAVING count(*) > 1),
equal_key AS (SELECT hashed
FROM (SELECT key_1, HASH(key_1) AS hashed FROM model) x GROUP BY hashed HAVING count(key_1) > 1),
same_key AS (SELECT key_1 FROM model WHERE HASH(key_1) IN (SELECT hashed FROM equal_key) GROUP BY key_1 HAVING count(*) > 1),
classified AS (SELECT c.*, CAST(NULL AS VARCHAR) AS old_v_firstname_9cf22fd0, CAST(NULL AS NUMBER(38,2)) AS old_v_spent_2705d83f, CAST(NULL AS VARCHAR) AS old_v_tags_978c2f89, CAST(NULL AS VARCHAR) AS old_v_source_41cf6794, CAST(NULL AS VARCHAR) AS changed, CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind
FROM (SELECT m.*, HASH('13600beff96f6918', m.key_1, m.v_firstname_9cf22fd0, m.v_spent_2705d83f, m.v_tags_978c2f89, m.v_source_41cf6794) AS row_hash, CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_LIKE(m.identity, '[^@\\s]+@[^@\\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END END AS reason FROM model m
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1) c),
gone AS (SELECT CAST(NULL AS VARCHAR) AS identity, CAST(NULL AS BIGINT) AS entry_key_1 WHERE 1 = 0) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM model),
0, (SELECT count(*) FROM model),
0, 0, 0, 0, 0, 0, 0, 0, 0, 0
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM classified GROUP BY 1, 2
