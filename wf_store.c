/*-------------------------------------------------------------------------
 *
 * wf_store.c
 *	  Results into the database: contacts, final status, history.
 *
 * One transaction for a group of results.  Order: fence (rows locked by
 * ascending id, claims ended by their tokens), what the stage yields, status,
 * history.  A status
 * is never visible before what it promises.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/wf_text.h"

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_store_entries.h"
#include "wf_store_children.h"
#include "wf_store_int.h"

#define MAX_RETRY_DELAY_MS	((int64) 6 * 3600 * 1000)
#define MAX_RETRY_AFTER_MS	((int64) 24 * 3600 * 1000)
#define MAX_NOTIFY_USAGE	0.5		/* of the notification queue; a full one fails commits */

static WfStatement history_stmt;

WfSlice
wf_store_copy(WfSlice src)
{
	WfSlice		copy = {NULL, src.len};

	if (src.len > 0)
	{
		copy.data = palloc(src.len);
		memcpy((char *) copy.data, src.data, src.len);
	}
	return copy;
}

/* Arrays for a statement. */

void
wf_store_arrays(WfArrays *arrays, const Oid *types, int nargs, int room)
{
	arrays->nargs = nargs;
	arrays->n = 0;
	arrays->types = types;
	for (int a = 0; a < nargs; a++)
	{
		arrays->elems[a] = palloc0(Max(room, 1) * sizeof(Datum));
		arrays->nulls[a] = palloc(Max(room, 1) * sizeof(bool));
		memset(arrays->nulls[a], true, Max(room, 1) * sizeof(bool));
	}
}

void
wf_store_set(WfArrays *arrays, int arg, Datum value)
{
	arrays->elems[arg][arrays->n] = value;
	arrays->nulls[arg][arrays->n] = false;
}

void
wf_store_set_text(WfArrays *arrays, int arg, WfSlice value)
{
	if (value.len > 0)
		wf_store_set(arrays, arg, CStringGetTextDatum(wf_encoding_from_utf8(value)));
}

char *
wf_store_text_for(const WfBoundColumn *column, WfSlice value)
{
	bool		is_limited = column->attnum != 0 && column->typmod >= (int32) VARHDRSZ &&
		(column->base_type == VARCHAROID || column->base_type == BPCHAROID);

	return is_limited ? wf_encoding_from_utf8_cut(value, column->typmod - (int32) VARHDRSZ) :
		wf_encoding_from_utf8(value);
}

void
wf_store_set_text_for(WfArrays *arrays, int arg, const WfBoundColumn *column, WfSlice value)
{
	if (value.len > 0)
		wf_store_set(arrays, arg, CStringGetTextDatum(wf_store_text_for(column, value)));
}

void
wf_store_execute(WfStatement *stmt, WfDbRights rights, WfArrays *arrays)
{
	Datum		values[WF_MAX_ARGS];

	for (int a = 0; a < arrays->nargs; a++)
		values[a] = wf_db_array(arrays->elems[a], arrays->nulls[a], arrays->n, arrays->types[a]);
	wf_db_execute(stmt, rights, values, NULL);
}

bool
wf_store_is_row_of(uint64 row, const WfItem *item)
{
	bool		isnull;
	Datum		id = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &isnull);

	return memcmp(DatumGetUUIDP(id), &item->id, sizeof(pg_uuid_t)) == 0;
}

void
wf_store_make(WfStatement *stmt, const char *sql, const Oid *types, int nargs)
{
	stmt->sql = MemoryContextStrdup(TopMemoryContext, sql);
	stmt->nargs = nargs;
	for (int a = 0; a < nargs; a++)
		stmt->argtypes[a] = get_array_type(types[a]);
}

/* Results of messages. */

static WfSlice
copy_text(const char *text)
{
	return wf_store_copy((WfSlice) {text, strlen(text)});
}

