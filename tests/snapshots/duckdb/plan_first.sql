CREATE TABLE s.plan__users__7 AS WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN strlen(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) = length(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) OR regexp_full_match(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) ELSE trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)) END AS identity, (CAST("First Name" AS VARCHAR) COLLATE "binary") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f, "tags" AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
equal_identity AS NOT MATERIALIZED (
SELECT hashed
FROM (SELECT identity, hash(identity) AS hashed FROM model) x GROUP BY hashed HAVING count(identity) > 1),
same_identity AS NOT MATERIALIZED (
SELECT identity FROM model WHERE hash(identity) IN (SELECT hashed FROM equal_identity) GROUP BY identity HAVING count(*) > 1),
classified AS NOT MATERIALIZED (
SELECT c.*, CAST(NULL AS VARCHAR) AS old_v_firstname_9cf22fd0, CAST(NULL AS DECIMAL(38,2)) AS old_v_spent_2705d83f, CAST(NULL AS VARCHAR[]) AS old_v_tags_978c2f89, CAST(NULL AS VARCHAR) AS old_v_source_41cf6794, CAST(NULL AS VARCHAR) AS changed, CASE WHEN c.reason IS NULL THEN 'added' ELSE 'invalid' END AS kind
FROM (SELECT m.*, hash('fa90b0de4f70937f', m.v_firstname_9cf22fd0, m.v_spent_2705d83f, CAST(m.v_spent_2705d83f AS DOUBLE),
m.v_tags_978c2f89, len(m.v_tags_978c2f89),
m.v_source_41cf6794) AS row_hash, CASE WHEN m.identity IS NULL THEN 'null-identifier' ELSE CASE WHEN NOT (regexp_full_match(m.identity, '[^@\s]+@[^@\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END END AS reason
FROM (SELECT n.*, CAST(row_number() OVER () - 1 + 0 AS BIGINT) AS ordinal FROM model n) m
LEFT JOIN same_identity i ON i.identity = m.identity) c),
gone AS NOT MATERIALIZED (
SELECT CAST(NULL AS VARCHAR) AS identity WHERE 1 = 0) SELECT c.ordinal AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, c.changed AS changed, c.v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, c.v_spent_2705d83f AS v_spent_2705d83f, c.v_tags_978c2f89 AS v_tags_978c2f89, c.v_source_41cf6794 AS v_source_41cf6794 FROM classified c
