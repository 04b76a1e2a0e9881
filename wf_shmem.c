/*-------------------------------------------------------------------------
 *
 * wf_shmem.c
 *	  Shared state of a preloaded library and wake-up at commit.
 *
 * Slots are changed under WfShared->lock and read without it for wake-ups: a
 * latch pointer always points into the PGPROC array, so the worst a stale one
 * can do is to wake a stranger once.  Nothing here points to private memory.
 *
 * The transaction callback is registered once per backend, at the first row
 * that makes work, and looks at a flag that is reset at every end of a
 * transaction.  A subtransaction that aborts leaves the flag set: one wake-up
 * for nothing.  A prepared transaction wakes nobody; the safety poll finds it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_curation.h"
#include "wf_shmem.h"

#define SWEEP_OWN_MS	55000	/* a little under the minute promised */
#define SWEEP_OTHER_MS	75000	/* who swept last has not come back */

typedef struct WfWorkerSlot
{
	WfWorkerInfo info;			/* info.pid 0: free */
	Latch	   *latch;			/* in the PGPROC array */
	pg_atomic_uint32 woken;		/* by wf_shmem_wake; latches are set for other reasons, too */
	TimestampTz swept;			/* when it last began a sweep; 0: never */
} WfWorkerSlot;

typedef struct WfShared
{
	LWLock	   *lock;			/* protects who owns which slot, and stopped[] */
	Latch	   *launcher_latch; /* in the PGPROC array, or NULL */
	pg_atomic_uint32 slot_asked_for;	/* by orders of this database */
	int			nstopped;
	Oid			stopped[WF_MAX_WORKERS];
	WfWorkerSlot slot[WF_MAX_WORKERS];
} WfShared;

static WfShared *shared = NULL;
static WfWorkerSlot *my_slot = NULL;
static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

static bool callback_registered = false;
static bool wake_workers_pending = false;
static bool wake_launcher_pending = false;

static void
shmem_request(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(WfShared)));
	RequestNamedLWLockTranche(WF_EXTENSION_NAME, 1);
}

static void
shmem_startup(void)
{
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct(WF_EXTENSION_NAME, sizeof(WfShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(WfShared));
		pg_atomic_init_u32(&shared->slot_asked_for, InvalidOid);
		for (int i = 0; i < WF_MAX_WORKERS; i++)
			pg_atomic_init_u32(&shared->slot[i].woken, 0);
		shared->lock = &(GetNamedLWLockTranche(WF_EXTENSION_NAME))->lock;
	}
	LWLockRelease(AddinShmemInitLock);
}

void
wf_shmem_init(void)
{
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = shmem_request;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = shmem_startup;
}

bool
wf_shmem_available(void)
{
	return shared != NULL;
}

void
wf_shmem_wake(void)
{
	if (shared == NULL)
		return;
	for (int i = 0; i < WF_MAX_WORKERS; i++)
	{
		WfWorkerSlot *slot = &shared->slot[i];
		Latch	   *latch = slot->latch;

		if (slot->info.pid == 0 || slot->info.database != MyDatabaseId || latch == NULL)
			continue;
		pg_atomic_write_u32(&slot->woken, 1);
		SetLatch(latch);		/* has a barrier */
	}
}

bool
wf_shmem_was_woken(void)
{
	return my_slot == NULL || pg_atomic_exchange_u32(&my_slot->woken, 0) != 0;
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (wake_workers_pending)
				wf_shmem_wake();
			if (wake_launcher_pending && shared->launcher_latch)
				SetLatch(shared->launcher_latch);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			break;
		default:
			return;				/* not an end */
	}
	wake_workers_pending = wake_launcher_pending = false;
}

static void
register_callback(void)
{
	if (!callback_registered)
	{
		RegisterXactCallback(at_end_of_transaction, NULL);
		callback_registered = true;
	}
}

void
wf_shmem_wake_at_commit(void)
{
	if (shared == NULL || wake_workers_pending)
		return;
	register_callback();
	wake_workers_pending = true;
}

void
wf_shmem_wake_launcher_at_commit(void)
{
	if (shared == NULL)
		return;
	register_callback();
	wake_launcher_pending = true;
}

static void
forget_launcher(int code, Datum arg)
{
	shared->launcher_latch = NULL;
}

void
wf_shmem_set_launcher(void)
{
	if (shared == NULL)
		return;
	shared->launcher_latch = &MyProc->procLatch;
	before_shmem_exit(forget_launcher, (Datum) 0);
}

static void
release_slot(int code, Datum arg)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	my_slot->latch = NULL;
	my_slot->info.pid = 0;
	LWLockRelease(shared->lock);
	my_slot = NULL;
	if (shared->launcher_latch)
		SetLatch(shared->launcher_latch);
}

