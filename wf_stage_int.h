/*-------------------------------------------------------------------------
 *
 * wf_stage_int.h
 *	  What the files that generate SQL on user tables share: wf_stage*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_STAGE_INT_H
#define WF_STAGE_INT_H

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "wf_stage.h"

/* Quoted name of an item column, NULL when the table has none. */
static inline const char *
item_column(const WfStage *stage, WfItemColumn c)
{
	if (stage->items->column[c].attnum == 0)
		return NULL;
	return quote_identifier(stage->items->part->columns[c].name);
}

/* Quoted name of the column by which items are grouped: domain_id, or a domain's own id. */
static inline const char *
item_domain(const WfStage *stage)
{
	const char *column = item_column(stage, WF_ITEM_DOMAIN_ID);

	return column ? column : item_column(stage, WF_ITEM_ID);
}

/* Type of a column for CAST, which cuts a text that is too long for it. */
static inline char *
column_type(const WfBoundColumn *column)
{
	/* a domain keeps the modifier of its base type to itself */
	return format_type_with_typemod(column->type,
									column->type == column->base_type ? column->typmod : -1);
}

/* The time now for a column: timestamps without zone are UTC by convention. */
static inline const char *
now_for(const WfBoundColumn *column)
{
	return column->base_type == TIMESTAMPOID ?
		"pg_catalog.timezone('UTC', pg_catalog.now())" : "pg_catalog.now()";
}

/* Fill a statement of the stage; the types (Oid) of its nargs arguments follow. */
static inline void
set_statement(WfStage *stage, WfStageStatement which, char *sql, int nargs, ...)
{
	WfStatement *stmt = &stage->stmt[which];
	va_list		args;

	stmt->sql = sql;
	stmt->nargs = nargs;
	va_start(args, nargs);
	for (int i = 0; i < nargs; i++)
		stmt->argtypes[i] = va_arg(args, Oid);
	va_end(args);
}

/* WfStageSpec.make_targets of sitemap files and of domains (wf_stage_entries.c). */
extern bool wf_stage_make_page_statements(WfStage *stage, const char *strategy,
										  const char **problem);
extern bool wf_stage_make_sitemap_statements(WfStage *stage, const char *strategy,
											 const char **problem);

/* WfStageSpec.make_targets of pages: the statements on contacts (wf_stage_contacts.c). */
extern bool wf_stage_make_contact_statements(WfStage *stage, const char *strategy,
											 const char **problem);

#endif							/* WF_STAGE_INT_H */
