SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
CREATE OR REPLACE TABLE reverse_etl_scratch.main.candidates AS WITH model AS NOT MATERIALIZED (
SELECT CASE WHEN strlen(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) = length(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) OR regexp_full_match(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)),
'[^İK]*') THEN lower(trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR))) ELSE trim(CAST((CAST("email" AS VARCHAR) COLLATE "binary") AS VARCHAR)) END AS identity, (CAST("name" AS VARCHAR) COLLATE "binary") AS v_firstname_9cf22fd0, "spent" AS v_spent_2705d83f FROM marts.users),
entries AS NOT MATERIALIZED (
SELECT identity, row_hash, state, CAST(NULL AS TIMESTAMP) AS left_at FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent') SELECT m.identity AS identity, s.identity AS entry_identity, m.row_hash AS row_hash, m.row_hash IS NOT NULL AS present, s.left_at IS NOT NULL AS left_before
FROM (SELECT identity, hash('7fc386338aa365c1', v_firstname_9cf22fd0, v_spent_2705d83f) AS row_hash FROM model) m
FULL OUTER JOIN (SELECT identity, row_hash, state, left_at FROM entries) s ON m.identity = s.identity WHERE m.row_hash IS NULL OR m.row_hash IS DISTINCT FROM s.row_hash OR s.state <> 'accepted' OR s.left_at IS NOT NULL
;
SELECT (SELECT count(*) FROM reverse_etl_scratch.main.candidates),
(SELECT count(*) FROM marts.users),
(SELECT count(*) FROM s.snapshot__it_s_24ceef1c WHERE state <> 'absent'),
t.without_entry, t.without_row, t.returned, t.noted, 0, 0, (SELECT count(DISTINCT key_text) FROM s.sync_rejections WHERE sync = 'it''s' AND (state IN ('rejected', 'skipped')) AND identity NOT IN (SELECT DISTINCT identity FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'suppressed')),
(SELECT count(*) FROM s.sync_rejections WHERE sync = 'it''s' AND state = 'invalid'),
(SELECT coalesce(max(fence),
0) FROM s.snapshot__it_s_24ceef1c),
0, 0
FROM (SELECT count(CASE WHEN present AND entry_identity IS NULL THEN 1 END) AS without_entry, count(CASE WHEN NOT present THEN 1 END) AS without_row, count(CASE WHEN present AND left_before THEN 1 END) AS returned, count(CASE WHEN left_before THEN 1 END) AS noted FROM reverse_etl_scratch.main.candidates) t
