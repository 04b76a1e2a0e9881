/*-------------------------------------------------------------------------
 *
 * wf_batch.c
 *	  The caller's side of on-demand work: wf_process_batch(), wf_process(),
 *	  wf_heal(), and starting and stopping standing workers by hand.
 *
 * The caller starts a background worker and waits on its latch.  It holds no
 * row lock and no transaction id; its own transaction's rows would be
 * invisible to the worker, so it must not have any.  Whatever ends the caller
 * (cancel, terminate, statement_timeout, a lost connection) releases the
 * shared memory segment, which tells the worker to give its pages back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "wf_compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "wf_batch.h"
#include "wf_clock.h"
#include "wf_guc.h"
#include "wf_shmem.h"
#include "wf_worker.h"

#define MAX_BATCH_SIZE 10000
#define SLOT_PATIENCE_MS	3000	/* while a standing worker makes room */
#define SLOT_RETRY_MS		50

static uint32 wait_event_cache = 0;

PG_FUNCTION_INFO_V1(wf_process_batch);
PG_FUNCTION_INFO_V1(wf_process);
PG_FUNCTION_INFO_V1(wf_heal);
PG_FUNCTION_INFO_V1(wf_workers_start);
PG_FUNCTION_INFO_V1(wf_workers_stop);

/* on_dsm_detach callback of the caller: whatever happened, stop. */
static void
stop_worker(dsm_segment *segment, Datum arg)
{
	WfBatch    *batch = (WfBatch *) DatumGetPointer(arg);
	Latch	   *latch;

	pg_atomic_write_u32(&batch->stop, 1);
	pg_memory_barrier();
	latch = batch->worker;
	if (latch)
		SetLatch(latch);
}

/* Argument 0, or for NULL the setting wf_curation.batch_size. */
static int
get_batch_size(FunctionCallInfo fcinfo)
{
	int			size = PG_ARGISNULL(0) ? wf_curation_batch_size : PG_GETARG_INT32(0);

	if (size < 1 || size > MAX_BATCH_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch size %d is out of range", size),
				 errhint("Use a batch size between 1 and %d.", MAX_BATCH_SIZE)));
	return size;
}

void
wf_batch_check_may_start(const char *what)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", what),
				 errhint("Call it on the primary server.")));
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run in a transaction that has written", what),
				 errdetail("The worker cannot see the rows of this transaction, and each could wait for the other."),
				 errhint("Commit first, then call it in a transaction of its own.")));
}

static void
no_worker_slot(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("could not start a background worker"),
			 errdetail("All background worker slots are in use."),
			 errhint("Increase \"max_worker_processes\", or call again later.")));
}

static dsm_segment *
create_order(WfBatchKind kind, int budget, Size extra)
{
	dsm_segment *segment = dsm_create(sizeof(WfBatch) + extra, 0);
	WfBatch    *batch = dsm_segment_address(segment);

	memset(batch, 0, sizeof(WfBatch));
	batch->magic = WF_BATCH_MAGIC;
	batch->kind = kind;
	batch->budget = budget;
	batch->deadline = TimestampTzPlusMilliseconds(wf_clock(), wf_curation_batch_timeout);
	pg_atomic_init_u32(&batch->stop, 0);
	pg_atomic_init_u32(&batch->done, 0);
	batch->caller = &MyProc->procLatch;
	on_dsm_detach(segment, stop_worker, PointerGetDatum(batch));
	return segment;
}

/*
 * Start the worker of an order.  When all background worker slots are taken, a
 * standing worker makes room for it (wf_launcher.c), unless there is none.
 */
