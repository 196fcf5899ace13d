CREATE TABLE s.plan__users__7 AS WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS identity, (CAST("First Name" AS text) COLLATE "C") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f, (CAST(to_json("tags") AS text) COLLATE "C") AS v_tags_978c2f89, (CAST('"it''s"' AS text) COLLATE "C") AS v_source_41cf6794 FROM marts.users),
equal_identity AS NOT MATERIALIZED (
SELECT hashed
FROM (SELECT identity, hashtextextended(coalesce('=' || CAST(identity AS text),
'') COLLATE "C", 0) AS hashed FROM model) x GROUP BY hashed HAVING count(identity) > 1),
same_identity AS NOT MATERIALIZED (
SELECT identity FROM model WHERE hashtextextended(coalesce('=' || CAST(identity AS text),
'') COLLATE "C", 0) IN (SELECT hashed FROM equal_identity) GROUP BY identity HAVING count(*) > 1),
classified AS NOT MATERIALIZED (
SELECT c.*, (CAST(NULL AS text) COLLATE "C") AS old_v_firstname_9cf22fd0, CAST(NULL AS numeric(38,2)) AS old_v_spent_2705d83f, (CAST(NULL AS text) COLLATE "C") AS old_v_tags_978c2f89, (CAST(NULL AS text) COLLATE "C") AS old_v_source_41cf6794, (CAST(NULL AS text) COLLATE "C") AS changed, CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind
FROM (SELECT m.*, hashtextextended(coalesce('=' || CAST(m.v_source_41cf6794 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(m.v_tags_978c2f89 AS text),
'') COLLATE "C", hashtextextended(coalesce(CAST(m.v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(m.v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('fa90b0de4f70937f' AS text),
'') COLLATE "C", 0))))) AS row_hash, CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE CASE WHEN NOT ((m.identity COLLATE "C" ~ E'^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END END AS reason
FROM (SELECT n.*, CAST(row_number() OVER () - 1 + 0 AS bigint) AS ordinal FROM model n) m
LEFT JOIN same_identity i ON i.identity = m.identity) c),
gone AS NOT MATERIALIZED (
SELECT (CAST(NULL AS text) COLLATE "C") AS identity WHERE 1 = 0) SELECT c.ordinal AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, c.changed AS changed, c.v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, c.v_spent_2705d83f AS v_spent_2705d83f, c.v_tags_978c2f89 AS v_tags_978c2f89, c.v_source_41cf6794 AS v_source_41cf6794 FROM classified c; ALTER TABLE s.plan__users__7 ADD PRIMARY KEY (ordinal)
