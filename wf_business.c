/*-------------------------------------------------------------------------
 *
 * wf_business.c
 *	  From businesses to domains (WF3): the AFTER trigger on local_businesses.
 *
 * The BEFORE trigger (wf_trigger.c) keeps the dual-status rule as for every
 * table: it writes Queued and remembers the row's id here.  The AFTER trigger
 * finds or creates the domains of all rows that the statement queued, at the
 * first of them, with a few set-based statements, and ends them Complete or
 * Error.  So nothing happens for a row that was not written after all (ON
 * CONFLICT DO NOTHING, a later trigger), no status runs ahead of its work, and
 * a bulk update costs little per row.
 *
 * Everything runs with the rights of whoever selects.  Where those do not
 * suffice the rows stay Queued, for somebody whose rights do: the sweep, which
 * has the owner's.  One row's trouble (a constraint, a trigger on domains) ends
 * that row in Error; the statement and the other rows go on.
 *
 * Lock order: domains by name, then businesses by id.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "wf_business.h"
#include "wf_curation.h"
#include "wf_db.h"
#include "wf_domain.h"
#include "wf_encoding.h"
#include "wf_part.h"

PG_FUNCTION_INFO_V1(wf_business_trigger);

/* Rows that the running transaction queued; NULL: none.  Keyed by id. */
static HTAB *pending = NULL;

/* One batch. */
typedef struct Batch
{
	WfBinding  *items;			/* local_businesses */
	WfDomains  *domains;		/* NULL: there is no such table */
	int			n;
	Datum	   *ids;			/* uuid */
	WfDomainWish *wishes;		/* parallel */
} Batch;

static void
forget_pending(void *arg)
{
	pending = NULL;
}

/* See wf_business.h. */
void
wf_business_remember(const pg_uuid_t *id)
{
	bool		found;

	if (pending == NULL)
	{
		MemoryContextCallback *callback = MemoryContextAlloc(TopTransactionContext,
															 sizeof(MemoryContextCallback));
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(pg_uuid_t);
		ctl.entrysize = sizeof(pg_uuid_t);
		ctl.hcxt = TopTransactionContext;
		pending = hash_create("wf_curation businesses", 256, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		callback->func = forget_pending;
		callback->arg = NULL;
		MemoryContextRegisterResetCallback(TopTransactionContext, callback);
	}
	(void) hash_search(pending, id, HASH_ENTER, &found);
}

/* The remembered ids as a uuid[], which are forgotten. */
static Datum
take_pending(void)
{
	Datum	   *ids = palloc(hash_get_num_entries(pending) * sizeof(Datum));
	HASH_SEQ_STATUS status;
	pg_uuid_t  *entry;
	int			n = 0;

	hash_seq_init(&status, pending);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));

		*copy = *entry;
		ids[n++] = UUIDPGetDatum(copy);
		(void) hash_search(pending, entry, HASH_REMOVE, NULL);
	}
	return wf_db_array(ids, NULL, n, UUIDOID);
}

static const char *
item_name(const Batch *batch, WfItemColumn column)
{
	return quote_identifier(batch->items->part->columns[column].name);
}

/* "t.processing = 'label'" */
static char *
has_status(const Batch *batch, WfProcessingLabel label)
{
	return psprintf("%s OPERATOR(pg_catalog.=) %s",
					wf_part_status_sql(batch->items, WF_ITEM_PROCESSING, "t"),
					quote_literal_cstr(batch->items->column[WF_ITEM_PROCESSING].label[label]));
}

