/*-------------------------------------------------------------------------
 *
 * wf_worker.c
 *	  The worker: claims items, has them fetched, stores what came back.
 *
 * Standing and on-demand workers run the same loop; the latter has a budget,
 * a deadline and somebody who waits (wf_batch.h).
 *
 *	wait (latch, crawler's socket, postmaster death)
 *	  → read results → store a group → claim into free slots → send
 *
 * Invariants:
 * 1. Outside wf_db_run there is no transaction, snapshot or lock.  The wait is
 *	  outside, so nothing is ever held while a socket is open.
 * 2. Every claimed item is in in_flight until its result is stored, it was
 *	  given back, or its lease is left to decide.
 * 3. SIGTERM inside a transaction is FATAL at the next interrupt check, and
 *	  the claims are rescued by whoever comes next; outside, the claims are
 *	  given back first, for which there is a second.
 *
 * Memory: WfItemContext holds items; WfGroupContext results until stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "wf_batch.h"
#include "wf_curation.h"
#include "wf_db.h"
#include "wf_encoding.h"
#include "wf_guc.h"
#include "wf_link.h"
#include "wf_queue.h"
#include "wf_shmem.h"
#include "wf_store.h"
#include "wf_sweep.h"
#include "wf_worker.h"

#define GROUP_SIZE			64		/* results stored in one transaction at most */
#define GROUP_DELAY_MS		4		/* how long a result waits for company */
#define UNSHARED_POLL_MS	1000	/* poll interval where commits cannot wake us */
#define BLOCKED_POLL_MS		5000	/* look again whether a blocked stage can run */
#define STORE_RETRY_MS		500
#define CLAIM_RETRY_MS		200
#define LOCKED_RETRY_MS		1000	/* others hold the rows that are due */
#define FRUITLESS_CLAIMS	3		/* in a row, before an order is finished */
#define CAREFUL_CLAIMS		256		/* of one item each, after a row refused */
#define MAX_SKIPPED			64		/* rows that refuse to be claimed, remembered */
#define SKIP_MS				60000
#define REFUSALS			8		/* in a row: it is not the rows */
#define SWEEP_INTERVAL_MS	60000
#define HANG_CHECK_MS		1000
#define CHECK_INTERVAL_MS	1000	/* between looks for cancelled pages */
#define UNREADY_ENDS		3		/* of crawlers in a row: the program is broken */
#define MAX_RESENDS			10		/* of one item to new crawlers */
#define LEASE_MARGIN_MS		60000	/* beyond request_timeout */
#define END_LIMIT_MS		1000	/* for giving back, when somebody waits for the end */
#define END_AGAIN_MS		100

PGDLLEXPORT void wf_worker_main(Datum main_arg);

typedef struct InFlight
{
	uint64		token;			/* hash key */
	WfItem	   *item;
} InFlight;

typedef struct Worker
{
	WfWorkerArgs args;
	WfBatch    *batch;			/* NULL: standing */
	int			budget;			/* items an on-demand worker may still claim */
	Oid			owner;			/* of the stage when last seen */
	WfLink	   *link;
	WfPicker   *picker;
	HTAB	   *in_flight;
	MemoryContext item_context;
	MemoryContext group_context;
	MemoryContext turn_context;	/* current outside transactions, reset each turn */
	WfResult  **pending;		/* results not yet stored */
	int			npending;
	int			pending_room;
	int			failed_stores;	/* of the pending at the head, in a row */
	int			nfetching;		/* in flight and without a result */
	bool		look;			/* there may be something to claim */
	bool		exhausted;		/* the last look found less than wanted */
	TimestampTz pending_since;
	TimestampTz next_store;		/* not before; 0: at once */
	TimestampTz next_claim;		/* likewise */
	TimestampTz next_poll;
	TimestampTz next_due;		/* earliest retry known; 0: none */
	TimestampTz next_sweep;
	TimestampTz next_renew;
	TimestampTz next_hang_check;
	TimestampTz next_check;
	TimestampTz next_start;		/* of the crawler, after failures */
	int			start_failures;
	int			unready_ends;	/* of crawlers in a row before they were ready */
	int			fruitless;		/* claims in a row that found locked rows only */
	int			careful;		/* claims of one item each that remain */
	int			refusals;		/* rows in a row that refused to be claimed */
	int			nskipped;
	pg_uuid_t	skipped[MAX_SKIPPED];
	TimestampTz skip_until;
	uint64		pages;
	char		blocked[256];	/* why nothing is processed; empty: it is */
	WaitEventSet *events;
	int			events_socket;	/* the socket in events, -1 none */
	int			socket_position;
} Worker;

static Worker worker;
static uint32 wait_event_cache = 0;

static volatile sig_atomic_t got_sigterm = false;
static volatile sig_atomic_t got_stop = false;
static volatile sig_atomic_t in_transaction = false;
static volatile sig_atomic_t ending = false;

