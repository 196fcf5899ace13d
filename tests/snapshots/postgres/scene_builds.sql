SELECT unique_id, relation, status, ended_at, invocation_id, command FROM s.build_verdicts ORDER BY ended_at
;
CREATE TABLE IF NOT EXISTS s.build_verdicts (schema_version bigint, unique_id text COLLATE "C", relation text COLLATE "C", status text COLLATE "C", ended_at text COLLATE "C", invocation_id text COLLATE "C", command text COLLATE "C")
;
INSERT INTO s.build_verdicts (schema_version, unique_id, relation, status, ended_at, invocation_id, command) SELECT 1, unique_id, relation, status, ended_at, invocation_id, command
FROM (VALUES ('model.shop.it''s', '"a"."b"', 'error', '2026-01-02 03:04:05.000000', 'i1', 'build'),
('test.shop.unique', '"a"."b"', 'error', '2026-01-02 03:04:05.000000', 'i1', 'build')) AS v (unique_id, relation, status, ended_at, invocation_id, command)
;
DELETE FROM s.build_verdicts WHERE (unique_id = 'model.shop.it''s' AND relation = '"a"."b"' AND ended_at < '2026-01-02 03:04:05.000000') OR (unique_id = 'test.shop.unique' AND relation = '"a"."b"' AND ended_at < '2026-01-02 03:04:05.000000')
