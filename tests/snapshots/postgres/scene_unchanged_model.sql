SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, extract(epoch
FROM (now() AT TIME ZONE 'UTC')) - extract(epoch FROM beat_at),
extract(epoch FROM expires_at) - extract(epoch
FROM (now() AT TIME ZONE 'UTC')),
extract(epoch FROM quiet_at) - extract(epoch
FROM (now() AT TIME ZONE 'UTC')),
run_fence, credit, acked, destination, key_columns, entries, moved_to, extract(epoch
FROM (now() AT TIME ZONE 'UTC')) FROM s.lease__it_s_24ceef1c
;
SELECT e.entries, e.newest, e.unsettled, r.held
FROM (SELECT count(CASE WHEN state <> 'absent' THEN 1 END) AS entries, coalesce(max(fence),
0) AS newest, count(CASE WHEN state NOT IN ('accepted', 'absent') THEN 1 END) AS unsettled FROM s.snapshot__it_s_24ceef1c) e CROSS JOIN (SELECT count(*) AS held FROM s.sync_rejections WHERE sync = 'it''s') r
;
UPDATE s.lease__it_s_24ceef1c SET destination = ? WHERE holder IS NULL AND run_fence IS NULL AND moved_to IS NULL AND fence = ? AND serial = ?
