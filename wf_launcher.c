/*-------------------------------------------------------------------------
 *
 * wf_launcher.c
 *	  The launcher: keeps the standing workers of wf_curation.databases.
 *
 * A static background worker, connected to the shared catalogs only.  It
 * compares what should run with what runs and starts what is missing.  A
 * worker that ended is started again at once, one that keeps ending after
 * 1 s … 60 s.  A database that does not exist is looked for again after the
 * poll interval, with one line in the log, not one each time.
 *
 * When an order finds all slots of max_worker_processes taken, a standing worker
 * of its database ends, or one of a database that has several, and is started
 * again when there is room.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "wf_clock.h"
#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_launcher.h"
#include "wf_shmem.h"
#include "wf_worker.h"

#define LOOK_INTERVAL_MS	5000	/* for databases that do not exist yet */
#define YIELD_MS			2000	/* in which an order takes the slot made free */
#define QUICK_END_MS		10000	/* a worker that lived shorter counts as failing */
#define MAX_BACKOFF_MS		60000

PGDLLEXPORT void wf_launcher_main(Datum main_arg);

/* One standing worker that should run. */
typedef struct Standing
{
	Oid			database;
	int			number;			/* 0 .. wf_curation.workers - 1 */
	bool		wanted;
	BackgroundWorkerHandle *handle; /* NULL: not running */
	TimestampTz started;
	TimestampTz next_start;
	int			failures;		/* quick ends in a row */
	bool		yields;			/* asked to end, to make room for an order */
} Standing;

static Standing standing[WF_MAX_WORKERS];
static int	nstanding = 0;
static uint32 wait_event_cache = 0;
static bool slots_exhausted = false;

void
wf_launcher_register(void)
{
	BackgroundWorker bgw;

	memset(&bgw, 0, sizeof(bgw));
	bgw.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	bgw.bgw_start_time = BgWorkerStart_RecoveryFinished;
	bgw.bgw_restart_time = 1;
	snprintf(bgw.bgw_library_name, sizeof(bgw.bgw_library_name), "wf_curation");
	snprintf(bgw.bgw_function_name, sizeof(bgw.bgw_function_name), "wf_launcher_main");
	snprintf(bgw.bgw_name, sizeof(bgw.bgw_name), "wf_curation launcher");
	snprintf(bgw.bgw_type, sizeof(bgw.bgw_type), "wf_curation launcher");
	RegisterBackgroundWorker(&bgw);
}

static void
want(Oid database, int number)
{
	for (int i = 0; i < nstanding; i++)
	{
		if (standing[i].database == database && standing[i].number == number)
		{
			standing[i].wanted = true;
			return;
		}
	}
	if (nstanding == WF_MAX_WORKERS)
		return;
	memset(&standing[nstanding], 0, sizeof(Standing));
	standing[nstanding].database = database;
	standing[nstanding].number = number;
	standing[nstanding].wanted = true;
	nstanding++;
}

/* Log once when a listed database is missing, and once when it is there. */
static void
note_missing(const char *name, bool missing)
{
	static List *noted = NIL;
	ListCell   *lc;
	MemoryContext old;

	foreach(lc, noted)
	{
		char	   *other = lfirst(lc);

		if (strcmp(other, name) != 0)
			continue;
		if (!missing)
		{
			noted = list_delete_cell(noted, lc);
			pfree(other);
		}
		return;
	}
	if (!missing)
		return;
	ereport(LOG,
			(errmsg("database \"%s\" of wf_curation.databases does not exist", name)));
	old = MemoryContextSwitchTo(TopMemoryContext);
	noted = lappend(noted, pstrdup(name));
	MemoryContextSwitchTo(old);
}

/*
 * OID of a database that takes connections, or InvalidOid.  A sequential scan,
 * as the autovacuum launcher does it: a process without a database cannot rely
 * on the index of pg_database being known.
 */
static Oid
find_database(const char *name)
{
	Relation	rel = table_open(DatabaseRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(rel, 0, NULL);
	HeapTuple	tuple;
	Oid			found = InvalidOid;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (database->datallowconn && strcmp(NameStr(database->datname), name) == 0)
			found = database->oid;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Decide what should run, from the settings and pg_database. */
static void
decide(void)
{
	char	   *names;
	List	   *list = NIL;
	ListCell   *lc;

	for (int i = 0; i < nstanding; i++)
		standing[i].wanted = false;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	names = pstrdup(wf_curation_databases ? wf_curation_databases : "");
	if (!SplitGUCList(names, ',', &list))
		ereport(LOG,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid list syntax in setting \"%s\"", "wf_curation.databases")));
	foreach(lc, list)
	{
		Oid			database = find_database(lfirst(lc));

		note_missing(lfirst(lc), !OidIsValid(database));
		if (!OidIsValid(database) || wf_shmem_is_stopped(database))
			continue;
		for (int n = 0; n < wf_curation_workers; n++)
			want(database, n);
	}
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, "wf_curation: waiting");
}

