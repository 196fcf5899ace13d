SELECT min(CASE WHEN happened >= -62135596800 AND happened < 100000000000 THEN happened END),
extract(epoch
FROM (now() AT TIME ZONE 'UTC'))
FROM (SELECT extract(epoch FROM CASE WHEN substr((CAST("First Name" AS text) COLLATE "C"),
1, 19) ~* E'^(?:(?!0000)(\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])|\\d{4}-(0[13-9]|1[0-2])-(29|30)|\\d{4}-(0[13578]|1[02])-31|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)( ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?)?)$' THEN CAST(substr((CAST("First Name" AS text) COLLATE "C"),
1, 19) AS timestamp without time zone) ELSE CAST(NULL AS timestamp without time zone) END) AS happened FROM marts.users) t