/* Read those of the rows that really are queued, with the site that each names. */
static void
read_queued(Batch *batch, Datum ids)
{
	Oid			types[] = {UUIDARRAYOID};
	char	   *sql = psprintf("SELECT t.%s, t.%s::pg_catalog.text FROM %s t "
							   "WHERE t.%s OPERATOR(pg_catalog.=) ANY ($1) AND %s ORDER BY 1",
							   item_name(batch, WF_ITEM_ID), item_name(batch, WF_ITEM_URL),
							   batch->items->relation, item_name(batch, WF_ITEM_ID),
							   has_status(batch, WF_PROCESSING_QUEUED));

	if (SPI_execute_with_args(sql, 1, types, &ids, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read queued businesses");
	batch->n = (int) SPI_processed;
	batch->ids = palloc(Max(batch->n, 1) * sizeof(Datum));
	batch->wishes = palloc0(Max(batch->n, 1) * sizeof(WfDomainWish));
	for (int i = 0; i < batch->n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		char	   *site = SPI_getvalue(tuple, desc, 2);

		batch->ids[i] = SPI_getbinval(tuple, desc, 1, &isnull);
		batch->wishes[i].parent = batch->ids[i];
		wf_domain_read(&batch->wishes[i], site ? site : "", WF_DOMAIN_OWN_SITE);
	}
}

/* A label of the processing column as a value of its type. */
static char *
status_value(const WfBinding *b, WfProcessingLabel label)
{
	const WfBoundColumn *column = &b->column[WF_ITEM_PROCESSING];

	return psprintf("CAST(%s AS %s)", quote_literal_cstr(column->label[label]),
					format_type_be_qualified(column->type));
}

/* End the rows: Complete, or Error with the reason. */
static void
write_results(Batch *batch)
{
	const WfBinding *b = batch->items;
	Oid			types[] = {UUIDARRAYOID, TEXTARRAYOID};
	Datum	   *reasons = palloc(batch->n * sizeof(Datum));
	bool	   *nulls = palloc(batch->n * sizeof(bool));
	Datum		args[2];
	StringInfoData sql;

	for (int i = 0; i < batch->n; i++)
	{
		const char *fault = batch->wishes[i].fault;

		nulls[i] = fault == NULL;
		reasons[i] = fault ? CStringGetTextDatum(psprintf("website_url %s", fault)) : (Datum) 0;
		if (batch->wishes[i].is_message)
			reasons[i] = CStringGetTextDatum(fault);
	}
	args[0] = wf_db_array(batch->ids, NULL, batch->n, UUIDOID);
	args[1] = wf_db_array(reasons, nulls, batch->n, TEXTOID);
	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s t SET %s = CASE WHEN u.reason IS NULL THEN %s ELSE %s END",
					 b->relation, item_name(batch, WF_ITEM_PROCESSING),
					 status_value(b, WF_PROCESSING_COMPLETE), status_value(b, WF_PROCESSING_ERROR));
	if (b->column[WF_ITEM_ERROR].attnum)
		appendStringInfo(&sql, ", %s = CAST(u.reason AS %s)", item_name(batch, WF_ITEM_ERROR),
						 format_type_be_qualified(b->column[WF_ITEM_ERROR].type));
	appendStringInfo(&sql, " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u(id, reason)"
					 " WHERE t.%s OPERATOR(pg_catalog.=) u.id AND %s",
					 item_name(batch, WF_ITEM_ID), has_status(batch, WF_PROCESSING_QUEUED));
	if (SPI_execute_with_args(sql.data, 2, types, args, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not store the status of businesses");
}

/* Find, create and link the domains of a batch, and end its rows. */
static void
work(void *arg)
{
	Batch	   *batch = arg;

	if (batch->domains)
		wf_domains_ensure(batch->domains, batch->wishes, batch->n);
	write_results(batch);
}

/* Whatever a row's reason is, it is written. */
static void
fail(void *arg)
{
	write_results(arg);
}

/* The rows one by one, since together they failed. */
static void
work_singly(const Batch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		Batch		one = *batch;
		WfDbError	error;

		one.n = 1;
		one.ids = &batch->ids[i];
		one.wishes = &batch->wishes[i];
		wf_domain_reset(&one.wishes[0]);
		if (wf_domain_attempt(work, &one, &error) ||
			error.sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
			continue;
		one.wishes[0].fault = error.message;
		one.wishes[0].is_message = true;
		(void) wf_domain_attempt(fail, &one, &error);
	}
}

/* Find the domains of all rows that the statement queued. */
static void
extract_domains(void)
{
	Batch		batch = {0};
	WfDbError	error;
	Datum		ids;

	SPI_connect();
	ids = take_pending();
	batch.items = wf_part_bind_attached(WF_PART_LOCAL_BUSINESSES);
	if (batch.items)
	{
		WfBinding  *domains = wf_part_bind_attached(WF_PART_DOMAINS);

		batch.domains = domains ? wf_domains_open(domains, batch.items) : NULL;
		read_queued(&batch, ids);
		for (int i = 0; i < batch.n && domains == NULL; i++)
		{
			batch.wishes[i].fault = "no table is attached as \"domains\"";
			batch.wishes[i].is_message = true;
		}
		if (batch.n > 0 && !wf_domain_attempt(work, &batch, &error) &&
			error.sqlstate != ERRCODE_INSUFFICIENT_PRIVILEGE)
			work_singly(&batch);
	}
	SPI_finish();
}

/* wf_business_trigger(): AFTER INSERT OR UPDATE, FOR EACH ROW, on local_businesses. */
Datum
wf_business_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger function of \"%s\" must be called AFTER, FOR EACH ROW",
						WF_EXTENSION_NAME),
				 errhint("Let wf_attach() create the trigger.")));
	if (pending && hash_get_num_entries(pending) > 0)
		extract_domains();
	return PointerGetDatum(NULL);
}
