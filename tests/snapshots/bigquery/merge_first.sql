MERGE INTO s.snapshot__users AS s USING (SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__users__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.rejections WHERE sync = 'users' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN UNNEST([STRUCT(0 AS bucket, 0 AS first, 1000 AS beyond, 1 AS acked),
STRUCT(2000, 2000, 3000, 1),
STRUCT(3000, 3000, 4000, 0)]) AS b ON b.bucket = p.ordinal - mod(p.ordinal, 1000) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 1000000000005) x WHERE outcome IS NOT NULL) AS p ON s.identity = p.identity
WHEN MATCHED AND s.fence <= 7 THEN UPDATE SET key_1 = p.key_1, v_firstname_9cf22fd0 = CASE WHEN p.outcome = 'unknown' THEN s.v_firstname_9cf22fd0 ELSE p.v_firstname_9cf22fd0 END, v_spent_2705d83f = CASE WHEN p.outcome = 'unknown' THEN s.v_spent_2705d83f ELSE CASE WHEN p.outcome = 'accepted' AND s.state = 'accepted' THEN coalesce(p.v_spent_2705d83f, s.v_spent_2705d83f) ELSE p.v_spent_2705d83f END END, v_tags_978c2f89 = CASE WHEN p.outcome = 'unknown' THEN s.v_tags_978c2f89 ELSE p.v_tags_978c2f89 END, v_source_41cf6794 = CASE WHEN p.outcome = 'unknown' THEN s.v_source_41cf6794 ELSE p.v_source_41cf6794 END, v_old = CASE WHEN p.outcome <> 'absent' AND s.state = 'accepted' THEN s.v_old END, left_at = CAST(NULL AS DATETIME),
row_hash = p.row_hash, state = p.outcome, fence = 7, changed_at = DATETIME(CURRENT_TIMESTAMP(),
'UTC')
WHEN NOT MATCHED THEN INSERT (identity, key_1, v_firstname_9cf22fd0, v_spent_2705d83f, v_tags_978c2f89, v_source_41cf6794, left_at, row_hash, state, fence, changed_at) VALUES (p.identity, p.key_1, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.v_tags_978c2f89, p.v_source_41cf6794, CAST(NULL AS DATETIME),
p.row_hash, p.outcome, 7, DATETIME(CURRENT_TIMESTAMP(),
'UTC'))