static void
handle_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	got_sigterm = true;
	/* pages being given back are worth the wait, which is bounded */
	if (in_transaction && !ending)
		die(postgres_signal_arg);
	SetLatch(MyLatch);
	errno = save_errno;
}

/*
 * lock_timeout arrives as SIGINT, like pg_cancel_backend(); between
 * transactions there is nothing to cancel.
 */
static void
handle_sigint(SIGNAL_ARGS)
{
	if (in_transaction)
		StatementCancelHandler(postgres_signal_arg);
}

/* Timeout handler: whatever a lock or a trigger keeps us in, it ends here. */
static void
end_now(void)
{
	if (in_transaction)
		die(SIGTERM);
}

static void
handle_stop(SIGNAL_ARGS)
{
	int			save_errno = errno;

	got_stop = true;
	SetLatch(MyLatch);
	errno = save_errno;
}

/* ------------------------------------------------------------------------
 * Transactions on the stage
 * ------------------------------------------------------------------------
 */

typedef struct StageWork
{
	void		(*work) (WfStage *stage, void *arg);
	void	   *arg;
	Oid			owner;			/* whose rights the transaction has */
	Oid			wanted;			/* whose it should have; differs: try again */
	const char *problem;
} StageWork;

static void
do_stage_work(void *arg)
{
	StageWork  *work = arg;
	WfStage    *stage = wf_stage_get(&work->problem);

	work->wanted = stage ? stage->owner : InvalidOid;
	if (stage != NULL && work->owner == work->wanted)
		work->work(stage, work->arg);
}

static void
set_blocked(const char *why)
{
	char		text[sizeof(worker.blocked)];

	wf_encoding_copy(text, sizeof(text), why);
	if (strcmp(worker.blocked, text) == 0)
		return;
	strcpy(worker.blocked, text);
	if (*why)
	{
		worker.next_poll = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   Min(BLOCKED_POLL_MS, wf_curation_poll_interval));
		ereport(LOG,
				(errmsg("wf_curation processes nothing in database %u: %s",
						MyDatabaseId, why)));
	}
	else
		ereport(LOG,
				(errmsg("wf_curation processes again in database %u", MyDatabaseId)));
}

/* Start picking anew; only what is in flight counts against its domain. */
static void
reset_picker(void)
{
	HASH_SEQ_STATUS seq;
	InFlight   *entry;

	wf_pick_reset(worker.picker);
	hash_seq_init(&seq, worker.in_flight);
	while ((entry = hash_seq_search(&seq)) != NULL)
		wf_pick_reserve(worker.picker, entry->item->domain);
}

/* The tables or whose rights changed: nothing planned or picked is valid. */
static void
forget_plans(void)
{
	wf_queue_reset();
	wf_store_reset();
	wf_sweep_reset();
	reset_picker();
}

/*
 * Run work on the stage in a transaction with the rights it needs.  False if
 * that failed (*error) or the stage cannot run (worker.blocked; error->sqlstate
 * is 0 then).
 */
static bool
run_on_stage(const char *activity, void (*work) (WfStage *stage, void *arg), void *arg,
			 WfDbError *error)
{
	StageWork	stage_work = {work, arg};

	for (int tries = 0; tries < 3; tries++)
	{
		bool		ok;

		stage_work.owner = worker.owner;
		in_transaction = true;
		ok = wf_db_run(activity, worker.owner, do_stage_work, &stage_work, error);
		in_transaction = false;
		if (!ok)
		{
			/* something may have been renamed or made anew under us */
			wf_stage_reset();
			if (!wf_db_is_transient(error->sqlstate))
				forget_plans();
			return false;
		}
		if (stage_work.wanted == worker.owner && OidIsValid(worker.owner))
			return true;
		if (!OidIsValid(worker.owner))
			worker.next_sweep = 0;	/* who knows what happened meanwhile */
		worker.owner = stage_work.wanted;
		forget_plans();
		if (!OidIsValid(worker.owner))
			break;
	}
	error->sqlstate = 0;
	error->message = (char *) (stage_work.problem ? stage_work.problem : "the tables keep changing");
	return false;
}

static void
report_state(void)
{
	WfWorkerState state = worker.blocked[0] ? WF_WORKER_BLOCKED :
		hash_get_num_entries(worker.in_flight) > 0 ? WF_WORKER_BUSY : WF_WORKER_IDLE;

	wf_shmem_report(state, (int) hash_get_num_entries(worker.in_flight),
					wf_link_pid(worker.link), worker.pages);
}

/* ------------------------------------------------------------------------
 * Items
 * ------------------------------------------------------------------------
 */

static void
add_in_flight(WfItem *item)
{
	InFlight   *entry = hash_search(worker.in_flight, &item->token, HASH_ENTER, NULL);

	entry->item = item;
	worker.nfetching++;
}

