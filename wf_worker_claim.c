/*-------------------------------------------------------------------------
 *
 * wf_worker_claim.c
 *	  A worker takes items into its free slots, and gives them back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_guc.h"
#include "wf_worker_int.h"

typedef struct ClaimWork
{
	WfClaimRequest request;
	TimestampTz next_due;
} ClaimWork;

static void
do_claim(WfStage *stage, void *arg)
{
	ClaimWork  *work = arg;

	work->request.stage = stage;
	wf_queue_claim(&work->request);
	work->next_due = work->request.more || work->request.paused ? 0 : wf_queue_next_due();
}

static int
free_slots(void)
{
	int slots = wf_curation_max_concurrency - (int) hash_get_num_entries(wf_worker.in_flight);

	if (wf_worker.batch)
		slots = Min(slots, wf_worker.budget);
	return Max(slots, 0);
}

static bool
slots_are_taken(void)
{
	return hash_get_num_entries(wf_worker.in_flight) >= wf_curation_max_concurrency;
}

/* Is there something, and enough room that a claim is worth a transaction? */
bool
wf_worker_claim_is_due(void)
{
	int			slots = free_slots();
	WfInFlight   *entry;
	HASH_SEQ_STATUS seq;

	if (!wf_worker.look || slots == 0 || GetCurrentTimestamp() < wf_worker.next_claim ||
		 !wf_curation_enabled || wf_worker_got_sigterm || wf_worker_got_stop)
		return false;
	if (wf_worker.nfetching == 1)
	{
		/* a suspect is alone in flight */
		hash_seq_init(&seq, wf_worker.in_flight);
		entry = hash_seq_search(&seq);
		hash_seq_term(&seq);
		if (entry->item->alone)
			return false;
	}
	return wf_worker.exhausted || slots >= Min(wf_curation_max_concurrency / 4, 16) ||
		wf_worker.nfetching == 0;
}

/* An error that a row's own data or a trigger's word about it may cause? */
static bool
is_of_a_row(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
		category == ERRCODE_WITH_CHECK_OPTION_VIOLATION ||
		category == ERRCODE_PLPGSQL_ERROR;
}

/*
 * A claim failed.  A conflict passes.  A row that refuses to be updated (a
 * trigger raises, a constraint is violated) is found by claiming one at a time,
 * and passed over for a minute.  Anything else stops the stage until mended.
 */
static void
claim_failed(const WfClaimRequest *request, const WfDbError *error)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < request->count; i++)
		wf_queue_free(request->items[i]);
	if (request->items)
		pfree(request->items);
	wf_worker_reset_picker();
	wf_worker.next_claim = TimestampTzPlusMilliseconds(now, CLAIM_RETRY_MS);
	if (wf_db_is_transient(error->sqlstate))
		return;
	if (is_of_a_row(error->sqlstate) && request->has_last && wf_worker.refusals < REFUSALS)
	{
		wf_worker.next_claim = TimestampTzPlusMilliseconds(now, 1);
		wf_worker.careful = CAREFUL_CLAIMS;
		if (request->n > 1)
			return;
		wf_worker.refusals++;
		wf_worker.skip_until = TimestampTzPlusMilliseconds(now, SKIP_MS);
		wf_worker.nskipped = Min(wf_worker.nskipped + 1, MAX_SKIPPED);
		memmove(&wf_worker.skipped[1], &wf_worker.skipped[0],
				(wf_worker.nskipped - 1) * sizeof(pg_uuid_t));
		wf_worker.skipped[0] = request->last;
		ereport(
			LOG,
			(errmsg("could not claim page %s, it waits: %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&request->last))),
					error->message)));
		return;
	}
	wf_worker_set_blocked(error->message);
	wf_worker.look = false;
	wf_worker.refusals = 0;
}

