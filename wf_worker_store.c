/*-------------------------------------------------------------------------
 *
 * wf_worker_store.c
 *	  A worker stores what came back, in groups.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_encoding.h"
#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_worker_int.h"

typedef struct StoreWork
{
	WfResult  **results;
	int			n;
	WfStoreCounts counts;
} StoreWork;

static void
do_store(WfStage *stage, void *arg)
{
	StoreWork  *work = arg;
	WfItem	  **items = palloc(work->n * sizeof(WfItem *));

	wf_store_group(stage, work->results, work->n, &work->counts);
	for (int i = 0; i < work->n; i++)
		items[i] = work->results[i]->item;
	wf_gateway_settle(items, work->n);
	wf_gate_write(wf_worker.gate);
}

/* Room was made: domains that were at their limit may go on. */
static void
look_at_held(void)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		wf_worker.stage[id].look |= wf_worker.stage[id].held;
}

static void
count_stored(const StoreWork *work)
{
	const WfStoreCounts *c = &work->counts;
	WfWorkerStage *stage = &wf_worker.stage[work->results[0]->item->stage];

	wf_worker.pages += work->n;
	if (c->next_due != 0)
	{
		TimestampTz due = wf_clock_of(c->next_due);

		if (stage->next_due == 0 || due < stage->next_due)
			stage->next_due = due;
	}
	if (wf_worker.batch)
	{
		wf_worker.batch->completed += c->completed;
		wf_worker.batch->failed += c->failed + c->retried;
		wf_worker.batch->returned += c->dropped + c->deferred;
		wf_worker.batch->contacts += c->contacts;
	}
	/* a domain's sitemaps may have been queued (wf_curation.auto_import) */
	if (work->results[0]->item->stage == WF_STAGE_DOMAIN)
		wf_worker.stage[WF_STAGE_SITEMAP_FILE].look = true;
	for (int i = 0; i < work->n; i++)
		wf_worker_drop_item(work->results[i]->item);
	look_at_held();
}

static bool
try_store(WfResult **results, int n, WfDbError *error)
{
	StoreWork	work = {results, n};

	if (!wf_worker_run(results[0]->item->stage, "wf_curation: storing results", do_store, &work,
					   error))
	{
		ereport(error->sqlstate == 0 || wf_db_is_transient(error->sqlstate) ? DEBUG1 : LOG,
				(errmsg("could not store %d results: %s", n, error->message)));
		if (wf_db_is_shortage(error->sqlstate))
			wf_worker_note_trouble(true, error);
		return false;
	}
	wf_worker_end_trouble(true);
	wf_gate_written(wf_worker.gate);
	count_stored(&work);
	return true;
}

/* A result whose lease is over is somebody else's business. */
static bool
give_up(WfResult *result, const char *why)
{
	if (!TimestampDifferenceExceeds(result->item->claimed_at, wf_clock(),
									wf_curation_request_timeout + LEASE_MARGIN_MS))
		return false;
	ereport(LOG,
			(errmsg("result given up, its lease will decide: %s", why)));
	wf_worker_drop_item(result->item);
	return true;
}

/*
 * One result that could not be stored with others.  False: it must wait, and
 * *shortage says whether the server has run out of something.  An
 * error of its own ends it with that as its reason; a conflict is tried again
 * until its lease is over, which then decides.
 */
static bool
store_single(WfResult *result, bool *shortage)
{
	WfDbError	error;
	MemoryContext old;
	char		text[WF_MAX_ERROR] = "could not store the result: ";
	size_t		len = strlen(text);

	if (try_store(&result, 1, &error))
		return true;
	*shortage = wf_db_is_shortage(error.sqlstate);
	if (give_up(result, error.message))
		return true;
	if (error.sqlstate == 0 || wf_db_is_transient(error.sqlstate) ||
		result->outcome == WF_OUTCOME_STORE)
		return false;
	wf_encoding_copy_utf8(text + len, sizeof(text) - len, error.message);
	old = MemoryContextSwitchTo(wf_worker.group_context);
	result = wf_store_failure(result->item, WF_OUTCOME_STORE, text);
	MemoryContextSwitchTo(old);
	return try_store(&result, 1, &error);
}

