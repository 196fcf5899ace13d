SELECT schema_version, lineage, salt, serial, fence, holder, holder_note, (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) - (DATETIME_DIFF(beat_at, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000),
(DATETIME_DIFF(expires_at, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) - (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000),
(DATETIME_DIFF(quiet_at, DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) - (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000),
run_fence, credit, acked, destination, key_columns, entries, moved_to, (DATETIME_DIFF(DATETIME(CURRENT_TIMESTAMP(),
'UTC'),
DATETIME '1970-01-01 00:00:00', MICROSECOND) / 1000000) FROM s.lease__it_s_24ceef1c
;
SELECT e.entries, e.newest, e.unsettled, r.held
FROM (SELECT count(CASE WHEN state <> 'absent' THEN 1 END) AS entries, coalesce(max(fence),
0) AS newest, count(CASE WHEN state NOT IN ('accepted', 'absent') THEN 1 END) AS unsettled FROM s.snapshot__it_s_24ceef1c) e CROSS JOIN (SELECT count(*) AS held FROM s.sync_rejections WHERE sync = 'it\'s') r
;
UPDATE s.lease__it_s_24ceef1c SET destination = ? WHERE holder IS NULL AND run_fence IS NULL AND moved_to IS NULL AND fence = ? AND serial = ?