/* The item is no longer ours to care for. */
static void
drop_item(WfItem *item)
{
	hash_search(worker.in_flight, &item->token, HASH_REMOVE, NULL);
	wf_pick_release(worker.picker, item->domain);
	if (!item->ended)
		worker.nfetching--;
	wf_queue_free(item);
}

/* False when the crawler cannot take it. */
static bool
send_item(WfItem *item)
{
	WfFetchMessage fetch = {0};

	fetch.seq = item->token;
	fetch.url = (WfSlice) {item->url, strlen(item->url)};
	if (item->domain_name)
		fetch.domain = (WfSlice) {item->domain_name, strlen(item->domain_name)};
	return wf_link_fetch(worker.link, &fetch);
}

static void
add_pending(WfResult *result)
{
	if (worker.npending == worker.pending_room)
	{
		worker.pending_room = Max(worker.pending_room * 2, 256);
		if (worker.pending)
			worker.pending = repalloc(worker.pending, worker.pending_room * sizeof(WfResult *));
		else
			worker.pending = MemoryContextAlloc(TopMemoryContext,
												worker.pending_room * sizeof(WfResult *));
	}
	if (worker.npending == 0)
		worker.pending_since = GetCurrentTimestamp();
	worker.pending[worker.npending++] = result;
	result->item->ended = true;
	worker.nfetching--;
}

/* WfResultHandler */
static void
handle_result(const WfResultMessage *message, void *arg)
{
	InFlight   *entry = hash_search(worker.in_flight, &message->seq, HASH_FIND, NULL);
	MemoryContext old;

	if (entry == NULL || entry->item->ended)
		return;					/* cancelled, or an answer nobody asked for */
	old = MemoryContextSwitchTo(worker.group_context);
	add_pending(wf_store_result(entry->item, message));
	MemoryContextSwitchTo(old);
}

static void
fail_item(WfItem *item, WfOutcome outcome, const char *error)
{
	MemoryContext old = MemoryContextSwitchTo(worker.group_context);

	add_pending(wf_store_failure(item, outcome, error));
	MemoryContextSwitchTo(old);
}

/* Items in flight, or just those without a result, in the current memory context. */
static WfItem **
items_in_flight(bool ended, int *n)
{
	WfItem	  **items = palloc((hash_get_num_entries(worker.in_flight) + 1) * sizeof(WfItem *));
	HASH_SEQ_STATUS seq;
	InFlight   *entry;

	*n = 0;
	hash_seq_init(&seq, worker.in_flight);
	while ((entry = hash_seq_search(&seq)) != NULL)
		if (ended || !entry->item->ended)
			items[(*n)++] = entry->item;
	return items;
}

static WfItem **
fetching_items(int *n)
{
	return items_in_flight(false, n);
}

/*
 * Send items that wait for the crawler.  What it cannot take ends here: it
 * would be in flight for ever.
 */
static void
send_items(WfItem **items, int n)
{
	char		error[200];

	for (int i = 0; i < n; i++)
	{
		if (items[i]->ended || send_item(items[i]))
			continue;
		if (strlen(items[i]->url) > WF_MAX_URL)
		{
			snprintf(error, sizeof(error), "invalid URL: longer than %d bytes", WF_MAX_URL);
			fail_item(items[i], WF_OUTCOME_BAD_URL, error);
		}
		else
			fail_item(items[i], WF_OUTCOME_CRASH, "the crawler could not take the request");
	}
}

/* ------------------------------------------------------------------------
 * The crawler
 * ------------------------------------------------------------------------
 */

/*
 * The socket was closed: the set knows it by number only, and the next
 * crawler's may have the same.
 */
static void
forget_wait_events(void)
{
	if (worker.events)
		FreeWaitEventSet(worker.events);
	worker.events = NULL;
}

static void release_all(void);

/*
 * The crawler ends again and again before it is ready (a library is missing,
 * say): no page is to blame.  They go back; one crawler that is ready, tried
 * every now and then, ends this.
 */
static void
crawler_is_broken(void)
{
	char		why[200];

	snprintf(why, sizeof(why), "the crawler program does not start (%s); see the server log",
			 wf_link_last_end(worker.link));
	worker.next_start = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), BLOCKED_POLL_MS);
	set_blocked(why);
	worker.look = false;
	release_all();
}

/*
 * The crawler is gone or must go.  The item it was handling has had its
 * attempt; the others are sent to the next crawler.
 */
static void
end_crawler(const char *why)
{
	bool		was_ready = wf_link_ready(worker.link);
	uint64		blamed = wf_link_stop(worker.link);
	WfItem	  **items;
	int			n;
	char		error[200];

	forget_wait_events();
	if (!was_ready && ++worker.unready_ends >= UNREADY_ENDS)
	{
		crawler_is_broken();
		return;
	}
	ereport(LOG, (errmsg("crawler ended (%s): %s", wf_link_last_end(worker.link), why)));
	items = fetching_items(&n);
	for (int i = 0; i < n; i++)
	{
		if (items[i]->token == blamed || ++items[i]->resends > MAX_RESENDS)
		{
			snprintf(error, sizeof(error), "the crawler ended (%s) while it handled this page",
					 wf_link_last_end(worker.link));
			fail_item(items[i], WF_OUTCOME_CRASH, error);
		}
	}
	pfree(items);
}

