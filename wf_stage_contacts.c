/*-------------------------------------------------------------------------
 *
 * wf_stage_contacts.c
 *	  SQL on the contacts table, generated for its columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "wf_attach.h"
#include "wf_stage_int.h"

/* Quoted name of a contact's column, NULL when the table has none. */
static const char *
target_column(const WfStage *stage, WfContactColumn c)
{
	if (stage->targets->column[c].attnum == 0)
		return NULL;
	return quote_identifier(stage->targets->part->columns[c].name);
}

/* One column of a contact: its name and where its value comes from. */
static void
add_contact_column(const WfStage *stage, WfContactColumn c, const char *value,
				   StringInfo names, StringInfo values)
{
	const char *name = target_column(stage, c);

	if (name == NULL)
		return;
	if (c != WF_CONTACT_EMAIL)
		value = wf_part_value_or_default(stage->targets, c, value);
	appendStringInfo(names, ", %s", name);
	appendStringInfo(values, ", CAST(%s AS %s)", value,
					 column_type(&stage->targets->column[c]));
}

/* The fields that later pages may better, in the order of the statements. */
static const WfContactColumn fields[] = {WF_CONTACT_NAME, WF_CONTACT_PHONE_NUMBER,
WF_CONTACT_JOB_TITLE};
static const char *const field_args[] = {"name", "phone", "title"};

/* ", c.name::text, …": NULL for a column that the table has not. */
static char *
field_values(const WfStage *stage)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int f = 0; f < (int) lengthof(fields); f++)
	{
		const char *name = target_column(stage, fields[f]);

		appendStringInfo(&s, ", %s%s::pg_catalog.text", name ? "c." : "NULL", name ? name : "");
	}
	return s.data;
}

static char *
insert_contacts(const WfStage *stage, const char *tail)
{
	StringInfoData names;
	StringInfoData values;
	const char *id = item_column(stage, WF_ITEM_ID);

	initStringInfo(&names);
	initStringInfo(&values);
	appendStringInfo(&names, "%s", target_column(stage, WF_CONTACT_DOMAIN_ID));
	appendStringInfo(&values, "p.%s", item_column(stage, WF_ITEM_DOMAIN_ID));
	add_contact_column(stage, WF_CONTACT_PAGE_ID, "u.page_id", &names, &values);
	add_contact_column(stage, WF_CONTACT_EMAIL, "u.email", &names, &values);
	add_contact_column(stage, WF_CONTACT_NAME, "u.name", &names, &values);
	add_contact_column(stage, WF_CONTACT_PHONE_NUMBER, "u.phone", &names, &values);
	add_contact_column(stage, WF_CONTACT_JOB_TITLE, "u.title", &names, &values);
	add_contact_column(stage, WF_CONTACT_SOURCE_URL, "u.source_url", &names, &values);
	add_contact_column(stage, WF_CONTACT_CONTEXT, "u.context", &names, &values);
	wf_part_add_needed(stage->targets, stage->items->relid, &names, &values);
	return psprintf("INSERT INTO %s AS c (%s) SELECT %s FROM unnest($1, $2, $3, $4, $5, $6, $7)"
					" WITH ORDINALITY u(page_id, email, name, phone, title, source_url, context, place)"
					" JOIN %s p ON p.%s = u.page_id %s"
					" RETURNING c.%s, c.%s, c.%s::pg_catalog.text%s",
					stage->targets->relation, names.data, values.data,
					stage->items->relation, id, tail, target_column(stage, WF_CONTACT_ID),
					target_column(stage, WF_CONTACT_PAGE_ID),
					target_column(stage, WF_CONTACT_EMAIL), field_values(stage));
}

/*
 * Contacts that are there already.  Matched by (domain, lower(address)), where an
 * address may bring that as its key; one without an address by its page.  Contacts
 * without a domain are matched among themselves.  A placeholder is also the one that
 * the old service wrote for the page, with less of its id and perhaps another host.
 * Each way is a branch of its own, which an index serves.
 */
