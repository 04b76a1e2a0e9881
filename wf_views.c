/*-------------------------------------------------------------------------
 *
 * wf_views.c
 *	  The functions behind the views wf_pipeline, wf_workers and wf_progress.
 *
 * They look the attached tables up when called, because no object of the
 * extension may depend on a user's table; where nothing usable is attached
 * they return no rows, and wf_health() says why.
 *
 * Rights.  The SQL functions are SECURITY DEFINER, so that members of
 * pg_monitor can read the extension's own tables through them, with a pinned
 * search_path and a lock_timeout.  That role, a superuser as a rule, never
 * touches a user's table: those are counted as their owner, in a security-
 * restricted operation (wf_views_select).
 *
 * Everything is read with the snapshot of the calling statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "wf_compat.h"

#include "access/relation.h"
#include "catalog/pg_type_d.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "wf_guc.h"
#include "wf_stage.h"
#include "wf_views.h"
#include "wf_worker.h"

PG_FUNCTION_INFO_V1(wf_pipeline);
PG_FUNCTION_INFO_V1(wf_workers);
PG_FUNCTION_INFO_V1(wf_progress);

#define RATE_MINUTES	5		/* what wf_progress calculates its rate from */

/* How many items have one processing status. */
typedef struct StatusCount
{
	char	   *status;			/* as the table spells it; NULL: selected and not queued */
	int64		count;
	Datum		oldest;
	bool		has_oldest;
} StatusCount;

static const char *const state_names[] = {
	[WF_WORKER_STARTING] = "starting",
	[WF_WORKER_IDLE] = "idle",
	[WF_WORKER_BUSY] = "busy",
	[WF_WORKER_BLOCKED] = "blocked",
};

/* ------------------------------------------------------------------------
 * What wf_health() uses, too
 * ------------------------------------------------------------------------
 */

/* See wf_views.h. */
void
wf_views_select(Oid role, const char *sql, int nargs, Oid *types, Datum *values)
{
	int			level = NewGUCNestLevel();
	Oid			save_user;
	int			save_context;
	int			rc;

	/* else pg_stat_get_activity() is what it was when the transaction first asked */
	pgstat_clear_backend_activity_snapshot();
	GetUserIdAndSecContext(&save_user, &save_context);
	if (OidIsValid(role))
		SetUserIdAndSecContext(role, save_context | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_RESTRICTED_OPERATION);
	rc = SPI_execute_with_args(sql, nargs, types, values, NULL, true, 0);
	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(save_user, save_context);
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(rc));
}

