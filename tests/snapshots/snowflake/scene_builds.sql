SELECT unique_id, relation, status, ended_at, invocation_id, command FROM s.build_verdicts ORDER BY ended_at
;
CREATE TABLE IF NOT EXISTS s.build_verdicts (schema_version NUMBER(38,0),
unique_id VARCHAR COLLATE '', relation VARCHAR COLLATE '', status VARCHAR COLLATE '', ended_at VARCHAR COLLATE '', invocation_id VARCHAR COLLATE '', command VARCHAR COLLATE '')
;
INSERT INTO s.build_verdicts (schema_version, unique_id, relation, status, ended_at, invocation_id, command) SELECT 1, unique_id, relation, status, ended_at, invocation_id, command
FROM (VALUES ('model.shop.it''s', '"a"."b"', 'error', '2026-01-02 03:04:05.000000', 'i1', 'build'),
('test.shop.unique', '"a"."b"', 'error', '2026-01-02 03:04:05.000000', 'i1', 'build')) AS v (unique_id, relation, status, ended_at, invocation_id, command)
;
DELETE FROM s.build_verdicts WHERE (unique_id = 'model.shop.it''s' AND relation = '"a"."b"' AND ended_at < '2026-01-02 03:04:05.000000') OR (unique_id = 'test.shop.unique' AND relation = '"a"."b"' AND ended_at < '2026-01-02 03:04:05.000000')