bool
wf_shmem_attach_worker(bool on_demand)
{
	if (shared == NULL)
		return false;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < WF_MAX_WORKERS && my_slot == NULL; i++)
	{
		WfWorkerSlot *slot = &shared->slot[i];

		if (slot->info.pid != 0)
			continue;
		memset(&slot->info, 0, sizeof(slot->info));
		slot->swept = 0;
		slot->info.database = MyDatabaseId;
		slot->info.on_demand = on_demand;
		slot->info.started = MyStartTimestamp;
		slot->info.pid = MyProcPid;
		slot->latch = &MyProc->procLatch;
		my_slot = slot;
	}
	LWLockRelease(shared->lock);
	if (my_slot)
		before_shmem_exit(release_slot, (Datum) 0);
	return my_slot != NULL;
}

void
wf_shmem_report(WfWorkerState state, int in_flight, int crawler_pid, uint64 pages)
{
	if (my_slot == NULL)
		return;
	my_slot->info.state = state;
	my_slot->info.in_flight = in_flight;
	my_slot->info.crawler_pid = crawler_pid;
	my_slot->info.pages = pages;
}

void
wf_shmem_report_trouble(const char *trouble)
{
	if (my_slot == NULL || strcmp(my_slot->info.trouble, trouble) == 0)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	strlcpy(my_slot->info.trouble, trouble, sizeof(my_slot->info.trouble));
	LWLockRelease(shared->lock);
}

void
wf_shmem_report_refusal(WfPartId part, int n, const pg_uuid_t *item, TimestampTz until,
						const char *why)
{
	WfRefusal   *refusal = my_slot ? &my_slot->info.refusal[part] : NULL;

	if (refusal == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	refusal->n = n;
	refusal->item = *item;
	refusal->until = until;
	strlcpy(refusal->why, why, sizeof(refusal->why));
	LWLockRelease(shared->lock);
}

void
wf_shmem_report_crawler_end(void)
{
	TimestampTz *ends = my_slot ? my_slot->info.crawler_ends : NULL;

	if (ends == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	memmove(ends + 1, ends, (WF_CRAWLER_ENDS - 1) * sizeof(TimestampTz));
	ends[0] = wf_clock();
	LWLockRelease(shared->lock);
}

void
wf_shmem_ask_for_slot(void)
{
	if (shared == NULL)
		return;
	pg_atomic_write_u32(&shared->slot_asked_for, MyDatabaseId);
	if (shared->launcher_latch)
		SetLatch(shared->launcher_latch);
}

Oid
wf_shmem_slot_asked_for(void)
{
	return shared ? pg_atomic_exchange_u32(&shared->slot_asked_for, InvalidOid) : InvalidOid;
}

bool
wf_shmem_begin_sweep(void)
{
	TimestampTz now = wf_clock();
	WfWorkerSlot *last = NULL;
	bool		due;

	if (my_slot == NULL)
		return true;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < WF_MAX_WORKERS; i++)
	{
		WfWorkerSlot *slot = &shared->slot[i];

		if (slot->info.pid != 0 && slot->info.database == MyDatabaseId && slot->swept != 0 &&
			(last == NULL || slot->swept > last->swept))
			last = slot;
	}
	due = last == NULL ||
		TimestampDifferenceExceeds(last->swept, now,
								   last == my_slot ? SWEEP_OWN_MS : SWEEP_OTHER_MS);
	if (due)
		my_slot->swept = now;
	LWLockRelease(shared->lock);
	return due;
}

int
wf_shmem_workers(WfWorkerInfo *info)
{
	int			n = 0;

	if (shared == NULL)
		return 0;
	LWLockAcquire(shared->lock, LW_SHARED);
	for (int i = 0; i < WF_MAX_WORKERS; i++)
		if (shared->slot[i].info.pid != 0)
			info[n++] = shared->slot[i].info;
	LWLockRelease(shared->lock);
	return n;
}

void
wf_shmem_set_stopped(Oid database, bool stopped)
{
	int			i;

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (i = 0; i < shared->nstopped && shared->stopped[i] != database; i++)
		;
	if (stopped && i == shared->nstopped && i < WF_MAX_WORKERS)
		shared->stopped[shared->nstopped++] = database;
	else if (!stopped && i < shared->nstopped)
		shared->stopped[i] = shared->stopped[--shared->nstopped];
	LWLockRelease(shared->lock);
	if (shared->launcher_latch)
		SetLatch(shared->launcher_latch);
}

bool
wf_shmem_is_stopped(Oid database)
{
	bool		found = false;

	if (shared == NULL)
		return false;
	LWLockAcquire(shared->lock, LW_SHARED);
	for (int i = 0; i < shared->nstopped; i++)
		found |= shared->stopped[i] == database;
	LWLockRelease(shared->lock);
	return found;
}