/*
 * Move the results of one stage, that of the oldest, to the front of what is
 * pending, in their order; returns how many, GROUP_SIZE at most.
 */
static int
gather_group(void)
{
	WfStageId	id = wf_worker.pending[0]->item->stage;
	WfResult  **others = palloc(wf_worker.npending * sizeof(WfResult *));
	int			n = 0;
	int			nothers = 0;

	for (int i = 0; i < wf_worker.npending; i++)
	{
		if (n < GROUP_SIZE && wf_worker.pending[i]->item->stage == id)
			wf_worker.pending[n++] = wf_worker.pending[i];
		else
			others[nothers++] = wf_worker.pending[i];
	}
	memcpy(wf_worker.pending + n, others, nothers * sizeof(WfResult *));
	pfree(others);
	return n;
}

/*
 * The first n pending results could not be stored together: each by itself, until
 * the server turns out to be short of something, which the others would meet, too.
 * Returns how many must wait, in kept; the one that met the shortage is the last, so
 * that another is tried first the next time.
 */
static int
store_one_by_one(int n, const WfDbError *error, WfResult **kept)
{
	/* cancelled for the end: one more try, together */
	bool		wait = wf_worker_got_sigterm && wf_db_is_transient(error->sqlstate);
	bool		shortage = false;
	WfResult   *last = NULL;
	int			nkept = 0;

	for (int i = 0; i < n; i++)
	{
		WfResult   *result = wf_worker.pending[i];

		if (wait)
			kept[nkept++] = result;
		else if (error->sqlstate == 0 || shortage)
		{
			if (!give_up(result, error->message))
				kept[nkept++] = result;
		}
		else if (store_single(result, &shortage))
			shortage = false;
		else if (shortage)
			last = result;
		else
			kept[nkept++] = result;
	}
	if (last)
		kept[nkept++] = last;
	return nkept;
}

/*
 * Store pending results of one stage.  What cannot be stored now stays, behind
 * the others: it must not keep those of another stage.
 */
void
wf_worker_store_pending(void)
{
	int			n = wf_worker.npending > 0 ? gather_group() : 0;
	WfResult  **kept = palloc(Max(n, 1) * sizeof(WfResult *));
	int			nkept = 0;
	WfDbError	error;

	if (n == 0)
		return;
	if (!try_store(wf_worker.pending, n, &error))
		nkept = store_one_by_one(n, &error, kept);
	memmove(wf_worker.pending, wf_worker.pending + n,
			(wf_worker.npending - n) * sizeof(WfResult *));
	wf_worker.npending -= n;
	memcpy(wf_worker.pending + wf_worker.npending, kept, nkept * sizeof(WfResult *));
	wf_worker.npending += nkept;
	wf_worker.next_store = nkept == 0 ? 0 :
		TimestampTzPlusMilliseconds(wf_clock(),
									wf_worker.trouble[0] ? TROUBLE_RETRY_MS : STORE_RETRY_MS);
	if (wf_worker.npending == 0)
	{
		MemoryContextReset(wf_worker.group_context);
		wf_worker_end_trouble(true);
	}
	pfree(kept);
}

/* Results that could not be stored in time: their items are given back, too. */
void
wf_worker_forget_pending(void)
{
	for (int i = 0; i < wf_worker.npending; i++)
	{
		wf_worker.pending[i]->item->ended = false;
		wf_worker.nfetching++;
	}
	wf_worker.npending = 0;
	MemoryContextReset(wf_worker.group_context);
}

bool
wf_worker_store_is_due(TimestampTz now)
{
	if (wf_worker.npending == 0 || now < wf_worker.next_store)
		return false;
	return wf_worker.npending >= GROUP_SIZE / 2 || wf_worker.nfetching == 0 ||
		TimestampDifferenceExceeds(wf_worker.pending_since, now, GROUP_DELAY_MS);
}