void
wf_worker_claim_more(void)
{
	ClaimWork	work = {0};
	WfDbError	error;
	TimestampTz now = GetCurrentTimestamp();
	const char *problem;

	if (!wf_link_running(wf_worker.link) && !wf_link_can_start(&problem))
	{
		wf_worker_set_blocked(problem);
		wf_worker.look = false;
		return;
	}
	if (wf_worker.unready_ends >= UNREADY_ENDS && !wf_link_ready(wf_worker.link))
	{
		/* only a crawler that is ready gets pages again */
		(void) wf_worker_ensure_crawler();
		wf_worker.look = false;
		return;
	}
	if (now >= wf_worker.skip_until)
		wf_worker.nskipped = 0;
	work.request.picker = wf_worker.picker;
	work.request.n = wf_worker.careful > 0 ? 1 : Min(free_slots(), 256);
	work.request.per_domain = wf_curation_max_concurrency_per_host;
	work.request.may_be_alone = hash_get_num_entries(wf_worker.in_flight) == 0;
	work.request.may_drain = wf_worker.batch == NULL;
	work.request.lease_ms = wf_curation_request_timeout + LEASE_MARGIN_MS;
	work.request.context = wf_worker.item_context;
	work.request.skip = wf_worker.skipped;
	work.request.nskip = wf_worker.nskipped;
	if (!wf_worker_run("wf_curation: claiming pages", do_claim, &work, &error))
	{
		claim_failed(&work.request, &error);
		return;
	}
	wf_worker_set_blocked("");
	for (int i = 0; i < work.request.count; i++)
		wf_worker_add_item(work.request.items[i]);
	if (wf_link_running(wf_worker.link))
		wf_worker_send_items(work.request.items, work.request.count);
	if (work.request.items)
		pfree(work.request.items);
	if (wf_worker.batch)
	{
		wf_worker.batch->claimed += work.request.count;
		wf_worker.budget -= work.request.count;
	}
	wf_worker.refusals = 0;
	wf_worker.next_claim = 0;
	if (wf_worker.careful > 0 && work.request.more)
	{
		wf_worker.careful--;
		wf_worker.next_claim = TimestampTzPlusMilliseconds(now, 1);
	}
	wf_worker.exhausted = !work.request.more;
	wf_worker.look = work.request.more;
	wf_worker.fruitless =
		work.request.count == 0 && work.request.more ? wf_worker.fruitless + 1 : 0;
	if (wf_worker.fruitless > 0)
	{
		/* others have them locked: later, or for an order not at all */
		wf_worker.next_claim = TimestampTzPlusMilliseconds(now, CLAIM_RETRY_MS);
		wf_worker.look = wf_worker.batch == NULL || wf_worker.fruitless < FRUITLESS_CLAIMS;
	}
	if (work.request.more)
		return;
	wf_worker.next_due = work.next_due;
	if (wf_worker.next_due != 0 && wf_worker.next_due <= now)
		wf_worker.next_due = TimestampTzPlusMilliseconds(now, LOCKED_RETRY_MS);
}

typedef struct ReleaseWork
{
	WfItem	  **items;
	int			n;
} ReleaseWork;

static void
do_release(WfStage *stage, void *arg)
{
	ReleaseWork *work = arg;

	wf_queue_release(stage, work->items, work->n);
}

/* Give back whatever is being fetched.  The crawler is told to forget it. */
void
wf_worker_release_all(void)
{
	ReleaseWork work;
	WfDbError	error;

	work.items = wf_worker_fetching_items(&work.n);
	if (work.n == 0)
		return;
	for (int tries = 0; tries < 3; tries++)
		if (wf_worker_run("wf_curation: giving pages back", do_release, &work, &error))
			break;
	for (int i = 0; i < work.n; i++)
	{
		if (wf_link_running(wf_worker.link))
			(void) wf_link_cancel(wf_worker.link, work.items[i]->token);
		wf_worker_drop_item(work.items[i]);
	}
	if (wf_worker.batch)
		wf_worker.batch->returned += work.n;
	pfree(work.items);
}

typedef struct CheckWork
{
	WfItem	  **items;
	bool	   *valid;
	int			n;
} CheckWork;

static void
do_check(WfStage *stage, void *arg)
{
	CheckWork  *work = arg;

	wf_queue_check(stage, work->items, work->n, work->valid);
}

/*
 * All slots are taken: free those of pages that nobody wants any more (they
 * were de-selected, re-queued or deleted), rather than wait for their servers.
 */
void
wf_worker_cancel_unwanted(TimestampTz now)
{
	CheckWork	work;
	WfDbError	error;

	if (wf_worker.nfetching == 0 || now < wf_worker.next_check || !slots_are_taken())
		return;
	wf_worker.next_check = TimestampTzPlusMilliseconds(now, CHECK_INTERVAL_MS);
	work.items = wf_worker_fetching_items(&work.n);
	work.valid = palloc(work.n * sizeof(bool));
	if (wf_worker_run("wf_curation: looking for cancelled pages", do_check, &work, &error))
	{
		for (int i = 0; i < work.n; i++)
		{
			if (work.valid[i])
				continue;
			if (wf_link_running(wf_worker.link))
				(void) wf_link_cancel(wf_worker.link, work.items[i]->token);
			wf_worker_drop_item(work.items[i]);
			wf_worker.look = true;
			if (wf_worker.batch)
				wf_worker.batch->returned++;
		}
	}
	pfree(work.valid);
	pfree(work.items);
}

/* Only of what is in flight here: what was given up is left to its lease. */
void
wf_worker_do_renew(WfStage *stage, void *arg)
{
	int			n;
	WfItem	  **items = wf_worker_items(true, &n);

	wf_queue_renew(items, n, wf_curation_request_timeout + LEASE_MARGIN_MS);
}
