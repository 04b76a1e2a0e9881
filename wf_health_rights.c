/*-------------------------------------------------------------------------
 *
 * wf_health_rights.c
 *	  Checks of wf_health() about rights: those that the workers need, and those
 *	  that nobody else is to have.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_health.h"
#include "wf_identity.h"

/* ------------------------------------------------------------------------
 * What the workers need
 * ------------------------------------------------------------------------
 */

/* Rights that the role lacks on a table. */
static void
check_rights(WfHealth *h, const WfBinding *b, Oid role, const char *wanted)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID};
	Datum		values[3];
	char	   *name = GetUserNameFromId(role, false);
	char	   *missing;

	values[0] = ObjectIdGetDatum(role);
	values[1] = ObjectIdGetDatum(b->relid);
	values[2] = CStringGetTextDatum(wanted);
	wf_views_select(InvalidOid,
					"SELECT pg_catalog.string_agg(r.name, ', ') FROM pg_catalog.string_to_table($3, ', ') r(name)"
					" WHERE NOT pg_catalog.has_any_column_privilege($1, $2, r.name)",
					3, types, values);
	missing = wf_views_text(0, 1);
	if (missing)
		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("GRANT %s ON %s TO %s;", missing, b->relation,
								  quote_identifier(name)),
						 "Role \"%s\", which the workers use, lacks the right to %s on table %s.",
						 name, missing, b->relation);
}

/* Schemas of the tables that the role may not use. */
static void
check_schemas(WfHealth *h, Oid role)
{
	Oid			types[] = {OIDOID, OIDARRAYOID};
	Datum		values[2];
	char	   *name = GetUserNameFromId(role, false);

	values[0] = ObjectIdGetDatum(role);
	values[1] = wf_health_table_oids(h);
	wf_views_select(InvalidOid,
					"SELECT DISTINCT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c"
					" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($2)"
					" AND NOT pg_catalog.has_schema_privilege($1, n.oid, 'USAGE') ORDER BY 1",
					2, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("GRANT USAGE ON SCHEMA %s TO %s;", wf_views_text(row, 1),
								  quote_identifier(name)),
						 "Role \"%s\", which the workers use, may not use schema %s.", name,
						 wf_views_text(row, 1));
}

/* See wf_health.h. */
void
wf_health_identity(WfHealth *h)
{
	const WfBinding *pages = h->table[WF_PART_PAGES].binding;
	const WfBinding *contacts = h->table[WF_PART_CONTACTS].binding;
	char	   *problem = NULL;
	Oid			role = wf_identity_resolve(pages, contacts, &problem);

	if (OidIsValid(role))
	{
		check_rights(h, pages, role, "SELECT, UPDATE");
		check_rights(h, contacts, role, "SELECT, INSERT, UPDATE");
		check_schemas(h, role);
	}
	else
		wf_health_report(h, WF_HEALTH_FAIL,
						 wf_curation_role && *wf_curation_role && strstr(problem, "does not exist")
						 ? psprintf("CREATE ROLE %s NOLOGIN;", quote_identifier(wf_curation_role))
						 : psprintf("ALTER TABLE %s OWNER TO an_ordinary_role;", pages->relation),
						 "No role can be used for the tables, so nothing is processed: %s.", problem);
}

/* ------------------------------------------------------------------------
 * What everybody has
 * ------------------------------------------------------------------------
 */

/*
 * What PUBLIC may do with an object of the extension beyond what CREATE EXTENSION
 * left it with: kind, name, privileges.
 */
#define EXTRA_PUBLIC \
	"WITH member AS (SELECT d.classid, d.objid FROM pg_catalog.pg_depend d" \
	"  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid" \
	"  WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass" \
	"  AND d.deptype = 'e' AND e.extname = '" WF_EXTENSION_NAME "')," \
	" object AS (SELECT m.classid, m.objid, 'ROUTINE' AS kind," \
	"   p.oid::pg_catalog.regprocedure::pg_catalog.text AS name," \
	"   pg_catalog.acldefault('f', p.proowner) AS standard, p.proacl AS acl" \
	"  FROM member m JOIN pg_catalog.pg_proc p ON p.oid = m.objid" \
	"  WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass" \
	"  UNION ALL SELECT m.classid, m.objid, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END," \
	"   c.oid::pg_catalog.regclass::pg_catalog.text," \
	"   pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner), c.relacl" \
	"  FROM member m JOIN pg_catalog.pg_class c ON c.oid = m.objid" \
	"  WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)" \
	" SELECT o.kind, o.name, pg_catalog.string_agg(x.privilege, ', ' ORDER BY x.privilege)" \
	" FROM object o, LATERAL (SELECT a.privilege_type FROM pg_catalog.aclexplode(" \
	"   coalesce(o.acl, o.standard)) a WHERE a.grantee = 0" \
	"  EXCEPT SELECT a.privilege_type FROM pg_catalog.aclexplode(coalesce(" \
	"   (SELECT i.initprivs FROM pg_catalog.pg_init_privs i WHERE i.classoid = o.classid" \
	"    AND i.objoid = o.objid AND i.objsubid = 0), o.standard)) a WHERE a.grantee = 0) x(privilege)" \
	" GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 20"

/* What PUBLIC may write in the attached tables: table, privileges. */
#define PUBLIC_WRITES \
	"SELECT c.oid::pg_catalog.regclass::pg_catalog.text," \
	" pg_catalog.string_agg(DISTINCT a.privilege_type, ', ' ORDER BY a.privilege_type)" \
	" FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a" \
	" WHERE c.oid = ANY ($1) AND a.grantee = 0" \
	" AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')" \
	" GROUP BY 1 ORDER BY 1"

/*
 * See wf_health.h.  Whoever may call the functions decides what is fetched and paid
 * for; whoever may write the tables, does, too.
 */
void
wf_health_public(WfHealth *h)
{
	Oid			types[] = {OIDARRAYOID};
	Datum		values[1];

	wf_views_select(InvalidOid, EXTRA_PUBLIC, 0, NULL, NULL);
	for (uint64 row = 0; row < SPI_processed; row++)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("REVOKE %s ON %s %s FROM PUBLIC;", wf_views_text(row, 3),
								  wf_views_text(row, 1), wf_views_text(row, 2)),
						 "Everybody has the right to %s on %s, which the extension gives to nobody.",
						 wf_views_text(row, 3), wf_views_text(row, 2));
	values[0] = wf_health_table_oids(h);
	wf_views_select(InvalidOid, PUBLIC_WRITES, 1, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("REVOKE %s ON TABLE %s FROM PUBLIC;", wf_views_text(row, 2),
								  wf_views_text(row, 1)),
						 "Everybody has the right to %s on table %s, and so decides what is fetched.",
						 wf_views_text(row, 2), wf_views_text(row, 1));
}
