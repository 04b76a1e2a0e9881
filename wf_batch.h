/*-------------------------------------------------------------------------
 *
 * wf_batch.h
 *	  An order to an on-demand worker: what the caller shares with it.
 *
 * Lives in a dynamic shared memory segment that the caller creates, so that
 * it works with and without shared_preload_libraries.  When the caller goes
 * away, for whatever reason, its detaching sets "stop".
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_BATCH_H
#define WF_BATCH_H

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/dsm.h"
#include "storage/latch.h"

#include "wf_sweep.h"

#define WF_BATCH_MAGIC 0x57464231

typedef enum WfBatchKind
{
	WF_BATCH_PROCESS = 1,		/* process up to budget items */
	WF_BATCH_HEAL = 2,			/* run the sweep */
	WF_BATCH_FETCH = 3			/* one fetch, for diagnosis: a WfFetchOrder follows */
} WfBatchKind;

typedef struct WfBatch
{
	uint32		magic;
	WfBatchKind kind;
	int			budget;
	TimestampTz deadline;
	pg_atomic_uint32 stop;		/* set by the caller's side */
	pg_atomic_uint32 done;		/* set last by the worker */
	Latch	   *caller;			/* in the PGPROC array */
	Latch	   *worker;			/* likewise, once attached */

	/* the answer; valid when done */
	int			claimed;
	int			completed;
	int			failed;
	int			returned;
	int			contacts;
	WfSweepCounts sweep;
	int			sqlstate;		/* 0: no error; a message is then a warning */
	char		message[512];
	char		hint[256];
} WfBatch;

/*
 * Have an order carried out by an on-demand worker and wait for its answer.
 * "extra" bytes follow the WfBatch in shared memory; prepare (if not NULL)
 * fills them before the worker starts, and collect (if not NULL) reads them
 * when it has answered.  Raises what the worker reports, and an error if it
 * ended without an answer; its claims are then given back by another one.
 */
extern void wf_batch_carry_out(WfBatchKind kind, int budget, Size extra,
							   void (*prepare) (WfBatch *batch, void *arg),
							   void (*collect) (const WfBatch *batch, void *arg), void *arg);

/* Raise an ERROR where no worker can be started, or none that helps. */
extern void wf_batch_check_may_start(const char *what);

#endif							/* WF_BATCH_H */
