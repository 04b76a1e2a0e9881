/*-------------------------------------------------------------------------
 *
 * wf_worker.h
 *	  Starting workers.  The worker's own loop is private to wf_worker.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_WORKER_H
#define WF_WORKER_H

#include "postmaster/bgworker.h"
#include "storage/dsm.h"

/* backend_type in pg_stat_activity, of standing and on-demand workers */
#define WF_WORKER_TYPE "wf_curation worker"
#define WF_BATCH_WORKER_TYPE "wf_curation batch worker"

/* Travels in bgw_extra. */
typedef struct WfWorkerArgs
{
	Oid			database;
	dsm_handle	batch;			/* DSM_HANDLE_INVALID: a standing worker */
} WfWorkerArgs;

/*
 * Fill in a background worker that processes a database.  restart_seconds:
 * BGW_NEVER_RESTART or how soon the postmaster starts it again.
 */
extern void wf_worker_describe(BackgroundWorker *worker, const WfWorkerArgs *args,
							   int restart_seconds);

#endif							/* WF_WORKER_H */
