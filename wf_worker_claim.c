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

#include "wf_encoding.h"
#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_shmem.h"
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

	TimestampTz wake = 0;

	work->request.stage = stage;
	if (!wf_gateway_plan(&work->request, &wake))
	{
		wf_gate_reset_wake(wf_worker.gate);
		wf_gate_wake_at(wf_worker.gate, wake);
		work->request.held = true;	/* one that ends makes room */
		return;
	}
	wf_queue_claim(&work->request);
	wf_gateway_assign(&work->request);
	wf_store_ask_by_validators(work->request.items, work->request.count, work->request.context);
	work->next_due = work->request.more || work->request.unfinished || work->request.paused ?
		0 : wf_clock_of(wf_queue_next_due(stage));
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

/* May items of this stage be claimed now? */
static bool
stage_is_due(const WfWorkerStage *stage, int slots, TimestampTz now)
{
	int			enough = Min(wf_curation_max_concurrency / 4, 16);

	if (wf_worker.batch)
		enough = Min(enough, wf_worker.budget);
	return stage->look && now >= stage->next_claim &&
		(stage->exhausted || wf_worker.nfetching == 0 || slots >= enough);
}

/* Is a suspect alone in flight, or does one wait until nothing is? */
static bool
suspect_has_turn(void)
{
	WfInFlight   *entry;
	HASH_SEQ_STATUS seq;

	if (hash_get_num_entries(wf_worker.in_flight) == 0)
		return false;
	if (wf_worker.draining)
		return true;
	if (wf_worker.nfetching != 1)
		return false;
	hash_seq_init(&seq, wf_worker.in_flight);
	entry = hash_seq_search(&seq);
	hash_seq_term(&seq);
	return entry->item->alone;
}

/* Is there something, and enough room that a claim is worth a transaction? */
bool
wf_worker_claim_is_due(void)
{
	int			slots = free_slots();
	TimestampTz now = wf_clock();

	if (slots == 0 || !wf_curation_enabled || wf_worker_got_sigterm || wf_worker_got_stop ||
		suspect_has_turn())
		return false;
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		if (stage_is_due(&wf_worker.stage[id], slots, now))
			return true;
	return false;
}

/* A row refuses to be claimed: pass it over for a minute. */
static void
skip_row(WfStageId id, const pg_uuid_t *row, const char *why)
{
	WfWorkerStage *stage = &wf_worker.stage[id];
	char		cut[sizeof(((WfRefusal *) NULL)->why)];

	stage->refusals++;
	stage->skip_until = TimestampTzPlusMilliseconds(wf_clock(), SKIP_MS);
	stage->nskipped = Min(stage->nskipped + 1, MAX_SKIPPED);
	memmove(&stage->skipped[1], &stage->skipped[0], (stage->nskipped - 1) * sizeof(pg_uuid_t));
	stage->skipped[0] = *row;
	wf_encoding_copy(cut, sizeof(cut), why);
	wf_shmem_report_refusal(wf_stage_specs[id].items, stage->nskipped, row, stage->skip_until, cut);
	ereport(stage->refusals <= LOGGED_REFUSALS ? LOG : DEBUG1,
			(errmsg("could not claim %s %s, it waits: %s", wf_stage_name(id),
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(row))), why)));
}

/*
 * Does the server lack what claims of a stage need?  When none waits for that any
 * more, be it that it is there again or that nothing is left to claim, the trouble
 * is over.
 */
static void
note_short(WfStageId id, bool is_short)
{
	wf_worker.stage[id].is_short = is_short;
	for (int i = 0; i < WF_STAGE_COUNT; i++)
		is_short |= wf_worker.stage[i].is_short;
	if (!is_short)
		wf_worker_end_trouble(false);
}

/*
 * A claim failed.  A conflict passes.  A row that refuses to be updated (a
 * trigger raises, a constraint is violated) is found by claiming one at a time,
 * and passed over for a minute.  Anything else stops the stage until mended.
 */
static void
claim_failed(WfStageId id, const WfClaimRequest *request, const WfDbError *error)
{
	WfWorkerStage *stage = &wf_worker.stage[id];
	TimestampTz now = wf_clock();

	for (int i = 0; i < request->count; i++)
	{
		wf_gateway_leave(request->items[i]);
		wf_queue_free(request->items[i]);
	}
	wf_gateway_forget_plan();
	if (request->items)
		pfree(request->items);
	if (error->sqlstate == 0 && error->message[0] == '\0')
	{
		stage->look = false;	/* there is no such stage here */
		wf_worker_set_stage_blocked(id, "");
		note_short(id, false);
		return;
	}
	wf_worker_reset_picker(id);
	stage->next_claim = TimestampTzPlusMilliseconds(now, CLAIM_RETRY_MS);
	if (wf_db_is_shortage(error->sqlstate))
	{
		stage->next_claim = TimestampTzPlusMilliseconds(now, TROUBLE_RETRY_MS);
		note_short(id, true);
		wf_worker_note_trouble(false, error);
	}
	if (wf_db_is_transient(error->sqlstate))
		return;
	if (wf_db_is_of_a_row(error->sqlstate) && request->has_last && stage->refusals < REFUSALS)
	{
		stage->next_claim = TimestampTzPlusMilliseconds(now, 1);
		stage->careful = CAREFUL_CLAIMS;
		if (request->n == 1)
			skip_row(id, &request->last, error->message);
		return;
	}
	wf_worker_set_stage_blocked(id, error->message);
	stage->look = false;
	stage->refusals = 0;
}

