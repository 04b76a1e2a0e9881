/*-------------------------------------------------------------------------
 *
 * wf_part_insert.c
 *	  What an INSERT into an attached table must give, and what it may meet.
 *
 * Services that had the tables before us may have made ids, times and defaults
 * themselves, and their keys and rules may leave no room for ON CONFLICT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "wf_part.h"

/* Would an INSERT that leaves the column out fail or make a row without id, but for triggers? */
static bool
is_needed(Form_pg_attribute att)
{
	return !att->attisdropped && !att->atthasdef && !att->attidentity &&
		(att->attnotnull || strcmp(NameStr(att->attname), "id") == 0);
}

/* See wf_part.h. */
bool
wf_part_has_default(const WfBinding *binding, int column)
{
	Relation	rel = table_open(binding->relid, AccessShareLock);
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel),
										  binding->column[column].attnum - 1);
	bool		result = !is_needed(att);

	table_close(rel, AccessShareLock);
	return result;
}

/* The default of a column as SQL, for a search_path of pg_catalog; NULL for none. */
static char *
column_default(const WfBinding *binding, AttrNumber attnum)
{
	Relation	rel = table_open(binding->relid, AccessShareLock);
	Node	   *expr = NULL;
	char	   *result = NULL;

	if (TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atthasdef)
		expr = build_column_default(rel, attnum);
	if (expr)
		result = deparse_expression(expr, NIL, false, false);
	table_close(rel, AccessShareLock);
	return result;
}

/* See wf_part.h. */
char *
wf_part_value_or_default(const WfBinding *binding, int column, const char *value)
{
	const WfBoundColumn *bound = &binding->column[column];
	char	   *type = format_type_with_typemod(bound->base_type, bound->typmod);
	char	   *filler;

	if (!bound->not_null)
		return pstrdup(value);
	filler = column_default(binding, bound->attnum);
	if (filler == NULL && wf_part_type_serves(WF_COLUMN_TEXT, bound->base_type))
		filler = "''";
	if (filler == NULL && wf_part_type_serves(WF_COLUMN_NUMBER, bound->base_type))
		filler = "0";
	return filler ? psprintf("COALESCE(CAST(%s AS %s), %s)", value, type, filler)
		: pstrdup(value);
}

/* Has an open table a key that is looked at late, which ON CONFLICT refuses? */
static bool
has_deferrable_key(Relation rel)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		found |= (index->rd_index->indisunique || index->rd_index->indisexclusion) &&
			!index->rd_index->indimmediate;
		index_close(index, AccessShareLock);
	}
	return found;
}

/* See wf_part.h. */
char *
wf_part_on_conflict(const WfBinding *binding, const char *target)
{
	Relation	rel = table_open(binding->relid, AccessShareLock);
	bool		possible = *target != '\0' || !has_deferrable_key(rel);

	for (int i = 0; rel->rd_rules && i < rel->rd_rules->numLocks; i++)
		if (rel->rd_rules->rules[i]->event == CMD_INSERT ||
			rel->rd_rules->rules[i]->event == CMD_UPDATE)
			possible = false;
	table_close(rel, AccessShareLock);
	return !possible ? pstrdup("") :
		psprintf(" ON CONFLICT %s%sDO NOTHING", target, *target ? " " : "");
}

/* Is the name that of a column of the part? */
static bool
is_known(const WfPart *part, const char *name)
{
	for (int c = 0; c < part->ncolumns; c++)
		if (part->columns[c].name && strcmp(part->columns[c].name, name) == 0)
			return true;
	return false;
}

/*
 * What a column gets that services fill in themselves, where its table does not; NULL
 * for others.  Rows of jobs have all times by the part.
 */
static const char *
own_value(const WfPart *part, Form_pg_attribute att)
{
	const char *name = NameStr(att->attname);
	Oid			type = getBaseType(att->atttypid);

	if (strcmp(name, "id") == 0 && type == UUIDOID)
		return "pg_catalog.gen_random_uuid()";
	if (part->id == WF_PART_JOBS ||
		(strcmp(name, "created_at") != 0 && strcmp(name, "updated_at") != 0))
		return NULL;
	return type == TIMESTAMPTZOID ? "pg_catalog.now()" :
		type == TIMESTAMPOID ? "pg_catalog.timezone('UTC', pg_catalog.now())" : NULL;
}

/* Has the parent's table a column that may be copied into this one? */
static bool
can_be_copied(Form_pg_attribute att, Oid parent)
{
	AttrNumber	attnum = OidIsValid(parent) ? get_attnum(parent, NameStr(att->attname)) :
		InvalidAttrNumber;

	return attnum != InvalidAttrNumber &&
		(get_atttype(parent, attnum) == att->atttypid ||
		 att->atttypid == TEXTOID || att->atttypid == VARCHAROID);
}

/* See wf_part.h. */
List *
wf_part_needed_columns(const WfBinding *binding, Oid parent)
{
	Relation	rel = table_open(binding->relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *result = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const char *value;
		WfNeededColumn *needed;

		if (!is_needed(att))
			continue;
		value = own_value(binding->part, att);
		if (value == NULL &&
			(is_known(binding->part, NameStr(att->attname)) || !can_be_copied(att, parent)))
			continue;
		needed = palloc(sizeof(WfNeededColumn));
		needed->name = pstrdup(NameStr(att->attname));
		needed->value = value;
		result = lappend(result, needed);
	}
	table_close(rel, AccessShareLock);
	return result;
}

/* See wf_part.h. */
void
wf_part_add_needed(const WfBinding *binding, Oid parent, StringInfo names, StringInfo values)
{
	ListCell   *lc;

	foreach(lc, wf_part_needed_columns(binding, parent))
	{
		const WfNeededColumn *needed = lfirst(lc);
		const char *name = quote_identifier(needed->name);

		appendStringInfo(names, ", %s", name);
		if (needed->value)
			appendStringInfo(values, ", %s", needed->value);
		else
			appendStringInfo(values, ", p.%s", name);
	}
}
