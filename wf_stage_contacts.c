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
	appendStringInfo(names, ", %s", name);
	appendStringInfo(values, ", CAST(%s AS %s)", value,
					 column_type(&stage->targets->column[c]));
}

/* Columns that contacts need and we do not know, taken from the item's row. */
static void
add_copied_columns(const WfStage *stage, StringInfo names, StringInfo values)
{
	ListCell   *lc;

	foreach(lc, wf_part_copied_columns(stage->targets, stage->items->relid))
	{
		appendStringInfo(names, ", %s", quote_identifier(lfirst(lc)));
		appendStringInfo(values, ", p.%s", quote_identifier(lfirst(lc)));
	}
}

#define CONTACT_SOURCE \
	"unnest($1, $2, $3, $4, $5, $6, $7)" \
	" u(page_id, email, name, phone, title, source_url, context)"

static void
set_contact_statement(WfStage *stage, WfStageStatement which, char *sql)
{
	set_statement(stage, which, sql, WF_CONTACT_ARGS, UUIDARRAYOID, TEXTARRAYOID,
				  TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID);
}

/* "[c.]phone = …[, updated_at = now()]" and the condition that it was missing */
static void
phone_completion(const WfStage *stage, const char *source, char **assignment, char **condition)
{
	const char *phone = target_column(stage, WF_CONTACT_PHONE_NUMBER);
	const char *updated = target_column(stage, WF_CONTACT_UPDATED_AT);

	*assignment = psprintf("%s = CAST(%s AS %s)", phone, source,
						   column_type(&stage->targets->column[WF_CONTACT_PHONE_NUMBER]));
	if (updated)
		*assignment = psprintf("%s, %s = %s", *assignment, updated,
							   now_for(&stage->targets->column[WF_CONTACT_UPDATED_AT]));
	*condition = psprintf("(c.%s IS NULL OR c.%s::pg_catalog.text IN ('', 'Phone not found'))"
						  " AND %s IS NOT NULL", phone, phone, source);
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
	add_copied_columns(stage, &names, &values);
	return psprintf("INSERT INTO %s AS c (%s) SELECT %s FROM " CONTACT_SOURCE
					" JOIN %s p ON p.%s = u.page_id %s",
					stage->targets->relation, names.data, values.data,
					stage->items->relation, id, tail);
}

/*
 * Is there a contact like this already?  Matched by (domain, lower(address));
 * one without an address by its page.  Contacts without a domain are matched
 * among themselves, in a branch of its own: an index on domain_id serves both.
 */
static char *
no_such_contact(const WfStage *stage)
{
	const char *rel = stage->targets->relation;
	const char *item_domain = item_column(stage, WF_ITEM_DOMAIN_ID);
	const char *domain = target_column(stage, WF_CONTACT_DOMAIN_ID);
	const char *email = target_column(stage, WF_CONTACT_EMAIL);
	char	   *same;

	same = psprintf("(pg_catalog.lower(c.%s::pg_catalog.text) = pg_catalog.lower(u.email)"
					" OR (u.email IS NULL AND c.%s IS NULL AND c.%s = u.page_id))",
					email, email, target_column(stage, WF_CONTACT_PAGE_ID));
	return psprintf("NOT EXISTS (SELECT 1 FROM %s c WHERE c.%s = p.%s AND %s)"
					" AND NOT EXISTS (SELECT 1 FROM %s c WHERE p.%s IS NULL AND c.%s IS NULL AND %s)",
					rel, domain, item_domain, same, rel, item_domain, domain, same);
}

/* An address that the column would cut is no address. */
static char *
email_fits(const WfStage *stage)
{
	return psprintf("(u.email IS NULL OR CAST(u.email AS %s)::pg_catalog.text = u.email)",
					column_type(&stage->targets->column[WF_CONTACT_EMAIL]));
}

static bool
has_email_key(const WfBinding *targets)
{
	Relation	rel = table_open(targets->relid, AccessShareLock);
	bool		found = wf_attach_has_email_key(rel, targets);

	table_close(rel, AccessShareLock);
	return found;
}

bool
wf_stage_make_contact_statements(WfStage *stage, const char *strategy, const char **problem)
{
	const char *email = target_column(stage, WF_CONTACT_EMAIL);
	const char *domain = target_column(stage, WF_CONTACT_DOMAIN_ID);
	bool		has_phone = target_column(stage, WF_CONTACT_PHONE_NUMBER) != NULL;
	char	   *assignment;
	char	   *condition;
	char	   *tail;

	stage->targets_by_key = strcmp(strategy, WF_CONTACTS_BY_KEY) == 0;
	if (stage->targets_by_key && !has_email_key(stage->targets))
	{
		*problem = "the unique index on contacts (domain_id, lower(email)) is missing";
		return false;
	}
	if (stage->targets_by_key)
	{
		if (has_phone)
		{
			phone_completion(stage,
							 psprintf("EXCLUDED.%s", target_column(stage, WF_CONTACT_PHONE_NUMBER)),
							 &assignment, &condition);
			tail = psprintf("DO UPDATE SET %s WHERE %s", assignment, condition);
		}
		else
			tail = "DO NOTHING";
		/* NULLs never conflict: such contacts are looked up */
		tail = psprintf("WHERE %s AND ((u.email IS NOT NULL AND p.%s IS NOT NULL) OR (%s))"
						" ORDER BY p.%s, pg_catalog.lower(u.email)"
						" ON CONFLICT (%s, (pg_catalog.lower(%s::pg_catalog.text))) %s",
						email_fits(stage), item_column(stage, WF_ITEM_DOMAIN_ID),
						no_such_contact(stage),
						item_column(stage, WF_ITEM_DOMAIN_ID), domain, email, tail);
	}
	else
		tail = psprintf("WHERE %s AND %s ON CONFLICT DO NOTHING",
						email_fits(stage), no_such_contact(stage));
	set_contact_statement(stage, WF_STMT_CONTACTS_INSERT, insert_contacts(stage, tail));

	if (!has_phone)
		return true;
	phone_completion(stage, "u.phone", &assignment, &condition);
	set_contact_statement(stage, WF_STMT_CONTACTS_UPDATE,
						  psprintf("UPDATE %s c SET %s FROM " CONTACT_SOURCE
								   " JOIN %s p ON p.%s = u.page_id"
								   " WHERE (c.%s = p.%s OR (c.%s IS NULL AND p.%s IS NULL))"
								   " AND pg_catalog.lower(c.%s::pg_catalog.text) = pg_catalog.lower(u.email) AND %s",
								   stage->targets->relation, assignment,
								   stage->items->relation, item_column(stage, WF_ITEM_ID),
								   domain, item_column(stage, WF_ITEM_DOMAIN_ID),
								   domain, item_column(stage, WF_ITEM_DOMAIN_ID),
								   email, condition));
	return true;
}
