WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN strlen(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) = length(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) OR regexp_full_match(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) ELSE trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)) END AS identity, "id" AS key_1, (CAST("First Name" AS VARCHAR) COLLATE "binary") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f, "tags" AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
equal_identity AS NOT MATERIALIZED (
SELECT hashed
FROM (SELECT identity, hash(identity) AS hashed FROM model) x GROUP BY hashed HAVING count(identity) > 1),
same_identity AS NOT MATERIALIZED (
SELECT identity FROM model WHERE hash(identity) IN (SELECT hashed FROM equal_identity) GROUP BY identity HAVING count(*) > 1),
equal_key AS NOT MATERIALIZED (
SELECT hashed
FROM (SELECT key_1, hash(key_1) AS hashed FROM model) x GROUP BY hashed HAVING count(key_1) > 1),
same_key AS NOT MATERIALIZED (
SELECT key_1 FROM model WHERE hash(key_1) IN (SELECT hashed FROM equal_key) GROUP BY key_1 HAVING count(*) > 1),
classified AS NOT MATERIALIZED (
SELECT c.*, CAST(NULL AS VARCHAR) AS old_v_firstname_9cf22fd0, CAST(NULL AS DECIMAL(38,2)) AS old_v_spent_2705d83f, CAST(NULL AS VARCHAR[]) AS old_v_tags_978c2f89, CAST(NULL AS VARCHAR) AS old_v_source_41cf6794, CAST(NULL AS VARCHAR) AS changed, CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind
FROM (SELECT m.*, hash('13600beff96f6918', m.key_1, m.v_firstname_9cf22fd0, m.v_spent_2705d83f, CAST(m.v_spent_2705d83f AS DOUBLE),
m.v_tags_978c2f89, len(m.v_tags_978c2f89),
m.v_source_41cf6794) AS row_hash, CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT (regexp_full_match(m.identity, '[^@\s]+@[^@\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END END AS reason FROM model m
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1) c),
gone AS NOT MATERIALIZED (
SELECT CAST(NULL AS VARCHAR) AS identity, CAST(NULL AS BIGINT) AS entry_key_1 WHERE 1 = 0) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM model),
0, (SELECT count(*) FROM model),
0, 0, 0, 0, 0, 0, 0, 0, 0, 0
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM classified GROUP BY 1, 2
