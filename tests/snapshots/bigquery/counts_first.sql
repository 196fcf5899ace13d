WITH model AS (SELECT CASE WHEN REGEXP_CONTAINS(trim(CAST(`email` AS STRING)),
'^(?:[^İK]*)$') THEN lower(trim(CAST(`email` AS STRING))) ELSE trim(CAST(`email` AS STRING)) END AS identity, `id` AS key_1, `First Name` AS v_firstname_9cf22fd0, `spent` AS v_spent_2705d83f, IF(`tags` IS NULL, NULL, TO_JSON_STRING(`tags`)) AS v_tags_978c2f89, CAST('"it\'s"' AS STRING) AS v_source_41cf6794 FROM marts.users),
equal_identity AS (SELECT hashed
FROM (SELECT identity, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(identity AS h0))) AS hashed FROM model) x GROUP BY hashed HAVING count(identity) > 1),
same_identity AS (SELECT identity FROM model WHERE FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(identity AS h0))) IN (SELECT hashed FROM equal_identity) GROUP BY identity HAVING count(*) > 1),
equal_key AS (SELECT hashed
FROM (SELECT key_1, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(key_1 AS h0))) AS hashed FROM model) x GROUP BY hashed HAVING count(key_1) > 1),
same_key AS (SELECT key_1 FROM model WHERE FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(key_1 AS h0))) IN (SELECT hashed FROM equal_key) GROUP BY key_1 HAVING count(*) > 1),
classified AS (SELECT c.*, CAST(NULL AS STRING) AS old_v_firstname_9cf22fd0, CAST(NULL AS BIGNUMERIC) AS old_v_spent_2705d83f, CAST(NULL AS STRING) AS old_v_tags_978c2f89, CAST(NULL AS STRING) AS old_v_source_41cf6794, CAST(NULL AS STRING) AS changed, CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind
FROM (SELECT m.*, FARM_FINGERPRINT(TO_JSON_STRING(STRUCT('13600beff96f6918' AS h0, m.key_1 AS h1, m.v_firstname_9cf22fd0 AS h2, m.v_spent_2705d83f AS h3, m.v_tags_978c2f89 AS h4, m.v_source_41cf6794 AS h5))) AS row_hash, CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (REGEXP_CONTAINS(m.identity, '^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END END AS reason FROM model m
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1) c),
gone AS (SELECT CAST(NULL AS STRING) AS identity, CAST(NULL AS BIGINT) AS entry_key_1 FROM UNNEST([0]) WHERE FALSE) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM model),
0, (SELECT count(*) FROM model),
0, 0, 0, 0, 0, 0, 0, 0, 0, 0
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM classified GROUP BY 1, 2
