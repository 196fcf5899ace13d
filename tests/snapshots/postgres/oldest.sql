SELECT min(CASE WHEN happened >= -62135596800 AND happened < 100000000000 THEN happened END),
extract(epoch
FROM (now() AT TIME ZONE 'UTC'))
FROM (SELECT extract(epoch
FROM (CAST("First Name" AS text) COLLATE "C")) AS happened FROM marts.users) t
