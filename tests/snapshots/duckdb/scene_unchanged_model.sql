SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, epoch(make_timestamp(epoch_us(now()))) - epoch(beat_at),
epoch(expires_at) - epoch(make_timestamp(epoch_us(now()))),
epoch(quiet_at) - epoch(make_timestamp(epoch_us(now()))),
run_fence, credit, acked, destination, key_columns, entries, moved_to, epoch(make_timestamp(epoch_us(now()))) FROM s.lease__it_s_24ceef1c
;
SELECT e.entries, e.newest, e.unsettled, r.held
FROM (SELECT count(CASE WHEN state <> 'absent' THEN 1 END) AS entries, coalesce(max(fence),
0) AS newest, count(CASE WHEN state NOT IN ('accepted', 'absent') THEN 1 END) AS unsettled FROM s.snapshot__it_s_24ceef1c) e CROSS JOIN (SELECT count(*) AS held FROM s.sync_rejections WHERE sync = 'it''s') r
;
UPDATE s.lease__it_s_24ceef1c SET destination = ? WHERE holder IS NULL AND run_fence IS NULL AND moved_to IS NULL AND fence = ? AND serial = ?
