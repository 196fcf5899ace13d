WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS identity, CAST("id" AS bigint) AS key_1, (CAST("First Name" AS text) COLLATE "C") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f, (CAST(to_json("tags") AS text) COLLATE "C") AS v_tags_978c2f89, (CAST('"it''s"' AS text) COLLATE "C") AS v_source_41cf6794 FROM marts.users),
equal_identity AS NOT MATERIALIZED (
SELECT hashed
FROM (SELECT identity, hashtextextended(coalesce('=' || CAST(identity AS text),
'') COLLATE "C", 0) AS hashed FROM model) x GROUP BY hashed HAVING count(identity) > 1),
same_identity AS NOT MATERIALIZED (
SELECT identity FROM model WHERE hashtextextended(coalesce('=' || CAST(identity AS text),
'') COLLATE "C", 0) IN (SELECT hashed FROM equal_identity) GROUP BY identity HAVING count(*) > 1),
equal_key AS NOT MATERIALIZED (
SELECT hashed
FROM (SELECT key_1, hashtextextended(coalesce(CAST(key_1 AS text),
'') COLLATE "C", 0) AS hashed FROM model) x GROUP BY hashed HAVING count(key_1) > 1),
same_key AS NOT MATERIALIZED (
SELECT key_1 FROM model WHERE hashtextextended(coalesce(CAST(key_1 AS text),
'') COLLATE "C", 0) IN (SELECT hashed FROM equal_key) GROUP BY key_1 HAVING count(*) > 1),
classified AS NOT MATERIALIZED (
SELECT c.*, (CAST(NULL AS text) COLLATE "C") AS old_v_firstname_9cf22fd0, CAST(NULL AS numeric(38,2)) AS old_v_spent_2705d83f, (CAST(NULL AS text) COLLATE "C") AS old_v_tags_978c2f89, (CAST(NULL AS text) COLLATE "C") AS old_v_source_41cf6794, (CAST(NULL AS text) COLLATE "C") AS changed, CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind
FROM (SELECT m.*, hashtextextended(coalesce('=' || CAST(m.v_source_41cf6794 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(m.v_tags_978c2f89 AS text),
'') COLLATE "C", hashtextextended(coalesce(CAST(m.v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(m.v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce(CAST(m.key_1 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('13600beff96f6918' AS text),
'') COLLATE "C", 0)))))) AS row_hash, CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE CASE WHEN m.key_1 IS NULL THEN 'null-key' WHEN NOT ((m.identity COLLATE "C" ~ E'^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN k.key_1 IS NOT NULL THEN 'duplicate-key' WHEN i.identity IS NOT NULL THEN 'duplicate-identity' END END AS reason FROM model m
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN same_key k ON k.key_1 = m.key_1) c),
gone AS NOT MATERIALIZED (
SELECT (CAST(NULL AS text) COLLATE "C") AS identity, CAST(NULL AS bigint) AS entry_key_1 WHERE 1 = 0) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM model),
0, (SELECT count(*) FROM model),
0, 0, 0, 0, 0, 0, 0, 0, 0, 0
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM classified GROUP BY 1, 2
