UPDATE s.snapshot__it_s_24ceef1c SET row_hash = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM TRY_CAST(CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS BIGINT) AS VARCHAR) AS VARCHAR)) THEN CAST(0 AS UBIGINT) ELSE NULL END, state = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM TRY_CAST(CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS BIGINT) AS VARCHAR) AS VARCHAR)) THEN 'unknown' ELSE state END WHERE 1 = 1
;
ALTER TABLE s.snapshot__it_s_24ceef1c ALTER COLUMN v_spent_2705d83f TYPE BIGINT USING TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS BIGINT)
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN v_firstname_9cf22fd0 VARCHAR
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN left_at TIMESTAMP
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
UPDATE s.snapshot__it_s_24ceef1c SET state = 'unknown' WHERE state = 'accepted'