/* See wf_views.h. */
Datum
wf_views_column(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* See wf_views.h. */
int64
wf_views_int64(uint64 row, int column)
{
	bool		isnull;
	Datum		value = wf_views_column(row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* See wf_views.h. */
char *
wf_views_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

/* See wf_views.h. */
WfBinding *
wf_views_bind(const WfPart *part, Oid relid, List **problems)
{
	Relation	rel = relation_open(relid, NoLock);
	List	   *found = NIL;
	List	   *ignored = NIL;
	WfBinding  *binding = wf_part_bind(rel, part, &found);

	if (binding == NULL && part->is_stage)
		binding = wf_part_bind_status(rel, part, &ignored);
	relation_close(rel, NoLock);
	if (problems)
		*problems = found;
	return binding;
}

/* See wf_views.h. */
char *
wf_views_ref(const WfBinding *b, const char *alias, int column)
{
	return psprintf("%s.%s", alias, quote_identifier(b->part->columns[column].name));
}

/* See wf_views.h. */
char *
wf_views_time(const WfBinding *b, const char *alias, int column)
{
	char	   *ref = wf_views_ref(b, alias, column);

	return b->column[column].base_type == TIMESTAMPOID
		? psprintf("pg_catalog.timezone('UTC', %s::pg_catalog.timestamp)", ref)
		: psprintf("%s::pg_catalog.timestamptz", ref);
}

/* See wf_views.h. */
char *
wf_views_is(const WfBinding *b, const char *alias, int column, int label)
{
	const char *spelling = b->column[column].label[label];

	if (spelling == NULL)
		return pstrdup("false");
	return psprintf("%s OPERATOR(pg_catalog.=) %s", wf_part_status_sql(b, column, alias),
					quote_literal_cstr(spelling));
}

/* See wf_views.h. */
char *
wf_views_queues(const WfBinding *b, const char *alias)
{
	unsigned int labels = wf_guc_queue_on_labels();
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "(false");
	for (i = 0; i < b->part->columns[WF_ITEM_CURATION].nlabels; i++)
	{
		if (labels & (1U << i))
			appendStringInfo(&buf, " OR %s", wf_views_is(b, alias, WF_ITEM_CURATION, i));
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/* See wf_views.h. */
int
wf_views_workers(WfWorkerRow **workers)
{
	WfWorkerInfo *slots = palloc(WF_MAX_WORKERS * sizeof(WfWorkerInfo));
	int			nslots = wf_shmem_workers(slots);
	int			n;
	int			i;
	int			s;

	wf_views_select(InvalidOid,
					"SELECT a.pid, a.datid, a.backend_type = '" WF_BATCH_WORKER_TYPE "', a.backend_start"
					" FROM pg_catalog.pg_stat_get_activity(NULL) a WHERE a.datid IS NOT NULL"
					" AND a.backend_type IN ('" WF_WORKER_TYPE "', '" WF_BATCH_WORKER_TYPE "')"
					" ORDER BY a.datid, a.backend_start", 0, NULL, NULL);
	n = (int) SPI_processed;
	*workers = palloc0(Max(n, 1) * sizeof(WfWorkerRow));
	for (i = 0; i < n; i++)
	{
		WfWorkerRow *w = &(*workers)[i];
		bool		isnull;

		w->pid = DatumGetInt32(wf_views_column(i, 1, &isnull));
		w->database = DatumGetObjectId(wf_views_column(i, 2, &isnull));
		w->on_demand = DatumGetBool(wf_views_column(i, 3, &isnull));
		w->started = DatumGetTimestampTz(wf_views_column(i, 4, &isnull));
		for (s = 0; s < nslots && !w->has_slot; s++)
		{
			w->has_slot = slots[s].pid == w->pid;
			if (w->has_slot)
				w->slot = slots[s];
		}
	}
	SPI_freetuptable(SPI_tuptable);
	pfree(slots);
	return n;
}

/* ------------------------------------------------------------------------
 * Counting items
 * ------------------------------------------------------------------------
 */

/* The attached table of a part, locked for reading; NULL if none serves. */
static WfBinding *
bind_stage(const WfPart *part)
{
	Oid			relid = part->is_stage ? wf_part_table(part->id, NULL) : InvalidOid;
	Relation	rel = OidIsValid(relid) ? try_relation_open(relid, AccessShareLock) : NULL;

	if (rel == NULL)
		return NULL;
	relation_close(rel, NoLock);
	return wf_views_bind(part, relid, NULL);
}

/* "min(updated_at)" as timestamptz, or NULL where the table has none. */
static char *
oldest_expression(const WfBinding *b)
{
	if (b->column[WF_ITEM_UPDATED_AT].attnum == 0)
		return pstrdup("NULL::pg_catalog.timestamptz");
	return psprintf("pg_catalog.min(%s)", wf_views_time(b, "p", WF_ITEM_UPDATED_AT));
}

/* Count the items of a stage by status; a List of StatusCount. */
static List *
count_items(const WfBinding *b)
{
	char	   *status = wf_views_ref(b, "p", WF_ITEM_PROCESSING);
	List	   *result = NIL;
	uint64		row;

	wf_views_select(b->owner,
					psprintf("SELECT %s::pg_catalog.text, pg_catalog.count(*), %s FROM %s p"
							 " WHERE %s IS NOT NULL OR %s GROUP BY %s",
							 status, oldest_expression(b), b->relation,
							 status, wf_views_queues(b, "p"), status),
					0, NULL, NULL);
	for (row = 0; row < SPI_processed; row++)
	{
		StatusCount *c = palloc0(sizeof(StatusCount));
		bool		isnull;

		c->status = wf_views_text(row, 1);
		c->count = wf_views_int64(row, 2);
		c->oldest = wf_views_column(row, 3, &isnull);	/* passed by value */
		c->has_oldest = !isnull;
		result = lappend(result, c);
	}
	SPI_freetuptable(SPI_tuptable);
	return result;
}

/* The count of one status; NULL if no item has it. */
static StatusCount *
find_count(List *counts, const char *status)
{
	ListCell   *lc;

	foreach(lc, counts)
	{
		StatusCount *c = lfirst(lc);

		if (c->status && status && strcmp(c->status, status) == 0)
			return c;
	}
	return NULL;
}

/* The count of one label of ours; 0 if no item has it. */
static int64
count_of(List *counts, const WfBinding *b, WfProcessingLabel label)
{
	StatusCount *c = find_count(counts, b->column[WF_ITEM_PROCESSING].label[label]);

	return c ? c->count : 0;
}

static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* When the next retry of a stage is due; false if none waits. */
static bool
next_due(const char *stage, Datum *due)
{
	Oid			types[] = {TEXTOID};
	Datum		values[1];
	bool		isnull;

	values[0] = CStringGetTextDatum(stage);
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.min(c.not_before) FROM %s c"
							 " WHERE c.stage = $1 AND c.worker_pid IS NULL",
							 wf_stage_own_table("wf_claim")),
					1, types, values);
	*due = wf_views_column(0, 1, &isnull);
	SPI_freetuptable(SPI_tuptable);
	return !isnull;
}

/* A row of wf_pipeline; count may be NULL for a status that no item has. */
static void
put_status(FunctionCallInfo fcinfo, const char *stage, const char *status,
		   const StatusCount *count, bool waits)
{
	Datum		values[5] = {0};
	bool		nulls[5] = {0};

	values[0] = CStringGetTextDatum(stage);
	nulls[1] = status == NULL;
	if (status)
		values[1] = CStringGetTextDatum(status);
	values[2] = Int64GetDatum(count ? count->count : 0);
	nulls[3] = count == NULL || !count->has_oldest;
	if (!nulls[3])
		values[3] = count->oldest;
	nulls[4] = !(waits && count && next_due(stage, &values[4]));
	put_row(fcinfo, values, nulls);
}

/* The rows of one stage; counts are its items by status. */
static void
put_stage(FunctionCallInfo fcinfo, const WfBinding *b, List *counts)
{
	ListCell   *lc;

	for (int i = 0; i < b->part->columns[WF_ITEM_PROCESSING].nlabels; i++)
	{
		const char *label = b->column[WF_ITEM_PROCESSING].label[i];
		StatusCount *c = find_count(counts, label);

		if (c || b->part->columns[WF_ITEM_PROCESSING].labels[i].required)
			put_status(fcinfo, b->part->stage, label, c, i == WF_PROCESSING_QUEUED);
		counts = list_delete_ptr(counts, c);
	}
	foreach(lc, counts)
	{
		StatusCount *c = lfirst(lc);

		put_status(fcinfo, b->part->stage, c->status, c, false);
	}
}

/* Is a stage shown?  Pages always, the ones before them once they were used. */
static bool
is_shown(const WfBinding *b, List *counts)
{
	return b->part->id == WF_PART_PAGES || counts != NIL;
}

/* Rows of each stage that is shown, in the order of an item's life. */
static void
put_stages(FunctionCallInfo fcinfo,
		   void (*put) (FunctionCallInfo fcinfo, const WfBinding *b, List *counts))
{
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	for (int i = 0; i < WF_PART_COUNT; i++)
	{
		WfBinding  *b = bind_stage(&wf_parts[i]);
		List	   *counts = b ? count_items(b) : NIL;

		if (b && is_shown(b, counts))
			put(fcinfo, b, counts);
	}
	SPI_finish();
}

/*
 * wf_pipeline() → (stage, status, count, oldest, next_due): of each stage the
 * required labels always, in the order of an item's life, then whatever else is
 * there.  Status NULL: selected and not queued, an orphan.
 */
Datum
wf_pipeline(PG_FUNCTION_ARGS)
{
	put_stages(fcinfo, put_stage);
	PG_RETURN_VOID();
}

/* ------------------------------------------------------------------------
 * Progress
 * ------------------------------------------------------------------------
 */

/*
 * Items of a stage that ended per second, over the last minutes or since the
 * first of them was begun; those that wait for a retry have not ended.
 */
static double
items_per_second(const char *stage)
{
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[2];
	bool		isnull;
	int64		ended;
	double		seconds;

	values[0] = CStringGetTextDatum(stage);
	values[1] = Int32GetDatum(RATE_MINUTES);
	wf_views_select(InvalidOid,
					psprintf("WITH w AS MATERIALIZED (SELECT a.item, pg_catalog.min(a.started_at) AS started"
							 " FROM %s a WHERE a.stage = $1 AND a.finished_at > pg_catalog.now()"
							 " - pg_catalog.make_interval(mins => $2) GROUP BY a.item) "
							 "SELECT pg_catalog.count(*), (EXTRACT(epoch FROM pg_catalog.clock_timestamp()"
							 " - pg_catalog.min(w.started)))::pg_catalog.float8 FROM w"
							 " WHERE NOT EXISTS (SELECT 1 FROM %s c WHERE c.stage = $1 AND c.item = w.item)",
							 wf_stage_own_table("wf_attempt"), wf_stage_own_table("wf_claim")),
					2, types, values);
	ended = wf_views_int64(0, 1);
	seconds = DatumGetFloat8(wf_views_column(0, 2, &isnull));
	SPI_freetuptable(SPI_tuptable);
	if (isnull || ended == 0)
		return 0;
	return ended / Min(Max(seconds, 0.001), RATE_MINUTES * 60.0);
}

static Datum
rounded(double value)
{
	return Float8GetDatum(rint(value * 1000) / 1000);
}

/* The row of one stage. */
static void
put_progress(FunctionCallInfo fcinfo, const WfBinding *b, List *counts)
{
	int64		done = count_of(counts, b, WF_PROCESSING_COMPLETE) +
		count_of(counts, b, WF_PROCESSING_ERROR) + count_of(counts, b, WF_PROCESSING_FILTERED);
	int64		left = count_of(counts, b, WF_PROCESSING_QUEUED) +
		count_of(counts, b, WF_PROCESSING_PROCESSING);
	double		rate = items_per_second(b->part->stage);
	Datum		values[5] = {0};
	bool		nulls[5] = {0};

	values[0] = CStringGetTextDatum(b->part->stage);
	values[1] = Int64GetDatum(done);
	values[2] = Int64GetDatum(done + left);
	values[3] = rounded(rate);
	nulls[4] = left == 0 || rate <= 0;
	if (!nulls[4])
		values[4] = TimestampTzGetDatum(GetCurrentTimestamp() +
										(TimestampTz) ceil(left / rate) * USECS_PER_SEC);
	put_row(fcinfo, values, nulls);
}

/*
 * wf_progress() → (stage, done, total, rate, eta): done are items that ended,
 * whether well or not, total those and what is still to be done.
 */
Datum
wf_progress(PG_FUNCTION_ARGS)
{
	put_stages(fcinfo, put_progress);
	PG_RETURN_VOID();
}

/* ------------------------------------------------------------------------
 * Workers
 * ------------------------------------------------------------------------
 */

/*
 * Items per second of a worker: over the last minute from the history of this
 * database; for other databases, whose history cannot be read from here, over
 * its life.  False if unknown.
 */
static bool
worker_rate(const WfWorkerRow *w, double *rate)
{
	Oid			types[] = {INT4OID, TIMESTAMPTZOID};
	Datum		values[2];
	double		age = Max((GetCurrentTimestamp() - w->started) / (double) USECS_PER_SEC, 1);

	if (w->database != MyDatabaseId)
	{
		*rate = w->slot.pages / age;
		return w->has_slot;
	}
	values[0] = Int32GetDatum(w->pid);
	values[1] = TimestampTzGetDatum(w->started);
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*) FROM %s a WHERE a.worker_pid = $1"
							 " AND a.finished_at > pg_catalog.now() - interval '1 minute'"
							 " AND a.finished_at >= $2", wf_stage_own_table("wf_attempt")),
					2, types, values);
	*rate = wf_views_int64(0, 1) / Min(age, 60);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/*
 * wf_workers() → (pid, database, state, in_flight, pages_per_second,
 * crawler_pid, kind, started).  What only shared memory knows is NULL where the
 * library is not preloaded.
 */
