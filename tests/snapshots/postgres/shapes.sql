WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS identity, (CAST("First Name" AS text) COLLATE "C") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f, (CAST(to_json("tags") AS text) COLLATE "C") AS v_tags_978c2f89, (CAST('"it''s"' AS text) COLLATE "C") AS v_source_41cf6794 FROM marts.users),
entries AS NOT MATERIALIZED (
SELECT identity, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, CASE WHEN CASE WHEN length((CAST(v_spent_2705d83f AS text) COLLATE "C")) <= 400 AND (CAST(v_spent_2705d83f AS text) COLLATE "C") ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN abs(round(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric),
2)) < 1e36 ELSE FALSE END THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric(38,2)) WHEN (CAST(v_spent_2705d83f AS text) COLLATE "C") = 'NaN' THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric(38,2)) ELSE CAST(NULL AS numeric(38,2)) END AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, (CAST(v_spent_2705d83f AS text) COLLATE "C") AS was_v_spent_2705d83f, CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT
FROM (CAST((CAST(CASE WHEN CASE WHEN length((CAST(v_spent_2705d83f AS text) COLLATE "C")) <= 400 AND (CAST(v_spent_2705d83f AS text) COLLATE "C") ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN abs(round(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric),
2)) < 1e36 ELSE FALSE END THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric(38,2)) WHEN (CAST(v_spent_2705d83f AS text) COLLATE "C") = 'NaN' THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric(38,2)) ELSE CAST(NULL AS numeric(38,2)) END AS text) COLLATE "C") AS text) COLLATE "C")) THEN CAST(0 AS bigint) ELSE row_hash END AS row_hash, CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT
FROM (CAST((CAST(CASE WHEN CASE WHEN length((CAST(v_spent_2705d83f AS text) COLLATE "C")) <= 400 AND (CAST(v_spent_2705d83f AS text) COLLATE "C") ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN abs(round(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric),
2)) < 1e36 ELSE FALSE END THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric(38,2)) WHEN (CAST(v_spent_2705d83f AS text) COLLATE "C") = 'NaN' THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric(38,2)) ELSE CAST(NULL AS numeric(38,2)) END AS text) COLLATE "C") AS text) COLLATE "C")) THEN 'unknown' ELSE state END AS state, CAST(NULL AS timestamp without time zone) AS left_at FROM s.snapshot__users WHERE state <> 'absent') SELECT count(CASE WHEN old_0 = 0 THEN 1 END),
count(CASE WHEN old_0 = 1 THEN 1 END),
count(CASE WHEN old_0 = 2 THEN 1 END),
count(CASE WHEN old_0 = 3 THEN 1 END),
count(CASE WHEN old_0 = 4 THEN 1 END),
count(CASE WHEN new_0 = 0 THEN 1 END),
count(CASE WHEN new_0 = 1 THEN 1 END),
count(CASE WHEN new_0 = 2 THEN 1 END),
count(CASE WHEN new_0 = 3 THEN 1 END),
count(CASE WHEN new_0 = 4 THEN 1 END),
count(CASE WHEN old_1 = 0 THEN 1 END),
count(CASE WHEN old_1 = 1 THEN 1 END),
count(CASE WHEN old_1 = 2 THEN 1 END),
count(CASE WHEN old_1 = 3 THEN 1 END),
count(CASE WHEN old_1 = 4 THEN 1 END),
count(CASE WHEN new_1 = 0 THEN 1 END),
count(CASE WHEN new_1 = 1 THEN 1 END),
count(CASE WHEN new_1 = 2 THEN 1 END),
count(CASE WHEN new_1 = 3 THEN 1 END),
count(CASE WHEN new_1 = 4 THEN 1 END)
FROM (SELECT CASE WHEN (CAST(e.v_firstname_9cf22fd0 AS text) COLLATE "C") IS DISTINCT
FROM (CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") THEN CASE WHEN e.v_firstname_9cf22fd0 IS NULL THEN NULL WHEN e.v_firstname_9cf22fd0 NOT LIKE '_%' THEN 0 WHEN (e.v_firstname_9cf22fd0 COLLATE "C" ~ '^(?:[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?)$') THEN 1 WHEN e.v_firstname_9cf22fd0 LIKE '____-__-__%' THEN 2 WHEN e.v_firstname_9cf22fd0 LIKE '%_@_%' THEN 3 ELSE 4 END END AS old_0, CASE WHEN (CAST(e.v_firstname_9cf22fd0 AS text) COLLATE "C") IS DISTINCT
FROM (CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") THEN CASE WHEN (CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") IS NULL THEN NULL WHEN (CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") NOT LIKE '_%' THEN 0 WHEN ((CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") COLLATE "C" ~ '^(?:[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?)$') THEN 1 WHEN (CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") LIKE '____-__-__%' THEN 2 WHEN (CAST(m.v_firstname_9cf22fd0 AS text) COLLATE "C") LIKE '%_@_%' THEN 3 ELSE 4 END END AS new_0, CASE WHEN (CAST((CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") AS text) COLLATE "C") IS DISTINCT
FROM (CAST(m.v_spent_2705d83f AS text) COLLATE "C") THEN CASE WHEN (CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") IS NULL THEN NULL WHEN (CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") NOT LIKE '_%' THEN 0 WHEN ((CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") COLLATE "C" ~ '^(?:[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?)$') THEN 1 WHEN (CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") LIKE '____-__-__%' THEN 2 WHEN (CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") LIKE '%_@_%' THEN 3 ELSE 4 END END AS old_1, CASE WHEN (CAST((CAST(e.was_v_spent_2705d83f AS text) COLLATE "C") AS text) COLLATE "C") IS DISTINCT
FROM (CAST(m.v_spent_2705d83f AS text) COLLATE "C") THEN CASE WHEN (CAST(m.v_spent_2705d83f AS text) COLLATE "C") IS NULL THEN NULL WHEN (CAST(m.v_spent_2705d83f AS text) COLLATE "C") NOT LIKE '_%' THEN 0 WHEN ((CAST(m.v_spent_2705d83f AS text) COLLATE "C") COLLATE "C" ~ '^(?:[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?)$') THEN 1 WHEN (CAST(m.v_spent_2705d83f AS text) COLLATE "C") LIKE '____-__-__%' THEN 2 WHEN (CAST(m.v_spent_2705d83f AS text) COLLATE "C") LIKE '%_@_%' THEN 3 ELSE 4 END END AS new_1 FROM model m JOIN entries e ON e.identity = m.identity) x
