SELECT COUNT(v_firstname_9cf22fd0),
COUNT(CASE WHEN REGEXP_CONTAINS(v_firstname_9cf22fd0, '^(?:[0-9]{4}-.*)$') THEN 1 END),
COUNT(CASE WHEN REGEXP_CONTAINS(v_firstname_9cf22fd0, '^(?:it\'s)$') THEN 1 END)
FROM (SELECT `First Name` AS v_firstname_9cf22fd0 FROM marts.users LIMIT 10000) AS sampled
