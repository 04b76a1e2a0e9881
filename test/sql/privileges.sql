-- What an ordinary user meets; who may do what with each object: acl.sql.

CREATE EXTENSION IF NOT EXISTS wf_curation;

-- every object of the extension has a comment
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'wf_curation' AND d.deptype = 'e'
AND d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass)
AND obj_description(d.objid, d.classid::regclass::name) IS NULL
AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = d.objid AND c.relkind IN ('i', 'S'))
ORDER BY 1;

-- no function of ours is found through the caller's search_path
SELECT p.oid::regprocedure
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
JOIN pg_language l ON l.oid = p.prolang
WHERE e.extname = 'wf_curation' AND d.deptype = 'e' AND (l.lanname <> 'c' OR p.prosecdef)
AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=pg_catalog, pg_temp')
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- as an ordinary user
CREATE ROLE regress_wf_user;
SET ROLE regress_wf_user;
SELECT * FROM wf_process_batch(1);
CALL wf_process(1);
SELECT wf_heal();
SELECT wf_pause('page');
SELECT * FROM wf_claim;
SELECT * FROM wf_attempts;
SELECT * FROM wf_findings;
SELECT * FROM wf_provenance;
SELECT * FROM wf_suppression;
SELECT wf_suppress('acme-widgets.com');
SELECT wf_unsuppress('acme-widgets.com');
SELECT wf_erase('info@acme-widgets.com');
SELECT value FROM wf_extract_contacts('<a href="mailto:info@acme-widgets.com">x</a>');
RESET ROLE;
DROP ROLE regress_wf_user;