static char *
find_contacts(const WfStage *stage)
{
	const char *domain = target_column(stage, WF_CONTACT_DOMAIN_ID);
	const char *email = target_column(stage, WF_CONTACT_EMAIL);
	char	   *domains[2];
	char	   *addresses[3];
	StringInfoData s;

	domains[0] = psprintf("c.%s = u.domain_id", domain);
	domains[1] = psprintf("u.domain_id IS NULL AND c.%s IS NULL", domain);
	addresses[0] = psprintf("pg_catalog.lower(c.%s::pg_catalog.text) ="
							" COALESCE(u.key, pg_catalog.lower(u.email))", email);
	addresses[1] = psprintf("u.email IS NULL AND pg_catalog.lower(c.%s::pg_catalog.text) IS NULL"
							" AND c.%s = u.page_id", email,
							target_column(stage, WF_CONTACT_PAGE_ID));
	/* between two texts first, which an index may know, in whatever collation */
	addresses[2] = psprintf("pg_catalog.starts_with(u.email, '" WF_PLACEHOLDER "') AND c.%1$s = u.page_id"
							" AND %2$s >= %3$s AND %2$s < %3$s || 'zzzz'"
							" AND pg_catalog.starts_with(%2$s, %3$s)",
							target_column(stage, WF_CONTACT_PAGE_ID),
							psprintf("pg_catalog.lower(c.%s::pg_catalog.text)", email),
							"('" WF_PLACEHOLDER "' || pg_catalog.substr(u.page_id::pg_catalog.text, 1, 8))");
	initStringInfo(&s);
	appendStringInfo(&s, "WITH u AS MATERIALIZED (SELECT u.n, u.page_id, u.email,"
					 " u.key, p.%s AS domain_id FROM unnest($1, $2, $3, $4) u(n, page_id, email, key)"
					 " JOIN %s p ON p.%s = u.page_id) ",
					 item_column(stage, WF_ITEM_DOMAIN_ID), stage->items->relation,
					 item_column(stage, WF_ITEM_ID));
	for (int branch = 0; branch < (int) (lengthof(domains) * lengthof(addresses)); branch++)
		appendStringInfo(&s, "%sSELECT u.n, c.%s%s FROM u JOIN %s c ON %s AND %s",
						 branch > 0 ? " UNION ALL " : "", target_column(stage, WF_CONTACT_ID),
						 field_values(stage), stage->targets->relation,
						 domains[branch % 2], addresses[branch / 2]);
	return s.data;
}

/* Better fields for contacts that still are as they were read; NULL: there are none. */
static char *
update_contacts(const WfStage *stage)
{
	const char *updated = target_column(stage, WF_CONTACT_UPDATED_AT);
	const char *id = target_column(stage, WF_CONTACT_ID);
	const char *separator = "";
	StringInfoData set;
	StringInfoData unchanged;

	initStringInfo(&set);
	initStringInfo(&unchanged);
	for (int f = 0; f < (int) lengthof(fields); f++)
	{
		const char *name = target_column(stage, fields[f]);

		if (name == NULL)
			continue;
		appendStringInfo(&set, "%s%s = COALESCE(CAST(u.%s AS %s), c.%s)", separator, name,
						 field_args[f], column_type(&stage->targets->column[fields[f]]), name);
		appendStringInfo(&unchanged, " AND c.%s::pg_catalog.text IS NOT DISTINCT FROM u.old_%s",
						 name, field_args[f]);
		separator = ", ";
	}
	if (set.len == 0)
		return NULL;
	if (updated)
		appendStringInfo(&set, ", %s = %s", updated,
						 now_for(&stage->targets->column[WF_CONTACT_UPDATED_AT]));
	return psprintf("UPDATE %s c SET %s FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)"
					" u(n, id, name, phone, title, old_name, old_phone, old_title)"
					" WHERE c.%s = u.id%s RETURNING u.n%s", stage->targets->relation, set.data, id,
					unchanged.data, field_values(stage));
}

