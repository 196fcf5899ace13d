UPDATE s.snapshot__it_s_24ceef1c SET row_hash = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM SAFE_CAST(CAST(SAFE_CAST(CAST(v_spent_2705d83f AS STRING) AS INT64) AS STRING) AS STRING)) THEN CAST(0 AS INT64) ELSE NULL END, state = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM SAFE_CAST(CAST(SAFE_CAST(CAST(v_spent_2705d83f AS STRING) AS INT64) AS STRING) AS STRING)) THEN 'unknown' ELSE state END WHERE 1 = 1
;
CREATE OR REPLACE TABLE s.snapshot__it_s_24ceef1c DEFAULT COLLATE '' CLUSTER BY identity AS SELECT * REPLACE (SAFE_CAST(CAST(v_spent_2705d83f AS STRING) AS INT64) AS v_spent_2705d83f) FROM s.snapshot__it_s_24ceef1c
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN v_firstname_9cf22fd0 STRING COLLATE '', ADD COLUMN left_at DATETIME
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it\'s' LIMIT 1
;
UPDATE s.snapshot__it_s_24ceef1c SET state = 'unknown' WHERE state = 'accepted'
