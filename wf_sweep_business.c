/*-------------------------------------------------------------------------
 *
 * wf_sweep_business.c
 *	  The part of the sweep that looks after businesses, which have no worker:
 *	  their trigger (wf_business.c) does the work.
 *
 * Rows that are selected and were never dealt with (the trigger was bypassed),
 * or that stay Queued (whoever selected them may not write domains), are
 * written once more with the owner's rights, which fires the trigger.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/relation.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "wf_db.h"
#include "wf_identity.h"
#include "wf_part.h"
#include "wf_sweep.h"
#include "wf_views.h"

#define SWEEP_ROWS 1000			/* of one statement; a transaction each */
#define SWEEP_ROUNDS 100

/* The two tables, as they stand in this transaction. */
typedef struct Businesses
{
	Oid			owner;			/* whose rights; InvalidOid: nobody's, or no such table */
	char	   *sql;
	uint64		written;
} Businesses;

/* A table's binding, or NULL if it is not attached or does not fit. */
static WfBinding *
bind_part(WfPartId part)
{
	Oid			relid = wf_part_table(part, NULL);
	Relation	rel = OidIsValid(relid) ? try_relation_open(relid, RowExclusiveLock) : NULL;
	List	   *problems = NIL;
	WfBinding  *binding;

	if (rel == NULL)
		return NULL;
	binding = wf_part_bind(rel, &wf_parts[part], &problems);
	relation_close(rel, NoLock);
	return binding;
}

/* "t.processing = its label for Queued" */
static char *
queued_again(const WfBinding *b)
{
	const WfBoundColumn *processing = &b->column[WF_ITEM_PROCESSING];

	return psprintf("%s = CAST(%s AS %s)",
					quote_identifier(b->part->columns[WF_ITEM_PROCESSING].name),
					quote_literal_cstr(processing->label[WF_PROCESSING_QUEUED]),
					format_type_be_qualified(processing->type));
}

/*
 * Look the tables up and decide whose rights apply.  A superuser's are locked
 * first, so that no trigger can come in between (wf_identity.h).
 */
static void
look_up(void *arg)
{
	Businesses *b = arg;
	WfBinding  *items = bind_part(WF_PART_LOCAL_BUSINESSES);
	WfBinding  *domains = items ? bind_part(WF_PART_DOMAINS) : NULL;
	char	   *problem = NULL;
	const char *id;

	b->owner = InvalidOid;
	if (domains == NULL)
		return;
	(void) find_all_inheritors(items->relid, RowExclusiveLock, NULL);
	(void) find_all_inheritors(domains->relid, RowExclusiveLock, NULL);
	b->owner = wf_identity_resolve(items, domains, &problem);
	id = quote_identifier(items->part->columns[WF_ITEM_ID].name);
	b->sql = psprintf("UPDATE %s t SET %s FROM (SELECT t.%s AS id FROM %s t WHERE %s OR (%s AND t.%s IS NULL)"
					  " LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) q WHERE t.%s = q.id",
					  items->relation, queued_again(items), id, items->relation,
					  wf_views_is(items, "t", WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
					  wf_views_queues(items, "t"),
					  quote_identifier(items->part->columns[WF_ITEM_PROCESSING].name), id);
}

/* Write some of the rows once more, if the rights still are those of the transaction. */
static void
write_again(void *arg)
{
	Businesses *b = arg;
	Oid			owner = b->owner;
	WfStatement stmt = {0};
	Datum		values[1] = {Int32GetDatum(SWEEP_ROWS)};

	b->written = 0;
	look_up(b);
	if (b->owner != owner)
		return;
	stmt.sql = b->sql;
	stmt.nargs = 1;
	stmt.argtypes[0] = INT4OID;
	wf_db_execute(&stmt, WF_AS_OWNER, values, NULL);
	b->written = SPI_processed;
	wf_db_forget(&stmt);
}

/* See wf_sweep.h. */
int64
wf_sweep_businesses(void)
{
	Businesses	b = {InvalidOid};
	WfDbError	error;
	int64		total = 0;

	if (!wf_db_run("wf_curation: looking up tables", InvalidOid, look_up, &b, &error) ||
		!OidIsValid(b.owner))
		return 0;
	for (int round = 0; round < SWEEP_ROUNDS; round++)
	{
		if (!wf_db_run("wf_curation: looking for businesses", b.owner, write_again, &b, &error))
		{
			ereport(LOG,
					(errcode(error.sqlstate),
					 errmsg("could not look after businesses: %s", error.message)));
			break;
		}
		total += (int64) b.written;
		if (b.written < SWEEP_ROWS)
			break;
	}
	return total;
}
