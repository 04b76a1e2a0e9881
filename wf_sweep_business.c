/*-------------------------------------------------------------------------
 *
 * wf_sweep_business.c
 *	  The part of the sweep that looks after businesses, which have no worker:
 *	  their trigger (wf_business.c) does the work.
 *
 * Rows that are selected and were never dealt with (the trigger was bypassed), that
 * stay Queued (whoever selected them may not write domains), or that another service
 * left in Processing for foreign_processing_grace, are written once more with the
 * owner's rights, which fires the trigger.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "catalog/pg_inherits.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "wf_db.h"
#include "wf_guc.h"
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
	char	   *look;			/* is there any row, locked or not, to be written now or later? */
	uint64		changes;		/* wf_db_changes */
	uint64		written;
	int			limit;			/* rows of the next transaction */
	int			refused;		/* rows that cannot be written, which are passed over */
	bool		left;			/* there are more, locked by others or in their hands */
} Businesses;

static WfCleanMark clean;

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
 * " OR …": rows that another service took and has not touched since for longer than it
 * may.  None where the table does not say when a row was written.
 */
static char *
left_behind(const WfBinding *b)
{
	if (b->column[WF_ITEM_UPDATED_AT].attnum == 0)
		return pstrdup("");
	return psprintf(" OR (%s AND %s < pg_catalog.now() - interval '%d milliseconds')",
					wf_views_is(b, "t", WF_ITEM_PROCESSING, WF_PROCESSING_PROCESSING),
					wf_views_time(b, "t", WF_ITEM_UPDATED_AT),
					wf_curation_foreign_processing_grace);
}

/*
 * Look the tables up and decide whose rights apply.  A superuser's are locked
 * first, so that no trigger can come in between (wf_identity.h).
 */
static void
look_up(void *arg)
{
	Businesses *b = arg;
	WfBinding  *items = wf_part_bind_attached(WF_PART_LOCAL_BUSINESSES);
	WfBinding  *domains = items ? wf_part_bind_attached(WF_PART_DOMAINS) : NULL;
	char	   *problem = NULL;
	List	   *members;
	char	   *where;
	const char *id;

	b->owner = InvalidOid;
	if (domains == NULL)
		return;
	members = list_concat(find_all_inheritors(items->relid, RowExclusiveLock, NULL),
						  find_all_inheritors(domains->relid, RowExclusiveLock, NULL));
	b->changes = wf_db_changes(members);
	b->owner = wf_identity_resolve(items, domains, &problem);
	id = quote_identifier(items->part->columns[WF_ITEM_ID].name);
	where = psprintf("%s OR (%s AND t.%s IS NULL)%s",
					 wf_views_is(items, "t", WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
					 wf_views_queues(items, "t"),
					 quote_identifier(items->part->columns[WF_ITEM_PROCESSING].name),
					 left_behind(items));
	b->sql = psprintf("UPDATE %s t SET %s FROM (SELECT t.%s AS id FROM %s t WHERE %s"
					  " OFFSET $2 LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) q WHERE t.%s = q.id",
					  items->relation, queued_again(items), id, items->relation, where, id);
	b->look = psprintf("SELECT FROM %s t WHERE %s OR %s OFFSET $2 LIMIT $1", items->relation, where,
					   wf_views_is(items, "t", WF_ITEM_PROCESSING, WF_PROCESSING_PROCESSING));
}

/* Execute a statement of one LIMIT and OFFSET once; how many rows. */
static uint64
execute_limited(const char *sql, int limit, int offset)
{
	WfStatement stmt = {.sql = sql, .nargs = 2, .argtypes = {INT4OID, INT4OID}};
	Datum		values[2] = {Int32GetDatum(limit), Int32GetDatum(offset)};
	uint64		n;

	wf_db_execute(&stmt, WF_AS_OWNER, values, NULL);
	n = SPI_processed;
	wf_db_forget(&stmt);
	return n;
}

/* Write some of the rows once more, if the rights still are those of the transaction. */
static void
write_again(void *arg)
{
	Businesses *b = arg;
	Oid			owner = b->owner;

	b->written = 0;
	b->left = true;
	look_up(b);
	if (b->owner != owner)
		return;
	b->written = execute_limited(b->sql, b->limit, b->refused);
	if (b->written == 0)
		b->left = execute_limited(b->look, 1, 0) > 0;
}

/*
 * Some could not be written.  If one of them refuses, which may break a constraint that
 * came later, it is found in smaller and smaller transactions.  False: it is not the rows.
 */
static bool
pass_over(Businesses *b, const WfDbError *error)
{
	bool		is_of_a_row = wf_db_is_of_a_row(error->sqlstate);

	if (!is_of_a_row || b->limit == 1)
		ereport(LOG,
				(errcode(error->sqlstate),
				 errmsg("could not look after businesses: %s", error->message)));
	if (is_of_a_row && b->limit == 1)
		b->refused++;
	b->limit = Max(b->limit / 2, 1);
	return is_of_a_row;
}

/* See wf_sweep.h. */
int64
wf_sweep_businesses(bool force)
{
	Businesses	b = {InvalidOid};
	WfDbError	error;
	int64		total = 0;

	if (!wf_db_run("wf_curation: looking up tables", InvalidOid, look_up, &b, &error) ||
		!OidIsValid(b.owner))
		return 0;
	if (!force && wf_sweep_is_clean(&clean, b.changes))
		return 0;
	clean.known = false;
	b.limit = SWEEP_ROWS;
	for (int round = 0; round < SWEEP_ROUNDS; round++)
	{
		if (!wf_db_run("wf_curation: looking for businesses", b.owner, write_again, &b, &error))
		{
			if (pass_over(&b, &error))
				continue;
			break;
		}
		total += (int64) b.written;
		if (b.written == 0 && !b.left)
			clean = (WfCleanMark) {true, b.changes};
		if (b.written < (uint64) b.limit)
			break;
		b.limit = Min(b.limit * 2, SWEEP_ROWS);
	}
	return total;
}