static BackgroundWorkerHandle *
start_worker(dsm_segment *segment)
{
	BackgroundWorker bgw;
	BackgroundWorkerHandle *handle;
	WfWorkerArgs args = {MyDatabaseId, dsm_segment_handle(segment)};

	wf_worker_describe(&bgw, &args, BGW_NEVER_RESTART);
	bgw.bgw_notify_pid = MyProcPid;
	for (int waited = 0; !RegisterDynamicBackgroundWorker(&bgw, &handle); waited += SLOT_RETRY_MS)
	{
		if (waited == 0)
			wf_shmem_ask_for_slot();
		if (waited >= SLOT_PATIENCE_MS)
			no_worker_slot();
		CHECK_FOR_INTERRUPTS();
		pg_usleep(SLOT_RETRY_MS * 1000);
	}
	return handle;
}

/* Wait until the worker has answered; false if it ended without. */
static bool
wait_for_answer(WfBatch *batch, BackgroundWorkerHandle *handle)
{
	for (;;)
	{
		pid_t		pid;

		CHECK_FOR_INTERRUPTS();
		if (pg_atomic_read_u32(&batch->done))
			break;
		if (GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED)
			return pg_atomic_read_u32(&batch->done) != 0;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1000,
						 wf_wait_event(&wait_event_cache, "WfBatchWait"));
		ResetLatch(MyLatch);
	}
	pg_read_barrier();
	return true;
}

/* The worker ended without an answer: another one gives its claims back. */
static void
clean_up_after_worker(void)
{
	dsm_segment *segment = create_order(WF_BATCH_HEAL, 0, 0);

	(void) wait_for_answer(dsm_segment_address(segment), start_worker(segment));
	dsm_detach(segment);
	ereport(ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("the background worker ended before the batch was done"),
			 errdetail("Its pages were put back into the queue."),
			 errhint("See the server log for the reason.")));
}

void
wf_batch_carry_out(WfBatchKind kind, int budget, Size extra,
				   void (*prepare) (WfBatch *batch, void *arg),
				   void (*collect) (const WfBatch *batch, void *arg), void *arg)
{
	dsm_segment *segment = create_order(kind, budget, extra);
	WfBatch    *batch = dsm_segment_address(segment);
	WfBatch		answer;
	bool		answered;

	if (prepare)
		prepare(batch, arg);
	answered = wait_for_answer(batch, start_worker(segment));
	if (answered && collect)
		collect(batch, arg);
	memcpy(&answer, batch, sizeof(WfBatch));
	dsm_detach(segment);
	if (!answered)
		clean_up_after_worker();
	if (answer.message[0])
		ereport(answer.sqlstate != 0 ? ERROR : WARNING,
				(errcode(answer.sqlstate != 0 ? answer.sqlstate : ERRCODE_WARNING),
				 errmsg("%s", answer.message),
				 answer.hint[0] ? errhint("%s", answer.hint) : 0));
}

static void
copy_answer(const WfBatch *batch, void *arg)
{
	memcpy(arg, batch, sizeof(WfBatch));
}

static void
carry_out(WfBatchKind kind, int budget, WfBatch *answer)
{
	wf_batch_carry_out(kind, budget, 0, NULL, copy_answer, answer);
}

static bool
check_enabled(void)
{
	if (!wf_curation_enabled)
		ereport(NOTICE,
				(errmsg("nothing was processed because \"%s\" is off", "wf_curation.enabled")));
	return wf_curation_enabled;
}

/*
 * wf_process_batch(batch_size int) → (claimed, completed, failed, returned,
 * contacts).  See the head of this file.
 */
