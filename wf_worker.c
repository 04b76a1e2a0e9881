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
 * 3. SIGTERM cancels a transaction at the next interrupt check; then results
 *	  that are here are stored and the other claims given back, for which there
 *	  is a second.  If that does not suffice, whoever comes next rescues them.
 *
 * The parts: wf_worker_stage.c (transactions), wf_worker_claim.c,
 * wf_worker_flight.c (items in flight, crawler), wf_worker_store.c; here are the
 * loop, its timers, start and end.
 *
 * Memory: WfItemContext holds items; WfGroupContext results until stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "wf_compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
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

#include "wf_db.h"
#include "wf_guc.h"
#include "wf_shmem.h"
#include "wf_single_fetch.h"
#include "wf_sweep.h"
#include "wf_worker_int.h"

#define END_LIMIT_MS		1000	/* for giving back, when somebody waits for the end */
#define END_AGAIN_MS		100

PGDLLEXPORT void wf_worker_main(Datum main_arg);

WfWorker	wf_worker;

static uint32 idle_event = 0;	/* caches of wf_wait_event */
static uint32 crawler_event = 0;

volatile sig_atomic_t wf_worker_got_sigterm = false;
volatile sig_atomic_t wf_worker_got_stop = false;
volatile sig_atomic_t wf_worker_in_transaction = false;
static volatile sig_atomic_t ending = false;
static volatile sig_atomic_t connected = false;
static TimeoutId end_timeout;
static TimestampTz end_at;		/* while ending: when the patience is over */

static void
handle_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	wf_worker_got_sigterm = true;
	/*
	 * The statement is cancelled, not the process: what is in flight is then
	 * given back, for which there is a second.  A worker that ended in its
	 * claims' midst would count as one that they killed.
	 */
	if (!connected)
		die(postgres_signal_arg);
	else if (wf_worker_in_transaction && !ending)
		StatementCancelHandler(postgres_signal_arg);
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
	if (wf_worker_in_transaction)
		StatementCancelHandler(postgres_signal_arg);
}

/*
 * Timeout handler: whatever a lock or a trigger keeps us in, even one that
 * swallows being cancelled, it ends here.
 */
static void
end_now(void)
{
	if (wf_worker_in_transaction && (ending || wf_worker_got_sigterm))
		die(SIGTERM);
}

static void
handle_stop(SIGNAL_ARGS)
{
	int			save_errno = errno;

	wf_worker_got_stop = true;
	SetLatch(MyLatch);
	errno = save_errno;
}

void
wf_worker_enter_transactions(void)
{
	TimestampTz now = GetCurrentTimestamp();

	wf_worker_in_transaction = true;
	enable_timeout_every(end_timeout,
						 ending ? Max(end_at, TimestampTzPlusMilliseconds(now, 1))
						 : TimestampTzPlusMilliseconds(now, END_LIMIT_MS),
						 ending ? END_AGAIN_MS : END_LIMIT_MS);
}

void
wf_worker_leave_transactions(void)
{
	disable_timeout(end_timeout, false);
	wf_worker_in_transaction = false;
	QueryCancelPending = false; /* it came too late to cancel anything */
}

/* ------------------------------------------------------------------------
 * The loop
 * ------------------------------------------------------------------------
 */

static int
poll_interval(void)
{
	if (wf_worker_blocked())
		return Min(BLOCKED_POLL_MS, wf_curation_poll_interval);
	if (!wf_shmem_available())
		return Min(UNSHARED_POLL_MS, wf_curation_poll_interval);
	return wf_curation_poll_interval;
}

static void
handle_timers(TimestampTz now)
{
	WfSweepCounts counts = {0};

	if (now >= wf_worker.next_poll)
	{
		wf_worker_look_for_changes();
		wf_pick_look_again(wf_worker.picker);
		wf_worker.next_poll = TimestampTzPlusMilliseconds(now, poll_interval());
	}
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		WfWorkerStage *stage = &wf_worker.stage[id];

		if (stage->next_due != 0 && now >= stage->next_due)
		{
			stage->look = true;
			stage->next_due = 0;
		}
	}
	if (wf_worker.batch == NULL && now >= wf_worker.next_sweep)
	{
		wf_worker.next_sweep = TimestampTzPlusMilliseconds(now, SWEEP_INTERVAL_MS);
		wf_worker_enter_transactions();
		wf_sweep_run(false, &counts);
		wf_worker_leave_transactions();
	}
	if (now >= wf_worker.next_renew)
	{
		int			lease = wf_curation_request_timeout + LEASE_MARGIN_MS;

		if (wf_worker.next_renew != 0)
			wf_worker_renew_leases();
		/* between two sweeps at least: what one distrusts the next believes */
		wf_worker.next_renew =
			TimestampTzPlusMilliseconds(now, Min(lease / 3, SWEEP_INTERVAL_MS / 2));
	}
	wf_worker_watch_crawler(now);
	wf_worker_cancel_unwanted(now);
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

	if (wf_worker_claim_is_due())
		return 1;
	limit = until(now, wf_worker.next_poll, limit);
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		const WfWorkerStage *stage = &wf_worker.stage[id];

		limit = until(now, stage->next_due, limit);
		if (stage->look && stage->next_claim > now)
			limit = until(now, stage->next_claim, limit);
	}
	limit = until(now, wf_worker.next_renew, limit);
	limit = until(now, wf_worker.next_report, limit);
	if (wf_worker.batch)
		limit = until(now, wf_worker.batch->deadline, limit);
	else
		limit = until(now, wf_worker.next_sweep, limit);
	if (wf_worker.npending > 0)
		limit = until(now,
					  Max(wf_worker.next_store,
						  TimestampTzPlusMilliseconds(wf_worker.pending_since, GROUP_DELAY_MS)),
					  limit);
	if (wf_worker.nfetching > 0)
		limit = until(now,
					  wf_link_running(wf_worker.link) ? wf_worker.next_hang_check :
					  Max(wf_worker.next_start, now),
					  limit);
	/* a difference rounds down: never spin through the last millisecond */
	return Max(limit, 1);
}