static void
update_wait_events(void)
{
	int			fd = wf_link_socket(worker.link);

	if (worker.events && worker.events_socket == fd)
	{
		if (fd >= 0)
			ModifyWaitEvent(worker.events, worker.socket_position, WL_SOCKET_READABLE |
							(wf_link_wants_write(worker.link) ? WL_SOCKET_WRITEABLE : 0), NULL);
		return;
	}
	/* there is no removing of events */
	if (worker.events)
		FreeWaitEventSet(worker.events);
	worker.events = wf_create_wait_event_set(3);
	AddWaitEventToSet(worker.events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(worker.events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	if (fd >= 0)
		worker.socket_position = AddWaitEventToSet(worker.events, WL_SOCKET_READABLE, fd, NULL, NULL);
	worker.events_socket = fd;
}

/* Start the crawler if it is needed and not there; send what it must fetch. */
static bool
ensure_crawler(void)
{
	const char *problem;
	TimestampTz now = GetCurrentTimestamp();
	WfItem	  **items;
	int			n;

	if (wf_link_running(worker.link))
		return true;
	if (now < worker.next_start)
		return false;
	if (!wf_link_start(worker.link, &problem))
	{
		worker.next_start = TimestampTzPlusMilliseconds(now, BLOCKED_POLL_MS);
		set_blocked(problem);
		release_all();
		return false;
	}
	/* one that dies at once is started again, but not in a tight loop */
	worker.start_failures = Min(worker.start_failures + 1, 8);
	worker.next_start = TimestampTzPlusMilliseconds(now, 10 << worker.start_failures);
	items = fetching_items(&n);
	send_items(items, n);
	pfree(items);
	return true;
}

static void
watch_crawler(TimestampTz now)
{
	if (!wf_link_running(worker.link) || worker.nfetching == 0 || now < worker.next_hang_check)
		return;
	worker.next_hang_check = TimestampTzPlusMilliseconds(now, HANG_CHECK_MS);
	if (wf_link_is_hung(worker.link, now))
		end_crawler("it was stuck");
}

static void
talk_to_crawler(bool readable)
{
	uint64		before = worker.npending;

	if (!wf_link_running(worker.link))
		return;
	if (readable && !wf_link_read(worker.link))
	{
		end_crawler("connection lost");
		return;
	}
	if (worker.unready_ends > 0 && wf_link_ready(worker.link))
	{
		worker.unready_ends = 0;
		worker.look = true;
	}
	if (worker.npending > (int) before)
	{
		worker.start_failures = 0;
		worker.next_start = 0;
	}
	if (!wf_link_write(worker.link))
		end_crawler("connection lost");
}

/* ------------------------------------------------------------------------
 * Store
 * ------------------------------------------------------------------------
 */

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

	wf_store_group(stage, work->results, work->n, &work->counts);
}

static void
count_stored(const StoreWork *work)
{
	const WfStoreCounts *c = &work->counts;

	worker.pages += work->n;
	if (c->next_due != 0 && (worker.next_due == 0 || c->next_due < worker.next_due))
		worker.next_due = c->next_due;
	if (worker.batch)
	{
		worker.batch->completed += c->completed;
		worker.batch->failed += c->failed + c->retried;
		worker.batch->returned += c->dropped;
		worker.batch->contacts += c->contacts;
	}
	for (int i = 0; i < work->n; i++)
		drop_item(work->results[i]->item);
	worker.look = true;
}

static bool
try_store(WfResult **results, int n, WfDbError *error)
{
	StoreWork	work = {results, n};

	if (!run_on_stage("wf_curation: storing results", do_store, &work, error))
	{
		ereport(error->sqlstate == 0 || wf_db_is_transient(error->sqlstate) ? DEBUG1 : LOG,
				(errmsg("could not store %d results: %s", n, error->message)));
		return false;
	}
	count_stored(&work);
	return true;
}

/* A result whose lease is over is somebody else's business. */
static bool
give_up(WfResult *result, const char *why)
{
	if (!TimestampDifferenceExceeds(result->item->claimed_at, GetCurrentTimestamp(),
									wf_curation_request_timeout + LEASE_MARGIN_MS))
		return false;
	ereport(LOG,
			(errmsg("result given up, its lease will decide: %s", why)));
	drop_item(result->item);
	return true;
}

/*
 * One result that could not be stored with others.  False: it must wait.  An
 * error of its own ends it with that as its reason; a conflict is tried again
 * until its lease is over, which then decides.
 */
static bool
store_single(WfResult *result)
{
	WfDbError	error;
	MemoryContext old;
	char		text[WF_MAX_ERROR] = "could not store the result: ";
	size_t		len = strlen(text);

	if (try_store(&result, 1, &error))
		return true;
	if (give_up(result, error.message))
		return true;
	if (error.sqlstate == 0 || wf_db_is_transient(error.sqlstate) ||
		result->outcome == WF_OUTCOME_STORE)
		return false;
	wf_encoding_copy_utf8(text + len, sizeof(text) - len, error.message);
	old = MemoryContextSwitchTo(worker.group_context);
	result = wf_store_failure(result->item, WF_OUTCOME_STORE, text);
	MemoryContextSwitchTo(old);
	return try_store(&result, 1, &error);
}

/* Store up to GROUP_SIZE pending results; what cannot be stored stays. */
static void
store_pending(void)
{
	int			n = Min(worker.npending, GROUP_SIZE);
	int			kept = 0;
	WfDbError	error;

	if (n == 0)
		return;
	if (!try_store(worker.pending, n, &error))
	{
		for (int i = 0; i < n; i++)
			if (error.sqlstate == 0 ? !give_up(worker.pending[i], error.message) :
				!store_single(worker.pending[i]))
				worker.pending[kept++] = worker.pending[i];
	}
	memmove(worker.pending + kept, worker.pending + n,
			(worker.npending - n) * sizeof(WfResult *));
	worker.npending -= n - kept;
	worker.next_store = kept == 0 ? 0 :
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), STORE_RETRY_MS);
	if (worker.npending == 0)
		MemoryContextReset(worker.group_context);
}