/*
 * Items were passed over because others fetch from their sites, or nobody may
 * for now: look again in time.  An order has some patience with others, and
 * none with what must wait longer.
 */
static void
look_at_passed_over(WfWorkerStage *stage, TimestampTz now, bool claimed)
{
	TimestampTz wake = wf_gate_wake(wf_worker.gate);

	if (claimed || wake == 0)
		stage->passed_since = 0;
	if (wake == 0)
		return;
	wake = Max(wake, TimestampTzPlusMilliseconds(now, 1));
	if (wf_worker.batch)
	{
		if (stage->passed_since == 0)
			stage->passed_since = now;
		if (wake > TimestampTzPlusMilliseconds(now, SITE_RETRY_MS) ||
			TimestampDifferenceExceeds(stage->passed_since, now, WF_GATE_PATIENCE_MS))
			return;
		stage->look = true;
		stage->next_claim = wake;
		return;
	}
	if (stage->next_due == 0 || wake < stage->next_due)
		stage->next_due = wake;
}

/* Has the stage more to claim, and when is it worth another look? */
static void
plan_next_claim(WfStageId id, const ClaimWork *work, TimestampTz now)
{
	WfWorkerStage *stage = &wf_worker.stage[id];
	const WfClaimRequest *request = &work->request;
	TimestampTz scan;

	stage->refusals = 0;
	stage->next_claim = 0;
	if (stage->careful > 0 && request->more)
	{
		stage->careful--;
		stage->next_claim = TimestampTzPlusMilliseconds(now, 1);
	}
	stage->exhausted = !request->more;
	stage->look = request->more;
	stage->held = request->drain || request->held;
	stage->fruitless = request->count == 0 && request->more ? stage->fruitless + 1 : 0;
	if (stage->fruitless > 0)
	{
		/* others have them locked: later, or for an order not at all */
		stage->next_claim = TimestampTzPlusMilliseconds(now, CLAIM_RETRY_MS);
		stage->look = wf_worker.batch == NULL || stage->fruitless < FRUITLESS_CLAIMS;
	}
	if (request->unfinished && !request->more)
	{
		/* results have their turn in between */
		stage->look = stage->exhausted = true;
		return;
	}
	if (request->more)
		return;
	stage->next_due = work->next_due;
	if (stage->next_due != 0 && stage->next_due <= now)
		stage->next_due = TimestampTzPlusMilliseconds(now, LOCKED_RETRY_MS);
	look_at_passed_over(stage, now, request->count > 0);
	if (stage->nskipped > 0 && (stage->next_due == 0 || stage->skip_until < stage->next_due))
		stage->next_due = stage->skip_until;
	scan = wf_pick_next_scan(wf_worker.picker, id);
	if (scan > now && (stage->next_due == 0 || scan < stage->next_due))
		stage->next_due = scan;
}

/*
 * Claim up to n items of a stage and send them.  key_problem: what keeps us from
 * the gateway's key, or NULL.
 */
static void
claim_stage(WfStageId id, int n, const char *key_problem)
{
	WfWorkerStage *stage = &wf_worker.stage[id];
	ClaimWork	work = {0};
	WfClaimRequest *request = &work.request;
	WfDbError	error;
	TimestampTz now = wf_clock();

	if (now >= stage->skip_until)
		stage->nskipped = 0;
	request->picker = wf_worker.picker;
	request->gate = wf_worker.gate;
	request->n = stage->careful > 0 ? 1 : n;
	request->per_domain = wf_curation_max_concurrency_per_host;
	request->may_be_alone = hash_get_num_entries(wf_worker.in_flight) == 0;
	request->may_drain = wf_worker.batch == NULL;
	request->lease_ms = wf_curation_request_timeout + LEASE_MARGIN_MS;
	request->context = wf_worker.item_context;
	request->skip = stage->skipped;
	request->nskip = stage->nskipped;
	request->wishes = &stage->wishes;
	request->key_problem = key_problem;
	if (!wf_worker_run(id, "wf_curation: claiming items", do_claim, &work, &error))
	{
		claim_failed(id, request, &error);
		return;
	}
	wf_worker_set_blocked("");
	wf_worker_set_stage_blocked(id, "");
	/* taking nothing proves nothing, unless there was nothing to take */
	if (request->count > 0 || !request->more)
		note_short(id, false);
	for (int i = 0; i < request->count; i++)
	{
		wf_worker_add_item(request->items[i]);
		if (request->items[i]->put_off)
			wf_worker_put_off(request->items[i], request->items[i]->put_off, PUT_OFF_MS);
	}
	if (wf_link_running(wf_worker.link))
		wf_worker_send_items(request->items, request->count);
	if (request->items)
		pfree(request->items);
	if (wf_worker.batch)
	{
		wf_worker.batch->claimed += request->count;
		wf_worker.budget -= request->count;
	}
	wf_worker.draining = request->drain;
	if (request->drain)
		wf_worker.turn = id;
	plan_next_claim(id, &work, now);
}

