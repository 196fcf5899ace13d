SELECT unique_id, relation, status, ended_at, invocation_id, command FROM s.build_verdicts ORDER BY ended_at
;
CREATE TABLE IF NOT EXISTS s.build_verdicts (schema_version INT64, unique_id STRING COLLATE '', relation STRING COLLATE '', status STRING COLLATE '', ended_at STRING COLLATE '', invocation_id STRING COLLATE '', command STRING COLLATE '') DEFAULT COLLATE '' CLUSTER BY unique_id
;
INSERT INTO s.build_verdicts (schema_version, unique_id, relation, status, ended_at, invocation_id, command) SELECT 1, unique_id, relation, status, ended_at, invocation_id, command FROM UNNEST([STRUCT('model.shop.it\'s' AS unique_id, '"a"."b"' AS relation, 'error' AS status, '2026-01-02 03:04:05.000000' AS ended_at, 'i1' AS invocation_id, 'build' AS command),
STRUCT('test.shop.unique', '"a"."b"', 'error', '2026-01-02 03:04:05.000000', 'i1', 'build')]) AS v
;
DELETE FROM s.build_verdicts WHERE (unique_id = 'model.shop.it\'s' AND relation = '"a"."b"' AND ended_at < '2026-01-02 03:04:05.000000') OR (unique_id = 'test.shop.unique' AND relation = '"a"."b"' AND ended_at < '2026-01-02 03:04:05.000000')