/*
 * Flush statistics before a wait.  While there is work those that are not a second
 * apart from the last ones are kept, and nobody but us does it later: the server
 * says how long they may wait.
 */
static void
report_statistics(bool force)
{
	TimestampTz now = wf_clock();
	long		may_wait;

	force |= wf_worker.next_report != 0 && now >= wf_worker.next_report;
	may_wait = pgstat_report_stat(force);
	if (may_wait == 0)
		wf_worker.next_report = 0;
	else if (wf_worker.next_report == 0)
		wf_worker.next_report = TimestampTzPlusMilliseconds(now, may_wait);
}

static void
wait_for_events(void)
{
	WaitEvent	events[3];
	int			n;
	bool		readable = false;
	bool		busy = hash_get_num_entries(wf_worker.in_flight) > 0;

	wf_worker_update_wait_events();
	wf_worker_report_state();
	report_statistics(!busy);
	n = WaitEventSetWait(wf_worker.events, wait_timeout(wf_clock()), events,
						 lengthof(events),
						 busy ? wf_wait_event(&crawler_event, "WfCrawlerWait") :
						 wf_wait_event(&idle_event, "WfWorkerIdle"));
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			if (!wf_shmem_was_woken())
				continue;
			wf_worker_look(true);	/* whoever woke us expects it now */
			wf_pick_look_again(wf_worker.picker);
		}
		if (events[i].events & (WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE))
			readable |= (events[i].events & WL_SOCKET_READABLE) != 0;
	}
	wf_worker_talk_to_crawler(readable);
}

static void
reload_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		wf_stage_reset(id);
	if (wf_link_running(wf_worker.link))
		wf_link_configure(wf_worker.link);
	wf_worker_look(true);
	wf_worker.next_poll = 0;	/* those of the database may have changed, too */
}

/* Nothing in flight, nothing to store: nothing more to do for an order? */
static bool
order_is_finished(void)
{
	if (hash_get_num_entries(wf_worker.in_flight) > 0)
		return false;
	return wf_worker.budget == 0 || !wf_worker_looks() || !wf_curation_enabled;
}

/* Has the time of this worker come to stop fetching? */
static bool
must_stop(void)
{
	if (wf_worker_got_sigterm || wf_worker_got_stop)
		return true;
	if (wf_worker.batch == NULL)
		return wf_worker.renew;
	return pg_atomic_read_u32(&wf_worker.batch->stop) != 0 ||
		wf_clock() >= wf_worker.batch->deadline;
}

/* One turn: everything that can be done without waiting. */
static void
do_turn(void)
{
	reload_settings();
	handle_timers(wf_clock());
	if (wf_worker_store_is_due(wf_clock()))
		wf_worker_store_pending();
	wf_worker_answer();
	if (wf_worker_claim_is_due())
		wf_worker_claim_more();
	if (wf_worker.nfetching > 0 && wf_worker_ensure_crawler() && !wf_link_write(wf_worker.link))
		wf_worker_end_crawler("connection lost");
}

/*
 * The server shuts down, or the caller is gone: what is left to do must not
 * take long.
 */
static void
limit_the_end(void)
{
	TimestampTz limit = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), END_LIMIT_MS);

	if (!wf_worker_got_sigterm &&
		!(wf_worker.batch && pg_atomic_read_u32(&wf_worker.batch->stop) != 0))
		return;
	ending = true;
	end_at = limit;
}

static void
run_loop(void)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(wf_worker.turn_context);
		do_turn();
		if (must_stop())
			break;
		if (wf_worker.batch && order_is_finished())
			break;
		wait_for_events();
	}
	limit_the_end();
	/* results that are here are kept, the rest goes back */
	for (int before = INT_MAX; wf_worker.npending > 0 && wf_worker.npending < before;)
	{
		before = wf_worker.npending;
		wf_worker_store_pending();
	}
	wf_worker_forget_pending();
	wf_worker_release_all();
	(void) wf_link_stop(wf_worker.link);
}

