SELECT COUNT(v_firstname_9cf22fd0),
COUNT(CASE WHEN (v_firstname_9cf22fd0 COLLATE "C" ~ '^(?:[0-9]{4}-.*)$') THEN 1 END),
COUNT(CASE WHEN (v_firstname_9cf22fd0 COLLATE "C" ~ '^(?:it''s)$') THEN 1 END)
FROM (SELECT (CAST("First Name" AS text) COLLATE "C") AS v_firstname_9cf22fd0 FROM marts.users LIMIT 10000) AS sampled