static const WfStoreHooks *const hooks[WF_STAGE_COUNT] = {
	[WF_STAGE_PAGE] = &wf_store_page_hooks,
	[WF_STAGE_SITEMAP_FILE] = &wf_store_sitemap_file_hooks,
	[WF_STAGE_DOMAIN] = &wf_store_domain_hooks,
};

WfResult *
wf_store_result(WfItem *item, const WfResultMessage *message)
{
	WfResult   *result = palloc0(sizeof(WfResult));

	result->item = item;
	result->outcome = message->outcome;
	result->http_status = message->http_status;
	result->retry_after_ms = message->retry_after_ms;
	result->by_gateway = message->by_gateway;
	result->body_bytes = message->body_bytes;
	result->effective_url = wf_store_copy(message->effective_url);
	if (!message->by_gateway)
	{
		/* it knows no versions, and would not be asked for one */
		result->etag = wf_store_copy(message->etag);
		result->last_modified = wf_store_copy(message->last_modified);
	}
	result->finished_at = GetCurrentTimestamp();
	if (message->error.len > 0)
		result->error = wf_store_copy(message->error);
	else if (!wf_outcome_is_success(message->outcome))
		result->error = copy_text(wf_outcome_name(message->outcome));
	result->new_evidence = message->outcome == WF_OUTCOME_OK;
	if (message->outcome == WF_OUTCOME_OK || message->outcome == WF_OUTCOME_PARTIAL)
		hooks[item->stage]->read(result, message);
	return result;
}

WfResult *
wf_store_failure(WfItem *item, WfOutcome outcome, const char *error)
{
	WfResult   *result = palloc0(sizeof(WfResult));

	result->item = item;
	result->outcome = outcome;
	result->error = copy_text(error);
	result->finished_at = GetCurrentTimestamp();
	return result;
}

/* Is it to be fetched the other way? */
static bool
switches(const WfResult *result)
{
	return wf_gateway_switches(result->item, result->outcome, result->http_status,
							   result->by_gateway);
}

/* Nothing but the gateway was in the way, and there is another way. */
static bool
goes_on_at_once(const WfResult *result)
{
	return switches(result) || (result->outcome == WF_OUTCOME_DEFERRED && result->by_gateway &&
								wf_gateway_mode() == WF_GATEWAY_FIRST);
}

WfFinishAction
wf_store_action(const WfResult *result)
{
	if (wf_outcome_is_success(result->outcome))
		return WF_FINISH_COMPLETE;
	if (result->outcome == WF_OUTCOME_DEFERRED || switches(result))
		return WF_FINISH_RETRY;
	if (wf_outcome_is_retryable(result->outcome) &&
		result->item->attempt < wf_curation_max_attempts)
		return WF_FINISH_RETRY;
	return WF_FINISH_ERROR;
}

/*
 * Exponential back-off with jitter; what the server asked for wins.  What was
 * not attempted waits as long as its host wants to be left alone.
 */
static TimestampTz
retry_at(const WfResult *result)
{
	int			doublings = Min(Max(result->item->attempt - 1, 0), 20);
	double		jitter = 0.75 + 0.5 * pg_prng_double(&pg_global_prng_state);
	int64		delay = (int64) (wf_curation_retry_delay * pow(2, doublings) * jitter);

	delay = Min(delay, MAX_RETRY_DELAY_MS);
	if (goes_on_at_once(result))
		delay = 0;
	else if (result->retry_after_ms > 0 || result->outcome == WF_OUTCOME_DEFERRED)
		/* a little later, so that not all come back at once */
		delay = Min((int64) result->retry_after_ms, MAX_RETRY_AFTER_MS) + (int64) (500 * jitter);
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay);
}

/* ------------------------------------------------------------------------
 * Status and history
 * ------------------------------------------------------------------------
 */

/* Label of the result column for an item that ended this way; -1: keep. */
static int
result_label(const WfResult *result, WfFinishAction action)
{
	if (action == WF_FINISH_RETRY)
		return -1;
	if (action == WF_FINISH_ERROR)
		return WF_RESULT_ERROR;
	return result->naddresses > 0 ? WF_RESULT_FOUND : WF_RESULT_NOT_FOUND;
}