/* Results that could not be stored in time: their items are given back, too. */
static void
forget_pending(void)
{
	for (int i = 0; i < worker.npending; i++)
	{
		worker.pending[i]->item->ended = false;
		worker.nfetching++;
	}
	worker.npending = 0;
	MemoryContextReset(worker.group_context);
}

static bool
store_is_due(TimestampTz now)
{
	if (worker.npending == 0 || now < worker.next_store)
		return false;
	return worker.npending >= GROUP_SIZE / 2 || worker.nfetching == 0 ||
		TimestampDifferenceExceeds(worker.pending_since, now, GROUP_DELAY_MS);
}

/* ------------------------------------------------------------------------
 * Claim and release
 * ------------------------------------------------------------------------
 */

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
	int			slots = wf_curation_max_concurrency - (int) hash_get_num_entries(worker.in_flight);

	if (worker.batch)
		slots = Min(slots, worker.budget);
	return Max(slots, 0);
}

static bool
slots_are_taken(void)
{
	return hash_get_num_entries(worker.in_flight) >= wf_curation_max_concurrency;
}

/* Is there something, and enough room that a claim is worth a transaction? */
static bool
claim_is_due(void)
{
	int			slots = free_slots();
	InFlight   *entry;
	HASH_SEQ_STATUS seq;

	if (!worker.look || slots == 0 || GetCurrentTimestamp() < worker.next_claim ||
		 !wf_curation_enabled || got_sigterm || got_stop)
		return false;
	if (worker.nfetching == 1)
	{
		/* a suspect is alone in flight */
		hash_seq_init(&seq, worker.in_flight);
		entry = hash_seq_search(&seq);
		hash_seq_term(&seq);
		if (entry->item->alone)
			return false;
	}
	return worker.exhausted || slots >= Min(wf_curation_max_concurrency / 4, 16) ||
		worker.nfetching == 0;
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
	reset_picker();
	worker.next_claim = TimestampTzPlusMilliseconds(now, CLAIM_RETRY_MS);
	if (wf_db_is_transient(error->sqlstate))
		return;
	if (is_of_a_row(error->sqlstate) && request->has_last && worker.refusals < REFUSALS)
	{
		worker.next_claim = TimestampTzPlusMilliseconds(now, 1);
		worker.careful = CAREFUL_CLAIMS;
		if (request->n > 1)
			return;
		worker.refusals++;
		worker.skip_until = TimestampTzPlusMilliseconds(now, SKIP_MS);
		worker.nskipped = Min(worker.nskipped + 1, MAX_SKIPPED);
		memmove(&worker.skipped[1], &worker.skipped[0], (worker.nskipped - 1) * sizeof(pg_uuid_t));
		worker.skipped[0] = request->last;
		ereport(LOG,
				(errmsg("could not claim page %s, it waits: %s",
						DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&request->last))),
						error->message)));
		return;
	}
	set_blocked(error->message);
	worker.look = false;
	worker.refusals = 0;
}

