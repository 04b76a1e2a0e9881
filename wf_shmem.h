/*-------------------------------------------------------------------------
 *
 * wf_shmem.h
 *	  Shared state of a preloaded library: worker slots, the latches to set
 *	  when a commit makes work, and which databases were told to stop.
 *
 * Without shared_preload_libraries there is none: wf_shmem_available() is
 * false, wake-ups do nothing, and workers poll.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SHMEM_H
#define WF_SHMEM_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

#include "wf_part.h"

#define WF_MAX_WORKERS		64		/* worker slots of a cluster */
#define WF_CRAWLER_ENDS		5		/* so many of a worker's crawlers are remembered */

typedef enum WfWorkerState
{
	WF_WORKER_STARTING = 0,
	WF_WORKER_IDLE,
	WF_WORKER_BUSY,
	WF_WORKER_BLOCKED			/* a stage cannot run; wf_health() says why */
} WfWorkerState;

/* Rows of a part that refuse to be claimed, and that a worker passes over for a while. */
typedef struct WfRefusal
{
	int			n;				/* how many; 0: none */
	pg_uuid_t	item;			/* the last one, … */
	char		why[128];		/* … what it raised, … */
	TimestampTz until;			/* … and how long it is passed over, by wf_clock */
} WfRefusal;

/* What a slot shows to the outside; see wf_shmem_workers. */
typedef struct WfWorkerInfo
{
	int			pid;
	Oid			database;
	bool		on_demand;
	WfWorkerState state;
	int			in_flight;
	int			crawler_pid;
	uint64		pages;			/* ended since start */
	TimestampTz started;
	char		trouble[128];	/* what the server ran out of; empty: nothing */
	TimestampTz crawler_ends[WF_CRAWLER_ENDS];	/* the last ones, latest first; 0 none */
	WfRefusal	refusal[WF_PART_COUNT];
} WfWorkerInfo;

/* Install the shmem hooks; called by _PG_init during preload only. */
extern void wf_shmem_init(void);

extern bool wf_shmem_available(void);

/*
 * Remember that this transaction made work for the workers of this database;
 * they are woken right after its commit becomes visible.  Cheap; may be
 * called once per row.  Nothing happens if the transaction aborts.
 */
extern void wf_shmem_wake_at_commit(void);

/* Wake the workers of this database now, whatever this transaction does. */
extern void wf_shmem_wake(void);

/*
 * The latch was set: was it wf_shmem_wake, since this was last asked?  Timers and
 * signals of the server set latches, too.  Always true without a slot.
 */
extern bool wf_shmem_was_woken(void);

/*
 * Ask the launcher to look again, after commit, whether this database wants
 * workers: the extension was just created or tables attached.
 */
extern void wf_shmem_wake_launcher_at_commit(void);

/* The launcher announces its latch; called only by the launcher. */
extern void wf_shmem_set_launcher(void);

/*
 * A worker takes a slot for its life (freed at process exit).  False when all
 * are taken or there is no shared memory; the worker then only polls.
 */
extern bool wf_shmem_attach_worker(bool on_demand);

/* Publish what this worker is doing; no-op without a slot. */
extern void wf_shmem_report(WfWorkerState state, int in_flight, int crawler_pid, uint64 pages);

/* Publish what the server ran out of, or ""; no-op without a slot. */
extern void wf_shmem_report_trouble(const char *trouble);

/* Publish that a row of a part refuses, as one of n; no-op without a slot. */
extern void wf_shmem_report_refusal(WfPartId part, int n, const pg_uuid_t *item,
									TimestampTz until, const char *why);

/* The crawler of this worker ended by itself; no-op without a slot. */
extern void wf_shmem_report_crawler_end(void);

/*
 * An order finds no background worker slot: ask the launcher to free one, and (by
 * the launcher) which database asked, InvalidOid none; the question is then answered.
 */
extern void wf_shmem_ask_for_slot(void);
extern Oid	wf_shmem_slot_asked_for(void);

/*
 * Is it this worker's turn to sweep its database, by what the others did?  Then
 * it is noted.  One of them sweeps each minute, the same one while it lives, as
 * it knows what it has seen; always true without a slot.
 */
extern bool wf_shmem_begin_sweep(void);

/* Copy the slots in use; returns how many (at most WF_MAX_WORKERS). */
extern int	wf_shmem_workers(WfWorkerInfo *info);

/*
 * wf_workers_stop() and _start(): the launcher starts no workers for a
 * stopped database.  Lost at server restart.
 */
extern void wf_shmem_set_stopped(Oid database, bool stopped);
extern bool wf_shmem_is_stopped(Oid database);

#endif							/* WF_SHMEM_H */
