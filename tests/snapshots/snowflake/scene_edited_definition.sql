UPDATE s.snapshot__it_s_24ceef1c SET row_hash = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM TRY_CAST(CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS NUMBER(38,0)) AS VARCHAR) AS VARCHAR)) THEN CAST(0 AS NUMBER(19,0)) ELSE NULL END, state = CASE WHEN state = 'accepted' AND (v_spent_2705d83f IS DISTINCT FROM TRY_CAST(CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS NUMBER(38,0)) AS VARCHAR) AS VARCHAR)) THEN 'unknown' ELSE state END WHERE 1 = 1
;
CREATE OR REPLACE TRANSIENT TABLE s.snapshot__it_s_24ceef1c DATA_RETENTION_TIME_IN_DAYS = 1 DEFAULT_DDL_COLLATION = '' COPY GRANTS AS SELECT * REPLACE (CAST(TRY_CAST(CAST(v_spent_2705d83f AS VARCHAR) AS NUMBER(38,0)) AS NUMBER(38,0)) AS v_spent_2705d83f) FROM s.snapshot__it_s_24ceef1c
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN v_firstname_9cf22fd0 VARCHAR COLLATE ''
;
ALTER TABLE s.snapshot__it_s_24ceef1c ADD COLUMN left_at TIMESTAMP_NTZ(9)
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c
UNION ALL SELECT 1 FROM s.sync_rejections WHERE sync = 'it''s' LIMIT 1
;
UPDATE s.snapshot__it_s_24ceef1c SET state = 'unknown' WHERE state = 'accepted'