static void
claim_more(void)
{
	ClaimWork	work = {0};
	WfDbError	error;
	TimestampTz now = GetCurrentTimestamp();
	const char *problem;

	if (!wf_link_running(worker.link) && !wf_link_can_start(&problem))
	{
		set_blocked(problem);
		worker.look = false;
		return;
	}
	if (worker.unready_ends >= UNREADY_ENDS && !wf_link_ready(worker.link))
	{
		/* only a crawler that is ready gets pages again */
		(void) ensure_crawler();
		worker.look = false;
		return;
	}
	if (now >= worker.skip_until)
		worker.nskipped = 0;
	work.request.picker = worker.picker;
	work.request.n = worker.careful > 0 ? 1 : Min(free_slots(), 256);
	work.request.per_domain = wf_curation_max_concurrency_per_host;
	work.request.may_be_alone = hash_get_num_entries(worker.in_flight) == 0;
	work.request.may_drain = worker.batch == NULL;
	work.request.lease_ms = wf_curation_request_timeout + LEASE_MARGIN_MS;
	work.request.context = worker.item_context;
	work.request.skip = worker.skipped;
	work.request.nskip = worker.nskipped;
	if (!run_on_stage("wf_curation: claiming pages", do_claim, &work, &error))
	{
		claim_failed(&work.request, &error);
		return;
	}
	set_blocked("");
	for (int i = 0; i < work.request.count; i++)
		add_in_flight(work.request.items[i]);
	if (wf_link_running(worker.link))
		send_items(work.request.items, work.request.count);
	if (work.request.items)
		pfree(work.request.items);
	if (worker.batch)
	{
		worker.batch->claimed += work.request.count;
		worker.budget -= work.request.count;
	}
	worker.refusals = 0;
	worker.next_claim = 0;
	if (worker.careful > 0 && work.request.more)
	{
		worker.careful--;
		worker.next_claim = TimestampTzPlusMilliseconds(now, 1);
	}
	worker.exhausted = !work.request.more;
	worker.look = work.request.more;
	worker.fruitless = work.request.count == 0 && work.request.more ? worker.fruitless + 1 : 0;
	if (worker.fruitless > 0)
	{
		/* others have them locked: later, or for an order not at all */
		worker.next_claim = TimestampTzPlusMilliseconds(now, CLAIM_RETRY_MS);
		worker.look = worker.batch == NULL || worker.fruitless < FRUITLESS_CLAIMS;
	}
	if (work.request.more)
		return;
	worker.next_due = work.next_due;
	if (worker.next_due != 0 && worker.next_due <= now)
		worker.next_due = TimestampTzPlusMilliseconds(now, LOCKED_RETRY_MS);
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
static void
release_all(void)
{
	ReleaseWork work;
	WfDbError	error;

	work.items = fetching_items(&work.n);
	if (work.n == 0)
		return;
	for (int tries = 0; tries < 3; tries++)
		if (run_on_stage("wf_curation: giving pages back", do_release, &work, &error))
			break;
	for (int i = 0; i < work.n; i++)
	{
		if (wf_link_running(worker.link))
			(void) wf_link_cancel(worker.link, work.items[i]->token);
		drop_item(work.items[i]);
	}
	if (worker.batch)
		worker.batch->returned += work.n;
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
static void
cancel_unwanted(TimestampTz now)
{
	CheckWork	work;
	WfDbError	error;

	if (worker.nfetching == 0 || now < worker.next_check || !slots_are_taken())
		return;
	worker.next_check = TimestampTzPlusMilliseconds(now, CHECK_INTERVAL_MS);
	work.items = fetching_items(&work.n);
	work.valid = palloc(work.n * sizeof(bool));
	if (run_on_stage("wf_curation: looking for cancelled pages", do_check, &work, &error))
	{
		for (int i = 0; i < work.n; i++)
		{
			if (work.valid[i])
				continue;
			if (wf_link_running(worker.link))
				(void) wf_link_cancel(worker.link, work.items[i]->token);
			drop_item(work.items[i]);
			worker.look = true;
			if (worker.batch)
				worker.batch->returned++;
		}
	}
	pfree(work.valid);
	pfree(work.items);
}

/* Only of what is in flight here: what was given up is left to its lease. */
static void
do_renew(WfStage *stage, void *arg)
{
	int			n;
	WfItem	  **items = items_in_flight(true, &n);

	wf_queue_renew(items, n, wf_curation_request_timeout + LEASE_MARGIN_MS);
}

/* ------------------------------------------------------------------------
 * The loop
 * ------------------------------------------------------------------------
 */

static int
poll_interval(void)
{
	if (worker.blocked[0])
		return Min(BLOCKED_POLL_MS, wf_curation_poll_interval);
	if (!wf_shmem_available())
		return Min(UNSHARED_POLL_MS, wf_curation_poll_interval);
	return wf_curation_poll_interval;
}

static void
handle_timers(TimestampTz now)
{
	WfSweepCounts counts = {0};
	WfDbError	error;

	if (now >= worker.next_poll)
	{
		worker.look = true;
		worker.next_poll = TimestampTzPlusMilliseconds(now, poll_interval());
	}
	if (worker.next_due != 0 && now >= worker.next_due)
	{
		worker.look = true;
		worker.next_due = 0;
	}
	if (worker.batch == NULL && now >= worker.next_sweep)
	{
		worker.next_sweep = TimestampTzPlusMilliseconds(now, SWEEP_INTERVAL_MS);
		in_transaction = true;
		wf_sweep_run(false, &counts);
		in_transaction = false;
		worker.look = true;
	}
	if (now >= worker.next_renew)
	{
		int			lease = wf_curation_request_timeout + LEASE_MARGIN_MS;

		if (worker.next_renew != 0 && hash_get_num_entries(worker.in_flight) > 0)
			(void) run_on_stage("wf_curation: renewing leases", do_renew, NULL, &error);
		worker.next_renew = TimestampTzPlusMilliseconds(now, lease / 3);
	}
	watch_crawler(now);
	cancel_unwanted(now);
}

static long
until(TimestampTz now, TimestampTz then, long limit)
{
	if (then == 0)
		return limit;
	return Min(limit, Max(0, TimestampDifferenceMilliseconds(now, then)));
}

/* How long the wait may last, in ms. */
static long
wait_timeout(TimestampTz now)
{
	long		limit = 60000;

	limit = until(now, worker.next_poll, limit);
	limit = until(now, worker.next_due, limit);
	limit = until(now, worker.next_renew, limit);
	if (worker.batch)
		limit = until(now, worker.batch->deadline, limit);
	else
		limit = until(now, worker.next_sweep, limit);
	if (worker.look && worker.next_claim > now)
		limit = until(now, worker.next_claim, limit);
	if (worker.npending > 0)
		limit = until(now, Max(worker.next_store,
							   TimestampTzPlusMilliseconds(worker.pending_since, GROUP_DELAY_MS)), limit);
	if (worker.nfetching > 0)
		limit = until(now, wf_link_running(worker.link) ? worker.next_hang_check : Max(worker.next_start, now), limit);
	/* a difference rounds down: never spin through the last millisecond */
	return Max(limit, 1);
}

static void
wait_for_events(void)
{
	WaitEvent	events[3];
	int			n;
	bool		readable = false;

	update_wait_events();
	report_state();
	n = WaitEventSetWait(worker.events, wait_timeout(GetCurrentTimestamp()), events, lengthof(events),
						 wf_wait_event(&wait_event_cache, "WfWorkerMain"));
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			worker.look = true;
			worker.exhausted = true;	/* whoever woke us expects a look now */
		}
		if (events[i].events & (WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE))
			readable |= (events[i].events & WL_SOCKET_READABLE) != 0;
	}
	talk_to_crawler(readable);
}

