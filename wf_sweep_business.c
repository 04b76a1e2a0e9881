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
#include "wf_sweep_int.h"
#include "wf_views.h"

#define SWEEP_ROWS 1000			/* of one transaction */
#define SWEEP_ROUNDS 100		/* transactions of one sweep, if none refuses */

/* The two tables, as they stand in this transaction, and what is to be written. */
typedef struct Businesses
{
	Oid			owner;			/* whose rights; InvalidOid: nobody's, or no such table */
	char	   *find;			/* ids of rows to be written, locked or not */
	char	   *write;			/* those of an array of ids that still are, and not locked */
	char	   *look;			/* is there any to be written now or later? */
	uint64		changes;		/* wf_db_changes */
	WfSweepRows rows;
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
	b->find = psprintf("SELECT t.%s FROM %s t WHERE %s LIMIT %d", id, items->relation, where,
					   SWEEP_ROWS * SWEEP_ROUNDS);
	b->write = psprintf("UPDATE %s t SET %s FROM (SELECT t.%s AS id FROM %s t"
						" WHERE t.%s = ANY ($1) AND (%s) FOR NO KEY UPDATE SKIP LOCKED) q"
						" WHERE t.%s = q.id",
						items->relation, queued_again(items), id, items->relation, id, where, id);
	b->look = psprintf("SELECT FROM %s t WHERE %s OR %s LIMIT 1", items->relation, where,
					   wf_views_is(items, "t", WF_ITEM_PROCESSING, WF_PROCESSING_PROCESSING));
}

/* Execute a statement once. */
static void
execute_once(const char *sql, int nargs, Datum ids)
{
	WfStatement stmt = {.sql = sql, .nargs = nargs, .argtypes = {UUIDARRAYOID}};

	wf_db_execute(&stmt, WF_AS_OWNER, &ids, NULL);
	wf_db_forget(&stmt);
}

/* The tables, if the rights still are those of the transaction. */
static bool
look_up_again(Businesses *b)
{
	Oid			owner = b->owner;

	look_up(b);
	return b->owner == owner;
}

static void
find_businesses(void *arg)
{
	Businesses *b = arg;

	b->left = true;
	b->rows.n = 0;
	if (!look_up_again(b))
		return;
	execute_once(b->find, 0, (Datum) 0);
	wf_sweep_read_ids(&b->rows);
	if (b->rows.n > 0)
		return;
	execute_once(b->look, 0, (Datum) 0);
	b->left = SPI_processed > 0;
}

/* Write some of the rows once more, which fires the trigger. */
static void
write_again(void *arg)
{
	Businesses *b = arg;

	if (!look_up_again(b))
		return;
	execute_once(b->write, 1, wf_sweep_ids(&b->rows));
	b->rows.repaired = (int64) SPI_processed;
}

static bool
try_to_write(void *arg, WfDbError *error)
{
	return wf_db_run("wf_curation: looking after businesses", ((Businesses *) arg)->owner,
					 write_again, arg, error);
}

/* See wf_sweep.h. */
int64
wf_sweep_businesses(bool force)
{
	Businesses	b = {InvalidOid, .rows = {CurrentMemoryContext, .most = SWEEP_ROWS}};
	WfDbError	error;
	int64		total;

	if (!wf_db_run("wf_curation: looking up tables", InvalidOid, look_up, &b, &error) ||
		!OidIsValid(b.owner))
		return 0;
	if (!force && wf_sweep_is_clean(&clean, b.changes))
		return 0;
	clean.known = false;
	if (!wf_db_run("wf_curation: looking for businesses", b.owner, find_businesses, &b, &error))
	{
		ereport(LOG,
				(errcode(error.sqlstate),
				 errmsg("could not look after businesses: %s", error.message)));
		return 0;
	}
	if (b.rows.n == 0 && !b.left)
		clean = (WfCleanMark) {true, b.changes};
	total = wf_sweep_repair(&b.rows, try_to_write, &b, "businesses");
	if (b.rows.ids)
		pfree(b.rows.ids);
	return total;
}