/* An address that the column would cut is no address, and there may have to be one. */
static char *
email_fits(const WfStage *stage)
{
	const WfBoundColumn *column = &stage->targets->column[WF_CONTACT_EMAIL];

	return psprintf("(%sCAST(u.email AS %s)::pg_catalog.text = u.email)",
					column->not_null ? "" : "u.email IS NULL OR ", column_type(column));
}

static char *
existing(const WfBinding *binding, const char *id)
{
	return psprintf("SELECT t.%s FROM %s t WHERE t.%s = ANY ($1)", id, binding->relation, id);
}

static bool
has_email_key(const WfBinding *targets)
{
	Relation	rel = table_open(targets->relid, AccessShareLock);
	bool		found = wf_attach_has_email_key(rel, targets);

	table_close(rel, AccessShareLock);
	return found;
}

/* See wf_stage_int.h. */
bool
wf_stage_make_contact_statements(WfStage *stage, const char *strategy, const char **problem)
{
	char	   *update = update_contacts(stage);
	char	   *conflict;

	stage->targets_by_key = strcmp(strategy, WF_CONTACTS_BY_KEY) == 0;
	if (stage->targets_by_key && !has_email_key(stage->targets))
	{
		*problem = "the unique index on contacts (domain_id, lower(email)) is missing";
		return false;
	}
	conflict = wf_part_on_conflict(stage->targets, stage->targets_by_key ?
								   psprintf("(%s, (pg_catalog.lower(%s::pg_catalog.text)))",
											target_column(stage, WF_CONTACT_DOMAIN_ID),
											target_column(stage, WF_CONTACT_EMAIL)) : "");
	if (stage->targets_by_key)
		conflict = psprintf(" ORDER BY u.place%s", conflict);
	set_statement(stage, WF_STMT_CONTACTS_EXISTING,
				  existing(stage->targets, target_column(stage, WF_CONTACT_ID)), 1, UUIDARRAYOID);
	set_statement(stage, WF_STMT_EXISTING,
				  existing(stage->items, item_column(stage, WF_ITEM_ID)), 1, UUIDARRAYOID);
	set_statement(stage, WF_STMT_CONTACTS_FIND, find_contacts(stage), 4, INT4ARRAYOID,
				  UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID);
	if (update)
		set_statement(stage, WF_STMT_CONTACTS_UPDATE, update, 8, INT4ARRAYOID, UUIDARRAYOID,
					  TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
					  TEXTARRAYOID);
	set_statement(stage, WF_STMT_CONTACTS_INSERT,
				  insert_contacts(stage, psprintf("WHERE %s%s", email_fits(stage), conflict)), 7,
				  UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
				  TEXTARRAYOID, TEXTARRAYOID);
	return true;
}

/* See wf_stage.h. */
char *
wf_stage_erase_contacts(const WfBinding *contacts)
{
	const WfColumnSpec *columns = contacts->part->columns;

	return psprintf("DELETE FROM %s c WHERE pg_catalog.lower(c.%s::pg_catalog.text)"
					" OPERATOR(pg_catalog.=) ANY ($1) RETURNING c.%s", contacts->relation,
					quote_identifier(columns[WF_CONTACT_EMAIL].name),
					quote_identifier(columns[WF_CONTACT_ID].name));
}

/* See wf_stage.h. */
char *
wf_stage_forget_mentions(const WfBinding *binding, int column)
{
	const char *name = quote_identifier(binding->part->columns[column].name);
	const WfBoundColumn *bound = &binding->column[column];
	bool		empty = !binding->part->is_stage && !bound->not_null;

	if (bound->attnum == 0)
		return "SELECT 1 WHERE $1 IS NULL";
	return psprintf("UPDATE %s t SET %s = CAST(%s AS %s) WHERE EXISTS (SELECT 1 FROM"
					" pg_catalog.unnest($1) a(form) WHERE pg_catalog.strpos("
					"pg_catalog.lower(t.%s::pg_catalog.text), a.form) OPERATOR(pg_catalog.>) 0)",
					binding->relation, name, empty ? "NULL" : "'" WF_ERASED "'",
					column_type(bound), name);
}
