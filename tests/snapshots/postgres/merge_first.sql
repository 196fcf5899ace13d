LOCK TABLE s.snapshot__users IN SHARE ROW EXCLUSIVE MODE; INSERT INTO s.snapshot__users (identity, key_1, v_firstname_9cf22fd0, v_spent_2705d83f, v_tags_978c2f89, v_source_41cf6794, left_at, row_hash, state, fence, changed_at) SELECT p.identity, p.key_1, p.v_firstname_9cf22fd0, p.v_spent_2705d83f, p.v_tags_978c2f89, p.v_source_41cf6794, CAST(NULL AS timestamp without time zone),
p.row_hash, p.outcome, 7, (now() AT TIME ZONE 'UTC')
FROM (SELECT *
FROM (SELECT p.*, CASE WHEN r.ordinal IS NOT NULL THEN CASE WHEN r.tainted THEN 'unknown' WHEN p.kind = 'removed' AND r.skipped THEN 'absent' END WHEN b.acked = 1 THEN CASE WHEN p.kind = 'removed' THEN 'absent' ELSE 'accepted' END WHEN b.acked = 0 THEN NULL ELSE 'unknown' END AS outcome FROM s.plan__users__7 p
LEFT JOIN (SELECT ordinal, max(CASE WHEN tainted THEN 1 ELSE 0 END) = 1 AS tainted, max(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) = 1 AS skipped FROM s.rejections WHERE sync = 'users' AND fence = 7 GROUP BY ordinal) r ON r.ordinal = p.ordinal
LEFT JOIN (VALUES (0, 0, 1000, 1),
(2000, 2000, 3000, 1),
(3000, 3000, 4000, 0)) AS b (bucket, first, beyond, acked) ON b.bucket = p.ordinal - mod(p.ordinal, 1000) AND p.ordinal >= b.first AND p.ordinal < b.beyond WHERE p.kind <> 'invalid' AND p.ordinal < 1000000000005) x WHERE outcome IS NOT NULL) AS p WHERE NOT EXISTS (SELECT 1 FROM s.snapshot__users)
