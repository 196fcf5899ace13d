SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
DROP TABLE IF EXISTS pg_temp.reverse_etl__candidates; CREATE TEMP TABLE pg_temp.reverse_etl__candidates AS WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS identity, (CAST("name" AS text) COLLATE "C") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f FROM marts.users),
entries AS NOT MATERIALIZED (
SELECT identity, row_hash, state, CAST(NULL AS timestamp without time zone) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent') SELECT m.identity AS identity, s.identity AS entry_identity, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, hashtextextended(coalesce(CAST(v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('7fc386338aa365c1' AS text),
'') COLLATE "C", 0))) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted' OR s.left_at IS NOT NULL; ANALYZE pg_temp.reverse_etl__candidates
;
SELECT (SELECT count(*) FROM pg_temp.reverse_etl__candidates),
(SELECT count(*) FROM marts.users),
(SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
t.without_entry, t.without_row, t.returned, t.noted, 0, 0, (SELECT count(DISTINCT key_text) FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND identity NOT IN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed')),
(SELECT count(*) FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'invalid'),
(SELECT coalesce(max(fence),
0) FROM s.snapshot__it_s_24ceef1c),
0, 0
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM pg_temp.reverse_etl__candidates) t
;
DROP TABLE IF EXISTS pg_temp.reverse_etl__suspects; CREATE TEMP TABLE pg_temp.reverse_etl__suspects AS WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN octet_length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) = length(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C"))) OR (trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C" ~ E'^(?:[^\\u0130\\u212a]*)$') THEN (lower(lower(trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) COLLATE "C") COLLATE "default") COLLATE "C") ELSE trim((CAST((CAST("email" AS text) COLLATE "C") AS text) COLLATE "C")) END AS identity, (CAST("name" AS text) COLLATE "C") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f FROM marts.users),
entries AS NOT MATERIALIZED (
SELECT identity, row_hash, state, CAST(NULL AS timestamp without time zone) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
touched AS NOT MATERIALIZED (
SELECT identity FROM pg_temp.reverse_etl__candidates WHERE present) SELECT m.*, hashtextextended(coalesce(CAST(m.v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(m.v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('7fc386338aa365c1' AS text),
'') COLLATE "C", 0))) AS row_hash FROM model m WHERE m.identity IN (SELECT identity FROM touched); ANALYZE pg_temp.reverse_etl__suspects
;
DROP TABLE IF EXISTS pg_temp.reverse_etl__classified; CREATE TEMP TABLE pg_temp.reverse_etl__classified AS WITH entries AS NOT MATERIALIZED (
SELECT identity, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, v_spent_2705d83f AS v_spent_2705d83f, row_hash, state AS state, CAST(NULL AS timestamp without time zone) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
same_identity AS NOT MATERIALIZED (
SELECT identity
FROM (SELECT identity FROM pg_temp.reverse_etl__suspects) x GROUP BY identity HAVING count(*) > 1) SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, CASE WHEN CASE WHEN NOT ((m.identity COLLATE "C" ~ E'^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM hashtextextended(coalesce(CAST(s.v_spent_2705d83f AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST(s.v_firstname_9cf22fd0 AS text),
'') COLLATE "C", hashtextextended(coalesce('=' || CAST('7fc386338aa365c1' AS text),
'') COLLATE "C", 0))) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN NOT ((m.identity COLLATE "C" ~ E'^(?:[^@\\s]+@[^@\\s]+)$')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END, coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)) AS reason FROM pg_temp.reverse_etl__suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN (SELECT identity, key_text, digest, min(CASE WHEN code = 'forgotten-user' THEN 'forgotten' ELSE state END) AS state FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND (retry_at IS NULL OR retry_at > (now() AT TIME ZONE 'UTC')) GROUP BY identity, key_text, digest) h ON h.identity = m.identity AND h.key_text = (CAST(to_json(ARRAY[(CAST(m.identity AS text) COLLATE "C")]) AS text) COLLATE "C") AND h.digest = (CAST(m.row_hash AS text) COLLATE "C")
LEFT JOIN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed') f ON f.identity = m.identity
UNION ALL SELECT identity, (CAST(NULL AS text) COLLATE "C"),
CAST(NULL AS bigint),
row_hash, (CAST(NULL AS text) COLLATE "C"),
CAST(NULL AS bigint),
'invalid', 'null-identifier' FROM pg_temp.reverse_etl__candidates WHERE present AND identity IS NULL; ANALYZE pg_temp.reverse_etl__classified
;
WITH gone AS NOT MATERIALIZED (
SELECT c.entry_identity AS identity FROM pg_temp.reverse_etl__candidates c WHERE NOT c.present AND NOT c.left_before AND NOT EXISTS (SELECT 1 FROM pg_temp.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected')) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > (now() AT TIME ZONE 'UTC')))) SELECT kind, coalesce(reason, ''),
count(*),
sum(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN 1 ELSE 0 END),
0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM pg_temp.reverse_etl__classified GROUP BY 1, 2
UNION ALL SELECT 'removed', '', count(*),
0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM gone
;
CREATE TABLE s.plan__it_s_24ceef1c__8 AS WITH gone AS NOT MATERIALIZED (
SELECT c.entry_identity AS identity FROM pg_temp.reverse_etl__candidates c WHERE NOT c.present AND NOT c.left_before AND NOT EXISTS (SELECT 1 FROM pg_temp.reverse_etl__suspects x WHERE x.identity = c.entry_identity) AND c.entry_identity NOT IN (SELECT identity FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected')) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > (now() AT TIME ZONE 'UTC')))) SELECT CAST(row_number() OVER () - 1 + 0 AS bigint) AS ordinal, c.kind AS kind, c.reason AS reason, c.identity AS identity, c.row_hash AS row_hash, CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN '0,' ELSE '' END || CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN '1,' ELSE '' END AS changed, c.v_firstname_9cf22fd0, c.v_spent_2705d83f FROM pg_temp.reverse_etl__classified c WHERE c.kind IN ('added', 'changed', 'resent', 'invalid'); ALTER TABLE s.plan__it_s_24ceef1c__8 ADD PRIMARY KEY (ordinal)
;
SELECT kind, count(*) FROM s.plan__it_s_24ceef1c__8 GROUP BY kind