static void
reload_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	wf_stage_reset();
	if (wf_link_running(worker.link))
		wf_link_configure(worker.link);
	worker.look = true;
}

/* Nothing in flight, nothing to store: nothing more to do for an order? */
static bool
order_is_finished(void)
{
	if (hash_get_num_entries(worker.in_flight) > 0)
		return false;
	return worker.budget == 0 || !worker.look || !wf_curation_enabled;
}

/* Has the time of this worker come to stop fetching? */
static bool
must_stop(void)
{
	if (got_sigterm || got_stop)
		return true;
	if (worker.batch == NULL)
		return false;
	return pg_atomic_read_u32(&worker.batch->stop) != 0 ||
		GetCurrentTimestamp() >= worker.batch->deadline;
}

/* One turn: everything that can be done without waiting. */
static void
do_turn(void)
{
	reload_settings();
	handle_timers(GetCurrentTimestamp());
	if (store_is_due(GetCurrentTimestamp()))
		store_pending();
	if (claim_is_due())
		claim_more();
	if (worker.nfetching > 0 && ensure_crawler() && !wf_link_write(worker.link))
		end_crawler("connection lost");
}

/*
 * The server shuts down, or the caller is gone: what is left to do must not
 * take long.  The timeout comes again in case it finds us between transactions.
 */
static void
limit_the_end(void)
{
	TimestampTz limit = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), END_LIMIT_MS);

	if (!got_sigterm && !(worker.batch && pg_atomic_read_u32(&worker.batch->stop) != 0))
		return;
	ending = true;
	enable_timeout_every(RegisterTimeout(USER_TIMEOUT, end_now), limit, END_AGAIN_MS);
}

static void
run_loop(void)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(worker.turn_context);
		do_turn();
		if (must_stop())
			break;
		if (worker.batch && order_is_finished())
			break;
		wait_for_events();
	}
	limit_the_end();
	/* results that are here are kept, the rest goes back */
	for (int before = INT_MAX; worker.npending > 0 && worker.npending < before;)
	{
		before = worker.npending;
		store_pending();
	}
	forget_pending();
	release_all();
	(void) wf_link_stop(worker.link);
}

/* ------------------------------------------------------------------------
 * Start and end
 * ------------------------------------------------------------------------
 */