/*
 * Fill the free slots.  Stages take turns: each that may have something gets an
 * equal share, and what one leaves the next may have.
 */
void
wf_worker_claim_more(void)
{
	WfStageId	order[WF_STAGE_COUNT];
	TimestampTz now = wf_clock();
	int			ndue = 0;
	const char *problem;
	const char *key_problem = NULL;

	if (!wf_link_running(wf_worker.link) && !wf_link_can_start(&problem))
	{
		wf_worker_set_blocked(problem);
		wf_worker_look(false);
		return;
	}
	if (wf_worker.unready_ends >= UNREADY_ENDS && !wf_link_ready(wf_worker.link))
	{
		/* only a crawler that is ready gets pages again */
		(void) wf_worker_ensure_crawler();
		wf_worker_look(false);
		return;
	}
	for (int i = 0; i < WF_STAGE_COUNT; i++)
	{
		WfStageId	id = (wf_worker.turn + i) % WF_STAGE_COUNT;

		if (stage_is_due(&wf_worker.stage[id], free_slots(), now))
			order[ndue++] = id;
	}
	wf_worker.turn = (wf_worker.turn + 1) % WF_STAGE_COUNT;
	wf_worker.draining = false;
	/* read once, so that the claims and the crawler know the same key */
	if (ndue > 0 && wf_gateway_mode() != WF_GATEWAY_DIRECT)
		key_problem = wf_link_renew_key(wf_worker.link);
	for (int i = 0; i < ndue && free_slots() > 0 && !suspect_has_turn(); i++)
	{
		int			left = ndue - i;

		claim_stage(order[i], Min((free_slots() + left - 1) / left, CLAIM_SIZE), key_problem);
	}
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
	for (int i = 0; i < work->n; i++)
		if (!work->items[i]->sent)
			work->items[i]->credits_used = 0;
	wf_gateway_settle(work->items, work->n);
	wf_gate_write(wf_worker.gate);
}

static void
release_stage(WfStageId id)
{
	ReleaseWork work;
	WfDbError	error;

	work.items = wf_worker_items(id, false, &work.n);
	if (work.n == 0)
		return;
	for (int tries = 0; tries < 3; tries++)
		if (wf_worker_run(id, "wf_curation: giving items back", do_release, &work, &error))
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

/* Give back whatever is being fetched.  The crawler is told to forget it. */
void
wf_worker_release_all(void)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		release_stage(id);
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

static void
cancel_unwanted(WfStageId id)
{
	CheckWork	work;
	WfDbError	error;

	work.items = wf_worker_items(id, false, &work.n);
	if (work.n == 0)
		return;
	work.valid = palloc(work.n * sizeof(bool));
	if (wf_worker_run(id, "wf_curation: looking for cancelled items", do_check, &work, &error))
	{
		for (int i = 0; i < work.n; i++)
		{
			if (work.valid[i])
				continue;
			if (wf_link_running(wf_worker.link))
				(void) wf_link_cancel(wf_worker.link, work.items[i]->token);
			wf_worker_drop_item(work.items[i]);
			wf_worker_look(true);
			if (wf_worker.batch)
				wf_worker.batch->returned++;
		}
	}
	pfree(work.valid);
	pfree(work.items);
}

/*
 * All slots are taken: free those of items that nobody wants any more (they
 * were de-selected, re-queued or deleted), rather than wait for their servers.
 */
void
wf_worker_cancel_unwanted(TimestampTz now)
{
	if (wf_worker.nfetching == 0 || now < wf_worker.next_check || !slots_are_taken())
		return;
	wf_worker.next_check = TimestampTzPlusMilliseconds(now, CHECK_INTERVAL_MS);
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		cancel_unwanted(id);
}

/* Only of what is in flight here: what was given up is left to its lease. */
static void
do_renew(WfStage *stage, void *arg)
{
	int			n;
	WfItem	  **items = wf_worker_items(stage->id, true, &n);

	wf_queue_renew(items, n, wf_curation_request_timeout + LEASE_MARGIN_MS);
}

void
wf_worker_renew_leases(void)
{
	WfDbError	error;
	int			n;

	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		pfree(wf_worker_items(id, true, &n));
		if (n > 0)
			(void) wf_worker_run(id, "wf_curation: renewing leases", do_renew, NULL, &error);
	}
}