Datum
wf_workers(PG_FUNCTION_ARGS)
{
	WfWorkerRow *workers;
	int			n;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	n = wf_views_workers(&workers);
	for (i = 0; i < n; i++)
	{
		const WfWorkerRow *w = &workers[i];
		const char *database = get_database_name(w->database);
		Datum		values[8] = {0};
		bool		nulls[8] = {0};
		double		rate;

		values[0] = Int32GetDatum(w->pid);
		nulls[1] = database == NULL;
		if (database)
			values[1] = CStringGetTextDatum(database);
		nulls[2] = nulls[3] = !w->has_slot;
		if (w->has_slot)
			values[2] = CStringGetTextDatum(state_names[w->slot.state]);
		values[3] = Int32GetDatum(w->slot.in_flight);
		nulls[4] = !worker_rate(w, &rate);
		if (!nulls[4])
			values[4] = rounded(rate);
		nulls[5] = w->slot.crawler_pid == 0;
		values[5] = Int32GetDatum(w->slot.crawler_pid);
		values[6] = CStringGetTextDatum(w->on_demand ? "on-demand" : "standing");
		values[7] = TimestampTzGetDatum(w->started);
		put_row(fcinfo, values, nulls);
	}
	SPI_finish();
	PG_RETURN_VOID();
}