static void
finish_items(WfStage *stage, WfResult **results, int n)
{
	static const Oid types[] = {UUIDOID, INT4OID, TEXTOID, INT4OID, TEXTOID};
	WfArrays	arrays;

	wf_store_arrays(&arrays, types, lengthof(types), n);
	for (int i = 0; i < n; i++)
	{
		WfFinishAction action = wf_store_action(results[i]);
		WfSlice		title = results[i]->findings.title;

		wf_store_set(&arrays, 0, UUIDPGetDatum(&results[i]->item->id));
		wf_store_set(&arrays, 1, Int32GetDatum(action));
		if (action != WF_FINISH_COMPLETE)
			wf_store_set(&arrays, 2, CStringGetTextDatum(
				wf_store_text_for(&stage->items->column[WF_ITEM_ERROR],
								  wf_text_truncate(results[i]->error, WF_MAX_ERROR))));
		wf_store_set(&arrays, 3, Int32GetDatum(result_label(results[i], action)));
		/* one with an address in it might be of somebody who is not to be stored */
		if (action == WF_FINISH_COMPLETE && title.len > 0 &&
			memchr(title.data, '@', title.len) == NULL)
			wf_store_set_text_for(&arrays, 4, &stage->items->column[WF_PAGE_TITLE], title);
		arrays.n++;
	}
	wf_store_execute(&stage->stmt[WF_STMT_FINISH], WF_AS_OWNER, &arrays);
}

static const Oid history_types[] = {UUIDOID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
TEXTOID, INT4OID, INT8OID, INT4OID, TEXTOID, TEXTOID, INT4OID};

static void
make_history_statement(void)
{
	if (history_stmt.sql)
		return;
	wf_store_make(&history_stmt,
				  psprintf("INSERT INTO %s (stage, item, attempt, url, started_at, finished_at,"
						   " worker_pid, outcome, http_status, bytes, contacts, error, credits) "
						   "SELECT u.stage, u.item, u.attempt, u.url, u.started, u.finished,"
						   " pg_backend_pid(), u.outcome, u.http, u.bytes, u.contacts, u.error,"
						   " u.credits"
						   " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
						   " $11, $12) u(item, attempt, url, started, finished, outcome, http, bytes,"
						   " contacts, error, stage, credits)",
						   wf_stage_own_table("wf_attempt")),
				  history_types, lengthof(history_types));
}

/* Every attempt; what was deferred was none. */
static void
write_history(const WfStage *stage, WfResult **all, int total)
{
	WfResult  **results = palloc(total * sizeof(WfResult *));
	int			n = 0;
	WfArrays	arrays;
	Datum		name;

	for (int i = 0; i < total; i++)
		if (all[i]->outcome != WF_OUTCOME_DEFERRED)
			results[n++] = all[i];
	if (n == 0)
		return;
	name = CStringGetTextDatum(stage->name);
	wf_store_arrays(&arrays, history_types, lengthof(history_types), n);
	for (int i = 0; i < n; i++)
	{
		const WfResult *r = results[i];

		wf_store_set(&arrays, 0, UUIDPGetDatum(&r->item->id));
		wf_store_set(&arrays, 1, Int32GetDatum(r->item->attempt));
		wf_store_set(&arrays, 2, CStringGetTextDatum(
			wf_encoding_from_utf8((WfSlice){r->item->url, strlen(r->item->url)})));
		wf_store_set(&arrays, 3, TimestampTzGetDatum(wf_clock_to_time(r->item->claimed_at)));
		wf_store_set(&arrays, 4, TimestampTzGetDatum(r->finished_at));
		wf_store_set(&arrays, 5, CStringGetTextDatum(wf_outcome_name(r->outcome)));
		if (r->http_status != 0)
			wf_store_set(&arrays, 6, Int32GetDatum(r->http_status));
		wf_store_set(&arrays, 7, Int64GetDatum((int64) r->body_bytes));
		wf_store_set(&arrays, 8, Int32GetDatum(r->naddresses));
		if (r->error.len > 0)
			wf_store_set(&arrays, 9,
						 CStringGetTextDatum(wf_encoding_from_utf8_cut(r->error, WF_MAX_ERROR)));
		wf_store_set(&arrays, 10, name);
		if (r->item->gateway)
			wf_store_set(&arrays, 11, Int32GetDatum(
				r->item->credits_used == WF_CREDITS_UNKNOWN ? r->item->credits_reserved :
				r->item->credits_used));
		arrays.n++;
	}
	make_history_statement();
	wf_store_execute(&history_stmt, WF_AS_SELF, &arrays);
}

