WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN strlen(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) = length(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) OR regexp_full_match(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) ELSE trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)) END AS identity, (CAST("First Name" AS VARCHAR) COLLATE "binary") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f, "tags" AS v_tags_978c2f89, CAST('"it''s"' AS VARCHAR) AS v_source_41cf6794 FROM marts.users),
entries AS NOT MATERIALIZED (
SELECT identity, v_firstname_9cf22fd0 AS v_firstname_9cf22fd0, TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS DECIMAL(38,2)) AS v_spent_2705d83f, v_tags_978c2f89 AS v_tags_978c2f89, v_source_41cf6794 AS v_source_41cf6794, CAST(v_spent_2705d83f AS VARCHAR) AS was_v_spent_2705d83f, CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM TRY_CAST(CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS DECIMAL(38,2)) AS VARCHAR) AS VARCHAR)) THEN CAST(0 AS UBIGINT) ELSE row_hash END AS row_hash, CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM TRY_CAST(CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS DECIMAL(38,2)) AS VARCHAR) AS VARCHAR)) THEN 'unknown' ELSE state END AS state, CAST(NULL AS TIMESTAMP) AS left_at FROM s.snapshot__users WHERE state <> 'absent'),
candidates AS MATERIALIZED (
SELECT m.identity AS identity, s.identity AS entry_identity, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, hash('fa90b0de4f70937f', v_firstname_9cf22fd0, v_spent_2705d83f, CAST(v_spent_2705d83f AS DOUBLE),
v_tags_978c2f89, len(v_tags_978c2f89),
v_source_41cf6794) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE 1 = 1),
touched AS NOT MATERIALIZED (
SELECT identity FROM candidates WHERE present),
suspects AS NOT MATERIALIZED (
SELECT m.*, hash('fa90b0de4f70937f', m.v_firstname_9cf22fd0, m.v_spent_2705d83f, CAST(m.v_spent_2705d83f AS DOUBLE),
m.v_tags_978c2f89, len(m.v_tags_978c2f89),
m.v_source_41cf6794) AS row_hash FROM model m WHERE m.identity IS NOT NULL),
same_identity AS NOT MATERIALIZED (
SELECT identity
FROM (SELECT identity FROM candidates WHERE present AND identity IS NOT NULL) x GROUP BY identity HAVING count(*) > 1),
classified AS NOT MATERIALIZED (
SELECT m.*, s.v_firstname_9cf22fd0 AS old_v_firstname_9cf22fd0, s.v_spent_2705d83f AS old_v_spent_2705d83f, s.v_tags_978c2f89 AS old_v_tags_978c2f89, s.v_source_41cf6794 AS old_v_source_41cf6794, s.was_v_spent_2705d83f AS was_v_spent_2705d83f, CASE WHEN CASE WHEN NOT (regexp_full_match(m.identity, '[^@\s]+@[^@\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END IS NOT NULL THEN 'invalid' WHEN s.identity IS NULL THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'added' END WHEN (m.v_firstname_9cf22fd0 IS DISTINCT FROM s.v_firstname_9cf22fd0) OR (m.v_spent_2705d83f IS NOT NULL AND m.v_spent_2705d83f IS DISTINCT FROM s.v_spent_2705d83f) OR (m.v_tags_978c2f89 IS DISTINCT FROM s.v_tags_978c2f89) OR (m.v_source_41cf6794 IS DISTINCT FROM s.v_source_41cf6794) THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'changed' END WHEN s.state = 'unknown' THEN CASE WHEN h.identity IS NOT NULL OR f.identity IS NOT NULL THEN 'quarantined' ELSE 'resent' END WHEN s.row_hash IS DISTINCT FROM m.row_hash AND s.row_hash IS DISTINCT FROM hash('fa90b0de4f70937f', s.v_firstname_9cf22fd0, s.v_spent_2705d83f, CAST(s.v_spent_2705d83f AS DOUBLE),
s.v_tags_978c2f89, len(s.v_tags_978c2f89),
s.v_source_41cf6794) THEN 'stale' ELSE 'unchanged' END AS kind, coalesce(CASE WHEN NOT (regexp_full_match(m.identity, '[^@\s]+@[^@\s]+')) THEN 'invalid-email' WHEN m.identity = 'no@one' THEN 'invalid-email' WHEN i.identity IS NOT NULL THEN 'duplicate-key' END, coalesce(h.state, CASE WHEN f.identity IS NOT NULL THEN 'suppressed' END)) AS reason FROM suspects m
LEFT JOIN entries s ON s.identity = m.identity
LEFT JOIN same_identity i ON i.identity = m.identity
LEFT JOIN (SELECT identity, key_text, digest, min(CASE WHEN code = 'forgotten-user' THEN 'forgotten' ELSE state END) AS state FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected', 'skipped') OR state = 'invalid' AND request_rows IS NOT NULL) AND (retry_at IS NULL OR retry_at > make_timestamp(epoch_us(now()))) GROUP BY identity, key_text, digest) h ON h.identity = m.identity AND h.key_text = CAST(to_json([CAST(m.identity AS VARCHAR)]) AS VARCHAR) AND h.digest = CAST(m.row_hash AS VARCHAR)
LEFT JOIN (SELECT DISTINCT identity FROM s.rejections WHERE sync = 'users' AND state = 'suppressed') f ON f.identity = m.identity
UNION ALL SELECT identity, CAST(NULL AS VARCHAR),
CAST(NULL AS DECIMAL(38,2)),
CAST(NULL AS VARCHAR[]),
CAST(NULL AS VARCHAR),
row_hash, CAST(NULL AS VARCHAR),
CAST(NULL AS DECIMAL(38,2)),
CAST(NULL AS VARCHAR[]),
CAST(NULL AS VARCHAR),
CAST(NULL AS VARCHAR),
'invalid', 'null-identifier' FROM candidates WHERE present AND identity IS NULL),
gone AS NOT MATERIALIZED (
SELECT c.entry_identity AS identity FROM candidates c WHERE NOT c.present AND c.entry_identity NOT IN (SELECT identity FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected') OR state = 'invalid' AND request_rows IS NOT NULL) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > make_timestamp(epoch_us(now()))))) SELECT 'total', '', 0, 0, 0, 0, 0, 0, '', (SELECT count(*) FROM marts.users),
(SELECT count(*) FROM s.snapshot__users WHERE state <> 'absent'),
t.without_entry, t.without_row, t.returned, t.noted, 0, (SELECT count(*) FROM candidates WHERE NOT present AND entry_identity IN (SELECT identity FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected') OR state = 'invalid' AND request_rows IS NOT NULL) AND digest IS NULL AND identity IS NOT NULL AND (retry_at IS NULL OR retry_at > make_timestamp(epoch_us(now()))))),
(SELECT count(DISTINCT key_text) FROM s.rejections WHERE sync = 'users' AND (state IN ('rejected', 'skipped') OR state = 'invalid' AND request_rows IS NOT NULL) AND identity NOT IN (SELECT DISTINCT identity FROM s.rejections WHERE sync = 'users' AND state = 'suppressed')),
(SELECT count(*) FROM s.rejections WHERE sync = 'users' AND state = 'invalid' AND request_rows IS NULL),
(SELECT coalesce(max(fence),
0) FROM s.snapshot__users),
0, 0
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM candidates) t
UNION ALL SELECT kind, coalesce(reason, ''),
count(*),
sum(CASE WHEN (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_tags_978c2f89 IS DISTINCT FROM old_v_tags_978c2f89) THEN 1 ELSE 0 END),
sum(CASE WHEN (v_source_41cf6794 IS DISTINCT FROM old_v_source_41cf6794) THEN 1 ELSE 0 END),
count(CASE WHEN kind = 'changed' AND NOT ((v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) OR (v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f) OR (v_source_41cf6794 IS DISTINCT FROM old_v_source_41cf6794)) THEN 1 END),
concat(concat('0,', CAST(count(l0) AS VARCHAR),
',', CAST(count(CASE WHEN w0 IS NULL THEN l0 END) AS VARCHAR),
',', CAST(count(CASE WHEN l0 = 1 AND ((o0 NOT LIKE '_%') <> (w0 NOT LIKE '_%') OR (regexp_full_match(o0, '[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?')) <> (regexp_full_match(w0, '[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?')) OR (o0 LIKE '____-__-__%') <> (w0 LIKE '____-__-__%') OR (o0 LIKE '%_@_%') <> (w0 LIKE '%_@_%')) THEN 1 END) AS VARCHAR),
CASE WHEN min(CASE WHEN l0 = 1 THEN w0 END) = max(CASE WHEN l0 = 1 THEN w0 END) THEN ',1;' ELSE ',0;' END),
concat('1,', CAST(count(l1) AS VARCHAR),
',', CAST(count(CASE WHEN w1 IS NULL THEN l1 END) AS VARCHAR),
',', CAST(count(CASE WHEN l1 = 1 AND ((o1 NOT LIKE '_%') <> (CAST(w1 AS VARCHAR) NOT LIKE '_%') OR (regexp_full_match(o1, '[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?')) <> (regexp_full_match(CAST(w1 AS VARCHAR),
'[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)?')) OR (o1 LIKE '____-__-__%') <> (CAST(w1 AS VARCHAR) LIKE '____-__-__%') OR (o1 LIKE '%_@_%') <> (CAST(w1 AS VARCHAR) LIKE '%_@_%')) THEN 1 END) AS VARCHAR),
CASE WHEN min(CASE WHEN l1 = 1 THEN CAST(w1 AS VARCHAR) END) = max(CASE WHEN l1 = 1 THEN CAST(w1 AS VARCHAR) END) THEN ',1;' ELSE ',0;' END),
concat('2,', CAST(count(l2) AS VARCHAR),
',', CAST(count(CASE WHEN w2 IS NULL THEN l2 END) AS VARCHAR),
',', '0', CASE WHEN min(CASE WHEN l2 = 1 THEN CAST(w2 AS VARCHAR) END) = max(CASE WHEN l2 = 1 THEN CAST(w2 AS VARCHAR) END) THEN ',1;' ELSE ',0;' END)),
0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM (SELECT *, CASE WHEN kind = 'changed' AND old_v_firstname_9cf22fd0 IS NOT NULL AND (v_firstname_9cf22fd0 IS DISTINCT FROM old_v_firstname_9cf22fd0) THEN 1 END AS l0, v_firstname_9cf22fd0 AS w0, old_v_firstname_9cf22fd0 AS o0, CASE WHEN kind IN ('changed', 'resent') AND was_v_spent_2705d83f IS NOT NULL AND ((v_spent_2705d83f IS NOT NULL AND v_spent_2705d83f IS DISTINCT FROM old_v_spent_2705d83f)) THEN 1 END AS l1, v_spent_2705d83f AS w1, CAST(was_v_spent_2705d83f AS VARCHAR) AS o1, CASE WHEN kind = 'changed' AND old_v_tags_978c2f89 IS NOT NULL AND (v_tags_978c2f89 IS DISTINCT FROM old_v_tags_978c2f89) THEN 1 END AS l2, v_tags_978c2f89 AS w2 FROM classified) c GROUP BY 1, 2
UNION ALL SELECT 'removed', '', count(*),
0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM gone
