SELECT min(CASE WHEN happened >= -62135596800 AND happened < 100000000000 THEN happened END),
epoch(make_timestamp(epoch_us(now())))
FROM (SELECT epoch((CAST("First Name" AS VARCHAR) COLLATE "binary")) AS happened FROM marts.users) t