void
wf_store_reset(void)
{
	wf_db_unmake(&history_stmt);
	wf_store_contacts_reset();
	wf_store_findings_reset();
	wf_store_validators_reset();
	wf_store_prune_reset();
	wf_children_reset();
}

static void
count_result(const WfResult *result, WfStoreCounts *counts)
{
	switch (wf_store_action(result))
	{
		case WF_FINISH_COMPLETE:
			counts->completed++;
			counts->contacts += result->naddresses;
			break;
		case WF_FINISH_ERROR:
			counts->failed++;
			break;
		case WF_FINISH_RETRY:
			if (result->outcome == WF_OUTCOME_DEFERRED)
				counts->deferred++;
			else
				counts->retried++;
			break;
	}
}

/*
 * Tell whoever listens to wf_curation.notify_channel what this transaction ends.
 * Its commit takes a lock that all notifying transactions of the cluster share,
 * hence nothing by default.  The last resort of listeners that do not
 * keep up is to miss some: nobody's commit fails for them.
 */
static void
notify_listeners(const WfStage *stage, const WfStoreCounts *counts)
{
	if (wf_curation_notify_channel[0] == '\0' || counts->completed + counts->failed == 0)
		return;
	if (DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0)) >
		MAX_NOTIFY_USAGE)
		return;
	Async_Notify(wf_curation_notify_channel,
				 psprintf("{\"stage\":\"%s\",\"complete\":%d,\"error\":%d,\"queued\":%d}",
						  stage->name, counts->completed, counts->failed,
						  counts->retried + counts->deferred));
}

void
wf_store_group(WfStage *stage, WfResult **results, int n, WfStoreCounts *counts)
{
	WfItem	  **items = palloc(n * sizeof(WfItem *));
	bool	   *valid = palloc(n * sizeof(bool));
	WfResult  **ours = palloc(n * sizeof(WfResult *));
	TimestampTz *again = palloc(n * sizeof(TimestampTz));
	int			nours = 0;

	memset(counts, 0, sizeof(*counts));
	for (int i = 0; i < n; i++)
	{
		items[i] = results[i]->item;
		items[i]->uncounted = results[i]->outcome == WF_OUTCOME_DEFERRED;
		items[i]->switching = switches(results[i]);
		again[i] = wf_store_action(results[i]) == WF_FINISH_RETRY ? retry_at(results[i]) : 0;
		results[i]->ends = again[i] == 0;
	}
	wf_queue_end(stage, items, again, n, valid);
	for (int i = 0; i < n; i++)
	{
		if (valid[i])
			ours[nours++] = results[i];
		else
			counts->dropped++;
		if (valid[i] && again[i] != 0 && (counts->next_due == 0 || again[i] < counts->next_due))
			counts->next_due = again[i];
	}
	if (nours == 0)
		return;
	hooks[stage->id]->store(stage, ours, nours);
	finish_items(stage, ours, nours);
	write_history(stage, ours, nours);
	for (int i = 0; i < nours; i++)
		count_result(ours[i], counts);
	notify_listeners(stage, counts);
}
