UPDATE s.lease__it_s_24ceef1c SET beat_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
expires_at = DATETIME_ADD(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
INTERVAL 120000000 MICROSECOND) WHERE fence = ? AND holder = ?
;
MERGE INTO s.snapshot__it_s_24ceef1c AS s USING (SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.sync_rejections WHERE sync = 'it\'s' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN UNNEST([STRUCT(0 AS bucket, 0 AS first, 5 AS beyond, 1 AS acked)]) AS b ON b.bucket = p.ordinal - mod(p.ordinal, 5) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 10) x WHERE outcome IS NOT NULL) AS p ON s.identity = p.identity
WHEN MATCHED AND s.fence <= 7 THEN UPDATE SET v_firstname_9cf22fd0 = CASE WHEN p.outcome = 'unknown' THEN s.v_firstname_9cf22fd0 ELSE p.v_firstname_9cf22fd0 END, v_spent_2705d83f = CASE WHEN p.outcome = 'unknown' THEN s.v_spent_2705d83f ELSE CASE WHEN p.outcome = 'accepted' AND s.state = 'accepted' THEN coalesce(p.v_spent_2705d83f, s.v_spent_2705d83f) ELSE p.v_spent_2705d83f END END, row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC')
WHEN NOT MATCHED THEN INSERT (identity, v_firstname_9cf22fd0, v_spent_2705d83f, row_hash, state, fence, changed_at) VALUES (p.identity, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.row_hash, p.outcome, 7, DATETIME(CURRENT_TIMESTAMP(),
'UTC'))
;
SELECT count(CASE WHEN state <> 'absent' THEN 1 END),
count(CASE WHEN fence = 7 AND state = 'unknown' THEN 1 END),
count(CASE WHEN fence = 7 AND state = 'absent' THEN 1 END) FROM s.snapshot__it_s_24ceef1c
;
UPDATE s.lease__it_s_24ceef1c SET closed_fence = run_fence, run_fence = NULL, credit = 0, acked = NULL, serial = serial + 1, entries = ? WHERE fence = ? AND holder = ?
;
DROP TABLE IF EXISTS s.plan__it_s_24ceef1c__7
;
UPDATE s.lease__it_s_24ceef1c SET holder = NULL, holder_note = NULL WHERE fence = ? AND holder = ?
