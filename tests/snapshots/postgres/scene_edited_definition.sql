UPDATE s.snapshot__it_s_24ceef1c SET row_hash = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT
FROM (CAST((CAST(CASE WHEN CASE WHEN length((CAST(v_spent_2705d83f AS text) COLLATE "C")) <= 400 AND (CAST(v_spent_2705d83f AS text) COLLATE "C") ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) = trunc(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric)) AND CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END AS text) COLLATE "C") AS text) COLLATE "C")) THEN CAST(0 AS bigint) ELSE NULL END, state = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT
FROM (CAST((CAST(CASE WHEN CASE WHEN length((CAST(v_spent_2705d83f AS text) COLLATE "C")) <= 400 AND (CAST(v_spent_2705d83f AS text) COLLATE "C") ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) = trunc(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric)) AND CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END AS text) COLLATE "C") AS text) COLLATE "C")) THEN 'unknown' ELSE state END WHERE 1 = 1
;
ALTER TABLE s.snapshot__it_s_24ceef1c ALTER COLUMN v_spent_2705d83f TYPE bigint USING CASE WHEN CASE WHEN length((CAST(v_spent_2705d83f AS text) COLLATE "C")) <= 400 AND (CAST(v_spent_2705d83f AS text) COLLATE "C") ~* E'^(?:[-+]?(\\d+(\\.\\d*)?|\\.\\d+)(e[-+]?\\d{1,3})?)$' THEN CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) = trunc(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric)) AND CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE FALSE END THEN CAST(CAST((CAST(v_spent_2705d83f AS text) COLLATE "C") AS numeric) AS bigint) ELSE CAST(NULL AS bigint) END
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN v_firstname_9cf22fd0 text COLLATE "C"
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN left_at timestamp without time zone
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
UPDATE s.snapshot__it_s_24ceef1c SET state = 'unknown' WHERE state = 'accepted'