static void
create_worker(void)
{
	HASHCTL		ctl = {0};

	worker.item_context = AllocSetContextCreate(TopMemoryContext, "WfItemContext",
												ALLOCSET_DEFAULT_SIZES);
	worker.group_context = AllocSetContextCreate(TopMemoryContext, "WfGroupContext",
												 ALLOCSET_DEFAULT_SIZES);
	ctl.keysize = sizeof(uint64);
	ctl.entrysize = sizeof(InFlight);
	worker.in_flight = hash_create("wf_curation in flight", 256, &ctl, HASH_ELEM | HASH_BLOBS);
	worker.picker = wf_pick_create();
	worker.link = wf_link_create(handle_result, NULL);
	worker.events_socket = -1;
	worker.look = true;
	worker.exhausted = true;
	worker.turn_context = AllocSetContextCreate(TopMemoryContext, "WfWorkerContext",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(worker.turn_context);
}

/* The caller's segment, mapped for the life of this process. */
static void
attach_batch(void)
{
	dsm_segment *segment = dsm_attach(worker.args.batch);

	if (segment == NULL)
		proc_exit(0);			/* the caller has gone already */
	dsm_pin_mapping(segment);
	worker.batch = dsm_segment_address(segment);
	if (worker.batch->magic != WF_BATCH_MAGIC)
		elog(ERROR, "bad magic number in dynamic shared memory segment");
	worker.batch->worker = &MyProc->procLatch;
	worker.budget = worker.batch->budget;
}

static void
answer_batch(void)
{
	WfBatch    *batch = worker.batch;

	if (worker.blocked[0] && batch->kind == WF_BATCH_PROCESS)
	{
		batch->sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		strlcpy(batch->message, worker.blocked, sizeof(batch->message));
		strlcpy(batch->hint, "SELECT * FROM wf_health() tells what to do.", sizeof(batch->hint));
	}
	pg_write_barrier();
	pg_atomic_write_u32(&batch->done, 1);
	SetLatch(batch->caller);
}

/* An order to sweep, or a batch that comes when a sweep is due. */
static void
sweep_for_batch(void)
{
	in_transaction = true;
	(void) wf_sweep_rescue(&worker.batch->sweep);
	wf_sweep_run(worker.batch->kind == WF_BATCH_HEAL, &worker.batch->sweep);
	in_transaction = false;
}

static void
run_standing(void)
{
	WfSweepCounts counts = {0};

	in_transaction = true;
	(void) wf_sweep_rescue(&counts);
	in_transaction = false;
	run_loop();
}

static void
set_up_process(void)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, handle_sigterm);
	pqsignal(SIGINT, handle_sigint);
	pqsignal(SIGUSR2, handle_stop);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(worker.args.database, InvalidOid, 0);
	wf_db_init();
}

/* Entry point of the background worker (bgw_function_name). */
void
wf_worker_main(Datum main_arg)
{
	memcpy(&worker.args, MyBgworkerEntry->bgw_extra, sizeof(worker.args));
	if (IsBinaryUpgrade)
		proc_exit(0);
	in_transaction = true;		/* until connected, SIGTERM is FATAL */
	set_up_process();
	in_transaction = false;
	create_worker();
	(void) wf_shmem_attach_worker(worker.args.batch != DSM_HANDLE_INVALID);
	if (worker.args.batch == DSM_HANDLE_INVALID)
		run_standing();
	else
	{
		attach_batch();
		sweep_for_batch();
		if (worker.batch->kind == WF_BATCH_PROCESS)
			run_loop();
		answer_batch();
	}
	/* exit code 1 asks for a restart (LESSON 13) */
	proc_exit(got_sigterm && !got_stop && worker.batch == NULL ? 1 : 0);
}

void
wf_worker_describe(BackgroundWorker *bgw, const WfWorkerArgs *args, int restart_seconds)
{
	memset(bgw, 0, sizeof(*bgw));
	bgw->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	bgw->bgw_start_time = BgWorkerStart_RecoveryFinished;
	bgw->bgw_restart_time = restart_seconds;
	snprintf(bgw->bgw_library_name, sizeof(bgw->bgw_library_name), "wf_curation");
	snprintf(bgw->bgw_function_name, sizeof(bgw->bgw_function_name), "wf_worker_main");
	snprintf(bgw->bgw_name, sizeof(bgw->bgw_name), "wf_curation %s worker for database %u",
			 args->batch == DSM_HANDLE_INVALID ? "standing" : "on-demand", args->database);
	snprintf(bgw->bgw_type, sizeof(bgw->bgw_type), "%s",
			 args->batch == DSM_HANDLE_INVALID ? WF_WORKER_TYPE : WF_BATCH_WORKER_TYPE);
	StaticAssertStmt(sizeof(WfWorkerArgs) <= BGW_EXTRALEN, "arguments do not fit bgw_extra");
	memcpy(bgw->bgw_extra, args, sizeof(*args));
}