/* ------------------------------------------------------------------------
 * Start and end
 * ------------------------------------------------------------------------
 */

static void
create_worker(void)
{
	HASHCTL		ctl = {0};

	wf_worker.item_context = AllocSetContextCreate(TopMemoryContext, "WfItemContext",
												ALLOCSET_DEFAULT_SIZES);
	wf_worker.group_context = AllocSetContextCreate(TopMemoryContext, "WfGroupContext",
												 ALLOCSET_DEFAULT_SIZES);
	ctl.keysize = sizeof(uint64);
	ctl.entrysize = sizeof(WfInFlight);
	wf_worker.in_flight = hash_create("wf_curation in flight", 256, &ctl, HASH_ELEM | HASH_BLOBS);
	wf_worker.picker = wf_pick_create(wf_worker.args.batch == DSM_HANDLE_INVALID);
	wf_worker.gate = wf_gate_create();
	wf_worker.link = wf_worker_create_link();
	wf_worker.events_socket = -1;
	wf_worker_look(true);
	wf_worker.turn_context = AllocSetContextCreate(TopMemoryContext, "WfWorkerContext",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(wf_worker.turn_context);
}

/* The caller's segment, mapped for the life of this process. */
static void
attach_batch(void)
{
	dsm_segment *segment = dsm_attach(wf_worker.args.batch);

	if (segment == NULL)
		proc_exit(0);			/* the caller has gone already */
	dsm_pin_mapping(segment);
	wf_worker.batch = dsm_segment_address(segment);
	if (wf_worker.batch->magic != WF_BATCH_MAGIC)
		elog(ERROR, "bad magic number in dynamic shared memory segment");
	wf_worker.batch->worker = &MyProc->procLatch;
	wf_worker.budget = wf_worker.batch->budget;
}

static void
answer_batch(void)
{
	WfBatch    *batch = wf_worker.batch;
	const char *why = wf_worker_blocked();

	if (why && batch->kind == WF_BATCH_PROCESS)
	{
		/*
		 * What other stages did counts, and the caller learns it.  That pages
		 * cannot be processed is an error; the stages before them may be set
		 * up for nothing.
		 */
		bool		in_vain = batch->claimed == 0 &&
			(wf_worker.blocked[0] || wf_worker.stage[WF_STAGE_PAGE].blocked[0]);

		batch->sqlstate = in_vain ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE : 0;
		strlcpy(batch->message, why, sizeof(batch->message));
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
	wf_worker_enter_transactions();
	(void) wf_sweep_rescue(&wf_worker.batch->sweep);
	wf_sweep_run(wf_worker.batch->kind == WF_BATCH_HEAL, &wf_worker.batch->sweep);
	wf_worker_leave_transactions();
}

static void
run_standing(void)
{
	WfSweepCounts counts = {0};

	wf_worker_enter_transactions();
	(void) wf_sweep_rescue(&counts);
	wf_worker_leave_transactions();
	run_loop();
}

/*
 * The end before the connection: the database is no more.  Exit code 1 would
 * have the postmaster start a worker of wf_workers_start() for it for ever.
 */
static void
end_for_good(int code, Datum arg)
{
	if (!connected && !wf_worker_got_sigterm)
		_exit(0);
}

static void
set_up_process(void)
{
	on_proc_exit(end_for_good, (Datum) 0);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, handle_sigterm);
	pqsignal(SIGINT, handle_sigint);
	pqsignal(SIGUSR2, handle_stop);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(wf_worker.args.database, InvalidOid, 0);
	connected = true;
	wf_db_init();
}

/* Entry point of the background worker (bgw_function_name). */
void
wf_worker_main(Datum main_arg)
{
	memcpy(&wf_worker.args, MyBgworkerEntry->bgw_extra, sizeof(wf_worker.args));
	if (IsBinaryUpgrade)
		proc_exit(0);
	end_timeout = RegisterTimeout(USER_TIMEOUT, end_now);
	wf_worker_enter_transactions();
	set_up_process();
	wf_worker_leave_transactions();
	create_worker();
	(void) wf_shmem_attach_worker(wf_worker.args.batch != DSM_HANDLE_INVALID);
	if (wf_worker.args.batch == DSM_HANDLE_INVALID)
		run_standing();
	else
	{
		attach_batch();
		if (wf_worker.batch->kind == WF_BATCH_FETCH)
			wf_single_fetch_run(wf_worker.batch, wf_worker_run_own);
		else
			sweep_for_batch();
		if (wf_worker.batch->kind == WF_BATCH_PROCESS)
			run_loop();
		answer_batch();
	}
	/* exit code 1 asks for a restart */
	proc_exit((wf_worker_got_sigterm || wf_worker.renew) && !wf_worker_got_stop &&
			  wf_worker.batch == NULL ? 1 : 0);
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