/* Has the worker ended?  Then note when it may be started again. */
static void
check_ended(Standing *s, TimestampTz now)
{
	pid_t		pid;

	if (s->handle == NULL || GetBackgroundWorkerPid(s->handle, &pid) != BGWH_STOPPED)
		return;
	pfree(s->handle);
	s->handle = NULL;
	if (s->yields)
	{
		s->yields = false;
		s->next_start = TimestampTzPlusMilliseconds(now, YIELD_MS);
		return;
	}
	if (TimestampDifferenceExceeds(s->started, now, QUICK_END_MS))
		s->failures = 0;
	/* the first end may be a kill or a reload: at once */
	s->next_start = s->failures == 0 ? now :
		TimestampTzPlusMilliseconds(now, Min(500 << Min(s->failures, 10), MAX_BACKOFF_MS));
	s->failures++;
}

static void
start(Standing *s, TimestampTz now)
{
	BackgroundWorker bgw;
	WfWorkerArgs args = {s->database, DSM_HANDLE_INVALID};
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	wf_worker_describe(&bgw, &args, BGW_NEVER_RESTART);
	bgw.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&bgw, &s->handle))
	{
		s->handle = NULL;
		s->next_start = TimestampTzPlusMilliseconds(now, LOOK_INTERVAL_MS);
		if (!slots_exhausted)
			ereport(LOG,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("no background worker slot for a standing worker"),
					 errhint("Increase \"max_worker_processes\".")));
		slots_exhausted = true;
	}
	else
	{
		slots_exhausted = false;
		s->started = now;
	}
	MemoryContextSwitchTo(old);
}

/* How many workers of a database run and stay? */
static int
count_running(Oid database)
{
	int			n = 0;

	for (int i = 0; i < nstanding; i++)
		if (standing[i].database == database && standing[i].handle != NULL && !standing[i].yields)
			n++;
	return n;
}

/* An order of that database needs a slot: which worker ends for it?  NULL: none. */
static Standing *
choose_for_order(Oid database)
{
	Standing   *other = NULL;

	for (int i = nstanding - 1; i >= 0; i--)
	{
		Standing   *s = &standing[i];

		if (s->handle == NULL || s->yields)
			continue;
		if (s->database == database)
			return s;
		if (other == NULL && count_running(s->database) > 1)
			other = s;
	}
	return other;
}

static void
make_room(TimestampTz now)
{
	Oid			database = wf_shmem_slot_asked_for();
	Standing   *s = OidIsValid(database) ? choose_for_order(database) : NULL;

	if (s == NULL)
		return;
	s->yields = true;
	TerminateBackgroundWorker(s->handle);
	/* and nobody else takes the slot */
	for (int i = 0; i < nstanding; i++)
		if (standing[i].handle == NULL)
			standing[i].next_start = Max(standing[i].next_start,
										 TimestampTzPlusMilliseconds(now, YIELD_MS));
}

/* Start what is wanted and missing, stop what is not; ms until next action. */
static long
reconcile(TimestampTz now)
{
	long		timeout = LOOK_INTERVAL_MS;

	for (int i = 0; i < nstanding; i++)
	{
		Standing   *s = &standing[i];

		check_ended(s, now);
		if (s->wanted && s->handle == NULL && now >= s->next_start)
			start(s, now);
		else if (!s->wanted && s->handle != NULL)
			TerminateBackgroundWorker(s->handle);
		if (s->wanted && s->handle == NULL)
			timeout = Min(timeout, Max(1, TimestampDifferenceMilliseconds(now, s->next_start)));
	}
	/* forget what has ended for good */
	for (int i = nstanding - 1; i >= 0; i--)
		if (!standing[i].wanted && standing[i].handle == NULL)
			standing[i] = standing[--nstanding];
	return timeout;
}

/* Entry point of the background worker (bgw_function_name). */
void
wf_launcher_main(Datum main_arg)
{
	if (IsBinaryUpgrade)
		proc_exit(0);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	SetConfigOption("application_name", WF_APPLICATION_NAME, PGC_USERSET, PGC_S_SESSION);
	wf_shmem_set_launcher();
	while (!ShutdownRequestPending)
	{
		long		timeout;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		decide();
		make_room(wf_clock());
		timeout = reconcile(wf_clock());
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout,
						 wf_wait_event(&wait_event_cache, "WfLauncherMain"));
		ResetLatch(MyLatch);
	}
	/* exit code 1: the postmaster starts it again, unless it shuts down */
	proc_exit(1);
}
