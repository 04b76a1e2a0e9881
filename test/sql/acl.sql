--
-- Every object of the extension, and what anybody but its owner may do with it.
-- An object that is new here, or has no line of its own, needs a decision.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS wf_curation;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on
WITH member AS (
	SELECT d.classid, d.objid
	FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE e.extname = 'wf_curation' AND d.deptype = 'e'
), object AS (
	SELECT m.classid, m.objid, p.proowner AS owner, coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
	FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	UNION ALL
	SELECT m.classid, m.objid, c.relowner,
		coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
	FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
	UNION ALL
	SELECT m.classid, m.objid, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
	FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	-- a row's type is a member, too, from PostgreSQL 17 on; who has nothing of the table has no use for it
	WHERE NOT EXISTS (SELECT 1 FROM pg_type r WHERE r.oid IN (t.oid, t.typelem) AND r.typrelid <> 0)
	UNION ALL
	SELECT m.classid, m.objid, 0, NULL FROM member m
	WHERE m.classid NOT IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass)
)
SELECT pg_describe_object(o.classid, o.objid, 0) || ': ' || coalesce((
	SELECT string_agg(g.grantee || ' ' || g.privileges, '; ' ORDER BY g.grantee COLLATE "C")
	FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee,
			string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type) AS privileges
		FROM aclexplode(o.acl) a WHERE a.grantee <> o.owner GROUP BY a.grantee) g), 'nobody')
FROM object o
WHERE NOT EXISTS (SELECT 1 FROM pg_class c WHERE o.classid = 'pg_class'::regclass AND c.oid = o.objid AND c.relkind IN ('i', 'I'))
ORDER BY pg_describe_object(o.classid, o.objid, 0) COLLATE "C";
-- no privilege hides in a column
SELECT a.attrelid::regclass, a.attname, a.attacl
FROM pg_attribute a JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = a.attrelid
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'wf_curation' AND d.deptype = 'e' AND a.attacl IS NOT NULL;
