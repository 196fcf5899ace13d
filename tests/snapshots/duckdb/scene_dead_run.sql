UPDATE s.lease__it_s_24ceef1c SET beat_at = make_timestamp(epoch_us(now())),
expires_at = (make_timestamp(epoch_us(now())) + to_microseconds(120000000)) WHERE fence = ? AND holder = ?
;
SELECT 1 FROM s.snapshot__it_s_24ceef1c LIMIT 1
;
MERGE INTO s.snapshot__it_s_24ceef1c AS s USING (SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__it_s_24ceef1c__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.sync_rejections WHERE sync = 'it''s' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN (VALUES (0, 0, 5, 1)) AS b (bucket, first, beyond, acked) ON b.bucket = p.ordinal - mod(p.ordinal, 5) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 10) x WHERE outcome IS NOT NULL) AS p ON s.identity = p.identity
WHEN MATCHED AND s.fence <= 7 AND p.outcome = 'unknown' THEN UPDATE SET row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = make_timestamp(epoch_us(now()))
WHEN MATCHED AND s.fence <= 7 THEN UPDATE SET v_firstname_9cf22fd0 = p.v_firstname_9cf22fd0, v_spent_2705d83f = CASE WHEN p.outcome = 'accepted' AND s.state = 'accepted' THEN coalesce(p.v_spent_2705d83f, s.v_spent_2705d83f) ELSE p.v_spent_2705d83f END, row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = make_timestamp(epoch_us(now()))
WHEN NOT MATCHED THEN INSERT (identity, v_firstname_9cf22fd0, v_spent_2705d83f, row_hash, state, fence, changed_at) VALUES (p.identity, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.row_hash, p.outcome, 7, make_timestamp(epoch_us(now())))
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