Datum
wf_process_batch(PG_FUNCTION_ARGS)
{
	int			size = get_batch_size(fcinfo);
	WfBatch		answer = {0};
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	wf_batch_check_may_start("wf_process_batch()");
	if (check_enabled())
		carry_out(WF_BATCH_PROCESS, size, &answer);
	values[0] = Int32GetDatum(answer.claimed);
	values[1] = Int32GetDatum(answer.completed);
	values[2] = Int32GetDatum(answer.failed);
	values[3] = Int32GetDatum(answer.returned);
	values[4] = Int32GetDatum(answer.contacts);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * wf_process(batch_size int), a procedure: as above, but called outside a
 * transaction block it ends the transaction first, so that no snapshot is
 * held (and VACUUM not kept back) while pages are fetched.
 */
Datum
wf_process(PG_FUNCTION_ARGS)
{
	int			size = get_batch_size(fcinfo);
	bool		atomic = !(fcinfo->context && IsA(fcinfo->context, CallContext) &&
						   !castNode(CallContext, fcinfo->context)->atomic);
	WfBatch		answer = {0};

	wf_batch_check_may_start("wf_process()");
	if (!check_enabled())
		PG_RETURN_NULL();
	if (!atomic)
	{
		SPI_connect_ext(SPI_OPT_NONATOMIC);
		SPI_commit();
	}
	carry_out(WF_BATCH_PROCESS, size, &answer);
	if (!atomic)
		SPI_finish();
	PG_RETURN_NULL();
}

/* wf_heal() → what the sweep repaired. */
Datum
wf_heal(PG_FUNCTION_ARGS)
{
	WfBatch		answer;
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	wf_batch_check_may_start("wf_heal()");
	carry_out(WF_BATCH_HEAL, 0, &answer);
	values[0] = Int64GetDatum(answer.sweep.orphans);
	values[1] = Int64GetDatum(answer.sweep.lost_claims);
	values[2] = Int64GetDatum(answer.sweep.stale_claims);
	values[3] = Int64GetDatum(answer.sweep.foreign_processing);
	values[4] = Int64GetDatum(answer.sweep.pruned);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * wf_workers_start(n) → how many were started.  They are not the launcher's:
 * the postmaster restarts them, a server restart ends them.
 */
Datum
wf_workers_start(PG_FUNCTION_ARGS)
{
	int			n = PG_GETARG_INT32(0);
	int			started = 0;

	if (n < 1 || n > 16)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of workers %d is out of range", n),
				 errhint("Use a number between 1 and 16.")));
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", "wf_workers_start()")));
	wf_shmem_set_stopped(MyDatabaseId, false);
	for (; started < n; started++)
	{
		BackgroundWorker bgw;
		BackgroundWorkerHandle *handle;
		WfWorkerArgs args = {MyDatabaseId, DSM_HANDLE_INVALID};
		pid_t		pid;

		wf_worker_describe(&bgw, &args, 2);
		bgw.bgw_notify_pid = MyProcPid;
		if (!RegisterDynamicBackgroundWorker(&bgw, &handle))
		{
			if (started == 0)
				no_worker_slot();
			break;
		}
		if (WaitForBackgroundWorkerStartup(handle, &pid) == BGWH_POSTMASTER_DIED)
			proc_exit(1);
	}
	PG_RETURN_INT32(started);
}

/*
 * wf_workers_stop() → how many standing workers of this database were asked
 * to end.  The launcher starts none for it until wf_workers_start() or a
 * server restart.
 */
Datum
wf_workers_stop(PG_FUNCTION_ARGS)
{
	int			stopped = 0;
	Oid			types[2] = {TEXTOID, OIDOID};
	Datum		values[2] = {CStringGetTextDatum(WF_WORKER_TYPE), ObjectIdGetDatum(MyDatabaseId)};

	wf_shmem_set_stopped(MyDatabaseId, true);
	SPI_connect();
	if (SPI_execute_with_args("SELECT a.pid FROM pg_catalog.pg_stat_get_activity(NULL) a"
							  " WHERE a.backend_type OPERATOR(pg_catalog.=) $1"
							  " AND a.datid OPERATOR(pg_catalog.=) $2",
							  2, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_stat_get_activity()");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int			pid = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i],
													  SPI_tuptable->tupdesc, 1, &isnull));

		/* SIGUSR2: give pages back and end for good */
		if (!isnull && kill(pid, SIGUSR2) == 0)
			stopped++;
	}
	SPI_finish();
	PG_RETURN_INT32(stopped);
}
